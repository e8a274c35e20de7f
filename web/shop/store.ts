/* What this browser remembers for the shop: who is logged in, the cart, the answer about consent, and a few wishes. */
import { useSyncExternalStore } from 'react';
import * as tag from './tag';

/* A value in localStorage that several parts of the page watch. */
export class Kept<T> {
  private value: T;
  private readonly listeners = new Set<() => void>();

  constructor(
    private key: string,
    private readonly empty: T,
  ) {
    this.value = this.read();
  }

  private read(): T {
    try {
      const text = localStorage.getItem(this.key);
      return text === null ? this.empty : (JSON.parse(text) as T);
    } catch {
      return this.empty;
    }
  }

  get = (): T => this.value;

  set(next: T): void {
    this.value = next;
    try {
      if (next === this.empty) localStorage.removeItem(this.key);
      else localStorage.setItem(this.key, JSON.stringify(next));
    } catch {
      /* full or forbidden: this page remembers */
    }
    for (const tell of this.listeners) tell();
  }

  /* The same thing of somebody else. */
  move(key: string): void {
    this.key = key;
    this.value = this.read();
    for (const tell of this.listeners) tell();
  }

  subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };
}

export function useKept<T>(kept: Kept<T>): T {
  return useSyncExternalStore(kept.subscribe, kept.get);
}

export type Persona = { userId: string; first: string; last: string; town: string; postalCode: string; store: string; card: boolean };
export type Session = { persona: Persona; userToken: string; expires: number };
export type CartLine = {
  sku: string;
  productId: string;
  title: string;
  category: string;
  image: string;
  size: string;
  color: string;
  price: number;
  currency: string;
  quantity: number;
};

const valid = (session: Session | null): Session | null => (session && session.expires * 1000 > Date.now() + 60_000 ? session : null);

export const session = new Kept<Session | null>('shop-session', null);
if (session.get() && !valid(session.get())) session.set(null);
export const cart = new Kept<readonly CartLine[]>(`shop-cart:${session.get()?.persona.userId ?? 'guest'}`, []);
export const allowed = new Kept<tag.Allowed | null>('shop-allowed', null);
export const homeStore = new Kept<string>('shop-store', '');
export const glassOpen = new Kept<boolean>('shop-glass', false);
export const scheme = new Kept<'light' | 'dark' | ''>('shop-scheme', '');

export const LINE_MAX = 10;

/* ---- cart ------------------------------------------------------------------------------------------------------------------ */
const properties = (line: CartLine, quantity: number) => ({
  product_id: line.productId,
  sku: line.sku,
  variant: line.sku,
  name: line.title,
  category: line.category,
  price: line.price,
  currency: line.currency,
  quantity,
});

export function setQuantity(line: CartLine, quantity: number): void {
  const lines = cart.get();
  const before = lines.find((one) => one.sku === line.sku);
  const now = Math.max(0, Math.min(LINE_MAX, quantity));
  const change = now - (before?.quantity ?? 0);
  if (change === 0) return;
  const next = before ? lines.map((one) => (one.sku === line.sku ? { ...one, quantity: now } : one)) : [...lines, { ...line, quantity: now }];
  cart.set(next.filter((one) => one.quantity > 0));
  tag.track(change > 0 ? 'Product Added' : 'Product Removed', properties(line, Math.abs(change)));
  void tag.again();
}

export function addToCart(line: CartLine): void {
  setQuantity(line, (cart.get().find((one) => one.sku === line.sku)?.quantity ?? 0) + line.quantity);
}

export const cartCount = (lines: readonly CartLine[]): number => lines.reduce((sum, line) => sum + line.quantity, 0);
export const cartTotal = (lines: readonly CartLine[]): number => lines.reduce((sum, line) => sum + line.quantity * line.price, 0);

/* ---- who -------------------------------------------------------------------------------------------------------------------- */
export function enter(next: Session): void {
  if (session.get()) tag.forgetPerson();
  session.set(next);
  cart.move(`shop-cart:${next.persona.userId}`);
  homeStore.set(next.persona.store);
  tag.identify(next.persona.userId, next.userToken);
  tag.deliver();
}

export function leave(): void {
  session.set(null);
  cart.move('shop-cart:guest');
  tag.forgetPerson();
  void tag.again();
}

/* ---- consent ------------------------------------------------------------------------------------------------------------------ */
export function answer(next: tag.Allowed): void {
  const first = allowed.get() === null;
  allowed.set(next);
  tag.allow(next);
  const who = session.get();
  if (who && (next.personalise || next.analyse)) tag.identify(who.persona.userId, who.userToken);
  if (first)
    tag.deliver(); // the slots ask by themselves
  else void tag.again();
}
