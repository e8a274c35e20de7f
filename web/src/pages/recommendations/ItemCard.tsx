/* One recommended product: picture, price, size, the reasons with their bars, and on demand the sum that is its score. */
import { Link } from 'wouter';
import { money, percent } from '../../format';
import { Icon, ProductPicture, Tag } from '../../parts';
import { language, useWords } from '../../words';
import { productPath, titleOf } from '../catalogue/ProductLine';
import { sumOf, type Term } from './sum';
import type { Item } from './types';
import { words, type RecipeWord } from './words';
import './recommendations.css';

const REASONS_SHOWN = 2;

export type ItemCardProps = {
  item: Item;
  rank: number;
  upright?: boolean; // picture on top, for a shelf; else beside the words, for a column
  lit?: boolean; // the same product is pointed at in another column
  onPoint?: (product: string | null) => void;
  elsewhere?: readonly string[]; // other columns that show it
};

export function ItemCard({ item, rank, upright = false, lit = false, onPoint, elsewhere = [] }: ItemCardProps) {
  const t = useWords(words);
  const { terms } = sumOf(item);
  const layer = `layer${item.layer}`;
  return (
    <article
      className={`item ${upright ? 'item-upright' : ''} ${lit ? 'item-lit' : ''}`}
      onMouseEnter={() => onPoint?.(item.productId)}
      onMouseLeave={() => onPoint?.(null)}
      onFocus={() => onPoint?.(item.productId)}
      onBlur={() => onPoint?.(null)}
    >
      <span className="item-picture">
        <ProductPicture image={item.image} size={upright ? 'fill' : 72} />
        <span className="item-rank" title={t('rank', { n: rank })}>
          {rank}
        </span>
      </span>
      <div className="item-words">
        <h3 className="item-title">
          <Link href={productPath(item.productId)}>
            <bdi>{titleOf(item)}</bdi>
          </Link>
        </h3>
        <p className="item-price">
          {item.price !== undefined && item.currency && <strong>{money(item.price, item.currency)}</strong>}
          {item.listPrice !== undefined && item.currency && <s title={t('was', { price: money(item.listPrice, item.currency) })}>{money(item.listPrice, item.currency)}</s>}
          {item.size && <span className="cut">{t('size', { size: item.size })}</span>}
          {item.color && <bdi className="cut">{item.color}</bdi>}
        </p>
        {item.layer > 0 && <Tag tone="warning">{layer in words ? t(layer as RecipeWord) : layer}</Tag>}
        <ul className="item-reasons">
          {terms.slice(0, REASONS_SHOWN).map((term, i) => (
            <ReasonLine key={i} term={term} />
          ))}
        </ul>
        <SumOfTerms item={item} />
        {elsewhere.length > 0 && <p className="item-elsewhere">{t('alsoIn', { recipes: elsewhere.join(', ') })}</p>}
      </div>
    </article>
  );
}

function ReasonLine({ term }: { term: Term }) {
  const t = useWords(words);
  const share = t('share', { share: percent(term.share) });
  return (
    <li title={share}>
      <span className="item-reason-text">
        <bdi>{term.reason.text}</bdi>
      </span>
      <span className="item-bar" role="img" aria-label={share}>
        <span style={{ width: `${Math.min(100, Math.max(2, 100 * term.share))}%` }} />
      </span>
    </li>
  );
}

/* All six digits: what is written adds up as it is written. */
const exactly = (millionths: number): string => new Intl.NumberFormat(language(), { minimumFractionDigits: 6, maximumFractionDigits: 6 }).format(millionths / 1e6);

function SumOfTerms({ item }: { item: Item }) {
  const t = useWords(words);
  const sum = sumOf(item);
  return (
    <details className="item-sum">
      <summary>
        {t('score')} <span className="item-score">{exactly(sum.score)}</span> <Icon name="down" size={12} />
      </summary>
      <table>
        <caption>{t('terms')}</caption>
        <tbody>
          {sum.terms.map((term, i) => (
            <tr key={i}>
              <th scope="row">
                <bdi>{term.reason.text}</bdi>
                {term.reason.support !== undefined && (
                  <span className="item-support">
                    {t('support', { n: term.reason.support })}
                    {term.reason.support === 1 && `, ${t('anecdote')}`}
                  </span>
                )}
              </th>
              <td>
                {i > 0 && '+ '}
                {exactly(term.millionths)}
              </td>
            </tr>
          ))}
        </tbody>
        <tfoot>
          <tr>
            <th scope="row">{t('sum')}</th>
            <td>{exactly(sum.total)}</td>
          </tr>
        </tfoot>
      </table>
      <p className={sum.exact ? 'item-exact' : 'item-exact item-inexact'}>{sum.exact ? t('exact') : t('inexact', { difference: exactly(sum.total - sum.score) })}</p>
    </details>
  );
}
