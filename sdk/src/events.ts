/* From a call to a message, when consent lets it. */
import { enqueue, type Message } from './queue.js';
import { allowed, anonymousId, KNOWING, me, newId, options, report } from './state.js';
import type { EventOptions, Fields, Purpose } from './types.js';

export const version = __VERSION__;

let held: [purposes: readonly Purpose[], run: () => void][] = [];

/** Now, when one of the purposes is granted; once it is, when nobody was asked yet; never, when all are refused. */
export function when(purposes: readonly Purpose[], run: () => void): void {
  const answer = allowed(purposes);
  if (answer) run();
  else if (answer === undefined && held.length < (options.hold ?? 20)) held.push([purposes, run]);
}

export function release(): void {
  const waiting = held;
  held = [];
  for (const [purposes, run] of waiting) when(purposes, run);
}

/* ---- context ------------------------------------------------------------------------------------------------------ */
/** Without query and fragment: addresses of pages carry names, tokens and e-mails there. */
const plain = (address: string): string => address.replace(/[?#].*/s, '');

const here = (): Fields => ({ path: location.pathname, url: plain(location.href), title: document.title, referrer: plain(document.referrer) });

/** The message as of now; who it is about is settled when it may go. */
export function draft(type: string, fields: Fields): Message {
  const campaign: Fields = {};
  new URLSearchParams(location.search).forEach((value, name) => {
    if (name.startsWith('utm_')) campaign[name.slice(4).replace('campaign', 'name')] = value;
  });
  return {
    type,
    ...fields,
    messageId: newId(),
    timestamp: new Date().toISOString(),
    context: { library: { name: 'kunde.js', version }, locale: navigator.language, page: here(), campaign },
  };
}

export function put(message: Message, purposes: readonly Purpose[]): void {
  const userId = me().user;
  enqueue({ ...message, anonymousId: anonymousId(), ...(userId && { userId }) }, purposes);
}

/* ---- calls -------------------------------------------------------------------------------------------------------- */
export function collect(type: string, fields: Fields, { purposes = KNOWING }: EventOptions = {}): void {
  const message = draft(type, fields);
  when(purposes, () => put(message, purposes));
}

export function track(event: string, properties: Fields = {}, how?: EventOptions): void {
  if (typeof event === 'string' && event) collect('track', { event, properties }, how);
  else report('must be text', { field: 'event' });
}

export function page(properties: Fields = {}, how?: EventOptions): void {
  collect('page', { name: properties['name'], properties: { ...here(), ...properties } }, how);
}
