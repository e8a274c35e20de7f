/* What the endpoints of the Trust page answer. */
export type Text2 = { en: string; de: string };
export type Severities = { blocking: number; warning: number; note: number; acknowledged: number };
export type Audit = { entries: number; anchored: number; whole: boolean; why: string; newestAt?: string; anchoredAt?: string };
export type TrustSummary = {
  at: string;
  kFloor: number;
  findings: Severities;
  sensitive: { concepts: number; products: number };
  audit: Audit | null;
  requests?: { open: number; overdue: number } | null;
};

export type Overlap = { of: string; audience: number; both: number; seed: number; population: number; share: number; lift: number };
export type Finding = {
  object: { kind: string; id: string; title: string };
  field: string;
  concept: { id: string } & Text2;
  why: 'names' | 'overlap' | 'sentence' | 'biometric';
  severity: 'note' | 'warning' | 'blocking';
  text: string;
  overlap?: Overlap;
  acknowledged: boolean;
  suggestion: Text2;
};
export type Sentence = { kind: string; language: 'en' | 'de'; text: string };
export type Findings = { checkedAt: string; thresholds: { lift: number; kFloor: number }; findings: Finding[]; cut: boolean; sentences: Sentence[] };
export type Preview = { findings: Finding[]; sentences?: Sentence[]; product?: { id: string; title: string; sensitive: boolean }; verdict: 'fine' | 'ask' };

export type ConceptDocument = { id: string; title: Text2; active: boolean; words: string[]; categories: string[]; products: string[]; except: string[] };
export type Concept = { id: string; seeded: boolean; changed: boolean; marked: number; examples: { id: string; title: string; category: string }[]; document: ConceptDocument };
export type Concepts = { concepts: Concept[]; own: { marked: number }; total: number };

/* Counts of people: a number, "<10" below the floor, null where it is held back with a neighbour. */
export type People = number | string | null;
export type ConsentDay = { day: string; purpose: string; granted: People; refused: People; unknown: People };
export type ConsentNow = { purpose: string; granted: People; refused: People; unknown: People };
export type ConsentSummary = { days: ConsentDay[]; now: ConsentNow[] };

export type Purpose = { id: string; basis: string; gpc?: boolean; title?: string; text?: string; version?: number };
export type Purposes = { purposes: Purpose[] };

export type Retention = Readonly<Record<string, { days: number; minimumDays: number }>>; // days 0: until erased

export type AuditEntry = { number: number; time: string; actor: string; id?: string; role?: string; verb: string; object?: string; request?: string; detail?: unknown };
export type AuditPage = { entries: AuditEntry[]; cursor: string | number | null };
