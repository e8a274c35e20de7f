/* Events on their way. Each has an entry of its own in localStorage (in memory without consent to store), so that tabs
 * never overwrite each other; one tab sends at a time; an entry goes when the server said so. The message id and the
 * time are made once: what arrives twice after all is known there as a duplicate. */
import { bytes, post, type Answer } from './http.js';
import { allowed, consentContext, keysWith, options, prefix, report, storable, store } from './state.js';
import type { Fields, Purpose } from './types.js';

export interface Message extends Fields {
  type: string;
  messageId: string;
  timestamp: string;
}

interface Entry {
  event: Message;
  /** Why it may be sent; none: it must be (a withdrawal). */
  purposes: readonly Purpose[];
  /** Another page is sending it as it closes: not before this time. */
  until?: number;
}

interface Rejected {
  rejected?: { messageId?: string; field?: string; reason: string }[];
}

const ENTRIES_MAX = 500,
  BATCH_BYTES = 30_000,
  EVENT_BYTES = 32_000;
const TIMEOUT_MS = 15_000,
  LEASE_MS = 10_000,
  SETTLE_MS = 250,
  WAIT_MS = 1_000,
  WAIT_MAX_MS = 60_000;

const memory = new Map<string, string>();
const own = new Set<string>();
const flying = new Set<string>();
let made = 1e6 /* keys sort as texts */,
  failures = 0,
  notBefore = 0,
  wanted = false;
let timer: ReturnType<typeof setTimeout> | undefined;
let running: Promise<void> | undefined;

/* ---- entries ------------------------------------------------------------------------------------------------------ */
const start = (): string => `${prefix()}q:`;
const keys = (): string[] => [...keysWith(start()), ...memory.keys()].sort();
const read = (key: string): string => memory.get(key) ?? store?.getItem(key) ?? '';

function write(key: string, entry: Entry): void {
  const text = JSON.stringify(entry);
  try {
    if (storable()) return store!.setItem(key, text);
  } catch {
    /* full, or none: memory takes it */
  }
  memory.set(key, text);
}

function remove(key: string): void {
  memory.delete(key);
  store?.removeItem(key);
}

/** Nothing may lie in storage any more: what is still allowed goes on from memory. */
export function unstore(): void {
  for (const key of keysWith(start())) {
    const text = read(key);
    remove(key);
    memory.set(key, text);
  }
}

export function enqueue(event: Message, purposes: readonly Purpose[]): void {
  const { messageId } = event;
  try {
    if (bytes(JSON.stringify(event)) > EVENT_BYTES) return report('longer than 32 KB', { messageId });
  } catch {
    return report('no JSON', { messageId });
  }
  const key = `${start()}${Date.now()}.${made++}.${messageId}`;
  own.add(key);
  write(key, { event, purposes });
  for (const oldest of keys().slice(0, -ENTRIES_MAX)) {
    remove(oldest);
    report('queue full: the oldest was let go');
  }
  schedule(0);
}

/* ---- sending ------------------------------------------------------------------------------------------------------ */
/** The oldest that may go now. A user token proves one user, so a batch holds at most one. */
function take(closing: boolean): [keys: string[], events: Message[], user: unknown] {
  const taken: string[] = [],
    events: Message[] = [];
  let size = 0,
    user: unknown;
  for (const key of keys()) {
    const text = read(key);
    let entry: Entry;
    try {
      entry = JSON.parse(text) as Entry;
      if (entry.purposes.length && !allowed(entry.purposes)) throw 0; /* withdrawn while it waited */
    } catch {
      remove(key);
      continue;
    }
    if (flying.has(key) || (closing ? !own.has(key) : entry.until! > Date.now())) continue;
    const { userId } = entry.event;
    size += bytes(text);
    if (events.length && (size > BATCH_BYTES || (userId && user && userId !== user))) break;
    user ??= userId;
    taken.push(key);
    events.push(entry.event);
    if (closing) write(key, { ...entry, until: Date.now() + LEASE_MS });
  }
  return [taken, events, user];
}

/** False: no more for now. */
async function send(closing: boolean): Promise<boolean> {
  const [taken, batch, user] = take(closing),
    token = options.userToken;
  if (!taken.length) return false;
  let answer: Answer | undefined;
  taken.forEach((key) => flying.add(key));
  try {
    answer = await post(
      '/v1/batch',
      { sentAt: new Date(), context: { consent: consentContext() }, batch },
      TIMEOUT_MS,
      token && user ? { 'Kunde-User-Token': token } : {},
    );
  } catch {
    /* away, or too slow */
  }
  taken.forEach((key) => flying.delete(key));
  const status = answer?.status ?? 0;
  if (!status || status === 408 || status === 429 || status >= 500) {
    postpone(answer?.wait);
    return false;
  }
  taken.forEach(remove);
  failures = 0;
  if (status >= 300) report('refused', { status });
  else (answer!.body as Rejected).rejected?.forEach((one) => report(one.reason, { ...one, status }));
  return true;
}

/** As long as the server asks for; else 1, 2, 4 … 60 s, scattered so that not everybody comes back at once. */
function postpone(wait: string | null | undefined): void {
  const wished = wait ? +wait * 1000 : NaN; /* a date is none: our own waiting does */
  notBefore = Date.now() + (wished >= 0 ? wished : Math.min(WAIT_MS * 2 ** failures++, WAIT_MAX_MS) * (0.8 + Math.random() * 0.4));
  schedule(0);
}

function schedule(delay: number): void {
  clearTimeout(timer);
  timer = setTimeout(flush, Math.max(delay, notBefore - Date.now()));
}

const mayGo = (): boolean => navigator.onLine && Date.now() >= notBefore;

/** Tabs hear of each other's storage a little late: the next one may look when it knows what is gone. */
async function drain(): Promise<void> {
  do {
    wanted = false;
    while (mayGo() && (await send(false)));
    await new Promise((resolve) => setTimeout(resolve, SETTLE_MS));
  } while (wanted);
}

/** One tab at a time; where the browser has no locks (a page without TLS) the message ids keep it right. */
async function locked(): Promise<void> {
  await (navigator.locks ? navigator.locks.request(`${prefix()}send`, drain) : drain());
}

export async function flush(): Promise<void> {
  if (!keys().length) return;
  if (!mayGo()) return schedule(WAIT_MS); /* timers may come a moment too early */
  wanted = true;
  await (running ??= locked().finally(() => {
    running = undefined;
    if (keys().length) schedule(WAIT_MS); /* what a page that closes may hold */
  }));
}

/** The page may never wake again: what it still holds leaves with it. */
function close(): void {
  if (mayGo()) void send(true);
}

export function startQueue(): void {
  addEventListener('pagehide', close);
  document.addEventListener('visibilitychange', () => document.hidden && close());
  addEventListener('online', () => schedule(0));
  schedule(0);
}
