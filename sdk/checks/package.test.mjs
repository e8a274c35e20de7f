// What needs no browser: the package's content, its types as others see them, its size, and that a server can import it.
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import { createRequire } from 'node:module';
import os from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { gzipSync } from 'node:zlib';

const sdk = fileURLToPath(new URL('..', import.meta.url));
const tools = createRequire(new URL('../../web/package.json', import.meta.url));
const user = fs.mkdtempSync(path.join(os.tmpdir(), 'kunde-sdk-')); // a project that installed the package
const installed = path.join(user, 'node_modules/@kunde/browser');

before(() => {
  fs.writeFileSync(path.join(user, 'package.json'), '{"type":"module"}');
  execFileSync('npm', ['pack', '--silent', '--pack-destination', user], { cwd: sdk, stdio: ['ignore', 'ignore', 'inherit'] });
  fs.mkdirSync(installed, { recursive: true });
  const archive = fs.readdirSync(user).find((name) => name.endsWith('.tgz'));
  execFileSync('tar', ['-xzf', path.join(user, archive), '-C', installed, '--strip-components=1']);
});

after(() => fs.rmSync(user, { recursive: true, force: true }));

function files(folder, from = folder) {
  return fs.readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const name = path.join(folder, entry.name);
    return entry.isDirectory() ? files(name, from) : [path.relative(from, name)];
  });
}

test('the package holds what it needs and nothing else', () => {
  const types = fs.readdirSync(path.join(sdk, 'src')).filter((name) => name.endsWith('.ts') && name !== 'globals.d.ts').map((name) => `dist/types/${name.replace('.ts', '.d.ts')}`);
  assert.deepEqual(files(installed).sort(), [...types, 'LICENSE', 'README.md', 'dist/kunde.d.ts', 'dist/kunde.js', 'dist/kunde.mjs', 'package.json'].sort());
  const about = JSON.parse(fs.readFileSync(path.join(installed, 'package.json'), 'utf8'));
  assert.deepEqual([about.license, about.dependencies, about.devDependencies], ['Apache-2.0', undefined, undefined]);
  for (const name of [about.main, about.module, about.types, about.exports['.'].types, about.exports['.'].default, about.exports['./kunde.js']]) assert.ok(fs.existsSync(path.join(installed, name)), name);
});

test('both scripts are within 6 KB, and hold no markup parser, no eval, no cookie', () => {
  for (const name of ['kunde.js', 'kunde.mjs']) {
    const script = fs.readFileSync(path.join(installed, 'dist', name));
    assert.ok(gzipSync(script, { level: 9 }).length <= 6 * 1024, `${name}: ${gzipSync(script, { level: 9 }).length} bytes`);
    assert.doesNotMatch(script.toString(), /innerHTML|outerHTML|insertAdjacentHTML|document\.write|DOMParser|eval\(|Function\(|\.cookie|console\./);
  }
});

test('a server that renders pages can import it; nothing happens there', () => {
  const script = `import kunde, { KundeSlot } from '@kunde/browser';
    kunde.track('early');
    kunde.init({ writeKey: 'wk', host: 'https://kunde.example.org' });
    kunde.page();
    kunde.refresh();
    await kunde.flush();
    console.log(JSON.stringify([typeof KundeSlot, kunde.consent(), await kunde.decide(['home']), kunde.version]));`;
  const done = spawnSync(process.execPath, ['--input-type=module', '-e', script], { cwd: user, encoding: 'utf8' });
  const { version } = JSON.parse(fs.readFileSync(path.join(sdk, 'package.json'), 'utf8'));
  assert.equal(done.stdout.trim(), JSON.stringify(['function', {}, [], version]), done.stderr);
  assert.equal(done.stderr, '');
});

test('its types hold for those who use them, and refuse what is wrong', () => {
  const check = (name, text, ...modules) => {
    fs.writeFileSync(path.join(user, name), text);
    return spawnSync(process.execPath, [tools.resolve('typescript/bin/tsc'), '--strict', '--noEmit', '--target', 'es2022', '--lib', 'es2022,dom,dom.iterable', ...modules, name], { cwd: user, encoding: 'utf8' });
  };
  const bundler = ['--module', 'esnext', '--moduleResolution', 'bundler'];
  const right = `import kunde, { KundeSlot, type Consent, type Decision } from '@kunde/browser';
    kunde.init({ writeKey: 'wk', host: 'https://kunde.example.org', consent: { operate: true }, onError: (problem) => problem.reason.length });
    const now: Consent = kunde.consent({ personalise: true });
    kunde.track('Order Completed', { order_id: 'A-1', products: [{ product_id: 'P-1', price: 59.9 }] }, { purposes: ['operate'] });
    kunde.identify('u-1', { size: 'M' }, { userToken: 't' });
    kunde.identify({ size: 'M' });
    const decisions: Decision[] = await kunde.decide(['home'], { products: ['P-1'] });
    const title: string | undefined = decisions[0]?.items[0]?.title;
    document.querySelector<KundeSlot>('kunde-slot')?.refresh();
    export { now, title };`;
  for (const modules of [bundler, ['--module', 'nodenext']]) assert.equal(check('right.ts', right, ...modules).stdout, '', modules.join(' '));
  const wrong = check('wrong.ts', `import kunde from '@kunde/browser';
    kunde.init({ host: 'https://kunde.example.org' });
    kunde.consent({ advertizing: true });
    kunde.track('x', {}, { purposes: ['fun'] });
    kunde.alias('a');`, ...bundler);
  assert.deepEqual([...wrong.stdout.matchAll(/error (TS\d+)/g)].length, 4, wrong.stdout);
});

test('what the server hands out is the same script', async () => {
  const { build } = await import(pathToFileURL(path.join(sdk, 'build.mjs')).href);
  const { files: made, inputs } = await build(tools('esbuild'));
  assert.deepEqual([...made.keys()], ['/kunde.js']);
  assert.equal(made.get('/kunde.js').toString(), fs.readFileSync(path.join(installed, 'dist/kunde.js'), 'utf8'));
  for (const name of inputs) assert.ok(fs.existsSync(name), name);
});
