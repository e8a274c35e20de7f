// The documentation as a small site: docs/*.md become static pages under /docs. docs/README.md is the landing page, and what it
// links to, in that order, is the navigation. build(esbuild, { icon }) gives { files: Map of path to bytes, inputs }.
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { layout } from './layout.mjs';
import { outlineOf, render } from './markdown.mjs';

const here = path.dirname(fileURLToPath(import.meta.url));
const root = path.resolve(here, '../..');
const folder = path.join(root, 'docs');
const landing = path.join(folder, 'README.md');
// What is not there yet: working notes of the people who build it.
const notPages = new Set([path.join(folder, 'NOTES.md')]);

const hashed = (name, bytes) => {
  const { name: stem, ext } = path.parse(name);
  return `/assets/docs-${stem}-${createHash('sha256').update(bytes).digest('base64url').replace(/[-_]/g, '').slice(0, 10)}${ext}`;
};

// Every page with its address: the landing page first, then what it links to, group by group. (That it links to every file is a
// matter of tests/test_docs.py.)
function pagesOf(outline) {
  const pages = new Map([[landing, { file: landing, address: '/docs', group: null, words: 'Overview' }]]);
  for (const { title, links } of outline)
    for (const { target, words } of links) {
      const file = path.resolve(folder, target.split('#')[0]);
      if (!file.endsWith('.md') || pages.has(file) || notPages.has(file) || !fs.existsSync(file)) continue;
      pages.set(file, { file, address: `/docs/${path.basename(file, '.md').toLowerCase()}`, group: title, words });
    }
  return pages;
}

// Width and height of a PNG or WebP, so that text does not jump when the picture comes.
export function sizeOf(bytes, name) {
  if (bytes.readUInt32BE(0) === 0x89504e47) return { width: bytes.readUInt32BE(16), height: bytes.readUInt32BE(20) };
  const kind = bytes.toString('latin1', 8, 16);
  if (kind === 'WEBPVP8X') return { width: bytes.readUIntLE(24, 3) + 1, height: bytes.readUIntLE(27, 3) + 1 };
  if (kind === 'WEBPVP8 ') return { width: bytes.readUInt16LE(26) & 0x3fff, height: bytes.readUInt16LE(28) & 0x3fff };
  if (kind === 'WEBPVP8L') return { width: (bytes.readUInt32LE(21) & 0x3fff) + 1, height: ((bytes.readUInt32LE(21) >> 14) & 0x3fff) + 1 };
  throw new Error(`${name} is neither PNG nor WebP`);
}

// The dark tokens hold by the reader's system here: the switch of the dashboard is not on these pages.
function styleText() {
  const tokens = fs.readFileSync(path.join(root, 'web/src/tokens.css'), 'utf8');
  const dark = /:root\[data-mantine-color-scheme='dark'\] \{([^}]*)\}/.exec(tokens);
  if (!dark) throw new Error('web/src/tokens.css has no dark tokens');
  return `${tokens}\n@media (prefers-color-scheme: dark) { :root { ${dark[1]} } }\n${fs.readFileSync(path.join(here, 'site.css'), 'utf8')}`;
}

async function assetsOf(esbuild) {
  const target = ['es2022', 'chrome109', 'firefox115', 'safari16.4'];
  const common = { bundle: true, minify: true, write: false, charset: 'utf8', legalComments: 'none', logLevel: 'error', target };
  const script = await esbuild.build({ ...common, entryPoints: [path.join(here, 'site.ts')], format: 'esm' });
  const style = await esbuild.build({ ...common, stdin: { contents: styleText(), loader: 'css', resolveDir: here } });
  return { script: Buffer.from(script.outputFiles[0].contents), style: Buffer.from(style.outputFiles[0].contents) };
}

export async function build(esbuild, { icon }) {
  const files = new Map();
  const inputs = new Set(['build.mjs', 'layout.mjs', 'markdown.mjs', 'site.ts', 'site.css'].map((name) => path.join(here, name)));
  inputs.add(folder);
  const add = (name, bytes) => {
    const address = hashed(name, bytes);
    files.set(address, bytes);
    return address;
  };
  const pages = pagesOf(outlineOf(fs.readFileSync(landing, 'utf8')));
  const index = [];
  for (const page of pages.values()) {
    inputs.add(page.file);
    const from = path.dirname(page.file);
    const link = (target) => {
      const [file, anchor] = target.split('#');
      const to = file ? pages.get(path.resolve(from, file)) : page;
      return to ? (file ? to.address : '') + (anchor ? `#${anchor}` : '') : null;
    };
    const image = (target) => {
      const file = path.resolve(from, target);
      const bytes = fs.readFileSync(file);
      inputs.add(file);
      return { src: add(path.basename(file), bytes), ...sizeOf(bytes, target) };
    };
    Object.assign(page, render(fs.readFileSync(page.file, 'utf8'), { link, image }));
    page.title = page.sections[0]?.title ?? path.basename(page.file);
    page.words ??= page.title;
    for (const { title, anchor, level, text } of page.sections)
      index.push({ address: level === 1 ? page.address : `${page.address}#${anchor}`, page: page.title, title, text });
  }
  const { script, style } = await assetsOf(esbuild);
  const assets = { icon, script: add('site.js', script), style: add('site.css', style), index: add('search.json', Buffer.from(JSON.stringify(index))) };
  const all = [...pages.values()];
  all.forEach((page, i) => {
    const html = layout({ page, pages: all, previous: all[i - 1], next: all[i + 1], assets });
    files.set(page.address === '/docs' ? '/docs.html' : `${page.address}.html`, Buffer.from(html));
  });
  return { files, inputs };
}
