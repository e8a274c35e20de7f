/* A rejected event, put right by hand and sent again. */
import type { Entry } from './types';

export type Read = { ok: true; event: Record<string, unknown> } | { ok: false; line?: number; column?: number; notAnObject?: boolean };

/* Engines name the place as "position N" or "line N column M"; some name none. */
function placeOf(message: string, text: string): { line?: number; column?: number } {
  const named = /line (\d+) column (\d+)/.exec(message);
  if (named) return { line: Number(named[1]), column: Number(named[2]) };
  const position = /position (\d+)/.exec(message);
  if (!position && !/end of JSON|end of data|Unterminated/i.test(message)) return {};
  const before = text.slice(0, position ? Number(position[1]) : text.length).split('\n');
  return { line: before.length, column: (before[before.length - 1] ?? '').length + 1 };
}

export function read(text: string): Read {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    return { ok: false, ...placeOf(error instanceof Error ? error.message : '', text) };
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return { ok: false, notAnObject: true };
  return { ok: true, event: value as Record<string, unknown> };
}

/* Marks that turn the direction of writing would show the text otherwise than it is sent: they stand as \u202e. */
function laidOut(value: unknown): string {
  return JSON.stringify(value, null, 2).replace(/[\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g, (mark) => `\\u${mark.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

/* What stands in the editor at first: the event as it came, laid out; as text where it was no JSON. */
export function draftOf(raw: unknown): string {
  if (typeof raw !== 'string') return raw === undefined ? '' : laidOut(raw);
  try {
    return laidOut(JSON.parse(raw));
  } catch {
    return raw;
  }
}

/* A single call carries its type in the path; in a batch the event must say it. */
export function batchOf(event: Record<string, unknown>, entry: Pick<Entry, 'type'>): { batch: Record<string, unknown>[] } {
  return { batch: [typeof event.type === 'string' || entry.type === '' ? event : { type: entry.type, ...event }] };
}

/* Where the refused field stands in the text, to put the cursor there. */
export function placeOfField(text: string, field: string | null | undefined): { start: number; end: number } | undefined {
  const name = field?.split('/').filter((part) => part !== '' && !/^\d+$/.test(part)).pop();
  if (name === undefined) return undefined;
  const key = JSON.stringify(name);
  const start = text.indexOf(key);
  return start < 0 ? undefined : { start, end: start + key.length };
}
