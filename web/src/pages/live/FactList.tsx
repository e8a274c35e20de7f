/* What an event changed in the profile, a line each. */
import { ProductPicture } from '../../parts';
import { useWords } from '../../words';
import { factText } from './facts';
import type { Fact } from './types';
import { words } from './words';

const factsMax = 50; // an order may have thousands of lines; all of them stand in the JSON below

export function FactList({ facts }: { facts: readonly Fact[] }) {
  const t = useWords(words);
  if (facts.length === 0) return <p className="live-soft">{t('changedNothing')}</p>;
  return (
    <ul className="live-changes">
      {facts.slice(0, factsMax).map((fact, i) => {
        const { what, detail } = factText(fact);
        return (
          <li key={i}>
            {fact.productId !== undefined && <ProductPicture image={fact.image} title="" size={32} />}
            <span>
              <bdi>{what}</bdi>
              {detail !== '' && (
                <>
                  {': '}
                  <bdi className="live-detail">{detail}</bdi>
                </>
              )}
            </span>
          </li>
        );
      })}
      {facts.length > factsMax && <li className="live-soft">{t('changedMore', { n: facts.length - factsMax })}</li>}
    </ul>
  );
}
