/* The answers of /v1/admin/events and /v1/admin/live. */
export type State = 'stored' | 'duplicate' | 'rejected';

export type Product = { productId: string; title?: string | null; image?: string | null };

export type Entry = {
  seq: number;
  state: State;
  time: string;
  receivedAt: string;
  person: string | null; // null where the event was rejected
  id: string | null;
  messageId?: string | null;
  source: string;
  name: string;
  type: string;
  claimed?: boolean;
  product?: Product | null;
  reason?: string | null;
  field?: string | null;
  raw?: unknown; // of a rejected event, as it came (text, when it could not be read)
};

/* As it is sent: what is not known is null. */
export type WireEntry = Partial<{ [K in keyof Entry]: Entry[K] | null }>;

export function entryOf(wire: WireEntry): Entry {
  const receivedAt = wire.receivedAt ?? wire.time ?? '';
  return {
    ...wire,
    seq: wire.seq ?? 0,
    state: wire.state ?? 'stored',
    time: wire.time ?? receivedAt,
    receivedAt,
    person: wire.person ?? null,
    id: wire.id ?? null,
    source: wire.source ?? '',
    name: wire.name ?? '',
    type: wire.type ?? '',
    claimed: wire.claimed ?? false,
    raw: wire.raw ?? undefined,
  };
}

export type Entries = { events: WireEntry[]; cursor?: string | null };

export type Tick = { perSecond: number; dropped: number };

export type Fact = {
  kind: string;
  name?: string; // of a trait or an identity
  productId?: string;
  title?: string | null;
  image?: string | null;
  count?: number;
  value?: unknown;
  currency?: string;
};

export type Detail = WireEntry & {
  event: unknown;
  facts?: Fact[];
  decisions?: { decisionId: string; placement?: string; time: string }[];
};

/* What POST /v1/batch answers. */
export type BatchAnswer = { success: boolean; rejected?: { index: number; messageId?: string; field?: string; reason: string }[] };
