/* What /v1/admin/profiles answers (src/api/answer_profile.c). */
import type { Fact } from '../live/types';

export type ProductRef = { productId: string; title?: string; image?: string; sku?: string; size?: string; color?: string };

export type Identity = { type: string; value: string; proven: boolean; firstAt: string; lastAt: string };
export type Count = { count: number; claimed: number; firstAt: string; lastAt: string };
export type Seen = ProductRef & { at: string; quantity?: number; price?: number; claimed?: boolean; messageId?: string };
export type CartLine = ProductRef & { quantity: number; price?: number; currency?: string; addedAt: string };
export type Line = ProductRef & { quantity: number; price?: number };
export type Purchase = { at: string; channel: string; claimed: boolean; messageId?: string; currency?: string; total?: number; lines: Line[] };
export type Evidence = { kind: string; messageId?: string; count: number; at?: string; product?: ProductRef };
export type Affinity = { value: string; weight: number; strength: number; evidence: Evidence };
export type Size = { category: string; size: string; purchases: number; lastAt: string };
export type ActiveDay = { day: string; events: number; orders: number };
export type Revenue = { currency: string; bought: number; returned: number };

/* What came by write key alone; `counted`: the shop trusts it, and it stands in the figures of the profile as well. */
export type Claimed = { counted: boolean; orders: number; returns: number; revenue: Revenue[]; orderHistory: Purchase[]; returnHistory: Purchase[] };

export type Profile = {
  personId: string;
  identities: Identity[];
  traits: Record<string, unknown>;
  claimedTraits: string[];
  counts: Record<string, Count>;
  claimedEvents: number;
  recency: { lastSeenAt?: string; daysSinceSeen?: number; lastOrderAt?: string; daysSinceOrder?: number };
  orders: number;
  returns: number;
  revenue: Revenue[];
  lastViewed: Seen[];
  lastBought: Seen[];
  lastWished: Seen[];
  orderHistory: Purchase[];
  returnHistory: Purchase[];
  claimed: Claimed;
  sizes: Size[];
  activity: ActiveDay[];
  cart: CartLine[];
  affinities: Record<string, Affinity[]>;
};

export type TimelineEvent = {
  id: string;
  kind: string;
  timestamp: string;
  receivedAt: string;
  claimed: boolean;
  channel?: string;
  product?: ProductRef;
  products?: number;
  messageId?: string;
  type: string;
  name?: string;
  event: unknown;
};
export type Timeline = { events: TimelineEvent[]; cursor: string | null };

/* GET /v1/admin/profiles */
export type ActivePerson = { person: string; lastSeenAt: string; lastEvent?: string; source?: string; orders: number; spent: readonly Spent[] };
export type Spent = { currency: string; amount: number };

/* GET /v1/admin/events/{person}/{id} */
export type EventDecision = { decisionId: string; placement: string; time: string };
export type EventDetail = { event: unknown; facts?: Fact[]; decisions?: EventDecision[] };

export type PlacementDocument = {
  title?: string;
  kind: 'recommendation' | 'content';
  recipe?: string;
  count?: number;
  filter?: unknown;
  content?: unknown;
  channels?: string[];
  live?: boolean;
};
export type Placement = { id: string; version: number; document: PlacementDocument };
