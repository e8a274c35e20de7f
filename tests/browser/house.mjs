// One Kunde on a small demo shop, one Chromium, for all browser tests of a run; and what every test looks at.
// KD_KUNDE names the binary, KD_CHROMIUM the browser, KD_SCREENSHOTS the folder for pictures.
import { execFileSync, spawn } from 'node:child_process';
import fs from 'node:fs';
import { createRequire } from 'node:module';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';

const here = path.dirname(fileURLToPath(import.meta.url));
export const root = path.resolve(here, '../..');
const kunde = process.env.KD_KUNDE ?? path.join(root, 'build-test', 'kunde');
export const screenshots = process.env.KD_SCREENSHOTS ?? path.join(root, 'build-test', 'screenshots');
export const writeKey = 'wk_browser_0123456789abcdef';
export const serverKey = 'sk_browser_0123456789abcdef0123456789abcdef';
const environment = {
  ASAN_OPTIONS: 'abort_on_error=1:detect_leaks=1',
  ...process.env,
  KUNDE_WRITE_KEY: writeKey,
  KUNDE_SERVER_KEY: serverKey,
};

// ---- the shop -------------------------------------------------------------------------------------------------------------
const made = fs.mkdtempSync(path.join(os.tmpdir(), 'kunde-browser-'));
process.on('exit', () => fs.rmSync(made, { recursive: true, force: true }));

function demo(folder, flags) {
  execFileSync(kunde, ['demo', '--db', path.join(folder, 'kunde.db'), ...flags], { env: environment, stdio: ['ignore', 'ignore', 'inherit'] });
}

const small = ['--customers', '400', '--products', '160', '--days', '90', '--seed', '7'];
let template;

// A folder with a demo shop of its own: made once, copied for each server.
function shopFolder(flags) {
  if (!template) {
    template = fs.mkdtempSync(path.join(made, 'demo-'));
    demo(template, flags);
  }
  const folder = fs.mkdtempSync(path.join(made, 'shop-'));
  fs.cpSync(template, folder, { recursive: true });
  return folder;
}

function freePort() {
  return new Promise((resolve, reject) => {
    const socket = net.createServer().once('error', reject);
    socket.listen(0, '127.0.0.1', () => {
      const { port } = socket.address();
      socket.close(() => resolve(port));
    });
  });
}

export class Server {
  static async start({ shop = small } = {}) {
    const server = new Server();
    server.folder = shopFolder(shop);
    server.port = await freePort();
    server.url = `http://127.0.0.1:${server.port}`;
    await server.run();
    return server;
  }

  async run() {
    this.log = '';
    this.process = spawn(kunde, ['serve', '--db', path.join(this.folder, 'kunde.db'), '--port', String(this.port)], { env: environment, stdio: ['ignore', 'pipe', 'pipe'] });
    this.ended = new Promise((resolve) => this.process.once('exit', (code, signal) => resolve(code ?? signal)));
    this.process.stderr.on('data', (bytes) => (this.log += bytes));
    let out = '';
    await new Promise((resolve, reject) => {
      this.process.stdout.on('data', (bytes) => {
        out += bytes;
        const login = /^login: (\S+)$/m.exec(out);
        if (login) {
          this.login = login[1];
          resolve();
        }
      });
      this.process.once('exit', () => reject(new Error(`the server did not start: ${this.log.slice(-2000)}`)));
    });
    for (;;) {
      const ready = await fetch(`${this.url}/readyz`).catch(() => null);
      if (ready?.ok) break;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  // Graceful; a sanitizer's finding or a leak shows in the exit code.
  async stop() {
    this.process.kill('SIGTERM');
    const code = await this.ended;
    if (code !== 0) throw new Error(`the server ended with ${code}:\n${this.log.slice(-6000)}`);
  }

  async kill() {
    this.process.kill('SIGKILL');
    await this.ended;
  }

  // A request as a machine makes it, with the server key. Gives the parsed body; throws on an error.
  async api(method, path, body) {
    const answer = await fetch(this.url + path, {
      method,
      headers: { authorization: `Bearer ${serverKey}`, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text.slice(0, 500)}`);
    return text === '' ? null : JSON.parse(text);
  }

  track(event, who, properties = {}, more = {}) {
    return this.api('POST', '/v1/track', { event, properties, ...who, ...more });
  }

  // The login link works once: who logged in first keeps the session for the others.
  async session(browser) {
    if (!this.state) {
      const context = await browser.newContext();
      const page = await context.newPage();
      const answer = await page.goto(this.login);
      if (!answer?.ok()) throw new Error(`the login link gave ${answer?.status()}`);
      this.state = await context.storageState();
      await context.close();
    }
    return { cookies: this.state.cookies };
  }
}

// ---- the browser ----------------------------------------------------------------------------------------------------------
let browsing;

export function browser() {
  browsing ??= chromium.launch({
    executablePath: process.env.KD_CHROMIUM ?? '/usr/bin/chromium',
    args: ['--no-sandbox', '--disable-dev-shm-usage', '--disable-gpu', '--force-color-profile=srgb', '--disable-background-networking'],
  });
  return browsing;
}

let serving;

// The server that most tests share. Who breaks things starts one of their own.
export function house() {
  serving ??= Server.start();
  return serving;
}

export async function close() {
  const running = await serving;
  await (await browsing)?.close();
  await running?.stop();
}

export const sizes = { phone: { width: 360, height: 740 }, desktop: { width: 1280, height: 900 } };
export const locales = { en: 'en-GB', de: 'de-DE' };

// A fresh browser profile; logged in unless told otherwise.
export async function visit(server, { language = 'en', scheme = 'light', size = 'desktop', loggedIn = true, ...more } = {}) {
  const chrome = await browser();
  const context = await chrome.newContext({
    baseURL: server.url,
    locale: locales[language],
    timezoneId: 'Europe/Berlin',
    colorScheme: scheme,
    viewport: sizes[size],
    reducedMotion: 'reduce',
    storageState: loggedIn ? await server.session(chrome) : undefined,
    ...more,
  });
  context.setDefaultTimeout(15_000);
  await context.addInitScript(() => {
    globalThis.__refused = [];
    document.addEventListener('securitypolicyviolation', (event) => globalThis.__refused.push(`${event.violatedDirective} ${event.blockedURI}`));
  });
  return context;
}

// A page that remembers what no page may do: say an error, ask for what is not there, open a dialog.
export async function openPage(context) {
  const page = await context.newPage();
  page.problems = [];
  page.busy = new Set();
  page.expected = []; // what a test breaks on purpose
  const problem = (text) => {
    if (!page.expected.some((pattern) => pattern.test(text))) page.problems.push(text);
  };
  page.on('console', (message) => message.type() === 'error' && problem(`console: ${message.text()} ${message.location().url ?? ''}`));
  page.on('pageerror', (error) => problem(`uncaught: ${error.stack ?? error.message}`));
  page.on('dialog', (dialog) => {
    problem(`dialog: ${dialog.message()}`);
    void dialog.dismiss();
  });
  page.on('request', (request) => {
    if (new URL(request.url()).origin !== new URL(context._options?.baseURL ?? request.url()).origin) problem(`outside: ${request.url()}`);
    if (!request.url().endsWith('/v1/admin/live')) page.busy.add(request);
  });
  // What the page before still asks for while it goes is dropped without a word when the next one comes.
  let coming = false;
  page.on('response', (answer) => (coming ||= answer.request().isNavigationRequest() && answer.frame() === page.mainFrame()));
  page.on('framenavigated', (frame) => {
    if (!coming || frame !== page.mainFrame()) return;
    coming = false;
    page.busy.clear();
  });
  for (const end of ['requestfinished', 'requestfailed']) page.on(end, (request) => page.busy.delete(request));
  return page;
}

// Nothing is under way for a quarter of a second, and nothing shows that it waits.
export async function settle(page, { quietMs = 250, timeoutMs = 15_000 } = {}) {
  const deadline = Date.now() + timeoutMs;
  let quietSince = 0;
  for (;;) {
    const waiting = page.busy.size > 0 || (await page.evaluate(() => document.querySelector('[aria-busy="true"]') !== null).catch(() => true));
    if (waiting) quietSince = 0;
    else if (quietSince === 0) quietSince = Date.now();
    else if (Date.now() - quietSince >= quietMs) return;
    if (Date.now() > deadline) throw new Error(`still busy after ${timeoutMs} ms: ${[...page.busy].map((request) => request.url()).join(' ') || 'aria-busy'}`);
    await new Promise((resolve) => setTimeout(resolve, 40));
  }
}

export async function refusals(page) {
  return page.evaluate(() => globalThis.__refused ?? []);
}

const axeSource = fs.readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

// What axe-core calls serious or critical, in words.
export async function barriers(page) {
  await page.evaluate(axeSource);
  const found = await page.evaluate(() => globalThis.axe.run(document, { resultTypes: ['violations'] }));
  return found.violations
    .filter((violation) => violation.impact === 'serious' || violation.impact === 'critical')
    .map((violation) => `${violation.id}: ${violation.nodes.slice(0, 4).map((node) => `${node.target.join(' ')} (${(node.any[0] ?? node.all[0] ?? node.none[0])?.message ?? ''})`).join('; ')}`);
}

export async function screenshot(page, name, { fullPage = true } = {}) {
  fs.mkdirSync(screenshots, { recursive: true });
  await page.screenshot({ path: path.join(screenshots, `${name}.png`), fullPage, animations: 'disabled', caret: 'hide' });
}
