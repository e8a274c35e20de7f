/* "What we know": taste with its evidence; beside it sizes, cart, orders, and what the shop told. */
import { useState } from 'react';
import { date, dateTime, money, number, relative } from '../../format';
import { Ago, Card, Tag } from '../../parts';
import { useWords } from '../../words';
import { ProductLine } from '../catalogue/ProductLine';
import { sizeGroups, tradesOf, type SizeBelief, type Trade } from './logic';
import { Taste } from './Taste';
import type { CartLine, Line, Profile, Seen } from './types';
import { channelWord, words } from './words';

const TRADES_SHOWN = 6;
const SEEN_SHOWN = 6;
const TRAIT_MAX = 300;

export function Known({ profile }: { profile: Profile }) {
  return (
    <div className="known">
      <div className="known-main">
        <Taste affinities={profile.affinities} />
        <Trades trades={tradesOf(profile)} />
      </div>
      <div className="known-side">
        <Sizes sizes={profile.sizes} />
        <Cart cart={profile.cart} />
        <Looked profile={profile} />
        <Traits profile={profile} />
        <Consent profile={profile} />
      </div>
    </div>
  );
}

/* ---- sizes ----------------------------------------------------------------------------------------------------------- */
function Sizes({ sizes }: { sizes: Profile['sizes'] }) {
  const t = useWords(words);
  const groups = sizeGroups(sizes);
  return (
    <Card title={t('sizes')} sentence={t(groups.length > 0 ? 'sizesSentence' : 'sizesEmpty')}>
      {groups.length > 0 && (
        <ul className="sizes">
          {groups.map((group) => (
            <li key={group.category}>
              <bdi className="cut sizes-category">{group.category}</bdi>
              {group.sizes.slice(0, 4).map((belief) => (
                <SizeLine key={belief.size} belief={belief} />
              ))}
            </li>
          ))}
        </ul>
      )}
    </Card>
  );
}

function SizeLine({ belief }: { belief: SizeBelief }) {
  const t = useWords(words);
  const certainty = belief.of === 1 ? 'sizeOnce' : belief.share >= 0.75 ? 'sizeSure' : 'sizeSplit';
  return (
    <div className="size" title={date(belief.lastAt)}>
      <bdi className="size-name cut">{belief.size}</bdi>
      <Dots belief={belief} />
      <span className="size-note">{belief.of === 1 ? t('sizeOnce') : `${t('sizeOf', { k: belief.purchases, of: belief.of })}, ${t(certainty)}`}</span>
    </div>
  );
}

const DOTS_MAX = 16;

/* A dot a kept purchase: filled where it was this size. */
function Dots({ belief }: { belief: SizeBelief }) {
  const all = Math.min(belief.of, DOTS_MAX);
  const filled = Math.round((belief.purchases / belief.of) * all);
  return (
    <span className="size-dots" aria-hidden="true">
      {Array.from({ length: all }, (_, i) => (
        <span key={i} className={i < filled ? 'size-dot size-dot-filled' : 'size-dot'} />
      ))}
    </span>
  );
}

/* ---- cart, looked at -------------------------------------------------------------------------------------------------- */
function noteOf(line: Line | CartLine | Seen): string {
  return [line.color, line.size].filter(Boolean).join(' · ');
}

function Cart({ cart }: { cart: readonly CartLine[] }) {
  const t = useWords(words);
  return (
    <Card title={t('cart')} sentence={cart.length === 0 ? t('cartEmpty') : undefined}>
      {cart.length > 0 && (
        <ul className="lines">
          {cart.map((line, i) => (
            <li key={i}>
              <ProductLine
                product={line}
                note={[noteOf(line), relative(line.addedAt)].filter(Boolean).join(' · ')}
                end={`${t('quantity', { n: number(line.quantity) })} ${line.price !== undefined && line.currency ? money(line.price, line.currency) : ''}`}
              />
            </li>
          ))}
        </ul>
      )}
    </Card>
  );
}

function Looked({ profile }: { profile: Profile }) {
  const t = useWords(words);
  return (
    <>
      {profile.lastWished.length > 0 && <SeenList title={t('wished')} seen={profile.lastWished} />}
      <SeenList title={t('viewed')} seen={profile.lastViewed} none={t('viewedEmpty')} />
    </>
  );
}

function SeenList({ title, seen, none }: { title: string; seen: readonly Seen[]; none?: string }) {
  return (
    <Card title={title} sentence={seen.length === 0 ? none : undefined}>
      {seen.length > 0 && (
        <ul className="lines">
          {seen.slice(0, SEEN_SHOWN).map((one) => (
            <li key={one.productId}>
              <ProductLine product={one} note={<>{noteOf(one)} {noteOf(one) && '·'} <Ago time={one.at} /></>} />
            </li>
          ))}
        </ul>
      )}
    </Card>
  );
}

/* ---- orders and returns ------------------------------------------------------------------------------------------------- */
function Trades({ trades }: { trades: readonly Trade[] }) {
  const t = useWords(words);
  const [all, setAll] = useState(false);
  return (
    <Card title={t('trades')} sentence={trades.length === 0 ? t('tradesEmpty') : undefined}>
      <ul className="trades">
        {(all ? trades : trades.slice(0, TRADES_SHOWN)).map((trade, i) => (
          <TradeItem key={trade.messageId ?? i} trade={trade} />
        ))}
      </ul>
      {!all && trades.length > TRADES_SHOWN && (
        <button type="button" className="plain-button" onClick={() => setAll(true)}>
          {t('moreTrades', { n: trades.length })}
        </button>
      )}
    </Card>
  );
}

function TradeItem({ trade }: { trade: Trade }) {
  const t = useWords(words);
  const back = trade.kind === 'return';
  return (
    <li className={back ? 'trade trade-back' : 'trade'}>
      <div className="trade-head">
        <Tag tone={back ? 'warning' : 'good'}>{t(back ? 'returned' : 'order')}</Tag>
        <time dateTime={trade.at} title={dateTime(trade.at)}>
          {date(trade.at)}
        </time>
        <span className="soft">{t(channelWord(trade.channel))}</span>
        {trade.claimed && <Tag tone="warning">{t('claimed')}</Tag>}
        <span className="trade-sum">{trade.amount !== null && trade.currency ? `${back ? '−' : ''}${money(trade.amount, trade.currency)}` : ''}</span>
      </div>
      {trade.lines.length === 0 ? (
        <p className="soft trade-none">{back ? t('returnUnnamed') : ''}</p>
      ) : (
        <ul className="lines">
          {trade.lines.map((line, i) => (
            <li key={i}>
              <ProductLine
                product={line}
                note={noteOf(line) || undefined}
                end={`${line.quantity > 1 ? t('quantity', { n: number(line.quantity) }) : ''} ${line.price !== undefined && trade.currency ? money(line.price, trade.currency) : ''}`}
              />
            </li>
          ))}
        </ul>
      )}
    </li>
  );
}

/* ---- what the shop told --------------------------------------------------------------------------------------------------- */
function plain(value: unknown): string {
  const text = typeof value === 'string' ? value : (JSON.stringify(value) ?? '');
  return text.length > TRAIT_MAX ? `${text.slice(0, TRAIT_MAX)} …` : text;
}

function Traits({ profile }: { profile: Profile }) {
  const t = useWords(words);
  const traits = Object.entries(profile.traits);
  return (
    <Card title={t('traits')} sentence={traits.length === 0 ? t('traitsEmpty') : undefined}>
      {traits.length > 0 && (
        <dl className="traits">
          {traits.map(([name, value]) => (
            <div key={name}>
              <dt>
                <bdi>{name}</bdi> {profile.claimedTraits.includes(name) && <Tag tone="warning">{t('claimed')}</Tag>}
              </dt>
              <dd>
                <bdi>{plain(value)}</bdi>
              </dd>
            </div>
          ))}
        </dl>
      )}
    </Card>
  );
}

function Consent({ profile }: { profile: Profile }) {
  const t = useWords(words);
  const said = profile.counts.consent;
  return said ? <Card title={t('consent')} sentence={t('consentText', { n: said.count, when: relative(said.lastAt) })} /> : null;
}
