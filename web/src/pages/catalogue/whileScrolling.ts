/** Looks now, and once a frame whenever something scrolls or the window changes, until the function it gives is called. */
export function whileScrolling(look: () => void): () => void {
  let frame = 0;
  const soon = () => {
    frame ||= requestAnimationFrame(() => {
      frame = 0;
      look();
    });
  };
  soon();
  document.addEventListener('scroll', soon, { passive: true, capture: true });
  window.addEventListener('resize', soon);
  return () => {
    cancelAnimationFrame(frame);
    document.removeEventListener('scroll', soon, { capture: true });
    window.removeEventListener('resize', soon);
  };
}
