/* What the pane asks for, again and again while it is open: an unchanged answer costs a few bytes. */
import { useEffect, useState } from 'react';
import { useLocation } from 'wouter';
import { useLanguage } from '../../src/words';
import { ask, identity } from '../api';
import { allowed, session, useKept } from '../store';

export type Thing = { productId: string; title?: string; image?: string; size?: string; color?: string };
export type Reason = { kind: string; text: string; weight: number; title?: string };
export type Item = Thing & { score: number; layer: number; reasons: Reason[] };
export type Decision = { placement: string; kind: string; items: Item[] };
export type Removed = { bought?: number; stock?: number; size?: number; filter?: number };
export type RemovedItem = Thing & { why: string };
export type Taste = { value: string; weight: number; evidence: { count: number } };
export type Profile = {
  identities: { type: string; value: string; proven: boolean; firstAt: string }[];
  orders: number;
  returns: number;
  revenue: { currency: string; bought: number; returned: number }[];
  affinities: Record<string, Taste[]>;
  sizes: { category: string; size: string; purchases: number }[];
  cart: (Thing & { quantity: number })[];
};
export type Event = {
  id: string;
  kind: string;
  name?: string;
  timestamp: string;
  claimed: boolean;
  product?: Thing;
  products?: number;
  event?: { placement?: string; name?: string; properties?: { query?: string; name?: string; content_id?: string; placement?: string } };
};
export type Glass = {
  known: boolean;
  profile?: Profile;
  timeline?: { events: Event[] };
  page: { decisions: Decision[] };
  why: { items: Item[]; candidates: number; removed: Removed; removedItems?: RemovedItem[] };
};

const EVERY_MS = 1500;

/* The placements that stand on the page right now, with the products they are about. */
function question(language: string): string {
  const slots = [...document.querySelectorAll('kunde-slot')];
  const placements = [...new Set(slots.map((slot) => slot.getAttribute('placement') ?? ''))].filter(Boolean);
  const products = slots.map((slot) => slot.getAttribute('products') ?? '').find(Boolean) ?? '';
  return `glass?${new URLSearchParams({ lang: language, placements: placements.join(','), products: products.split(',').slice(0, 20).join(',') })}`;
}

export function useGlass(): { glass: Glass | undefined; away: boolean } {
  const language = useLanguage();
  const [path] = useLocation();
  const asker = `${useKept(session)?.persona.userId ?? ''}${JSON.stringify(useKept(allowed))}`;
  const [state, setState] = useState<{ asker: string; glass?: Glass; away: boolean }>({ asker, away: false });
  useEffect(() => {
    let over = false;
    let timer: ReturnType<typeof setTimeout> | undefined;
    let etag = '';
    let asked = '';
    const look = async (): Promise<void> => {
      const now = question(language);
      if (now !== asked) etag = '';
      asked = now;
      try {
        const response = await ask(now, { headers: { ...identity(true), ...(etag && { 'If-None-Match': etag }) } });
        etag = response.headers.get('ETag') ?? '';
        if (response.status !== 304) {
          const glass = (await response.json()) as Glass;
          if (!over) setState({ asker, glass, away: false });
        }
      } catch {
        if (!over) setState((before) => ({ ...before, away: true }));
      }
      if (!over) timer = setTimeout(tick, EVERY_MS);
    };
    const tick = (): void => {
      if (document.visibilityState === 'visible') void look();
      else timer = setTimeout(tick, EVERY_MS);
    };
    timer = setTimeout(tick, 250); // the page's own slots first
    return () => {
      over = true;
      clearTimeout(timer);
    };
  }, [language, path, asker]);
  return { glass: state.asker === asker ? state.glass : undefined, away: state.away };
}
