/* What needs somebody, the most pressing first. Each has a sentence and a way to the remedy. */
import type { EngineState, Job, Pulse, SourceState } from './types';

const hour = 3_600_000;
const day = 24 * hour;

export type Need =
  | { kind: 'silent'; source: string; since: number }
  | { kind: 'rejected'; count: number; source: string }
  | { kind: 'claimed'; count: number }
  | { kind: 'model'; age: number }
  | { kind: 'noModel' }
  | { kind: 'password' }
  | { kind: 'backup'; age: number | null };

/* Longer than usual: thirty times the mean pause of its last day, at least an hour (shops sleep) and at most a day; a source
   that has been quiet for a month has ended. An imported file is silent by nature: it sent everything in one go. */
export function isSilent(source: SourceState, now: number): boolean {
  if (source.lastEventAt === null || source.events < 50) return false;
  const quiet = now - Date.parse(source.lastEventAt);
  if (!(quiet > hour) || quiet > 30 * day) return false;
  const pause = source.events24h > 0 ? day / source.events24h : day;
  return quiet > Math.min(day, Math.max(hour, 30 * pause));
}

/* The newest backup that went well; of the jobs this server remembers. */
export function lastBackup(jobs: readonly Job[]): number | null {
  const ended = jobs.filter((job) => job.kind === 'backup' && job.state === 'done' && job.endedAt).map((job) => Date.parse(job.endedAt ?? ''));
  return ended.length > 0 ? Math.max(...ended) : null;
}

export type Looked = Readonly<Record<string, number>>;

/* Rejections count since somebody last went to look at them: `looked` has the count of then, by source. */
export function rejectedSince(source: SourceState, looked: Looked): number {
  const before = looked[source.source] ?? 0;
  return source.rejected >= before ? source.rejected - before : source.rejected;
}

export function needsOf(state: EngineState | undefined, pulse: Pulse | undefined, jobs: readonly Job[] | undefined, looked: Looked, demo: boolean, now: number): Need[] {
  const needs: Need[] = [];
  // A demo shop that nothing was sent to since the start has nobody who could be silent.
  const asleep = demo && (state?.ingest.stored ?? 0) === 0;
  for (const source of pulse?.sources ?? []) if (!asleep && isSilent(source, now)) needs.push({ kind: 'silent', source: source.source, since: Date.parse(source.lastEventAt ?? '') });
  for (const source of pulse?.sources ?? []) {
    const count = rejectedSince(source, looked);
    if (count > 0) needs.push({ kind: 'rejected', source: source.source, count });
  }
  // A shop that sends its orders from the browser only would wonder why there are none.
  const claimed = (pulse?.days ?? []).reduce((sum, one) => sum + (one.claimedOrders ?? 0), 0);
  if (claimed > 0 && !(pulse?.days ?? []).some((one) => one.orders > 0)) needs.push({ kind: 'claimed', count: claimed });
  if (state) {
    const age = state.model?.ageSeconds;
    const orders = (pulse?.days ?? []).some((one) => one.orders > 0);
    if (age !== undefined && age * 1000 > day) needs.push({ kind: 'model', age: age * 1000 });
    if (age === undefined && orders) needs.push({ kind: 'noModel' });
    if (!state.passwordSet) needs.push({ kind: 'password' });
  }
  if (jobs && !demo) {
    const backup = lastBackup(jobs);
    if (backup === null || now - backup > 7 * day) needs.push({ kind: 'backup', age: backup === null ? null : now - backup });
  }
  return needs;
}
