/* Where to go after the door: only a path of this server, and not the door again. "//elsewhere" leads away, and browsers drop blanks like tab and
 * line feed before they look. */
export function placeAfter(search: string): string {
  const next = new URLSearchParams(search).get('next') ?? '';
  return /^\/(?![/\\])[^\s\\]*$/.test(next) && new URL(next, 'http://here').host === 'here' && !/^\/login\b/.test(next) ? next : '/';
}
