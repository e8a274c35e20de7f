/* Figures by the day: what the charts draw and what their sentences say. Days are the server's (UTC). */
import type { Day, Money } from './types';

export const dayMs = 86_400_000;
export const timeOf = (day: string): number => Date.parse(`${day}T00:00:00Z`);
export const dayOf = (time: number): string => new Date(time).toISOString().slice(0, 10);

/* A day on which nothing happened is a day with zeros, not a missing one. */
export function everyDay(days: readonly Day[]): Day[] {
  const sorted = [...days].filter((day) => !Number.isNaN(timeOf(day.day))).sort((a, b) => (a.day < b.day ? -1 : 1));
  const all: Day[] = [];
  for (const day of sorted) {
    const last = all[all.length - 1];
    for (let time = last ? timeOf(last.day) + dayMs : timeOf(day.day); time < timeOf(day.day); time += dayMs)
      all.push({ day: dayOf(time), events: 0, people: 0, newPeople: 0, orders: 0, revenue: [] });
    all.push(day);
  }
  return all;
}

export function amountOf(revenue: readonly Money[] | undefined, currency: string): number {
  return revenue?.find((money) => money.currency === currency)?.amount ?? 0;
}

/* Shops sell in one currency, mostly: the one with most days of revenue is shown. Currencies are never added up. */
export function currenciesOf(days: readonly Day[]): string[] {
  const count = new Map<string, number>();
  for (const day of days) for (const { currency } of day.revenue) count.set(currency, (count.get(currency) ?? 0) + 1);
  return [...count].sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1)).map(([currency]) => currency);
}

export type Part = Readonly<{ from: string; to: string }>; // days, both included

const isDay = /^\d{4}-\d{2}-\d{2}$/;

/* The part that the address asks for, cut to the days there are; null: all of them. */
export function partOf(query: URLSearchParams, days: readonly Day[]): Part | null {
  const first = days[0]?.day;
  const last = days[days.length - 1]?.day;
  let from = query.get('from') ?? '';
  let to = query.get('to') ?? '';
  if (first === undefined || last === undefined || !isDay.test(from) || !isDay.test(to)) return null;
  if (from > to) [from, to] = [to, from];
  from = from < first ? first : from;
  to = to > last ? last : to;
  if (from > to || (from === first && to === last)) return null;
  return { from, to };
}

/* What was drawn over a chart, as whole days: those whose beginning lies in it; at least one. */
export function partDrawn(from: number, to: number): Part {
  const first = Math.ceil(from / dayMs) * dayMs;
  const last = Math.floor(to / dayMs) * dayMs;
  return last >= first ? { from: dayOf(first), to: dayOf(last) } : { from: dayOf(Math.round(from / dayMs) * dayMs), to: dayOf(Math.round(from / dayMs) * dayMs) };
}

/* The days that are over: one that runs would look like a fall. On the first day there is nothing else to show. */
export function over(days: readonly Day[], today: string): Day[] {
  const whole = days.filter((day) => day.day < today);
  return whole.length > 1 ? whole : [...days];
}

/* The newest `count` days. */
export function newest(days: readonly Day[], count: number): Part | null {
  const from = days[days.length - count]?.day;
  const to = days[days.length - 1]?.day;
  return from === undefined || to === undefined ? null : { from, to };
}

export type Comparison = Readonly<{ from: string; to: string; days: number; sum: number; before: number | null; change: number | null }>;

/* The sum over a part against the days as many before it. `before` is null where those reach back before the first day, or
   where the day that runs is in it: a day is compared when it is over. Without a part: the newest 28 whole days. */
export function compared(days: readonly Day[], part: Part | null, today: string, value: (day: Day) => number): Comparison | null {
  const over = part === null ? days.filter((day) => day.day < today) : days;
  const chosen = part === null ? over.slice(-28) : over.filter((day) => day.day >= part.from && day.day <= part.to);
  const first = chosen[0];
  const last = chosen[chosen.length - 1];
  if (!first || !last) return null;
  const at = over.indexOf(first);
  const earlier = last.day < today && at >= chosen.length ? over.slice(at - chosen.length, at) : null;
  const sum = chosen.reduce((total, day) => total + value(day), 0);
  const before = earlier === null ? null : earlier.reduce((total, day) => total + value(day), 0);
  return { from: first.day, to: last.day, days: chosen.length, sum, before, change: before === null || before === 0 ? null : sum / before - 1 };
}
