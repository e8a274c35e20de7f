import { Link } from 'wouter';
import { useWords } from '../../src/words';
import type { Card as Data } from '../api';
import { words } from '../words';
import { Price } from './basics';

export function Card({ card }: { card: Data }) {
  const t = useWords(words);
  return (
    <Link href={card.url} className="card">
      <img src={card.image} alt="" loading="lazy" width="200" height="200" />
      <span className="card-brand">{card.brand}</span>
      <span className="card-title">{card.title}</span>
      <Price {...card} />
      <span className="card-note">{card.available ? card.colors.length > 1 && t('colors', { n: card.colors.length }) : t('soldOut')}</span>
    </Link>
  );
}

export function Cards({ cards }: { cards: readonly Data[] }) {
  return (
    <ul className="cards" role="list">
      {cards.map((card) => (
        <li key={card.id}>
          <Card card={card} />
        </li>
      ))}
    </ul>
  );
}
