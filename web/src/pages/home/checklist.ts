/* The way in, in four steps. What is done is seen in the data, never ticked by hand. */
import type { Entry } from '../live/types';
import type { EngineState, Pulse } from './types';

export const stepIds = ['event', 'products', 'orders', 'recommendation'] as const;
export type StepId = (typeof stepIds)[number];

export type Step = { id: StepId; done: boolean; count: number };

export type Seen = {
  arrived: Entry | undefined; // the newest event that came while the page was open
  order: Entry | undefined;   // the newest order that did
  answered: number;           // recommendations and decisions that the server has given
};

/* An order that is only claimed is not counted as one (unless the shop trusts claims; then the next count shows it). */
export function isOrder(entry: Pick<Entry, 'name' | 'state' | 'claimed'>): boolean {
  const name = entry.name.toLowerCase().replace(/[\s_-]/g, '');
  return entry.state === 'stored' && entry.claimed !== true && (name === 'ordercompleted' || name === 'purchase');
}

/* A demo shop is full from the start; there the first step waits for an event of one's own. */
export function stepsOf(state: EngineState | undefined, pulse: Pulse | undefined, demo: boolean, seen: Seen): Step[] {
  const events = demo ? (state?.ingest.stored ?? 0) : (state?.database.events ?? 0);
  const orders = (pulse?.days ?? []).reduce((sum, day) => sum + day.orders, 0);
  return [
    { id: 'event', done: events > 0 || seen.arrived !== undefined, count: events },
    { id: 'products', done: (state?.catalogue.products ?? 0) > 0, count: state?.catalogue.products ?? 0 },
    { id: 'orders', done: orders > 0 || seen.order !== undefined, count: orders },
    { id: 'recommendation', done: seen.answered > 0, count: seen.answered },
  ];
}

/* From /metrics: how often a list or a placement was answered. */
export function answeredOf(metrics: string): number {
  let sum = 0;
  for (const found of metrics.matchAll(/^kunde_http_requests_total\{route="(?:decide|recommend)",status="2xx"\} (\d+)/gm)) sum += Number(found[1]);
  return sum;
}
