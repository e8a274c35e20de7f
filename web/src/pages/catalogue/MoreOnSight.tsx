/* A button that presses itself when it comes near sight: endless lists that the keyboard can still walk. */
import { useEffect, useRef } from 'react';
import { whileScrolling } from './whileScrolling';

const NEAR_PX = 600;

/* `loaded`: how many pages there are; a page may come so fast that `busy` is never seen. An IntersectionObserver would be the tool,
   but it misses a button that a fast page moves away and a fast hand scrolls back to between two of its looks. */
export function MoreOnSight({ more, busy, loaded, name }: { more: () => void; busy: boolean; loaded: number; name: string }) {
  const button = useRef<HTMLButtonElement>(null);
  const ask = useRef(more);
  useEffect(() => {
    ask.current = more;
  });
  useEffect(() => {
    if (busy) return;
    return whileScrolling(() => {
      if (button.current && button.current.getBoundingClientRect().top < innerHeight + NEAR_PX) ask.current();
    });
  }, [busy, loaded]);
  return (
    <button ref={button} type="button" className="plain-button" onClick={more} disabled={busy}>
      {name}
    </button>
  );
}
