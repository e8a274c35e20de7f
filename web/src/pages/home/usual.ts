/* Today against the same weekday of the weeks before: a word, not only a colour. */
export type Band = Readonly<{ mean: number; low: number; high: number }>;
export type Verdict = 'none' | 'above' | 'within' | 'yet' | 'below';

/* One or two weeks say nothing about what is usual. */
export const weeksMin = 3;

/* The day is not over: less than usual means "not yet" until it is late. `share` of the day that has passed, 0 to 1. */
export function verdictOf(value: number, usual: Band | null | undefined, share: number): Verdict {
  if (!usual || usual.high <= 0) return 'none';
  if (value > usual.high) return 'above';
  if (value >= usual.low) return 'within';
  return share < 0.98 ? 'yet' : 'below';
}

/* Where the band and the mark stand on a line from 0 to a bit more than the larger of both; percent. */
export function placesOf(value: number, usual: Band): { low: number; width: number; mark: number } {
  const end = Math.max(value, usual.high) * 1.15 || 1;
  const at = (x: number) => Math.round((1000 * Math.min(Math.max(x, 0), end)) / end) / 10;
  return { low: at(usual.low), width: Math.round(10 * (at(usual.high) - at(usual.low))) / 10, mark: at(value) };
}

export function shareOfDay(now: number): number {
  return (now % 86_400_000) / 86_400_000;
}

/* The newest minute grows with each tick until the server's own count comes. */
export function withTicks(perMinute: readonly number[], since: number): number[] {
  const all = [...perMinute];
  if (all.length > 0) all[all.length - 1] = (all[all.length - 1] ?? 0) + since;
  return all;
}
