/* The newest events, in constant memory whatever arrives: what comes is gathered and shown once a frame. */
import { everything, isSame, matches, type Filter } from './filter';
import type { Entry } from './types';

export const shownMax = 500;   // rows
export const recentMax = 2000; // kept beside them, so that a new filter has something to show at once
const namesMax = 200;          // names and sources offered by the filter

/* The same event comes twice when the page catches up after a break; a repeated message is a row of its own. */
export function keyOf(entry: Entry): string {
  if (entry.state === 'stored' && entry.person && entry.id) return `${entry.person}/${entry.id}`;
  return `${entry.state}/${entry.receivedAt}/${entry.seq}`;
}

export type View = Readonly<{
  rows: readonly Entry[]; // newest first
  paused: boolean;
  waiting: number;        // arrived and matching since the pause
  names: readonly string[];
  sources: readonly string[];
}>;

/* Runs `work` soon and once, however often it is asked for; the page gives it animation frames. */
export type Soon = (work: () => void) => void;

export class Feed {
  private recent: Entry[] = []; // newest first
  private rows: Entry[] = [];   // those that pass the filter; reaches back farther than `recent` when they are rare
  private known = new Set<string>();
  private arrived: Entry[] = []; // oldest first, until the next frame
  private asked = false;
  private filter: Filter = everything;
  private readonly names = new Set<string>();
  private readonly sources = new Set<string>();
  private readonly listeners = new Set<() => void>();
  private view: View = { rows: [], paused: false, waiting: 0, names: [], sources: [] };

  constructor(private readonly soon: Soon) {}

  subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  snapshot = (): View => this.view;

  /* From the stream, one by one. Of what one frame cannot show, only the newest is kept. */
  push(entry: Entry): void {
    this.arrived.push(entry);
    if (this.arrived.length >= 2 * recentMax) this.arrived.splice(0, recentMax);
    if (this.asked) return;
    this.asked = true;
    this.soon(() => {
      this.asked = false;
      this.take();
    });
  }

  /* From a page of GET /v1/admin/events: the first rows, or what was missed while the line was down. */
  merge(entries: readonly Entry[]): void {
    this.take();
    const fresh = entries.filter((entry) => !this.known.has(keyOf(entry)));
    if (fresh.length === 0) return;
    const all = [...this.recent, ...fresh].sort((a, b) => (a.receivedAt < b.receivedAt ? 1 : a.receivedAt > b.receivedAt ? -1 : b.seq - a.seq));
    this.recent = all.slice(0, recentMax);
    this.known = new Set(this.recent.map(keyOf));
    this.rows = this.matching();
    this.show(fresh, fresh.filter((entry) => matches(entry, this.filter)).length);
  }

  /* The same filter again changes nothing: a list that is held stays as it is. */
  setFilter(filter: Filter): void {
    if (isSame(filter, this.filter)) return;
    this.take();
    this.filter = filter;
    this.rows = this.matching();
    this.publish({ rows: this.rows, waiting: 0 });
  }

  setPaused(paused: boolean): void {
    this.take();
    if (paused === this.view.paused) return;
    this.publish(paused ? { paused } : { paused, waiting: 0, rows: this.rows });
  }

  /* Everything that was gathered since the last frame becomes rows. */
  private take(): void {
    const fresh: Entry[] = [];
    for (const entry of this.arrived) {
      const key = keyOf(entry);
      if (this.known.has(key)) continue;
      this.known.add(key);
      fresh.push(entry);
    }
    this.arrived = [];
    if (fresh.length === 0) return;
    fresh.reverse();
    const kept = [...fresh, ...this.recent];
    for (const gone of kept.splice(recentMax)) this.known.delete(keyOf(gone));
    this.recent = kept;
    const passing = fresh.filter((entry) => matches(entry, this.filter));
    if (passing.length > 0) this.rows = [...passing, ...this.rows].slice(0, shownMax);
    this.show(fresh, passing.length);
  }

  private show(fresh: readonly Entry[], passing: number): void {
    const named = this.learn(fresh);
    if (this.view.paused && this.view.rows.length > 0) this.publish({ waiting: this.view.waiting + passing, ...named });
    else if (passing > 0 || named) this.publish({ rows: this.rows, ...named });
  }

  private matching(): Entry[] {
    const rows: Entry[] = [];
    for (const entry of this.recent) {
      if (matches(entry, this.filter)) rows.push(entry);
      if (rows.length === shownMax) break;
    }
    return rows;
  }

  private learn(entries: readonly Entry[]): Pick<View, 'names' | 'sources'> | undefined {
    const before = this.names.size + this.sources.size;
    for (const entry of entries) {
      if (entry.name !== '' && this.names.size < namesMax) this.names.add(entry.name);
      if (entry.source !== '' && this.sources.size < namesMax) this.sources.add(entry.source);
    }
    if (this.names.size + this.sources.size === before) return undefined;
    return { names: [...this.names].sort(), sources: [...this.sources].sort() };
  }

  private publish(change: Partial<View>): void {
    this.view = { ...this.view, ...change };
    for (const tell of this.listeners) tell();
  }
}
