/* What goes with a product, by what people did: each neighbour with its score and how many people stand behind it. */
import { Card } from '../../parts';
import { number } from '../../format';
import { useWords } from '../../words';
import { ProductLine } from './ProductLine';
import type { Neighbour, Product, Relation } from './types';
import { words } from './words';

const relations: readonly Relation[] = ['bought', 'viewed', 'viewedThenBought'];
const SHOWN = 8;

export function Neighbours({ neighbours }: { neighbours: Product['neighbours'] }) {
  const t = useWords(words);
  return (
    <Card title={t('neighbours')} sentence={t('neighboursSentence')}>
      <div className="neighbours">
        {relations.map((relation) => (
          <List key={relation} relation={relation} list={neighbours[relation] ?? []} />
        ))}
      </div>
    </Card>
  );
}

function List({ relation, list }: { relation: Relation; list: readonly Neighbour[] }) {
  const t = useWords(words);
  const most = Math.max(...list.map((one) => one.score), Number.MIN_VALUE);
  return (
    <section className="neighbours-list">
      <h3 className="taste-name">{t(relation)}</h3>
      {list.length === 0 && <p className="soft">{t('neighboursEmpty')}</p>}
      <ul className="lines">
        {list.slice(0, SHOWN).map((one) => (
          <li key={one.productId}>
            <ProductLine product={one} note={<NeighbourNote relation={relation} one={one} share={one.score / most} />} size={48} />
          </li>
        ))}
      </ul>
    </section>
  );
}

function NeighbourNote({ relation, one, share }: { relation: Relation; one: Neighbour; share: number }) {
  const t = useWords(words);
  return (
    <>
      <span className="neighbour-bar" title={t('score', { score: number(one.score, 4) })} aria-hidden="true">
        <span className="taste-fill" style={{ width: `${Math.max(2, 100 * share)}%` }} />
      </span>
      {t(`${relation}Support`, { n: one.support })}
      {one.support === 1 && `, ${t('anecdote')}`} · {t('score', { score: number(one.score, 4) })}
    </>
  );
}
