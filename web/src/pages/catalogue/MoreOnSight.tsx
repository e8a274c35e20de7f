/* A button that presses itself when it comes near sight: endless lists that the keyboard can still walk. */
import { useEffect, useRef } from 'react';

export function MoreOnSight({ more, busy, name }: { more: () => void; busy: boolean; name: string }) {
  const button = useRef<HTMLButtonElement>(null);
  const ask = useRef(more);
  useEffect(() => {
    ask.current = more;
  });
  useEffect(() => {
    if (busy || !button.current) return;
    const seen = new IntersectionObserver(([entry]) => entry?.isIntersecting && ask.current(), { rootMargin: '600px' });
    seen.observe(button.current);
    return () => seen.disconnect();
  }, [busy]);
  return (
    <button ref={button} type="button" className="plain-button" onClick={more} disabled={busy}>
      {name}
    </button>
  );
}
