/* What was left out on the way and why, under the list it is missing from. */
import { useState } from 'react';
import { dateTime, number } from '../../format';
import { Tag, type Tone } from '../../parts';
import { useWords } from '../../words';
import { ProductLine } from '../catalogue/ProductLine';
import type { Recommendation, RemovedItem, RemovedWhy } from './types';
import { words, type RecipeWord } from './words';
import './recommendations.css';

const whyWords: Readonly<Record<RemovedWhy, RecipeWord>> = {
  bought: 'whyBought', stock: 'whyStock', size: 'whySize', filter: 'whyFilter', asked: 'whyAsked', cart: 'whyCart', hidden: 'whyHidden',
};
const tones: Readonly<Partial<Record<RemovedWhy, Tone>>> = { stock: 'warning', size: 'warning', bought: 'accent' };
const SHOWN = 4;

export function Removed({ answer }: { answer: Recommendation }) {
  const t = useWords(words);
  const counted = answer.removed ? answer.removed.bought + answer.removed.stock + answer.removed.filter : 0;
  const items = answer.removedItems ?? [];
  return (
    <div className="removed">
      <p className="removed-head">
        {counted === 0 && items.length === 0 ? t('removedNone') : t('removedOf', { n: Math.max(counted, items.length) })}
      </p>
      {answer.removed && <Counts removed={answer.removed} items={items} />}
      {items.length > 0 && <Items items={items} />}
      <p className="removed-model">
        {answer.candidates !== undefined && t('candidates', { n: answer.candidates })} · {answer.modelVersion > 0 ? t('model', { when: dateTime(answer.modelVersion) }) : t('noModel')}
      </p>
    </div>
  );
}

/* Where every one of them is named, the names tell more: "out of stock" counts what is merely not in the person's size. */
function countsOf(removed: NonNullable<Recommendation['removed']>, items: readonly RemovedItem[]): [RemovedWhy, number][] {
  if (items.length < removed.bought + removed.stock + removed.filter) return (['bought', 'stock', 'filter'] as const).map((why) => [why, removed[why]]);
  const counts = new Map<RemovedWhy, number>();
  for (const { why } of items) counts.set(why, (counts.get(why) ?? 0) + 1);
  return [...counts];
}

function Counts({ removed, items }: { removed: NonNullable<Recommendation['removed']>; items: readonly RemovedItem[] }) {
  const t = useWords(words);
  const counts = countsOf(removed, items).filter(([, count]) => count > 0);
  if (counts.length === 0) return null;
  return (
    <p className="removed-counts">
      {counts.map(([why, count]) => (
        <Tag key={why} tone={tones[why] ?? 'plain'}>
          {number(count)} {why in whyWords ? t(whyWords[why]) : why}
        </Tag>
      ))}
    </p>
  );
}

function Items({ items }: { items: readonly RemovedItem[] }) {
  const t = useWords(words);
  const [all, setAll] = useState(false);
  return (
    <>
      <ul className="lines removed-items">
        {(all ? items : items.slice(0, SHOWN)).map((item) => (
          <li key={item.productId}>
            <ProductLine product={item} size={32} note={item.why in whyWords ? t(whyWords[item.why]) : item.why} />
          </li>
        ))}
      </ul>
      {!all && items.length > SHOWN && (
        <button type="button" className="quiet-button" onClick={() => setAll(true)}>
          {t('removedMore', { n: items.length - SHOWN })}
        </button>
      )}
    </>
  );
}
