// Builds all pages: node web/build.mjs OUT. Writes OUT/files/ (each file with its .gz), and OUT/web_files.c, which meson
// embeds; OUT/web.d tells ninja what it was made of. Needs nodejs 18 and npm 9 of Debian 12, nothing else.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { gzipSync } from 'node:zlib';

const web = path.dirname(fileURLToPath(import.meta.url));
const root = path.dirname(web);

// ---- packages: installed when they are missing or older than the lock file; one process at a time -------------------------
function packagesAreCurrent() {
  const stamp = path.join(web, 'node_modules', '.package-lock.json');
  return fs.existsSync(stamp) && fs.statSync(stamp).mtimeMs >= fs.statSync(path.join(web, 'package-lock.json')).mtimeMs;
}

function alive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

function installPackages() {
  const lock = path.join(web, '.installing');
  while (!packagesAreCurrent()) {
    try {
      fs.writeFileSync(lock, String(process.pid), { flag: 'wx' });
    } catch {
      if (!alive(Number(fs.readFileSync(lock, 'utf8').trim() || process.pid))) fs.rmSync(lock, { force: true });
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 500);
      continue;
    }
    try {
      execFileSync('npm', ['ci', '--no-fund', '--no-audit', '--loglevel=error'], { cwd: web, stdio: ['ignore', 'ignore', 'inherit'] });
      const now = new Date();
      fs.utimesSync(path.join(web, 'node_modules', '.package-lock.json'), now, now);
    } finally {
      fs.rmSync(lock, { force: true });
    }
  }
}

// ---- style: one sheet a page, from every .css file that its scripts import -------------------------------------------------
// Scripts import their styles; the bundle of scripts drops them, and they are bundled once by themselves, in this order.
const order = ['tokens.css', 'mantine.css', 'node_modules', '/parts/', '/frame/', ''];
const rank = (file) => order.findIndex((part) => file.includes(part));

function collectStyles(found) {
  return {
    name: 'collect-styles',
    setup(build) {
      build.onLoad({ filter: /\.css$/ }, ({ path: file }) => {
        found.add(file);
        return { contents: '', loader: 'js' };
      });
    },
  };
}

// Mantine's own style: what its parts in use bring, and our theme as variables (no style element is ever made at run time).
async function mantineStyle(esbuild, metafile, theme) {
  const used = new Set(['baseline', 'global', 'UnstyledButton']);
  for (const output of Object.values(metafile.outputs))
    for (const [file, { bytesInOutput }] of Object.entries(output.inputs)) {
      if (bytesInOutput > 0 && file.includes('@mantine/core/esm/')) for (const name of file.split('/')) used.add(name);
    }
  const styles = path.join(web, 'node_modules/@mantine/core/styles');
  const all = fs.readFileSync(path.join(web, 'node_modules/@mantine/core/styles.css'), 'utf8');
  const names = fs.readdirSync(styles).filter((file) => !file.includes('.layer.') && used.has(file.slice(0, -4)));
  const texts = names.map((file) => fs.readFileSync(path.join(styles, file), 'utf8').replace(/^\/\*[^*]*\*\/\s*/, ''));
  // In Mantine's own order: parts stand on the styles of simpler parts.
  const place = (text) => all.indexOf(text.trim().slice(0, 400));
  const sorted = texts.map((text) => ({ text, at: place(text) })).sort((a, b) => a.at - b.at);
  const made = await esbuild.build({
    stdin: {
      contents: `import { convertCssVariables, defaultCssVariablesResolver, mergeMantineTheme, DEFAULT_THEME } from '@mantine/core';
        import { theme, variables } from ${JSON.stringify(theme)};
        const merged = mergeMantineTheme(DEFAULT_THEME, theme);
        const base = defaultCssVariablesResolver(merged), ours = variables(merged);
        const join = (name) => ({ ...base[name], ...ours[name] });
        export const css = convertCssVariables({ variables: join('variables'), light: join('light'), dark: join('dark') }, ':root');`,
      resolveDir: web,
      loader: 'js',
    },
    bundle: true, write: false, format: 'esm', platform: 'node', loader: { '.css': 'empty' }, logLevel: 'error',
  });
  const { css } = await import(`data:text/javascript;base64,${Buffer.from(made.outputFiles[0].contents).toString('base64')}`);
  const unused = /--mantine-color-(?:pink|grape|violet|indigo|blue|cyan|green|lime|yellow|orange)-[^;]*;/g;
  return css.replace(unused, '') + sorted.map(({ text }) => text).join('\n');
}

// ---- one page: a script, its lazy parts, one style sheet, one HTML file -----------------------------------------------------
const hashOf = (bytes) => createHash('sha256').update(bytes).digest('base64url').replace(/[-_]/g, '').slice(0, 10);

async function buildPage(esbuild, page, files, inputs) {
  const found = new Set();
  const built = await esbuild.build({
    entryPoints: { [page.name]: page.entry },
    bundle: true, splitting: true, format: 'esm', minify: true, metafile: true, write: false,
    target: ['es2022', 'chrome109', 'firefox115', 'safari16.4'],
    jsx: 'automatic', legalComments: 'none', charset: 'utf8',
    define: { 'process.env.NODE_ENV': '"production"' },
    entryNames: '[name]-[hash]', chunkNames: `${page.name}-[hash]`,
    outdir: '/assets', absWorkingDir: web, nodePaths: [path.join(web, 'node_modules')],
    plugins: [collectStyles(found)], logLevel: 'error',
  });
  for (const file of Object.keys(built.metafile.inputs)) inputs.add(path.resolve(web, file.replace(/^[\w-]+:/, '')));
  let script = '';
  for (const [file, output] of Object.entries(built.metafile.outputs)) if (output.entryPoint && path.resolve(web, output.entryPoint) === page.entry) script = file;
  for (const file of built.outputFiles) files.set(`/assets/${path.basename(file.path)}`, Buffer.from(file.contents));

  const usesMantine = Object.keys(built.metafile.inputs).some((file) => file.includes('@mantine/core'));
  const virtual = path.join(web, 'mantine.css');
  const sheets = [...found, ...(usesMantine ? [virtual] : [])].filter((file) => !file.includes('@mantine'));
  if (usesMantine) sheets.push(virtual);
  const list = [...new Set(sheets)].sort((a, b) => rank(a) - rank(b) || (a < b ? -1 : 1));
  const mantine = usesMantine ? await mantineStyle(esbuild, built.metafile, path.join(web, 'src/theme.ts')) : '';
  const styled = await esbuild.build({
    stdin: { contents: list.map((file) => `@import ${JSON.stringify(file)};`).join('\n'), loader: 'css', resolveDir: web },
    bundle: true, minify: true, write: false, target: ['chrome109', 'firefox115', 'safari16.4'], charset: 'utf8', logLevel: 'error',
    plugins: [{
      name: 'mantine',
      setup(build) {
        build.onResolve({ filter: /mantine\.css$/ }, ({ path: file }) => ({ path: file, namespace: 'made' }));
        build.onLoad({ filter: /.*/, namespace: 'made' }, () => ({ contents: mantine, loader: 'css' }));
      },
    }],
  });
  const css = Buffer.from(styled.outputFiles[0].contents);
  const style = `/assets/${page.name}-${hashOf(css)}.css`;
  for (const file of found) inputs.add(file);
  files.set(style, css);
  files.set(page.html, Buffer.from(fs.readFileSync(page.template, 'utf8').replace('%STYLE%', style).replace('%SCRIPT%', `/assets/${path.basename(script)}`).replace('%ICON%', page.icon)));
  inputs.add(page.template);
  // What the first page needs before it stands: the script, what it imports, and the lazy part behind "/".
  const own = new Set([style, page.html]);
  const eager = (file) => {
    if (own.has(`/assets/${path.basename(file)}`)) return;
    own.add(`/assets/${path.basename(file)}`);
    for (const other of built.metafile.outputs[file]?.imports ?? []) if (other.kind === 'import-statement') eager(other.path);
  };
  eager(script);
  for (const [file, output] of Object.entries(built.metafile.outputs)) if (output.entryPoint === page.opens) eager(file);
  return { first: [...own] };
}

// The browser tag builds itself (sdk/build.mjs) and is served beside the pages, under a name that a shop writes into its own.
async function addTag(esbuild, files, inputs) {
  const sdk = path.join(root, 'sdk/build.mjs');
  if (!fs.existsSync(sdk)) return;
  const { build } = await import(pathToFileURL(sdk).href);
  const made = await build(esbuild);
  for (const [name, bytes] of made.files) files.set(name, Buffer.from(bytes));
  for (const file of made.inputs) inputs.add(path.resolve(path.dirname(sdk), file));
  inputs.add(sdk);
}

// ---- what meson embeds ------------------------------------------------------------------------------------------------------
const types = { js: 'text/javascript; charset=utf-8', mjs: 'text/javascript; charset=utf-8', css: 'text/css; charset=utf-8', html: 'text/html; charset=utf-8', svg: 'image/svg+xml', json: 'application/json', map: 'application/json', png: 'image/png', webp: 'image/webp', txt: 'text/plain; charset=utf-8' };
const quoted = (text) => JSON.stringify(text);

function writeSource(out, files) {
  const rows = [];
  const data = [];
  const disk = path.join(out, 'files');
  fs.rmSync(disk, { recursive: true, force: true });
  [...files.keys()].sort().forEach((name, i) => {
    const bytes = files.get(name);
    const packed = gzipSync(bytes, { level: 9 });
    const file = path.join(disk, name);
    fs.mkdirSync(path.dirname(file), { recursive: true });
    fs.writeFileSync(file, bytes);
    fs.writeFileSync(`${file}.gz`, packed);
    const type = types[path.extname(name).slice(1)] ?? 'application/octet-stream';
    // The hash of the content keeps the compiler's cache honest: it does not look into included bytes.
    data.push(`/* ${hashOf(bytes)} */ BYTES(kd_web_${i}, ${quoted(`${file}.gz`)})`);
    rows.push(`    { ${quoted(name)}, ${quoted(type)}, ${quoted(hashOf(bytes))}, kd_web_${i}, ${packed.length}, ${bytes.length} },`);
  });
  fs.writeFileSync(path.join(out, 'web_files.c'), `/* Made by web/build.mjs. Sorted by name; each file is compressed with gzip. */
#include "api/web.h"
#define BYTES(name, file) \\
    extern const unsigned char name[]; \\
    __asm__(".section .rodata\\n.global " #name "\\n.hidden " #name "\\n" #name ":\\n.incbin \\"" file "\\"\\n.previous\\n");
${data.join('\n')}
const kd_web_file kd_web_files[] = {
${rows.join('\n')}
};
const size_t kd_web_files_count = sizeof kd_web_files / sizeof *kd_web_files;
`);
}

// The documentation: docs/*.md as pages.
async function addDocs(esbuild, files, inputs, icon) {
  const { build } = await import('./docs/build.mjs');
  const docs = await build(esbuild, { icon });
  for (const [name, bytes] of docs.files) files.set(name, bytes);
  for (const file of docs.inputs) inputs.add(file);
}

async function main() {
  const out = path.resolve(process.argv[2] ?? path.join(root, 'build', 'web'));
  installPackages();
  const esbuild = await import('esbuild');
  const files = new Map();
  const inputs = new Set([fileURLToPath(import.meta.url), path.join(web, 'package-lock.json'), path.join(web, 'src/theme.ts')]);
  const icon = fs.readFileSync(path.join(web, 'icon.svg'));
  const iconName = `/assets/icon-${hashOf(icon)}.svg`;
  files.set(iconName, icon);
  inputs.add(path.join(web, 'icon.svg'));
  const pages = [
    { name: 'kunde', entry: path.join(web, 'src/main.tsx'), template: path.join(web, 'src/index.html'), html: '/index.html', opens: 'src/pages/home/index.tsx', icon: iconName },
    { name: 'shop', entry: path.join(web, 'shop/main.tsx'), template: path.join(web, 'shop/index.html'), html: '/shop.html', icon: iconName },
  ];
  fs.mkdirSync(out, { recursive: true });
  const manifest = {};
  for (const page of pages) if (fs.existsSync(page.entry)) manifest[page.name] = await buildPage(esbuild, page, files, inputs);
  await addTag(esbuild, files, inputs);
  await addDocs(esbuild, files, inputs, iconName);
  writeSource(out, files);
  const size = (name) => gzipSync(files.get(name), { level: 9 }).length;
  for (const page of Object.values(manifest)) page.firstLoadGzip = page.first.reduce((sum, name) => sum + size(name), 0);
  fs.writeFileSync(path.join(out, 'manifest.json'), `${JSON.stringify(manifest, null, 2)}\n`);
  const own = [...inputs].filter((file) => !file.includes('node_modules') && fs.existsSync(file)).map((file) => file.replace(/ /g, '\\ '));
  fs.writeFileSync(path.join(out, 'web.d'), `${path.relative(process.cwd(), path.join(out, 'web_files.c'))}: ${own.join(' ')}\n`);
}

try {
  await main();
} catch (error) {
  process.stderr.write(`web: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(1);
}
