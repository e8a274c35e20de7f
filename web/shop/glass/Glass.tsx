/* The pane of glass beside the shop: who Kunde believes is here, what arrives, what it concludes, and why the shelves show what
 * they show. It reads exactly this visitor and nobody else. */
import { useEffect, type ReactNode } from 'react';
import { clock, date, money, number, percent } from '../../src/format';
import { language, useWords, type Values } from '../../src/words';
import { categoryName, guideTitle, valueName } from '../names';
import { Icon } from '../parts/basics';
import { allowed, glassOpen, session, useKept } from '../store';
import { useGlass, type Decision, type Event, type Glass as Data, type Item, type Profile, type Taste } from './data';
import './glass.css';
import { words } from './words';

type Word = keyof typeof words;
const isWord = (key: string): key is Word => key in words;

function Part({ title, text, children }: { title: string; text?: string; children: ReactNode }) {
  return (
    <section className="glass-part">
      <h3>{title}</h3>
      {text && <p className="soft">{text}</p>}
      {children}
    </section>
  );
}

function Bar({ share, against = false }: { share: number; against?: boolean }) {
  return (
    <span className={against ? 'bar against' : 'bar'} aria-hidden="true">
      <i style={{ width: `${Math.max(2, Math.min(100, Math.abs(share) * 100))}%` }} />
    </span>
  );
}

/* ---- who ------------------------------------------------------------------------------------------------------------------ */
function ConsentLine() {
  const t = useWords(words);
  const may = useKept(allowed);
  const who = useKept(session);
  if (may?.personalise || may?.analyse) return null;
  return <p className="glass-note">{may === null ? t('notAsked') : who ? t('refusedPerson') : t('refused')}</p>;
}

function Who({ profile }: { profile: Profile | undefined }) {
  const t = useWords(words);
  const who = useKept(session)?.persona;
  if (!profile)
    return (
      <Part title={t('nobody')} text={t('nobodyText')}>
        <ConsentLine />
      </Part>
    );
  const first = profile.identities.map((one) => one.firstAt).sort()[0];
  return (
    <Part title={who ? `${who.first} ${who.last}` : t('visitor')} text={first && t('since', { date: date(first) })}>
      <ul className="glass-chips" role="list">
        {profile.identities.slice(0, 6).map((one) => (
          <li key={one.type + one.value} title={one.proven ? t('proven') : t('claimed')} className={one.proven ? 'is-proven' : undefined}>
            <small>{one.type}</small> {one.value}
          </li>
        ))}
      </ul>
      <p className="glass-figures">
        <span>{t('orders', { n: profile.orders })}</span>
        <span>{t('returns', { n: profile.returns })}</span>
        {profile.revenue.map((one) => (
          <span key={one.currency}>{t('spent', { amount: money(one.bought - one.returned, one.currency, true) })}</span>
        ))}
      </p>
      <ConsentLine />
    </Part>
  );
}

/* ---- why ------------------------------------------------------------------------------------------------------------------ */
function Why({ item }: { item: Item }) {
  const t = useWords(words);
  const most = Math.max(...item.reasons.map((reason) => Math.abs(reason.weight)), 1e-9);
  return (
    <li className="why">
      {item.image && <img src={item.image} alt="" width="44" height="44" loading="lazy" />}
      <div>
        <b>{item.title ?? item.productId}</b>
        <small className="soft">
          {t('score', { n: number(item.score, 3) })}
          {item.layer > 0 && ` · ${t('fallback')}`}
        </small>
        <ul role="list">
          {item.reasons.slice(0, 4).map((reason) => (
            <li key={reason.kind + reason.text}>
              <Bar share={reason.weight / most} against={reason.weight < 0} />
              <span>{reason.text}</span>
              <small>{number(reason.weight, 3)}</small>
            </li>
          ))}
        </ul>
      </div>
    </li>
  );
}

function Placement({ decision }: { decision: Decision }) {
  const t = useWords(words);
  const key = `place_${decision.placement}`;
  const [first, rest] = [decision.items.slice(0, 3), decision.items.slice(3)];
  if (decision.items.length === 0) return null;
  return (
    <>
      <h4>{isWord(key) ? t(key) : decision.placement}</h4>
      <ul className="whys" role="list">
        {first.map((item) => (
          <Why key={item.productId} item={item} />
        ))}
      </ul>
      {rest.length > 0 && (
        <details>
          <summary>{t('moreItems', { n: rest.length })}</summary>
          <ul className="whys" role="list">
            {rest.map((item) => (
              <Why key={item.productId} item={item} />
            ))}
          </ul>
        </details>
      )}
    </>
  );
}

function LeftOut({ why }: { why: Data['why'] }) {
  const t = useWords(words);
  const counts = Object.entries(why.removed).filter(([, count]) => count > 0);
  const label = (key: string): string => (isWord(`why_${key}`) ? t(`why_${key}` as Word) : key);
  return (
    <Part title={t('removed')} text={counts.length ? t('removedText', { n: why.candidates }) : t('nothingRemoved')}>
      <p className="glass-figures">
        {counts.map(([key, count]) => (
          <span key={key}>
            <b>{number(count)}</b> {label(key)}
          </span>
        ))}
      </p>
      {why.removedItems && why.removedItems.length > 0 && (
        <ul className="removed" role="list">
          {why.removedItems.slice(0, 8).map((item) => (
            <li key={item.productId + item.why}>
              {item.image && <img src={item.image} alt="" width="32" height="32" loading="lazy" />}
              <span>{item.title ?? item.productId}</span>
              <small>{label(item.why)}</small>
            </li>
          ))}
        </ul>
      )}
    </Part>
  );
}

/* ---- what is concluded ---------------------------------------------------------------------------------------------------- */
const shown = ['category', 'brand', 'color', 'style'] as const;

function Tastes({ affinities }: { affinities: Record<string, Taste[]> }) {
  const t = useWords(words);
  const groups = shown.map((name) => ({ name, tastes: (affinities[name] ?? []).filter((one) => Math.abs(one.weight) > 0.005) })).filter((group) => group.tastes.length > 0);
  if (groups.length === 0) return <p className="soft">{t('noTastes')}</p>;
  return (
    <div className="tastes">
      {groups.map(({ name, tastes }) => (
        <div key={name}>
          <h4>{t(name)}</h4>
          <ul role="list">
            {tastes.slice(0, 5).map((one) => (
              <li key={one.value} title={one.weight < 0 ? t('against') : t('evidence', { n: one.evidence.count })}>
                <span>{name === 'category' ? categoryName(one.value) : valueName(one.value)}</span>
                <Bar share={one.weight} against={one.weight < 0} />
                <small>{percent(one.weight)}</small>
              </li>
            ))}
          </ul>
        </div>
      ))}
    </div>
  );
}

/* ---- what arrives --------------------------------------------------------------------------------------------------------- */
type Say = (key: Word, values?: Values) => string;

const isOfSlot = (event: Event): boolean => event.name === 'Decision Viewed' || event.name === 'Decision Clicked';

function whatHappened(event: Event, t: Say): string {
  if (isOfSlot(event)) return t(event.name === 'Decision Viewed' ? 'seen' : 'used');
  const key = `kind_${event.kind}`;
  return isWord(key) ? t(key) : (event.name ?? event.kind);
}

function about(event: Event, t: Say): string {
  const { placement, name, properties } = event.event ?? {};
  const place = `place_${placement ?? properties?.placement ?? ''}`;
  if (isWord(place)) return t('quoted', { text: t(place) });
  const more = (event.products ?? 0) > 1 ? ` +${(event.products ?? 1) - 1}` : '';
  if (event.product) return (event.product.title ?? event.product.productId) + more;
  return properties?.content_id ? guideTitle(properties.content_id, properties.content_id) : (properties?.query ?? properties?.name ?? name ?? '');
}

/* Today by the clock, else by the day. */
function when(time: string): string {
  if (Date.now() - Date.parse(time) < 43_200_000) return clock(time);
  return new Date(time).toLocaleDateString(language() === 'de' ? 'de-DE' : 'en-GB', { day: 'numeric', month: 'short' });
}

function Events({ events }: { events: readonly Event[] }) {
  const t = useWords(words);
  if (events.length === 0) return <p className="soft">{t('noEvents')}</p>;
  return (
    <ol className="glass-events">
      {events.map((event) => (
          <li key={event.id} className={event.kind === 'decision' ? 'of-kunde' : undefined}>
            <time dateTime={event.timestamp}>{when(event.timestamp)}</time>
            {event.product?.image ? <img src={event.product.image} alt="" width="28" height="28" loading="lazy" /> : <span className="no-picture" />}
            <span>
              <b>{whatHappened(event, t)}</b> {about(event, t)}
            </span>
          </li>
      ))}
    </ol>
  );
}

function Conclusions({ profile }: { profile: Profile }) {
  const t = useWords(words);
  return (
    <>
      <Part title={t('tastes')}>
        <Tastes affinities={profile.affinities} />
      </Part>
      <Part title={t('sizes')}>
        {profile.sizes.length === 0 ? (
          <p className="soft">{t('noSizes')}</p>
        ) : (
          <p className="glass-figures">
            {profile.sizes.map((size) => (
              <span key={size.category + size.size}>
                {categoryName(size.category)} <b>{size.size}</b> × {size.purchases}
              </span>
            ))}
          </p>
        )}
      </Part>
      <Part title={t('cart')}>
        {profile.cart.length === 0 ? (
          <p className="soft">{t('noCart')}</p>
        ) : (
          <ul className="removed" role="list">
            {profile.cart.map((line, i) => (
              <li key={`${line.productId}${i}`}>
                {line.image && <img src={line.image} alt="" width="32" height="32" loading="lazy" />}
                <span>{line.title ?? line.productId}</span>
                <small>{[line.size, `× ${line.quantity}`].filter(Boolean).join(' ')}</small>
              </li>
            ))}
          </ul>
        )}
      </Part>
    </>
  );
}

export default function Glass() {
  const t = useWords(words);
  const { glass, away } = useGlass();
  useEffect(() => {
    const leave = (event: KeyboardEvent): void => {
      if (event.key === 'Escape') glassOpen.set(false);
    };
    addEventListener('keydown', leave);
    return () => removeEventListener('keydown', leave);
  }, []);
  const decisions = glass?.page.decisions.filter((decision) => decision.items.length > 0) ?? [];
  return (
    <aside className="glass" aria-label={t('title')}>
      <div className="glass-head">
        <h2>{t('title')}</h2>
        <span className={away ? 'glass-live is-away' : 'glass-live'}>{away ? t('away') : t('live')}</span>
        <button type="button" className="tool" aria-label={t('close')} onClick={() => glassOpen.set(false)}>
          <Icon name="close" />
        </button>
      </div>
      <div className="glass-body" tabIndex={0} role="region" aria-label={t('title')}>
        {glass && (
          <>
            <Who profile={glass.profile} />
            <Part title={t('events')}>
              <Events events={glass.timeline?.events.slice(0, 12) ?? []} />
            </Part>
            <Part title={t('page')} text={decisions.length ? t('pageText') : t('noSlots')}>
              {decisions.map((decision) => (
                <Placement key={decision.placement} decision={decision} />
              ))}
            </Part>
            <LeftOut why={glass.why} />
            {glass.profile && <Conclusions profile={glass.profile} />}
          </>
        )}
      </div>
    </aside>
  );
}
