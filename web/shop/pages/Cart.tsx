import { useState } from 'react';
import { Link } from 'wouter';
import { money } from '../../src/format';
import { useWords } from '../../src/words';
import { useAnswer, type Account, type OrderLine } from '../api';
import { valueName } from '../names';
import { Empty, Icon, useTitle } from '../parts/basics';
import { Slot } from '../parts/Slot';
import { addToCart, cart, cartTotal, LINE_MAX, setQuantity, useKept, type CartLine } from '../store';
import { words } from '../words';

export const lineNote = (line: { color?: string; size?: string }): string => [line.color && valueName(line.color), line.size].filter(Boolean).join(', ');

function Line({ line, onRemove }: { line: CartLine; onRemove: (line: CartLine) => void }) {
  const t = useWords(words);
  return (
    <li className="line">
      <img src={line.image} alt="" width="96" height="96" />
      <div className="line-text">
        <Link href={`/shop/p/${line.productId}`}>{line.title}</Link>
        <small>{lineNote(line)}</small>
        <div className="stepper" role="group" aria-label={t('quantity', { title: line.title })}>
          <button type="button" aria-label={t('less')} onClick={() => (line.quantity > 1 ? setQuantity(line, line.quantity - 1) : onRemove(line))}>
            <Icon name="minus" />
          </button>
          <output>{line.quantity}</output>
          <button type="button" aria-label={t('oneMore')} disabled={line.quantity >= LINE_MAX} onClick={() => setQuantity(line, line.quantity + 1)}>
            <Icon name="plus" />
          </button>
        </div>
      </div>
      <div className="line-end">
        <b>{money(line.price * line.quantity, line.currency)}</b>
        <button type="button" className="link" onClick={() => onRemove(line)}>
          {t('remove')}
        </button>
      </div>
    </li>
  );
}

export function Sum({ lines }: { lines: readonly CartLine[] }) {
  const t = useWords(words);
  const total = money(cartTotal(lines), lines[0]?.currency ?? 'EUR');
  return (
    <dl className="sum">
      <div>
        <dt>{t('subtotal')}</dt>
        <dd>{total}</dd>
      </div>
      <div>
        <dt>{t('shipping')}</dt>
        <dd>{t('free')}</dd>
      </div>
      <div className="sum-total">
        <dt>
          {t('total')} <small>{t('taxIncluded')}</small>
        </dt>
        <dd>{total}</dd>
      </div>
    </dl>
  );
}

const isWhole = (line: OrderLine): line is OrderLine & { sku: string; id: string; title: string; price: number; currency: string } =>
  Boolean(line.sku && line.id && line.title && line.price && line.currency);

/* What Kunde remembers of the last visit, perhaps on another device; the shopper decides. */
function Kept() {
  const t = useWords(words);
  const lines = useAnswer<Account>('account', 'allowed').data?.cart.filter(isWhole) ?? [];
  if (lines.length === 0) return null;
  return (
    <section className="panel" aria-labelledby="kept-title">
      <h2 id="kept-title">{t('kept')}</h2>
      <ul className="lines" role="list">
        {lines.map((line) => (
          <li key={line.sku} className="line">
            <img src={line.image} alt="" width="72" height="72" />
            <div className="line-text">
              <Link href={line.url ?? '/shop'}>{line.title}</Link>
              <small>{lineNote(line)}</small>
            </div>
            <button
              type="button"
              className="button button-quiet"
              onClick={() =>
                addToCart({
                  sku: line.sku,
                  productId: line.id,
                  title: line.title,
                  category: line.category ?? '',
                  image: line.image ?? '',
                  size: line.size ?? '',
                  color: line.color ?? '',
                  price: line.price,
                  currency: line.currency,
                  quantity: Math.max(1, Math.min(LINE_MAX, line.quantity)),
                })
              }
            >
              {t('putBack')}
            </button>
          </li>
        ))}
      </ul>
    </section>
  );
}

export function Cart() {
  const t = useWords(words);
  useTitle(t('cart'));
  const lines = useKept(cart);
  const [removed, setRemoved] = useState<CartLine | null>(null);
  const remove = (line: CartLine): void => {
    setQuantity(line, 0);
    setRemoved(line);
  };
  return (
    <>
      <h1>{t('cart')}</h1>
      <p className="said" role="status">
        {removed && (
          <>
            {t('removed', { title: removed.title })}{' '}
            <button
              type="button"
              className="link"
              onClick={() => {
                setQuantity(removed, removed.quantity);
                setRemoved(null);
              }}
            >
              {t('undo')}
            </button>
          </>
        )}
      </p>
      {lines.length === 0 ? (
        <>
          <Empty title={t('cartEmpty')} text={t('cartEmptyNext')}>
            <Link href="/shop" className="button">
              {t('goLook')}
            </Link>
          </Empty>
          <Kept />
        </>
      ) : (
        <div className="cart">
          <ul className="lines" role="list">
            {lines.map((line) => (
              <Line key={line.sku} line={line} onRemove={remove} />
            ))}
          </ul>
          <aside className="panel cart-side">
            <Sum lines={lines} />
            <Link href="/shop/checkout" className="button button-strong">
              {t('toCheckout')}
            </Link>
          </aside>
        </div>
      )}
      {lines.length > 0 && <Slot placement="cart" products={lines.map((line) => line.productId).join(',')} title={t('withCart')} />}
    </>
  );
}
