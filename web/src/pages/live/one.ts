/* The one line of this browser tab, and what came over it: Home and Live events share both, so that a rejection seen on
   Home is still there when somebody goes to look at it. */
import { get } from '../../api';
import { Feed, type Soon } from './feed';
import { Line, type Listener } from './line';

/* An answer that is no stream: either the server is starting, or the session has ended with it; asking who we are sends to
   the login in the second case. */
const whoAmI = () => void get('/v1/admin/me').catch(() => undefined);

const line = new Line(() => new EventSource('/v1/admin/live'), Date.now, whoAmI);

const pace = 100;  // ms; faster than this nobody reads
const share = 0.25; // of the time goes into the list at most, so that the page answers on a slow machine too

/* With the first frame after a pause; not at all while the tab is hidden. How long a turn of the list took is seen by when
   the frame after it comes, and the pause grows with it. */
function paced(): Soon {
  let next = 0;
  return (work) => {
    const run = (now: number) => {
      if (now < next) {
        requestAnimationFrame(run);
        return;
      }
      next = now + pace;
      work();
      requestAnimationFrame((then) => {
        next = Math.max(next, now + (then - now) / share);
      });
    };
    requestAnimationFrame(run);
  };
}

export const feed = new Feed(paced());

export function listen(listener: Listener): () => void {
  return line.listen({
    ...listener,
    entry: (entry) => {
      feed.push(entry);
      listener.entry?.(entry);
    },
  });
}
