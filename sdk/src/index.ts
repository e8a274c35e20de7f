import { decide } from './decide.js';
import { draft, page, put, release, track, version, when } from './events.js';
import { enqueue, flush, startQueue, unstore } from './queue.js';
import { defineSlot, eachSlot, KundeSlot } from './slot.js';
import { allowed, inForce, isReady, KNOWING, mayDecide, me, newId, options, save, storable } from './state.js';
import type { Consent, Fields, IdentifyOptions, Kunde, Options, Purpose } from './types.js';

export type * from './types.js';
export { KundeSlot };

let early: (() => void)[] = [];

/** What is called before init waits for it, in its order. */
const later =
  <Values extends unknown[]>(call: (...values: Values) => void) =>
  (...values: Values): void => {
    if (isReady()) call(...values);
    else if (globalThis.document) early.push(() => call(...values));
  };

function init(given: Options): void {
  if (!given.writeKey) throw TypeError('kunde.init: writeKey is missing');
  if (!/^https?:/.test(given.host)) throw TypeError('kunde.init: host must be an http(s) address');
  if (!globalThis.document) return; /* a server that renders pages */
  const first = !isReady();
  Object.assign(options, given);
  if (!storable()) {
    unstore();
    save({ consent: me().consent });
  }
  if (given.userId) become(given.userId);
  if (!first) return;
  startQueue();
  early.forEach((run) => run());
  early = [];
  defineSlot();
}

/* ---- who is here -------------------------------------------------------------------------------------------------------- */
/** A second person at the same browser gets an anonymous id of their own: nobody inherits another's evening. */
function become(user: string): void {
  when(KNOWING, () => {
    const now = me();
    if (user !== now.user) save({ ...now, user, id: (!now.user && now.id) || newId() });
  });
}

function identify(user: string | Fields, traits: Fields = {}, { userToken, purposes = KNOWING }: IdentifyOptions = {}): void {
  if (typeof user !== 'string') {
    traits = user;
    user = '';
  }
  const message = draft('identify', { traits });
  if (userToken) options.userToken = userToken;
  if (user) become(user);
  when(purposes, () => put(message, purposes));
}

function reset(): void {
  delete options.userToken;
  save({ consent: me().consent });
}

/* ---- consent -------------------------------------------------------------------------------------------------------------- */
function change(answers: Consent): void {
  const before = me();
  const spoke = allowed(['operate', ...KNOWING]);
  const decided = mayDecide();
  const consent: Consent = { ...before.consent };
  for (const purpose in answers) if (typeof answers[purpose as Purpose] === 'boolean') consent[purpose as Purpose] = answers[purpose as Purpose]!;
  if (JSON.stringify(consent) === JSON.stringify(before.consent)) return;
  const note = draft('track', { event: 'Consent Preference Updated' });
  if (storable(consent)) {
    save({ ...before, consent });
    put(note, []);
  } else {
    /* What was kept goes; the server hears of the withdrawal under the id it knows, and that is the last of it. */
    unstore();
    save({ consent });
    if (spoke && before.id) enqueue({ ...note, anonymousId: before.id, ...(before.user && { userId: before.user }) }, []);
  }
  release();
  if (decided !== mayDecide()) eachSlot((slot) => slot.refresh());
}

const consent = later(change);

export const kunde: Kunde = {
  version,
  init,
  decide,
  track: later(track),
  page: later(page),
  identify: later(identify),
  reset: later(reset),
  flush: async () => (isReady() ? flush() : undefined),
  refresh: () => eachSlot((slot) => slot.refresh()),
  consent: (answers) => {
    if (answers) consent(answers);
    return inForce();
  },
};

export default kunde;
