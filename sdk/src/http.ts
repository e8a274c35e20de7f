import { options } from './state.js';

export interface Answer {
  status: number;
  /** Retry-After */
  wait: string | null;
  body: unknown;
}

export const bytes = (text: string): number => new Blob([text]).size;

/** The key stands in the body and the body is plain text, so that no request needs a preflight. What is under way outlives
 * the page (browsers allow 64 KiB, our largest is half of it). Throws when nobody answers in time. */
export async function post(path: string, body: object, timeout: number, headers: Record<string, string> = {}): Promise<Answer> {
  const answer = await fetch(options.host!.replace(/\/+$/, '') + path, {
    method: 'POST',
    body: JSON.stringify({ writeKey: options.writeKey, ...body }),
    headers,
    signal: AbortSignal.timeout(timeout),
    credentials: 'omit',
    redirect: 'error',
    keepalive: true,
  });
  const { status } = answer,
    wait = answer.headers.get('Retry-After');
  return { status, wait, body: await answer.json().catch(() => ({})) };
}
