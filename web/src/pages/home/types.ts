/* The answers of /v1/admin/pulse and of what else the page looks at. */
export type Money = { currency: string; amount: number };

export type Day = { day: string; events: number; people: number; newPeople: number; orders: number; claimedOrders?: number; revenue: Money[] };

export type Usual = {
  days?: number; // how many such weekdays it is made of
  orders?: { mean: number; low: number; high: number } | null;
  revenue?: { currency: string; mean: number; low: number; high: number } | null;
};

export type SourceState = { source: string; lastEventAt: string | null; events: number; events24h: number; rejected: number; duplicates: number };

export type Pulse = {
  days: Day[];
  today: Day & { usual?: Usual | null };
  now: { people: number; perMinute: number[] };
  sources: SourceState[];
  freshAt: string | null;
  complete?: boolean; // false while the log is still being counted
};

/* Of GET /v1/admin/state, what this page needs. */
export type EngineState = {
  passwordSet: boolean;
  database: { events: number; persons: number };
  ingest: { stored: number; rejected: number; receipts: number };
  catalogue: { products: number };
  model?: { trainedAt?: string; ageSeconds?: number; products?: number } | null;
};

export type Job = { id: string; kind: string; state: 'running' | 'done' | 'failed'; startedAt: string; endedAt?: string | null };
