/* Where the list stands: the rows that are seen, and the one the keyboard is on. */

export type Span = Readonly<{ first: number; last: number }>; // last is behind the end

/* A few rows more than are seen, so that a fast scroll shows no gap. */
export function seen(scrollTop: number, height: number, rowHeight: number, count: number, spare = 6): Span {
  const first = Math.max(0, Math.floor(scrollTop / rowHeight) - spare);
  const last = Math.min(count, Math.ceil((scrollTop + height) / rowHeight) + spare);
  return { first: Math.min(first, count), last: Math.max(last, 0) };
}

/* The row `step` away from the chosen one. New rows push it down, so it is known by its key; one that has left the list is
   followed by the last. */
export function moved(keys: readonly string[], chosen: string | undefined, step: number): string | undefined {
  if (keys.length === 0) return undefined;
  const at = chosen === undefined ? -1 : keys.indexOf(chosen);
  if (chosen === undefined) return step > 0 ? keys[0] : keys[keys.length - 1];
  if (at < 0) return keys[keys.length - 1];
  return keys[Math.min(keys.length - 1, Math.max(0, at + step))];
}

/* Where to scroll so that the row is wholly seen; the place itself when it is. */
export function scrolledTo(index: number, rowHeight: number, scrollTop: number, height: number): number {
  const top = index * rowHeight;
  if (top < scrollTop) return top;
  if (top + rowHeight > scrollTop + height) return top + rowHeight - height;
  return scrollTop;
}

export type Action = 'down' | 'up' | 'open' | 'close' | 'pause';

/* What a key asks for. Fields keep their keys, buttons keep Enter and the blank. */
export function actionOf(key: string, target: 'field' | 'control' | 'page'): Action | undefined {
  if (target === 'field') return undefined;
  if (key === 'Escape') return 'close';
  if (key === 'j' || key === 'ArrowDown') return 'down';
  if (key === 'k' || key === 'ArrowUp') return 'up';
  if (target === 'control') return undefined;
  if (key === 'Enter') return 'open';
  if (key === ' ') return 'pause';
  return undefined;
}
