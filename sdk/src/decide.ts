/* POST /v1/decide. Never throws: a page without an answer shows its own content. */
import { post } from './http.js';
import { allowed, anonymousId, consentContext, mayDecide, me, options } from './state.js';
import type { Decision, DecideOptions } from './types.js';

interface Body {
  decisions?: Decision[];
  errors?: { pointer?: string }[];
}

export const timeout = (): number => +(options.timeout ?? 1000); /* text, when an attribute says it */

/** Who may be asked for: nobody known without personalise, and a user id only with its proof. */
function customer(): object {
  const userId = me().user,
    { userToken } = options;
  return allowed(['personalise']) ? { anonymousId: anonymousId(), ...(userId && userToken && { userId, userToken }) } : {};
}

async function ask(placements: string[], about: DecideOptions, until: number): Promise<Decision[]> {
  const { status, body } = await post(
    '/v1/decide',
    {
      customer: customer(),
      channel: 'web',
      placements,
      context: { language: document.documentElement.lang || navigator.language, ...about, consent: consentContext() },
    },
    until - Date.now(),
  );
  const { decisions, errors = [] } = body as Body;
  if (status !== 404) return [decisions].flat().filter((one): one is Decision => !!one?.items);
  /* A placement that does not exist must not cost the others their content. */
  const rest = placements.filter((_, index) => !errors.some((error) => error.pointer === `/placements/${index}`));
  return rest.length && rest.length < placements.length ? ask(rest, about, until) : [];
}

export async function decide(placements: string[], about: DecideOptions = {}): Promise<Decision[]> {
  if (!mayDecide() || !navigator.onLine) return [];
  return ask(placements, about, Date.now() + timeout()).catch(() => []);
}
