/* The shop's own backend (/shop/api), as state. Who asks goes along in headers, never in an address. */
import { useEffect, useState } from 'react';
import { allowed, leave, session, useKept, type CartLine, type Persona, type Session } from './store';
import { anonymousId } from './tag';

export class ShopError extends Error {
  constructor(
    readonly status: number, // 0: the server was not reached
    readonly detail: string,
    readonly pointer: string,
  ) {
    super(detail);
  }
}

/* Only what the shopper allowed: without "personalise" the shop's lists are those of everybody. Orders are another matter. */
export function identity(always = false): Record<string, string> {
  const who = session.get();
  const may = allowed.get()?.personalise === true;
  const headers: Record<string, string> = {};
  if (who && (may || always)) {
    headers['Kunde-User-Id'] = who.persona.userId;
    headers['Kunde-User-Token'] = who.userToken;
  }
  const id = may || allowed.get()?.analyse ? anonymousId() : '';
  if (id) headers['Kunde-Anonymous-Id'] = id;
  return headers;
}

type Problem = { detail?: string; errors?: { pointer?: string }[] };

export async function ask(path: string, init: RequestInit = {}): Promise<Response> {
  let response: Response;
  try {
    response = await fetch(`/shop/api/${path}`, { credentials: 'omit', ...init });
  } catch (cause) {
    if (cause instanceof DOMException && cause.name === 'AbortError') throw cause;
    throw new ShopError(0, '', '');
  }
  if (response.ok || response.status === 304) return response;
  if (response.status === 401) leave();
  const problem = ((await response.json().catch(() => null)) ?? {}) as Problem;
  throw new ShopError(response.status, problem.detail ?? '', problem.errors?.[0]?.pointer ?? '');
}

export async function post<T>(path: string, body: unknown, always = false): Promise<T> {
  const headers = { 'Content-Type': 'application/json', 'Kunde-CSRF': '1', ...identity(always) };
  const response = await ask(path, { method: 'POST', headers, body: JSON.stringify(body) });
  return (await response.json()) as T;
}

/* ---- answers ------------------------------------------------------------------------------------------------------------------ */
export type Card = {
  id: string;
  title: string;
  brand: string;
  category: string;
  url: string;
  image: string;
  price?: number;
  listPrice?: number;
  currency?: string;
  available: boolean;
  colors: string[];
};
export type FacetValue = { value: string; products: number };
export type Shelf = {
  total: number;
  sort: string;
  products: Card[];
  facets: { size: FacetValue[]; color: FacetValue[]; brand: FacetValue[]; priceMax?: number };
};
export type Variant = { sku: string; size: string; color: string; image: string; available: boolean; stock: Record<string, number> };
export type Product = Omit<Card, 'colors'> & {
  description: string;
  material: string;
  replenishable: boolean;
  attributes?: { style?: string; cut?: string; gender?: string };
  variants: Variant[];
};
export type Place = { id: string; name: string; kind: string; address?: { city?: string; postalCode?: string } };
export type Category = { path: string; products: number; image: string };
export type Guide = { id: string; kind: string; title: string; category: string };
export type Start = { writeKey: string; categories: Category[]; places: Place[]; contents: Guide[]; personas: Persona[] };
export type OrderLine = Partial<Card> & { sku?: string; size?: string; color?: string; quantity: number; paid: string; returned: number };
export type Order = { orderId: string; at: string; channel: string; store: string; pickupStore: string; total: string; currency: string; lines: OrderLine[] };
export type Size = { category: string; size: string; purchases: number };
export type Account = { orders: Order[]; cart: OrderLine[]; sizes?: Size[] };
export type Taken = { orderId: string; total: number; currency: string; delivery: 'home' | 'store'; pickup_store?: string };

export function login(persona: string): Promise<Session> {
  return post<Session>('login', { persona });
}

export function checkout(checkoutId: string, lines: readonly CartLine[], delivery: { kind: 'home' } | { kind: 'store'; place: string }): Promise<Taken> {
  return post<Taken>('checkout', { checkoutId, lines: lines.map(({ sku, quantity }) => ({ sku, quantity })), delivery }, true);
}

/* ---- as state -------------------------------------------------------------------------------------------------------------------- */
export type Answer<T> = { data: T | undefined; error: ShopError | undefined };

/* The answer to a path; what was there before stays until the next is there. `personal`: asked anew when somebody else comes. */
export function useAnswer<T>(path: string | null, personal: 'no' | 'allowed' | 'always' = 'no', turn = 0): Answer<T> {
  const who = useKept(session)?.persona.userId ?? '';
  const may = JSON.stringify(useKept(allowed));
  const asker = personal === 'no' ? '' : `${who} ${may}`;
  const [answer, setAnswer] = useState<Answer<T>>({ data: undefined, error: undefined });
  useEffect(() => {
    const end = new AbortController();
    if (path === null) return;
    const headers = personal === 'no' ? {} : identity(personal === 'always');
    const run = async (): Promise<void> => {
      try {
        const response = await ask(path, { headers, signal: end.signal });
        const data = (await response.json()) as T;
        if (!end.signal.aborted) setAnswer({ data, error: undefined });
      } catch (error) {
        if (!end.signal.aborted) setAnswer({ data: undefined, error: error instanceof ShopError ? error : new ShopError(0, '', '') });
      }
    };
    void run();
    return () => end.abort();
  }, [path, personal, asker, turn]);
  return answer;
}
