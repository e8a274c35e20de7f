/* Which pages of an endless list stand near the window. The others are drawn as empty room of the same height, so that the
   document stays as small after twenty thousand products as after a hundred. */
import { useCallback, useEffect, useRef, useState, type RefObject } from 'react';
import { whileScrolling } from './whileScrolling';

const NEAR_WINDOWS = 2; // above and below

export type NearPages = { list: RefObject<HTMLDivElement | null>; isNear: (page: number) => boolean; roomOf: (page: number) => number };
type Range = { from: number; to: number };

/* `list` holds the pages: elements with data-page, in order. `roomOf` says how high a page was when it was last drawn. */
export function useNearPages(count: number): NearPages {
  const list = useRef<HTMLDivElement>(null);
  const heights = useRef<number[]>([]);
  const [near, setNear] = useState<Range>({ from: 0, to: 1 });
  useEffect(() => {
    return whileScrolling(() => {
      const margin = NEAR_WINDOWS * innerHeight;
      const next: Range = { from: Infinity, to: -1 };
      list.current?.querySelectorAll<HTMLElement>('[data-page]').forEach((element, page) => {
        const { top, bottom, height } = element.getBoundingClientRect();
        if (element.dataset.page === 'drawn') heights.current[page] = height;
        if (bottom < -margin || top > innerHeight + margin) return;
        next.from = Math.min(next.from, page);
        next.to = page;
      });
      if (next.to >= 0) setNear((before) => (before.from === next.from && before.to === next.to ? before : next));
    });
  }, [count, near]);
  /* A page that was never drawn is drawn first: only then is its height known. */
  const isNear = useCallback((page: number) => (page >= near.from && page <= near.to) || heights.current[page] === undefined, [near]);
  const roomOf = useCallback((page: number) => heights.current[page] ?? 0, []);
  return { list, isNear, roomOf };
}
