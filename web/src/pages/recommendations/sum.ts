/* The score as the sum of its terms. Both are whole millionths on the server, so adding up whole millionths is exact. */
import type { Item, Reason } from './types';

const MILLION = 1_000_000;

export const millionths = (value: number): number => Math.round(value * MILLION);

export type Term = { reason: Reason; millionths: number; share: number };
export type Sum = { terms: Term[]; total: number; score: number; exact: boolean };

export function sumOf(item: Pick<Item, 'score' | 'reasons'>): Sum {
  const score = millionths(item.score);
  const terms = item.reasons.map((reason) => ({ reason, millionths: millionths(reason.weight), share: score > 0 ? millionths(reason.weight) / score : 0 }));
  const total = terms.reduce((sum, term) => sum + term.millionths, 0);
  return { terms, total, score, exact: total === score };
}
