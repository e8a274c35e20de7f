/* What /v1/admin/sources, /v1/admin/quarantine and /v1/admin/steps answer (src/api/admin_sources.c and its neighbours). */
export type StateWord = 'fresh' | 'overdue' | 'drifting' | 'silent' | 'undocumented';

export type Source = {
  source: string;
  lastEventAt: string | null;
  events: number;
  events24h: number;
  rejected: number;
  duplicates: number;
  documented: boolean;
  name: string | null;
  kind: string | null;
  owner: string | null;
  purposes: string[];
  state: StateWord;
  overdue: boolean;
  drifting: boolean;
  freshnessMinutes?: number;
  perMinute: number;
  completeness: number | null;
  last30Days: { orders: number; claimedOrders: number; ordersShare: number | null; daysWithoutEvents: number };
};

export type FindingKind = 'undocumented' | 'no-owner' | 'no-purpose' | 'no-schema' | 'overdue' | 'drift' | 'gap' | 'no-orders';
export type Finding = { kind: FindingKind; source: string | null; from?: string; days?: number };
export type SourcesAnswer = { sources: Source[]; findings: Finding[] };

export type FieldDays = { events: number; present: number; wrongType: number; unknownValue: number; share: number | null; buckets: number[] };
export type DriftWord = 'share' | 'type' | 'values';
export type Field = {
  event: string;
  path: string;
  type: string;
  required: boolean;
  values: string[];
  recentFrom: string;
  recent: FieldDays;
  beforeFrom: string;
  before: FieldDays;
  stabilityIndex: number | null;
  drift: DriftWord[];
  days: [number, number][]; // events, of them with the field; newest last
};

export type SourceDocument = Record<string, unknown> & { transform?: unknown };
export type SourceInFull = Source & { document: SourceDocument | null; transformed: { events: number; dropped: number; microseconds: number }; fields: Field[] };

export type Verdict = 'fine' | 'refused' | 'dropped';
export type Tried = { before: unknown; after: unknown; changed: boolean; verdict: Verdict; field: string | null; reason: string | null };
export type DryRun = { rows: Tried[]; count: number; fine: number; refused: number; dropped: number; changed: number };

export type Held = {
  id: string;
  time: string;
  door: 'file' | 'http';
  source: string | null;
  file: string | null;
  what: string | null;
  line?: number;
  field: string;
  reason: string;
  columns: string | null;
  row: string;
  cut: boolean;
  replayable: boolean;
};
export type Quarantine = { rows: Held[]; cursor: string | null; leftOut: number };
export type Mended = { stored: number; duplicates: number; dropped: number };
export type Replayed = Mended & { replayed: number; stillRefused: number; cursor: string | null };

export type Step = { step: string; lastAt: string | null; rowsIn: number; rowsOut: number; milliseconds: number | null };
export type Run = { step: string; about: string | null; source: string | null; startedAt: string; milliseconds: number; rowsIn: number; rowsOut: number; rejected: number; dropped: number; failed: boolean };
export type Steps = { chain: Step[]; runs: Run[] };
