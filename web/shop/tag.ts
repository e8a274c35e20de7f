/* The one file that knows Kunde's browser tag. Without it (it did not load) the shop works all the same and nothing is sent. */
import type { Consent, Fields, Kunde } from '../../sdk/src/types';

declare global {
  interface Window {
    kunde?: Kunde;
  }
}

export type Allowed = { personalise: boolean; analyse: boolean };

let writeKey = '';

export function startTag(key: string, allowed: Allowed | null): void {
  writeKey = key;
  // hold 0: what was done before the shopper answered is not sent afterwards either.
  window.kunde?.init({ writeKey: key, host: location.origin, hold: 0, timeout: 2500 });
  if (allowed) allow(allowed);
}

/* "operate": slots may show what everybody sees. It names nobody, and stands only after the shopper answered. */
export function allow({ personalise, analyse }: Allowed): void {
  const consent: Consent = { operate: true, personalise, analyse };
  window.kunde?.consent(consent);
}

/* The tag forgets who was here, and the shopper is asked again. */
export function withdraw(): void {
  window.kunde?.consent({ operate: false, personalise: false, analyse: false });
  window.kunde?.reset();
}

export function track(event: string, properties: Fields): void {
  window.kunde?.track(event, properties);
}

export function page(name: string): void {
  window.kunde?.page({ name });
}

export function identify(userId: string, userToken: string): void {
  window.kunde?.identify(userId, {}, { userToken });
}

export function forgetPerson(): void {
  window.kunde?.reset();
}

/* Sent now, so that it is in the next answer; the page itself need not change for it. */
export function deliver(): void {
  void window.kunde?.flush();
}

/* What was just done is in the next answer: first it is delivered, then the slots ask again. */
export async function again(): Promise<void> {
  await window.kunde?.flush();
  window.kunde?.refresh();
}

/* The id that the tag gave this browser: a shop's own pages may read it, it lies in the shop's own storage. */
export function anonymousId(): string {
  try {
    const stored: unknown = JSON.parse(localStorage.getItem(`kunde:${writeKey}:me`) ?? 'null');
    const id = typeof stored === 'object' && stored !== null && 'id' in stored ? stored.id : '';
    return typeof id === 'string' ? id : '';
  } catch {
    return '';
  }
}
