/* Seen means: half of it (or half of the window) stood in view for a second, in a tab that was in front. */
const SHARE = 0.5,
  SEEN_MS = 1000;

/** Calls once; gives what stops it. */
export function watch(element: Element, seen: () => void): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const observer = new IntersectionObserver(
    (entries) => {
      const { intersectionRatio, intersectionRect } = entries.at(-1)!;
      if (intersectionRatio >= SHARE || intersectionRect.height >= innerHeight * SHARE)
        timer ??= setTimeout(() => {
          stop();
          seen();
        }, SEEN_MS);
      else rest();
    },
    { threshold: [0, 0.1, 0.2, 0.3, 0.4, SHARE] },
  );
  const rest = (): void => {
    clearTimeout(timer);
    timer = undefined;
  };
  /* Hidden tabs hear nothing of what is in view: it is measured again when the tab comes to the front. */
  const front = (): void => {
    observer.disconnect();
    rest();
    if (!document.hidden) observer.observe(element);
  };
  const stop = (): void => {
    observer.disconnect();
    rest();
    document.removeEventListener('visibilitychange', front);
  };
  document.addEventListener('visibilitychange', front);
  front();
  return stop;
}
