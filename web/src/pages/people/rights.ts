/* What the endpoints about one person's privacy answer. */
export type ConsentState = 'granted' | 'refused' | 'unknown';
export type PurposeState = { purpose: string; basis: string; state: ConsentState; allowed: boolean; time?: string | null; source?: string | null; policy?: string | null };
export type Consents = { allowed: readonly string[]; purposes: readonly PurposeState[]; history: readonly ConsentEntry[] };
export type ConsentEntry = { time: string; granted: readonly string[]; refused: readonly string[]; source: string; policy: string; proof: string; proven: boolean; event: string };

export type LineageField = {
  field: string;
  value?: unknown;
  hidden?: boolean;
  claimed?: boolean;
  purposes?: readonly string[];
  event?: { person: string; id: string; name?: string; time: string; source?: string } | null;
};
export type Lineage = { fields: readonly LineageField[] };

/* GET /v1/admin/requests: one right that one person asked for. */
export type RightsRequest = {
  id: string;
  right: string;
  state: string;
  person?: string | null;
  openedAt: string;
  dueAt: string;
  closedAt?: string | null;
  extended?: boolean;
  overdue?: boolean;
  openedBy?: string;
  handledBy?: string;
  note?: string;
  step?: string;
  heldUpBy?: string;
};
export type RightsRequests = { requests: readonly RightsRequest[] };
