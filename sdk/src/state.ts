/* Who is here, and what they allowed. Nothing is in the browser's storage unless personalise or analyse was granted;
 * then everything lies in the shop's own localStorage, read anew at each call, so that all tabs agree. */
import type { Consent, Options, Problem, Purpose } from './types.js';

export interface Me {
  id?: string;
  user?: string;
  consent: Consent;
}

/** Empty until init. */
export const options: Partial<Options> = {};
export const isReady = (): boolean => !!options.writeKey;
export const prefix = (): string => `kunde:${options.writeKey}:`;

export function report(reason: string, about?: Omit<Problem, 'reason'>): void {
  options.onError?.({ ...about, reason });
}

/* ---- storage ------------------------------------------------------------------------------------------------------ */
/** Undefined where the browser gives none: private windows, blocked site data, no browser. */
export let store: Storage | undefined;
try {
  store = localStorage;
} catch {
  /* everything is in memory then */
}

export const keysWith = (start: string): string[] => Object.keys(store ?? {}).filter((key) => key.startsWith(start));

let memory: Me = { consent: {} };

export function me(): Me {
  try {
    const stored = JSON.parse(store?.getItem(`${prefix()}me`) ?? '') as Me | null;
    if (stored?.consent) return { ...memory, ...stored };
  } catch {
    /* nothing there, or not ours */
  }
  return memory;
}

/** Without consent to know somebody nothing stays, but an objection to what a shop grants by itself. */
export function save(now: Me): void {
  const { consent } = now;
  const lasting = storable(consent);
  const key = `${prefix()}me`;
  memory = now;
  try {
    if (lasting || (options.consent && Object.values(consent).includes(false))) store!.setItem(key, JSON.stringify(lasting ? now : { consent }));
    else store!.removeItem(key);
    if (lasting) memory = { consent: {} }; /* a withdrawal in another tab leaves nothing here */
  } catch {
    /* full, or none: this page remembers */
  }
}

/* ---- consent ------------------------------------------------------------------------------------------------------ */
const gpc = (): boolean => !!(globalThis.navigator as { globalPrivacyControl?: boolean } | undefined)?.globalPrivacyControl;

/** What holds: the shop's own before the first answer, the answers, and what Global Privacy Control refuses whatever they are. */
export function inForce(consent: Consent = me().consent): Consent {
  const now = { ...options.consent, ...consent };
  if (gpc()) for (const purpose of options.gpc ?? (['share', 'advertising'] as const)) now[purpose] = false;
  return now;
}

/** true: one of them is granted. undefined: none, but one was not asked for yet. */
export function allowed(purposes: readonly Purpose[], consent?: Consent): boolean | undefined {
  const answers = purposes.map((purpose) => inForce(consent)[purpose]);
  return answers.includes(true) || (answers.includes(undefined) ? undefined : false);
}

export const KNOWING: readonly Purpose[] = ['personalise', 'analyse'];
export const storable = (consent?: Consent): boolean => !!allowed(KNOWING, consent);
export const mayDecide = (): boolean => !!allowed(['personalise', 'operate']);

/** As events carry it, in the form that Segment's consent tools use. */
export function consentContext(): { categoryPreferences: Consent; gpc?: true } {
  return { categoryPreferences: inForce(), ...(gpc() && { gpc: true }) };
}

/* ---- ids ---------------------------------------------------------------------------------------------------------- */
/** 128 random bits; crypto.randomUUID is missing on pages without TLS. */
export const newId = (): string => Array.from(crypto.getRandomValues(new Uint32Array(4)), (word) => word.toString(16).padStart(8, '0')).join('');

export function anonymousId(): string {
  const now = me();
  if (!now.id) save({ ...now, id: newId() });
  return now.id ?? me().id!;
}
