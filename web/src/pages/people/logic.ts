/* From the profile's answer to what the page shows; pure, tested in checks/. */
import type { ActiveDay, Affinity, Identity, Profile, Purchase, Size, TimelineEvent } from './types';

/* ---- the name ------------------------------------------------------------------------------------------------------- */
const text = (value: unknown): string => (typeof value === 'string' ? value.trim() : '');

/* What the shop told us, else nothing: a key is no name. */
export function nameOf(traits: Record<string, unknown>): string {
  const whole = text(traits.name);
  if (whole) return whole;
  return [text(traits.firstName) || text(traits.first_name), text(traits.lastName) || text(traits.last_name)].filter(Boolean).join(' ');
}

/* Strongest kind first, as the engine answers them; proven before claimed. */
const strength = ['userId', 'card', 'email', 'phone', 'deviceId', 'anonymousId'];
export function sortIdentities(identities: readonly Identity[]): Identity[] {
  const rank = (one: Identity): number => (one.proven ? 0 : 100) + (strength.indexOf(one.type) + strength.length) % strength.length;
  return [...identities].sort((a, b) => rank(a) - rank(b) || b.lastAt.localeCompare(a.lastAt));
}

/* ---- taste ---------------------------------------------------------------------------------------------------------- */
/* "Outdoor" says nothing beside "Outdoor > Jackets" when all its evidence is that of the jackets. */
export function foldCategories(list: readonly Affinity[]): Affinity[] {
  return list.filter((one) => !list.some((other) => other.value.startsWith(`${one.value} > `) && other.strength === one.strength));
}

export type PriceBand = { category: string; low: number | null; high: number | null; currency: string }; // null: open on that side

/* "Winter 22-33 EUR", "Winter over 1000 EUR" as catalog/ writes it; null for anything else, which is then shown as it is. */
export function priceBandOf(value: string): PriceBand | null {
  const found = /^(.*?)\s*(?:(\d+(?:\.\d+)?)-|(over|under) )(\d+(?:\.\d+)?) ([A-Z]{3})$/.exec(value);
  if (!found) return null;
  const [, category = '', low, side, edge, currency = ''] = found;
  return { category, low: side === 'over' ? Number(edge) : low === undefined ? null : Number(low), high: side === 'over' ? null : Number(edge), currency };
}

const first = ['category', 'brand', 'color', 'style', 'cut', 'price_band', 'material', 'gender'];

/* The attributes in the order of the page; sizes stand in a card of their own. */
export function tasteOf(affinities: Profile['affinities']): { attribute: string; values: Affinity[] }[] {
  return Object.entries(affinities)
    .filter(([attribute, values]) => attribute !== 'size' && values.length > 0)
    .sort(([a], [b]) => (first.indexOf(a) + first.length + 1) % (first.length + 1) - (first.indexOf(b) + first.length + 1) % (first.length + 1) || a.localeCompare(b))
    .map(([attribute, values]) => ({ attribute, values: attribute === 'category' ? foldCategories(values) : values }));
}

/* The longest bar of the page: all bars share one scale. */
export function scaleOf(taste: readonly { values: readonly Affinity[] }[]): number {
  return Math.max(0.01, ...taste.flatMap((group) => group.values.map((value) => Math.abs(value.weight))));
}

/* ---- sizes ---------------------------------------------------------------------------------------------------------- */
export type SizeBelief = Size & { of: number; share: number };
export type SizeGroup = { category: string; sizes: SizeBelief[] };

/* Each size with its share of the kept purchases that have a size, by top category; most likely first. */
export function sizeGroups(sizes: readonly Size[]): SizeGroup[] {
  const groups = new Map<string, Size[]>();
  for (const size of sizes) groups.set(size.category, [...(groups.get(size.category) ?? []), size]);
  return [...groups].map(([category, list]) => {
    const of = list.reduce((sum, one) => sum + one.purchases, 0);
    return {
      category,
      sizes: list.map((one) => ({ ...one, of, share: one.purchases / of })).sort((a, b) => b.purchases - a.purchases || b.lastAt.localeCompare(a.lastAt)),
    };
  });
}

/* ---- orders and returns ---------------------------------------------------------------------------------------------- */
export type Trade = Purchase & { kind: 'order' | 'return'; amount: number | null };

function amountOf(purchase: Purchase): number | null {
  if (purchase.total !== undefined) return purchase.total;
  const priced = purchase.lines.filter((line) => line.price !== undefined);
  return priced.length > 0 && priced.length === purchase.lines.length ? priced.reduce((sum, line) => sum + (line.price ?? 0) * line.quantity, 0) : null;
}

export function tradesOf({ orderHistory, returnHistory, claimed }: Pick<Profile, 'orderHistory' | 'returnHistory' | 'claimed'>): Trade[] {
  const kinds = [
    ['order', [...orderHistory, ...claimed.orderHistory]],
    ['return', [...returnHistory, ...claimed.returnHistory]],
  ] as const;
  return kinds.flatMap(([kind, list]) => list.map((one) => ({ ...one, kind, amount: amountOf(one) }))).sort((a, b) => b.at.localeCompare(a.at));
}

/* ---- activity -------------------------------------------------------------------------------------------------------- */
export type Week = { monday: string; days: (ActiveDay | null)[] }; // null: a day still to come

const DAY = 86_400_000;
const isoDay = (ms: number): string => new Date(ms).toISOString().slice(0, 10);

/* The last `count` weeks, oldest first, Monday to Sunday (UTC days, as they are counted). */
export function weeksOf(activity: readonly ActiveDay[], count: number, now: number): Week[] {
  const byDay = new Map(activity.map((one) => [one.day, one]));
  const today = Math.floor(now / DAY) * DAY;
  const monday = today - ((new Date(today).getUTCDay() + 6) % 7) * DAY;
  return Array.from({ length: count }, (_, week) => {
    const start = monday - (count - 1 - week) * 7 * DAY;
    const days = Array.from({ length: 7 }, (_unused, weekday) => {
      const at = start + weekday * DAY;
      return at > today ? null : (byDay.get(isoDay(at)) ?? { day: isoDay(at), events: 0, orders: 0 });
    });
    return { monday: isoDay(start), days };
  });
}

/* 0 none, 1 to 3 by how busy the day was. */
export const levelOf = (events: number): 0 | 1 | 2 | 3 => (events === 0 ? 0 : events < 4 ? 1 : events < 12 ? 2 : 3);

/* ---- the timeline ---------------------------------------------------------------------------------------------------- */
export const groups = ['shopping', 'orders', 'decisions', 'other'] as const;
export type Group = (typeof groups)[number];

const shopping = new Set(['view', 'click', 'list', 'search', 'cart_add', 'cart_remove', 'cart_view', 'checkout', 'wish_add', 'wish_remove', 'page', 'screen', 'promo_view', 'promo_click', 'content']);
const orders = new Set(['order', 'order_updated', 'order_cancelled', 'return', 'coupon']);

export function groupOf(kind: string): Group {
  return shopping.has(kind) ? 'shopping' : orders.has(kind) ? 'orders' : kind === 'decision' ? 'decisions' : 'other';
}

export type Day = { day: string; events: TimelineEvent[] };

/* By the reader's own days: `dayOf` says which. Events come newest first and stay so. */
export function byDay(events: readonly TimelineEvent[], dayOf: (iso: string) => string): Day[] {
  const days: Day[] = [];
  for (const event of events) {
    const day = dayOf(event.timestamp);
    const last = days[days.length - 1];
    if (last?.day === day) last.events.push(event);
    else days.push({ day, events: [event] });
  }
  return days;
}

export function localDay(iso: string): string {
  const at = new Date(iso);
  return `${at.getFullYear()}-${String(at.getMonth() + 1).padStart(2, '0')}-${String(at.getDate()).padStart(2, '0')}`;
}

/* What a row says besides its kind and product: a page's name, a search, a placement. Nothing of it is trusted to be short. */
export function detailOf(event: TimelineEvent): string {
  const body = (typeof event.event === 'object' && event.event !== null ? event.event : {}) as Record<string, unknown>;
  const properties = (typeof body.properties === 'object' && body.properties !== null ? body.properties : {}) as Record<string, unknown>;
  const words = [body.placement, properties.query, properties.order_id, properties.title, properties.name, properties.path, body.name].map(text).find(Boolean);
  return words && words !== event.name ? words : '';
}
