/* The one line of this browser tab; Home and Live events share it. */
import { get } from '../../api';
import { Line } from './line';
import type { Soon } from './feed';

/* An answer that is no stream: either the server is starting, or the session has ended with it; asking who we are sends to
   the login in the second case. */
const whoAmI = () => void get('/v1/admin/me').catch(() => undefined);

export const line = new Line(() => new EventSource('/v1/admin/live'), Date.now, whoAmI);

const pace = 100; // ms; faster than this nobody reads

/* With the next frame that is at least `pace` after the last one; not at all while the tab is hidden. */
export function paced(): Soon {
  let last = 0;
  return (work) => {
    const run = (now: number) => {
      if (now - last < pace) {
        requestAnimationFrame(run);
        return;
      }
      last = now;
      work();
    };
    requestAnimationFrame(run);
  };
}
