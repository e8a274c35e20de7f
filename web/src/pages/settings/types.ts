export type Key = { id: string; type: 'write' | 'server'; name: string; source: string; createdAt: string; key?: string };
export type Keys = { keys: Key[] };
export type KeyMade = { id: string; type: 'write' | 'server'; key: string; userTokenSecret?: string };

export type Source = { source: string; lastEventAt: string | null; events: number; events24h: number; rejected: number; duplicates: number };
export type Sources = { sources: Source[] };

export type Job = {
  id: string;
  kind: string; // "backup", "doctor", "train"
  state: 'running' | 'done' | 'failed';
  done: number;
  total: number;
  startedAt: string;
  endedAt: string | null;
  result: unknown;
  error: string | null;
};
export type Jobs = { jobs: Job[] };

export type State = {
  version: string;
  startedAt: string;
  uptimeSeconds: number;
  ready: boolean;
  passwordSet: boolean;
  process: { residentBytes: number; peakBytes: number };
  database: { fileBytes: number; walBytes: number; events: number; persons: number; documents: number; commits: number; commitMicroseconds: number };
  ingest: { stored: number; duplicates: number; rejected: number; queueBytes: number };
  people: { resident: number; bytes: number; dirtyBytes: number; identityBytes: number };
  catalogue: { version: number; products: number; variants: number; places: number; content: number; bytes: number };
  model: { version: number; trainedAt: string; ageSeconds: number; products: number } | null;
  placements: number;
  settings: Record<string, string | number | boolean | null>;
};
