// The browser tag. `build(esbuild)` gives the script that the server hands out, as { files, inputs } for web/build.mjs;
// `node build.mjs OUTDIR` writes the package's files: kunde.js (script tag), kunde.mjs (module) and their types;
// `node build.mjs --check` checks the types. The tools are those of web/.
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const here = fileURLToPath(new URL('.', import.meta.url));
const tools = createRequire(new URL('../web/package.json', import.meta.url));
const target = ['es2022', 'chrome109', 'firefox115', 'safari16.4'];

async function bundle(esbuild, entry, format, inputs = new Set()) {
  const { version } = JSON.parse(readFileSync(join(here, 'package.json'), 'utf8'));
  const style = await esbuild.transform(readFileSync(join(here, 'src/slot.css'), 'utf8'), { loader: 'css', minify: true, target });
  const made = await esbuild.build({
    absWorkingDir: here,
    entryPoints: [entry],
    format,
    target,
    bundle: true,
    minify: true,
    write: false,
    metafile: true,
    charset: 'utf8',
    logLevel: 'error',
    legalComments: 'none',
    define: { __VERSION__: JSON.stringify(version), __CSS__: JSON.stringify(style.code.trim()) },
  });
  for (const file of [...Object.keys(made.metafile.inputs), 'package.json', 'src/slot.css']) inputs.add(join(here, file));
  return Buffer.from(made.outputFiles[0].contents);
}

export async function build(esbuild) {
  const inputs = new Set();
  return { files: new Map([['/kunde.js', await bundle(esbuild, 'src/tag.ts', 'iife', inputs)]]), inputs: [...inputs] };
}

function types(...options) {
  const done = spawnSync(process.execPath, [tools.resolve('typescript/bin/tsc'), '-p', here, ...options], { stdio: 'inherit' });
  if (done.status !== 0) throw new Error('sdk: the types do not hold');
}

async function pack(outdir) {
  const esbuild = tools('esbuild'),
    out = resolve(outdir);
  mkdirSync(out, { recursive: true });
  writeFileSync(join(out, 'kunde.js'), await bundle(esbuild, 'src/tag.ts', 'iife'));
  writeFileSync(join(out, 'kunde.mjs'), await bundle(esbuild, 'src/index.ts', 'esm'));
  types('--declaration', '--emitDeclarationOnly', '--outDir', join(out, 'types'));
  writeFileSync(join(out, 'kunde.d.ts'), "export * from './types/index.js'\nexport { default } from './types/index.js'\n");
}

if (process.argv[1] && import.meta.url === pathToFileURL(resolve(process.argv[1])).href) {
  if (process.argv[2] === '--check') types('--noEmit');
  else if (process.argv[2]) await pack(process.argv[2]);
  else {
    console.error('usage: node build.mjs OUTDIR | --check');
    process.exit(2);
  }
}
