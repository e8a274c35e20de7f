import { options } from './state'

const KEEPALIVE_BYTES = 60_000 /* browsers let 64 KiB outlive the page */

export interface Answer {
    status: number
    /** Retry-After */
    wait: string | null
    body: unknown
}

export const bytes = (text: string): number => new Blob([text]).size

/** The key stands in the body and the body is plain text, so that no request needs a preflight. Throws when nobody answers in time. */
export async function post(path: string, body: object, timeout: number, headers: Record<string, string> = {}): Promise<Answer> {
    const text = JSON.stringify({ writeKey: options.writeKey, ...body })
    const answer = await fetch(options.host!.replace(/\/+$/, '') + path, {
        method: 'POST', body: text, headers, signal: AbortSignal.timeout(timeout), credentials: 'omit', redirect: 'error', keepalive: bytes(text) < KEEPALIVE_BYTES,
    })
    const { status } = answer, wait = answer.headers.get('Retry-After')
    return { status, wait, body: await answer.json().catch(() => ({})) }
}
