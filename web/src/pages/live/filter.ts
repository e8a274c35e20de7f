/* Which entries are shown. The filter stands in the URL, except what could name a person in the real world. */
import type { Entry, State } from './types';

export type Filter = Readonly<{ name: string; source: string; state: State | ''; person: string; text: string }>;

export const everything: Filter = { name: '', source: '', state: '', person: '', text: '' };
export const states: readonly State[] = ['stored', 'duplicate', 'rejected'];
const fields = ['name', 'source', 'state', 'person', 'text'] as const;

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

/* A person's id is a random number of ours and may stand in a URL; what people are called by elsewhere may not. */
export function isPersonId(text: string): boolean {
  return uuid.test(text);
}

/* An address, a phone number, a card: anything with an @, or with seven digits and hardly anything else. */
export function namesSomebody(text: string): boolean {
  if (text.includes('@')) return true;
  if (isPersonId(text)) return false;
  const digits = text.replace(/\D/g, '').length;
  return digits >= 7 && /^[\d\s()+/.:-]+$/.test(text.trim());
}

export function filterOf(query: URLSearchParams): Filter {
  const state = states.find((known) => known === query.get('state')) ?? '';
  const person = query.get('person') ?? '';
  return {
    name: query.get('name') ?? '',
    source: query.get('source') ?? '',
    state,
    person: isPersonId(person) ? person.toLowerCase() : '',
    text: query.get('text') ?? '',
  };
}

/* The query of a filter; other members of `before` (the open event) stay. */
export function queryOf(filter: Filter, before = new URLSearchParams()): URLSearchParams {
  const query = new URLSearchParams(before);
  for (const field of fields) {
    const value = filter[field];
    if (value === '' || namesSomebody(value)) query.delete(field);
    else query.set(field, value);
  }
  return query;
}

export function isSame(a: Filter, b: Filter): boolean {
  return fields.every((field) => a[field] === b[field]);
}

export function isEverything(filter: Filter): boolean {
  return isSame(filter, everything);
}

function holds(hay: string | null | undefined, needle: string): boolean {
  return typeof hay === 'string' && hay.toLowerCase().includes(needle);
}

/* `filter.text` is compared without case with what the row shows, and with the raw text of a rejected event. */
export function matches(entry: Entry, filter: Filter): boolean {
  if (filter.state !== '' && entry.state !== filter.state) return false;
  if (filter.name !== '' && entry.name !== filter.name) return false;
  if (filter.source !== '' && entry.source !== filter.source) return false;
  if (filter.person !== '' && entry.person !== filter.person) return false;
  if (filter.text === '') return true;
  const needle = filter.text.toLowerCase();
  return (
    holds(entry.name, needle) ||
    holds(entry.type, needle) ||
    holds(entry.source, needle) ||
    holds(entry.person, needle) ||
    holds(entry.id, needle) ||
    holds(entry.messageId, needle) ||
    holds(entry.product?.title, needle) ||
    holds(entry.product?.productId, needle) ||
    holds(entry.reason, needle) ||
    holds(entry.field, needle) ||
    (entry.raw !== undefined && holds(typeof entry.raw === 'string' ? entry.raw : JSON.stringify(entry.raw), needle))
  );
}
