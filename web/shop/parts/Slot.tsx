/* A place on the page that Kunde fills (<kunde-slot> of the browser tag). Its own content is what everybody likes: it stands there
 * without consent, and when Kunde is away. */
import { createElement, useLayoutEffect, useRef } from 'react';
import { useLanguage } from '../../src/words';
import { useAnswer, type Shelf } from '../api';
import { Card } from './Card';

function OwnShelf({ category, sort }: { category?: string; sort: string }) {
  const { data } = useAnswer<Shelf>(`products?limit=10&available=true&sort=${sort}${category ? `&category=${encodeURIComponent(category)}` : ''}`);
  return (
    <ul className="row" role="list">
      {(data?.products ?? Array.from({ length: 6 }, () => null)).map((card, i) => (
        <li key={card?.id ?? i}>{card ? <Card card={card} /> : <span className="card card-blank" />}</li>
      ))}
    </ul>
  );
}

type SlotProps = { placement: string; title: string; products?: string; category?: string; sort?: 'popular' | 'new' };

export function Slot({ placement, title, products = '', category, sort = 'popular' }: SlotProps) {
  const language = useLanguage();
  const element = useRef<HTMLElement>(null);
  // As attributes: React would set properties, which the element only tells.
  useLayoutEffect(() => {
    if (products) element.current?.setAttribute('products', products);
    else element.current?.removeAttribute('products');
    element.current?.setAttribute('placement', placement);
  }, [placement, products, language]);
  return (
    <section className="shelf" aria-label={title}>
      <div className="shelf-head">
        <h2>{title}</h2>
      </div>
      {createElement('kunde-slot', { key: language, ref: element, class: 'slot' }, <OwnShelf category={category} sort={sort} />)}
    </section>
  );
}
