/* What an event changed in the profile, a sentence each. */
import { ProductPicture } from '../../parts';
import { useWords } from '../../words';
import type { Fact } from './types';
import { words } from './words';

export function FactList({ facts }: { facts: readonly Fact[] }) {
  const t = useWords(words);
  if (facts.length === 0) return <p className="live-soft">{t('changedNothing')}</p>;
  return (
    <ul className="live-changes">
      {facts.map((fact, i) => (
        <li key={i}>
          {fact.productId !== undefined && <ProductPicture title="" size={32} />}
          <span>{fact.kind}</span>
        </li>
      ))}
    </ul>
  );
}
