/* A place on the page that Kunde fills (<kunde-slot> of the browser tag). Its own content is what everybody likes: it stands there
 * without consent, and when Kunde is away. */
import { createElement, type HTMLAttributes } from 'react';
import { useLanguage } from '../../src/words';
import { useAnswer, type Shelf } from '../api';
import { Card } from './Card';

type SlotProps = { placement: string; title: string; products?: string; sentence?: string };

function OwnShelf({ category }: { category?: string }) {
  const { data } = useAnswer<Shelf>(`products?limit=10&available=true${category ? `&category=${encodeURIComponent(category)}` : ''}`);
  return (
    <ul className="row" role="list">
      {(data?.products ?? Array.from({ length: 6 }, () => null)).map((card, i) => (
        <li key={card?.id ?? i}>{card ? <Card card={card} /> : <span className="card card-blank" />}</li>
      ))}
    </ul>
  );
}

export function Slot({ placement, title, products, sentence, category }: SlotProps & { category?: string }) {
  const language = useLanguage();
  const attributes: HTMLAttributes<HTMLElement> & { placement: string; products?: string; class: string } = { placement, products, class: 'slot' };
  return (
    <section className="shelf" aria-label={title}>
      <div className="shelf-head">
        <h2>{title}</h2>
        {sentence && <p>{sentence}</p>}
      </div>
      {createElement('kunde-slot', { key: language, ...attributes }, <OwnShelf category={category} />)}
    </section>
  );
}
