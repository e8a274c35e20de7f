/* The line to GET /v1/admin/live. EventSource comes back by itself after a broken connection, with Last-Event-ID, but not
 * after an answer that is no stream (a server that starts or stops answers 503), nor from a connection that died silently:
 * both are taken care of here. Several pages share one line: a browser allows six to a server. */
import { entryOf, type Entry, type Tick, type WireEntry } from './types';

export type LineState = 'connecting' | 'live' | 'lost';

export type Listener = {
  entry?: (entry: Entry) => void;
  tick?: (tick: Tick) => void;
  state?: (state: LineState) => void;
  back?: () => void; // live again after a break: time to ask what was missed
};

/* What the line needs of an EventSource; a test gives another. */
export type Source = {
  readonly readyState: number;
  addEventListener: (type: string, listener: (event: { data?: unknown }) => void) => void;
  close: () => void;
};

export const silenceMax = 15_000; // a tick comes every second
const waits = [500, 1000, 2000, 5000, 10_000];
const closed = 2; // EventSource.CLOSED

export class Line {
  private source: Source | undefined;
  private readonly listeners = new Set<Listener>();
  private state: LineState = 'connecting';
  private heard = 0;
  private tries = 0;
  private broken = false;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private watch: ReturnType<typeof setInterval> | undefined;

  constructor(
    private readonly open: () => Source,
    private readonly now: () => number = Date.now,
    private readonly refused: () => void = () => undefined, // the server answered, but not with a stream
  ) {}

  /* The line is up while somebody listens: the server composes nothing for nobody. */
  listen(listener: Listener): () => void {
    this.listeners.add(listener);
    listener.state?.(this.state);
    if (this.listeners.size === 1) this.connect();
    return () => {
      this.listeners.delete(listener);
      if (this.listeners.size === 0) this.hangUp();
    };
  }

  private connect(): void {
    this.stop();
    const source = this.open();
    this.source = source;
    this.heard = this.now();
    this.watch ??= setInterval(() => this.check(), silenceMax / 3);
    source.addEventListener('open', () => this.opened(source));
    source.addEventListener('entry', (event) => this.hear(source, event.data, (wire: WireEntry) => this.gotEntry(entryOf(wire))));
    source.addEventListener('tick', (event) => this.hear(source, event.data, (tick: Tick) => this.tell((to) => to.tick?.(tick))));
    source.addEventListener('error', () => this.failed(source));
  }

  private opened(source: Source): void {
    if (source !== this.source) return;
    this.heard = this.now();
    this.tries = 0;
    this.become('live');
    if (this.broken) this.tell((to) => to.back?.());
    this.broken = false;
  }

  private gotEntry(entry: Entry): void {
    this.tell((to) => to.entry?.(entry));
  }

  private hear<T>(source: Source, data: unknown, then: (value: T) => void): void {
    if (source !== this.source || typeof data !== 'string') return;
    this.heard = this.now();
    let value: T;
    try {
      value = JSON.parse(data) as T;
    } catch {
      return; // cut off in the middle: the next one is whole
    }
    then(value);
  }

  private failed(source: Source): void {
    if (source !== this.source) return;
    this.broken = true;
    this.become('lost');
    if (source.readyState !== closed) return; // EventSource tries again by itself
    this.refused();
    this.again();
  }

  private again(): void {
    clearTimeout(this.timer);
    const wait = waits[Math.min(this.tries, waits.length - 1)] ?? 1000;
    this.tries += 1;
    this.timer = setTimeout(() => this.connect(), wait);
  }

  private check(): void {
    if (this.state !== 'live' || this.now() - this.heard < silenceMax) return;
    this.broken = true;
    this.become('lost');
    this.connect();
  }

  private become(state: LineState): void {
    if (state === this.state) return;
    this.state = state;
    this.tell((to) => to.state?.(state));
  }

  private tell(how: (listener: Listener) => void): void {
    for (const listener of this.listeners) how(listener);
  }

  private stop(): void {
    clearTimeout(this.timer);
    this.source?.close();
    this.source = undefined;
  }

  private hangUp(): void {
    this.stop();
    clearInterval(this.watch);
    this.watch = undefined;
    this.state = 'connecting';
    this.tries = 0;
    this.broken = false;
  }
}
