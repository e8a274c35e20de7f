/* What a page asked, as a command for a terminal. */
import type { Method } from '../api';

/* One call of the API tab. `key`: which key the call needs; a write key is public and shown, a server key never is. */
export type ApiCall = { method: Method; path: string; body?: unknown; key?: 'server' | 'write' | 'none' };

/* What stands in an address may come from somebody else's link: quoted, it is no command. */
const quoted = (text: string) => `'${text.replaceAll("'", "'\\''")}'`;

export function curlOf(call: ApiCall, baseUrl: string, writeKey: string): string {
  const key = call.key ?? 'server';
  const implied = call.body === undefined ? 'GET' : 'POST';
  const lines = [call.method === implied ? 'curl' : `curl -X ${call.method}`];
  if (key === 'server') lines.push('-H "Authorization: Bearer $KUNDE_SERVER_KEY"');
  if (key === 'write') lines.push(`-u ${quoted(`${writeKey}:`)}`);
  if (call.body !== undefined) lines.push("-H 'Content-Type: application/json'", `-d ${quoted(JSON.stringify(call.body))}`);
  lines.push(quoted(baseUrl + call.path));
  return lines.join(' \\\n  ');
}
