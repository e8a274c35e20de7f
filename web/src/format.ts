/* Numbers, money and time as the reader's language writes them. */
import { language } from './words';

const locale = (): string => (language() === 'de' ? 'de-DE' : 'en-GB');

/* Intl objects are dear to make and a table makes thousands of cells: keep them. */
const kept = new Map<string, Intl.NumberFormat | Intl.DateTimeFormat | Intl.RelativeTimeFormat>();
function keep<T extends Intl.NumberFormat | Intl.DateTimeFormat | Intl.RelativeTimeFormat>(key: string, make: () => T): T {
  const full = `${locale()} ${key}`;
  let found = kept.get(full);
  if (!found) {
    found = make();
    kept.set(full, found);
  }
  return found as T;
}

type Time = string | number | Date;
const dateOf = (time: Time): Date => (time instanceof Date ? time : new Date(time));

export function number(value: number, digits = 0): string {
  return keep(`n${digits}`, () => new Intl.NumberFormat(locale(), { maximumFractionDigits: digits })).format(value);
}

/* 12.4K: where room is short. */
export function compact(value: number): string {
  return keep('compact', () => new Intl.NumberFormat(locale(), { notation: 'compact', maximumFractionDigits: 1 })).format(value);
}

/* amount in the currency's main unit: 89.9, "EUR" */
export function money(amount: number, currency: string, whole = false): string {
  const digits = whole ? { maximumFractionDigits: 0 } : {};
  return keep(`m${currency}${whole}`, () => new Intl.NumberFormat(locale(), { style: 'currency', currency, ...digits })).format(amount);
}

/* 0.25 is 25 % */
export function percent(share: number, digits = 0): string {
  return keep(`p${digits}`, () => new Intl.NumberFormat(locale(), { style: 'percent', maximumFractionDigits: digits })).format(share);
}

export function bytes(count: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  let value = count;
  let unit = 0;
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1000;
    unit += 1;
  }
  return `${number(value, unit === 0 || value >= 100 ? 0 : 1)} ${units[unit] ?? ''}`;
}

export function date(time: Time): string {
  return keep('date', () => new Intl.DateTimeFormat(locale(), { day: 'numeric', month: 'short', year: 'numeric' })).format(dateOf(time));
}

/* A day "2026-05-17" of an answer is a day everywhere: never shifted by the reader's time zone. */
export function day(iso: string): string {
  return keep('day', () => new Intl.DateTimeFormat(locale(), { day: 'numeric', month: 'short', year: 'numeric', timeZone: 'UTC' })).format(new Date(`${iso.slice(0, 10)}T00:00:00Z`));
}

export function dateTime(time: Time): string {
  return keep('dateTime', () => new Intl.DateTimeFormat(locale(), { dateStyle: 'medium', timeStyle: 'medium' })).format(dateOf(time));
}

export function clock(time: Time): string {
  return keep('clock', () => new Intl.DateTimeFormat(locale(), { hour: '2-digit', minute: '2-digit', second: '2-digit' })).format(dateOf(time));
}

const steps: readonly [Intl.RelativeTimeFormatUnit, number][] = [
  ['year', 31_557_600],
  ['month', 2_629_800],
  ['week', 604_800],
  ['day', 86_400],
  ['hour', 3600],
  ['minute', 60],
];

/* "3 minutes ago"; show dateTime(time) on hover (parts/Ago does). */
export function relative(time: Time, now = Date.now()): string {
  const seconds = (dateOf(time).getTime() - now) / 1000;
  const form = keep('relative', () => new Intl.RelativeTimeFormat(locale(), { numeric: 'auto' }));
  for (const [unit, size] of steps) if (Math.abs(seconds) >= size) return form.format(Math.trunc(seconds / size), unit);
  return form.format(Math.trunc(seconds), 'second');
}

/* A length of time: "3 days", "12 minutes" */
export function span(ms: number): string {
  const seconds = Math.max(0, ms / 1000);
  const [unit, size] = steps.find(([name, length]) => name !== 'week' && name !== 'month' && seconds >= length) ?? (['second', 1] as const);
  return keep(`span${unit}`, () => new Intl.NumberFormat(locale(), { style: 'unit', unit, unitDisplay: 'long', maximumFractionDigits: 0 })).format(Math.floor(seconds / size));
}
