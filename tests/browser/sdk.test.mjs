// kunde.js on a shop's own pages: another site than Kunde's, third-party cookies off. Between the page and Kunde stands a
// front that counts what passes and misbehaves when told to.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import http from 'node:http';
import { createRequire } from 'node:module';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { gzipSync } from 'node:zlib';
import { chromium } from 'playwright-core';
import { barriers, root, screenshot, Server, writeKey } from './house.mjs';

const BUDGET_BYTES = 6 * 1024;
const CLS_MAX = 0.01;

let kunde, front, shop, chrome, script;
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

async function until(what, holds, timeoutMs = 10_000) {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    const value = await holds();
    if (value) return value;
    if (Date.now() > deadline) throw new Error(`not within ${timeoutMs} ms: ${what}`);
    await pause(40);
  }
}

// ---- the front: passes to Kunde, or does what `front.mode(request)` says --------------------------------------------------
class Front {
  seen = [];
  mode = () => 'pass';

  async start() {
    this.server = http.createServer((request, answer) => void this.take(request, answer));
    await new Promise((resolve) => this.server.listen(0, '127.0.0.1', resolve));
    this.url = `http://127.0.0.1:${this.server.address().port}`;
  }

  async take(request, answer) {
    const chunks = [];
    for await (const chunk of request) chunks.push(chunk);
    const one = { method: request.method, path: request.url, headers: request.headers, body: chunks.length ? JSON.parse(Buffer.concat(chunks)) : null, at: Date.now() };
    this.seen.push(one);
    const mode = this.mode(one);
    const cors = { 'access-control-allow-origin': '*', 'access-control-expose-headers': 'Retry-After', 'cache-control': 'no-store' };
    if (mode === 'hang') return;
    if (mode === 'cut') return void request.socket.destroy();
    if (typeof mode === 'object') return void answer.writeHead(mode.status, { ...cors, ...mode.headers }).end(mode.text ?? JSON.stringify(mode.body ?? {}));
    if (mode === 'slow') await pause(400);
    const passed = await fetch(kunde.url + request.url, {
      method: request.method, body: chunks.length ? Buffer.concat(chunks) : undefined,
      headers: Object.fromEntries(Object.entries(request.headers).filter(([name]) => !['host', 'connection', 'content-length', 'accept-encoding'].includes(name))),
    }).catch(() => null);
    if (!passed) return void request.socket.destroy();
    const bytes = Buffer.from(await passed.arrayBuffer());
    const headers = Object.fromEntries([...passed.headers].filter(([name]) => !['content-length', 'transfer-encoding', 'connection', 'content-encoding'].includes(name)));
    if (mode === 'lose') return void request.socket.destroy(); // taken there, the answer lost on the way back
    answer.writeHead(passed.status, headers).end(bytes);
  }

  calls(path) {
    return this.seen.filter((one) => one.path === path && one.method === 'POST');
  }

  events() {
    return this.calls('/v1/batch').flatMap((one) => one.body.batch);
  }

  reset() {
    this.seen = [];
    this.mode = () => 'pass';
  }
}

// ---- the shop: static pages of its own origin, under a strict policy -------------------------------------------------------
const pages = new Map();
const policy = () => `default-src 'none'; script-src 'self'; style-src 'self'; img-src * ; connect-src http://127.0.0.1:*; require-trusted-types-for 'script'`;

const style = `body { margin: 0; font: 16px/1.4 sans-serif } p { margin: 8px }
kunde-slot { display: block; min-height: 20rem }
kunde-slot:not(:defined) { animation: kunde-wait 1s step-end }
@keyframes kunde-wait { from { visibility: hidden } }
.own { height: 200px }`;

function html({ tag = '', body = '', head = '', lang = 'en' }) {
  return `<!doctype html><html lang="${lang}"><head><meta charset="utf-8"><title>A shop</title><link rel="stylesheet" href="/style.css">${head}
    <script src="/kunde.js" data-write-key="${writeKey}" data-host="${front.url}" data-base="${front.url}" ${tag} defer></script></head><body>${body}</body></html>`;
}

function serveShop() {
  const server = http.createServer((request, answer) => {
    const { pathname } = new URL(request.url, 'http://shop');
    const head = { 'cache-control': 'no-store' };
    if (pathname === '/kunde.js') answer.writeHead(200, { ...head, 'content-type': 'text/javascript' }).end(script);
    else if (pathname === '/style.css') answer.writeHead(200, { ...head, 'content-type': 'text/css' }).end(style);
    else if (pathname === '/favicon.ico') answer.writeHead(204).end();
    else if (pages.has(pathname)) {
      const page = pages.get(pathname);
      answer.writeHead(200, { ...head, 'content-type': page.type ?? 'text/html; charset=utf-8', 'content-security-policy': page.policy ?? policy() }).end(page.text ?? html(page));
    } else answer.writeHead(404, head).end();
  });
  return new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(server)));
}

const address = (name, host = 'shop.localhost') => `http://${host}:${shop.address().port}${name}`;

async function profile({ gpc = false, ...options } = {}) {
  const context = await chrome.newContext({ viewport: { width: 1280, height: 900 }, locale: 'en-GB', ...options });
  context.setDefaultTimeout(10_000);
  if (gpc) await context.addInitScript(() => Object.defineProperty(Navigator.prototype, 'globalPrivacyControl', { get: () => true }));
  await context.addInitScript(() => {
    globalThis.__shift = 0;
    globalThis.__refused = [];
    new PerformanceObserver((list) => list.getEntries().forEach((entry) => (globalThis.__shift += entry.value))).observe({ type: 'layout-shift', buffered: true });
    document.addEventListener('securitypolicyviolation', (event) => globalThis.__refused.push(event.violatedDirective + event.blockedURI));
  });
  return context;
}

async function open(context, name, { quiet = true, host } = {}) {
  const page = await context.newPage();
  page.noise = [];
  page.on('console', (message) => page.noise.push(`${message.type()}: ${message.text()}`));
  page.on('pageerror', (error) => page.noise.push(`uncaught: ${error.stack}`));
  page.on('dialog', (dialog) => {
    page.noise.push(`dialog: ${dialog.message()}`);
    void dialog.dismiss();
  });
  page.quiet = quiet;
  await page.goto(address(name, host));
  await page.waitForFunction(() => typeof window.kunde?.track === 'function');
  return page;
}

async function done(context, ...opened) {
  for (const page of opened) {
    assert.deepEqual(await page.evaluate(() => globalThis.__refused), [], 'refused by the policy');
    if (page.quiet) assert.deepEqual(page.noise, [], 'the console is silent');
  }
  await context.close();
}

const stored = (page) => page.evaluate(() => Object.entries(localStorage).concat([...document.cookie].map((c) => ['cookie', c]), Object.entries(sessionStorage)));
const anonymousId = (page) => page.evaluate((key) => JSON.parse(localStorage.getItem(`kunde:${key}:me`))?.id, writeKey);
const queued = (page) => page.evaluate((key) => Object.keys(localStorage).filter((name) => name.startsWith(`kunde:${key}:q:`)).length, writeKey);
const state = (page, wanted, selector = 'kunde-slot') => page.waitForFunction(([s, w]) => document.querySelector(s)?.getAttribute('state') === w, [selector, wanted]);

// What the store holds about an anonymous id: the newest first.
async function held(id) {
  const answer = await kunde.api('GET', `/v1/admin/profiles/anonymousId:${id}/events?limit=200`).catch((error) => {
    if (/: 404 /.test(error.message)) return { events: [] };
    throw error;
  });
  return answer.events.map((one) => one.event);
}
const names = (events) => events.map((one) => one.event ?? one.type).sort();

before(async () => {
  const esbuild = createRequire(path.join(root, 'web/package.json'))('esbuild');
  const { build } = await import(pathToFileURL(path.join(root, 'sdk/build.mjs')).href);
  script = (await build(esbuild)).files.get('/kunde.js');
  kunde = await Server.start();
  await kunde.api('PUT', '/v1/admin/placements/hero', { title: 'Hero', kind: 'content', content: { title: 'Winter', titleDe: 'Winter ist da', text: 'Warm things', action: 'Look', url: '/winter', image: '/demo/pictures/P00001.svg' } });
  await kunde.api('PUT', '/v1/admin/placements/off', { title: 'Off', kind: 'recommendation', recipe: 'trending', count: 3, live: false });
  front = new Front();
  await front.start();
  shop = await serveShop();
  chrome = await chromium.launch({
    executablePath: process.env.KD_CHROMIUM ?? '/usr/bin/chromium',
    args: ['--no-sandbox', '--disable-dev-shm-usage', '--disable-gpu', '--disable-background-networking', '--test-third-party-cookie-phaseout', '--host-resolver-rules=MAP shop.test 127.0.0.1'],
  });
  const slots = '<p>before</p><kunde-slot placement="trending"><p class="own">our own</p></kunde-slot><p id="after">after</p>';
  pages.set('/', { body: '<h1>Shop</h1>' });
  pages.set('/quiet', { tag: 'data-page="off"' });
  pages.set('/granted', { tag: 'data-page="off" data-consent="personalise analyse"', body: slots });
  pages.set('/plain', { tag: 'data-page="off" data-consent="personalise analyse"' });
  pages.set('/two', {
    tag: 'data-consent="personalise" data-page="off"',
    body: '<kunde-slot placement="hero"><p>own hero</p></kunde-slot><kunde-slot placement="trending" label="In demand"><p>own trending</p></kunde-slot><kunde-slot placement="misspelt"><p id="wrong">own</p></kunde-slot><kunde-slot placement="off"><p>own off</p></kunde-slot>',
  });
  pages.set('/asks', { tag: 'data-page="off"', body: slots });
  pages.set('/operate', { tag: 'data-page="off" data-consent="operate"', body: slots });
  pages.set('/far', { tag: 'data-page="off" data-consent="personalise"', body: '<p class="own"></p><p class="own"></p><p class="own"></p><p class="own"></p><p class="own"></p><p class="own"></p><kunde-slot placement="trending"></kunde-slot><kunde-slot id="none" placement="off"></kunde-slot><p>end</p>' });
  pages.set('/template', {
    tag: 'data-page="off" data-consent="personalise"',
    body: `<kunde-slot placement="trending"><template><section><h2>Ours</h2><ol data-kunde="items"><li class="mine"><a data-kunde="url"><img data-kunde="image title" alt=""><b data-kunde="title"></b></a><i data-kunde="price"></i><s data-kunde="listPrice"></s><script data-kunde="title">/* ours */</script></li></ol></section></template></kunde-slot>
      <kunde-slot placement="hero" lang="de"><template><h3 data-kunde="title"></h3><a data-kunde="url action"></a><em data-kunde="nothing"></em></template></kunde-slot>`,
  });
});

after(async () => {
  await chrome?.close();
  shop?.closeAllConnections();
  shop?.close();
  front?.server.closeAllConnections();
  front?.server.close();
  await kunde?.stop();
});

// ---- the size ------------------------------------------------------------------------------------------------------------------
test('sdk: the script is within its budget', () => {
  const size = gzipSync(script, { level: 9 }).length;
  assert.ok(size <= BUDGET_BYTES, `${size} bytes, more than ${BUDGET_BYTES}`);
});

test('sdk: the server hands it out to any origin, and the tag needs nothing but the key', async () => {
  const answer = await fetch(`${kunde.url}/kunde.js`, { headers: { origin: address('') } });
  assert.deepEqual(['content-type', 'access-control-allow-origin', 'cross-origin-resource-policy', 'cache-control'].map((name) => answer.headers.get(name)), ['text/javascript; charset=utf-8', '*', 'cross-origin', 'public, max-age=300']);
  assert.equal((await fetch(`${kunde.url}/kunde.js`, { headers: { 'if-none-match': answer.headers.get('etag') } })).status, 304);
  pages.set('/plain.html', { text: `<!doctype html><title>Plain</title><script src="${kunde.url}/kunde.js" data-write-key="${writeKey}" data-consent="analyse" defer></script>`, policy: "default-src 'none'; script-src http://127.0.0.1:*; connect-src http://127.0.0.1:*" });
  const context = await profile();
  const page = await open(context, '/plain.html');
  const events = await until('the page in the store', async () => {
    const found = await held(await anonymousId(page));
    return found.length ? found : null;
  });
  assert.deepEqual([events[0].type, events[0].properties.title, events[0].context.library.name], ['page', 'Plain', 'kunde.js']);
  assert.deepEqual(await context.cookies(), []);
  await done(context, page);
});

test('sdk: calls made before the script was there are made up for', async () => {
  front.reset();
  pages.set('/early.js', { type: 'text/javascript', text: "(window.kunde ??= []).push(['consent', { analyse: true }], ['track', 'Early', { n: 1 }])" });
  pages.set('/early', { tag: 'data-page="off"', head: '<script src="/early.js"></script>' });
  const context = await profile();
  const page = await open(context, '/early');
  await until('the event', () => front.events().length === 2);
  assert.deepEqual(names(front.events()), ['Consent Preference Updated', 'Early']);
  await done(context, page);
});

// ---- consent ---------------------------------------------------------------------------------------------------------------------
test('sdk: nothing is sent and nothing stored before a purpose allows it', async () => {
  front.reset();
  const context = await profile();
  const page = await open(context, '/asks');
  await page.evaluate(() => {
    kunde.page();
    kunde.track('Product Viewed', { product_id: 'P00001' });
    kunde.identify('u-1', { first_name: 'Ada' });
    kunde.consent({ 'market-email': true });
  });
  await state(page, 'fallback');
  assert.equal(await page.locator('.own').isVisible(), true);
  await pause(300);
  assert.deepEqual(front.seen, []);
  assert.deepEqual(await stored(page), []);
  assert.deepEqual((await context.cookies()).length, 0);

  // Refused: what waited is gone, and stays gone.
  await page.evaluate(() => kunde.consent({ personalise: false, analyse: false }));
  await page.evaluate(() => kunde.track('Product Viewed', { product_id: 'P00002' }));
  await pause(200);
  assert.deepEqual([front.seen, await stored(page)], [[], []]);
  await page.evaluate(() => kunde.consent({ analyse: true }));
  await until('the note of consent', () => front.events().length > 0);
  assert.deepEqual(names(front.events()), ['Consent Preference Updated']);
  await done(context, page);
});

test('sdk: what waited for the first answer goes when it is yes, with its own time', async () => {
  front.reset();
  const context = await profile();
  const page = await open(context, '/?utm_campaign=autumn&utm_source=letter&token=secret#secret');
  await page.evaluate(() => kunde.track('Product Viewed', { product_id: 'P00001' }));
  await pause(250);
  assert.equal(front.seen.length, 0);
  await page.evaluate(() => kunde.consent({ personalise: true, analyse: false }));
  const id = await anonymousId(page);
  const events = await until('three events in the store', async () => ((await held(id)).length === 3 ? held(id) : null));
  assert.deepEqual(names(events), ['Consent Preference Updated', 'Product Viewed', 'page']);
  const view = events.find((one) => one.event === 'Product Viewed');
  const note = events.find((one) => one.event === 'Consent Preference Updated');
  assert.ok(Date.parse(note.timestamp) - Date.parse(view.timestamp) >= 200, 'the time of the call, not of the consent');
  assert.deepEqual(view.context.consent, { categoryPreferences: { personalise: true, analyse: false } });
  assert.deepEqual(view.context.campaign, { name: 'autumn', source: 'letter' });
  assert.equal(view.context.page.url, address('/'));
  assert.ok(!JSON.stringify(events).includes('secret'));
  await until('an empty queue', async () => (await queued(page)) === 0);
  await done(context, page);
});

test('sdk: a withdrawal is told once, forgets everything, and holds in every tab', async () => {
  front.reset();
  const context = await profile();
  const first = await open(context, '/asks');
  const second = await open(context, '/quiet');
  await first.evaluate(() => kunde.consent({ personalise: true, analyse: true }));
  await state(first, 'filled');
  const id = await anonymousId(first);
  await until('the queue to be empty', async () => (await queued(first)) === 0);
  await context.setOffline(true);
  await first.evaluate(() => kunde.track('Product Viewed', { product_id: 'P00003' }));
  assert.equal(await queued(first), 1);
  await first.evaluate(() => kunde.consent({ personalise: false, analyse: false }));
  assert.deepEqual(await stored(first), []);
  assert.equal(await first.locator('.own').isVisible(), true, 'its own content is back');
  await second.evaluate(() => kunde.track('Product Viewed', { product_id: 'P00004' }));
  front.seen = [];
  await context.setOffline(false);
  await until('the withdrawal', () => front.events().length > 0);
  await pause(300);
  assert.deepEqual(names(front.events()), ['Consent Preference Updated']);
  assert.equal(front.events()[0].anonymousId, id);
  assert.deepEqual(front.calls('/v1/batch')[0].body.context.consent.categoryPreferences, { personalise: false, analyse: false });
  assert.deepEqual(await stored(second), []);
  first.quiet = false; // Chromium itself says that the network was away
  await done(context, first, second);
});

test('sdk: what a shop grants by itself holds until somebody objects; the objection is remembered', async () => {
  front.reset();
  const context = await profile();
  let page = await open(context, '/granted');
  await state(page, 'filled');
  const id = await anonymousId(page);
  await page.evaluate(() => kunde.consent({ personalise: false, analyse: false }));
  await state(page, 'fallback');
  await until('the objection', () => front.events().length > 0);
  assert.equal(front.events()[0].anonymousId, id);
  await page.close();
  front.seen = [];
  page = await open(context, '/granted');
  await state(page, 'fallback');
  await page.evaluate(() => kunde.track('Product Viewed', { product_id: 'P00001' }));
  await pause(200);
  assert.deepEqual(front.seen, []);
  assert.deepEqual(await stored(page), [[`kunde:${writeKey}:me`, '{"consent":{"personalise":false,"analyse":false}}']]);
  await done(context, page);
});

test('sdk: a page that no longer grants finds nothing of before', async () => {
  front.reset();
  const context = await profile();
  const page = await open(context, '/granted');
  await state(page, 'filled');
  assert.equal((await stored(page)).length > 0, true);
  await page.goto(address('/quiet'));
  assert.deepEqual(await stored(page), []);
  await done(context, page);
});

test('sdk: operate alone serves orders and what everybody sees, without any id that lasts', async () => {
  front.reset();
  const context = await profile();
  const page = await open(context, '/operate');
  await state(page, 'filled');
  assert.deepEqual(front.calls('/v1/decide')[0].body.customer, {});
  await page.evaluate(() => {
    kunde.track('Product Viewed', { product_id: 'P00001' });
    kunde.track('Order Completed', { order_id: 'A-1', total: 10, currency: 'EUR' }, { purposes: ['operate'] });
  });
  await until('the order', () => front.events().length > 0);
  await pause(1300); // long enough for a slot to be seen
  assert.deepEqual(names(front.events()), ['Order Completed']);
  assert.deepEqual(await stored(page), []);
  await done(context, page);
});

test('sdk: Global Privacy Control refuses share and advertising, and what the shop adds', async () => {
  front.reset();
  const context = await profile({ gpc: true });
  const page = await open(context, '/quiet');
  assert.deepEqual(await page.evaluate(() => kunde.consent()), { share: false, advertising: false });
  assert.deepEqual(await page.evaluate(() => kunde.consent({ analyse: true, share: true, advertising: true })), { analyse: true, share: false, advertising: false });
  await page.evaluate(() => kunde.track('Product Viewed', { product_id: 'P00001' }));
  const events = await until('the event', async () => {
    const found = await held(await anonymousId(page));
    return found.length === 2 ? found : null;
  });
  assert.deepEqual(events[0].context.consent, { categoryPreferences: { analyse: true, share: false, advertising: false }, gpc: true });
  front.seen = [];
  pages.set('/wide', { tag: 'data-page="off" data-consent="personalise analyse" data-gpc="share advertising personalise analyse"' });
  const wide = await open(context, '/wide');
  await wide.evaluate(() => kunde.track('Product Viewed', { product_id: 'P00001' }));
  await pause(300);
  assert.deepEqual(names(front.events()).filter((name) => name === 'Product Viewed'), []);
  await done(context, page, wide);
});

// ---- delivery ----------------------------------------------------------------------------------------------------------------------
test('sdk: offline for a while, in two tabs and over a reload: everything arrives exactly once', async () => {
  front.reset();
  const context = await profile();
  const first = await open(context, '/plain');
  const second = await open(context, '/plain');
  await context.setOffline(true);
  front.seen = [];
  for (const [page, start] of [[first, 0], [second, 100]])
    await page.evaluate((n) => {
      for (let i = n; i < n + 30; i++) kunde.track('Product Viewed', { product_id: `P${i}` });
    }, start);
  assert.equal(await queued(first), 60);
  assert.equal(front.seen.length, 0);
  await context.setOffline(false);
  await until('an empty queue', async () => (await queued(first)) === 0);
  await pause(500);
  const sent = front.events().filter((one) => one.event === 'Product Viewed');
  assert.equal(sent.length, 60, 'each was sent once, by one tab');
  assert.equal(new Set(sent.map((one) => one.messageId)).size, 60);
  const kept = (await held(await anonymousId(first))).filter((one) => one.event === 'Product Viewed');
  assert.equal(kept.length, 60);
  first.quiet = second.quiet = false;
  await done(context, first, second);
});

test('sdk: a queue outlives its page', async () => {
  front.reset();
  const context = await profile();
  let page = await open(context, '/granted');
  await until('an empty queue', async () => (await queued(page)) === 0);
  front.mode = () => ({ status: 503 });
  await page.evaluate(() => {
    for (let i = 0; i < 5; i++) kunde.track('Product Viewed', { product_id: `P${i}` });
  });
  await until('a refused try', () => front.calls('/v1/batch').length > 1);
  await page.close();
  front.reset();
  page = await open(context, '/plain');
  await until('the events', async () => (await queued(page)) === 0);
  assert.equal((await held(await anonymousId(page))).filter((one) => one.event === 'Product Viewed').length, 5);
  await done(context, page);
});

test('sdk: 429 waits as long as it is told, 503 and a lost answer come back, with the same id', async () => {
  for (const [mode, least, most] of [[{ status: 429, headers: { 'retry-after': '2' } }, 1950, 15_000], [{ status: 503 }, 700, 15_000], ['lose', 0, 15_000]]) {
    front.reset();
    const context = await profile();
    const page = await open(context, '/granted', { quiet: false });
    await until('an empty queue', async () => (await queued(page)) === 0);
    front.seen = [];
    front.mode = () => (front.calls('/v1/batch').length === 1 ? mode : 'pass');
    await page.evaluate(() => kunde.track('Product Added', { product_id: 'P00001', quantity: 1 }));
    await until('a second try', () => front.calls('/v1/batch').length >= 2);
    await until('an empty queue', async () => (await queued(page)) === 0);
    const [one, two] = front.calls('/v1/batch');
    assert.ok(two.at - one.at >= least && two.at - one.at <= most, `${JSON.stringify(mode)}: after ${two.at - one.at} ms`);
    assert.deepEqual([one.body.batch[0].messageId, one.body.batch[0].timestamp], [two.body.batch[0].messageId, two.body.batch[0].timestamp]);
    const kept = (await held(await anonymousId(page))).filter((event) => event.event === 'Product Added');
    assert.equal(kept.length, 1, JSON.stringify(mode));
    await done(context, page);
  }
});

test('sdk: what is refused for good is told to onError and not tried again', async () => {
  front.reset();
  pages.set('/errors.js', { type: 'text/javascript', text: `window.problems = []; kunde.init({ writeKey: '${writeKey}', host: '${front.url}', consent: { analyse: true }, onError: (p) => problems.push(p) });` });
  pages.set('/errors', { text: '<!doctype html><title>x</title><script src="/kunde.js" defer></script><script src="/errors.js" defer></script>' });
  const context = await profile();
  const page = await open(context, '/errors', { quiet: false });
  await page.evaluate(() => {
    kunde.track('');
    kunde.track('Too long', { text: 'x'.repeat(40_000) });
    const circle = {};
    circle.self = circle;
    kunde.track('Circle', circle);
  });
  front.mode = () => ({ status: 401 });
  await page.evaluate(() => kunde.track('Refused'));
  await until('a problem', () => page.evaluate(() => problems.length === 4));
  assert.deepEqual(await page.evaluate(() => problems.map((p) => p.reason)), ['must be text', 'longer than 32 KB', 'no JSON', 'refused']);
  const tries = front.calls('/v1/batch').length;
  await pause(1500);
  assert.equal(front.calls('/v1/batch').length, tries);
  assert.equal(await queued(page), 0);
  const thrown = await page.evaluate(() => [{}, { writeKey: 'wk' }, { writeKey: 'wk', host: 'kunde' }].map((o) => { try { kunde.init(o); return ''; } catch (e) { return e.message; } }));
  assert.deepEqual(thrown, ['kunde.init: writeKey is missing', 'kunde.init: host must be an http(s) address', 'kunde.init: host must be an http(s) address']);
  await done(context, page);
});

test('sdk: an event made on the way out leaves with the page', async () => {
  front.reset();
  const context = await profile();
  const page = await open(context, '/granted');
  await until('an empty queue', async () => (await queued(page)) === 0);
  const id = await anonymousId(page);
  await page.evaluate(() => addEventListener('beforeunload', () => kunde.track('Left')));
  await page.goto('about:blank');
  await until('the last event', async () => names(await held(id)).includes('Left'));
  await context.close();
});

test('sdk: the queue is bounded', async () => {
  front.reset();
  const context = await profile();
  const page = await open(context, '/plain', { quiet: false });
  await until('an empty queue', async () => (await queued(page)) === 0);
  await context.setOffline(true);
  await page.evaluate(() => {
    for (let i = 0; i < 620; i++) kunde.track('Many', { i });
  });
  assert.equal(await queued(page), 500);
  await context.setOffline(false);
  await until('an empty queue', async () => (await queued(page)) === 0, 20_000);
  const kept = front.events().filter((one) => one.event === 'Many');
  assert.deepEqual([kept.length, kept[0].properties.i, kept.at(-1).properties.i], [500, 120, 619]);
  await done(context, page);
});

test('sdk: a page without TLS has no locks and no randomUUID, and works', async () => {
  front.reset();
  const context = await profile();
  const page = await open(context, '/granted', { host: 'shop.test' });
  assert.equal(await page.evaluate(() => isSecureContext || !!navigator.locks), false);
  await state(page, 'filled');
  await page.evaluate(() => kunde.track('Product Viewed', { product_id: 'P00001' }));
  await until('the event', async () => names(await held(await anonymousId(page))).includes('Product Viewed'));
  await done(context, page);
});

// ---- people -------------------------------------------------------------------------------------------------------------------------
test('sdk: identify, log out, somebody else: nobody inherits an anonymous id', async () => {
  front.reset();
  const context = await profile();
  const page = await open(context, '/granted');
  const ids = [await anonymousId(page)];
  await page.evaluate(() => kunde.identify('u-1', { size: 'M' }));
  ids.push(await anonymousId(page));
  await page.evaluate(() => kunde.identify({ size: 'L' }));
  await page.evaluate(() => kunde.identify('u-2'));
  ids.push(await anonymousId(page));
  await page.evaluate(() => kunde.reset());
  await page.evaluate(() => kunde.track('After'));
  ids.push(await anonymousId(page));
  await until('an empty queue', async () => (await queued(page)) === 0);
  assert.equal(ids[0], ids[1], 'who logs in was the one before');
  assert.equal(new Set(ids).size, 3);
  const about = front.events().filter((one) => one.type === 'identify' || one.event === 'After').map((one) => [one.anonymousId, one.userId]);
  assert.deepEqual(about, [[ids[0], 'u-1'], [ids[0], 'u-1'], [ids[2], 'u-2'], [ids[3], undefined]]);
  await done(context, page);
});

test('sdk: a user token proves the user, for events and for decisions', async () => {
  front.reset();
  const made = await kunde.api('POST', '/v1/admin/keys', { type: 'server', source: 'shop' });
  const { createHmac } = await import('node:crypto');
  const expiry = Math.floor(Date.now() / 1000) + 600;
  const token = `${expiry}.${createHmac('sha256', made.userTokenSecret ?? made.secret).update(`ada.${expiry}`).digest('base64url')}`;
  pages.set('/token', { tag: `data-page="off" data-consent="personalise analyse" data-user-id="ada" data-user-token="${token}"`, body: '<kunde-slot placement="home"></kunde-slot>' });
  const context = await profile();
  const page = await open(context, '/token');
  await page.evaluate(() => kunde.track('Product Viewed', { product_id: 'P00001' }));
  await until('an empty queue', async () => front.calls('/v1/batch').length > 0 && (await queued(page)) === 0);
  const { events } = await kunde.api('GET', '/v1/admin/profiles/userId:ada/events?limit=10');
  assert.ok(events.some((one) => one.event.event === 'Product Viewed' && one.claimed === false));
  assert.equal(front.calls('/v1/decide')[0].body.customer.userToken, token);
  assert.ok(!(await stored(page)).flat().join().includes(token), 'a token is never stored');
  await done(context, page);
});

// ---- slots --------------------------------------------------------------------------------------------------------------------------
test('sdk: slots of a page are asked in one request; each shows what it got, or its own', async () => {
  front.reset();
  const context = await profile();
  const page = await open(context, '/two', { quiet: false });
  await state(page, 'filled', '[placement=trending]');
  const asked = front.calls('/v1/decide');
  assert.deepEqual(asked[0].body.placements, ['hero', 'trending', 'misspelt', 'off']);
  assert.equal(asked.length, 2, 'once more, without the one that does not exist');
  assert.deepEqual(await page.locator('kunde-slot').evaluateAll((all) => all.map((one) => one.getAttribute('state'))), ['filled', 'filled', 'fallback', 'fallback']);
  assert.equal(await page.getByText('own hero').isVisible(), false);
  assert.equal(await page.locator('#wrong').isVisible(), true);
  assert.equal(await page.getByText('Warm things').isVisible(), true);
  assert.equal(await page.getByRole('link', { name: /Winter/ }).getAttribute('href'), `${front.url}/winter`);
  assert.equal(await page.getByRole('list', { name: 'In demand' }).getByRole('listitem').count(), 10);
  assert.equal(await page.getByRole('heading', { name: 'In demand' }).count(), 1);
  assert.match(await page.locator('[placement=trending] [part=price]').first().textContent(), /^€\d/);
  assert.deepEqual(front.calls('/v1/decide')[0].headers['content-type'], 'text/plain;charset=UTF-8');
  assert.equal(front.seen.filter((one) => one.method === 'OPTIONS').length, 0, 'no preflight');
  await screenshot(page, 'sdk-slots');
  await done(context, page);
});

test('sdk: reachable for everybody', async () => {
  front.reset();
  pages.set('/axe', { tag: 'data-page="off" data-consent="personalise"', body: '<main><h1>Shop</h1><kunde-slot placement="trending" label="In demand"></kunde-slot><kunde-slot placement="hero"></kunde-slot></main>' });
  for (const options of [{}, { viewport: { width: 360, height: 740 }, colorScheme: 'dark' }]) {
    const context = await profile({ bypassCSP: true, ...options });
    const page = await open(context, '/axe');
    await state(page, 'filled');
    assert.deepEqual(await barriers(page), []);
    assert.ok((await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)) <= 0);
    await page.keyboard.press('Tab');
    assert.match(await page.evaluate(() => document.activeElement.shadowRoot.activeElement.part.value), /link/);
    await context.close();
  }
});

test('sdk: nothing around a slot moves: filled fast or slow, timed out, nothing to show', async () => {
  pages.set('/off', { tag: 'data-page="off" data-consent="personalise"', body: '<p>before</p><kunde-slot placement="off"><p class="own">own</p></kunde-slot><p id="after">after</p>' });
  pages.set('/taller', { tag: 'data-page="off" data-consent="personalise"', body: '<p>before</p><kunde-slot placement="trending"><p class="own">one</p><p class="own">two</p><p class="own">three</p></kunde-slot><p id="after">after</p>' });
  for (const [name, mode, wanted] of [['/granted', 'pass', 'filled'], ['/granted', 'slow', 'filled'], ['/granted', 'hang', 'fallback'], ['/granted', 'cut', 'fallback'], ['/off', 'slow', 'fallback'], ['/taller', 'slow', 'filled'], ['/far', 'slow', 'filled']]) {
    front.reset();
    front.mode = (request) => (request.path === '/v1/decide' ? mode : 'pass');
    const context = await profile();
    const page = await open(context, name, { quiet: mode !== 'cut' && mode !== 'hang' });
    await state(page, wanted);
    await pause(400);
    const shift = await page.evaluate(() => globalThis.__shift);
    assert.ok(shift <= CLS_MAX, `${name} ${mode}: ${shift}`);
    await done(context, page);
  }
  // The measure measures: the same page without reserved space moves.
  front.reset();
  front.mode = (request) => (request.path === '/v1/decide' ? 'slow' : 'pass');
  pages.set('/shifts.css', { type: 'text/css', text: 'kunde-slot { min-height: 0 !important } .own { display: none }' });
  pages.set('/shifts', { ...pages.get('/granted'), head: '<link rel="stylesheet" href="/shifts.css">' });
  const context = await profile();
  const page = await open(context, '/shifts');
  await state(page, 'filled');
  await until('a shift', () => page.evaluate(() => globalThis.__shift > 0.01));
  await context.close();
});

test('sdk: no flicker: its own content is not painted before it is known to be the right one', async () => {
  front.reset();
  front.mode = (request) => (request.path === '/v1/decide' ? 'slow' : 'pass');
  const context = await profile();
  await context.addInitScript(() => {
    globalThis.__painted = [];
    const look = () => {
      const own = document.querySelector('.own');
      if (own && getComputedStyle(own).visibility === 'visible') globalThis.__painted.push(document.querySelector('kunde-slot').getAttribute('state'));
      requestAnimationFrame(look);
    };
    requestAnimationFrame(look);
  });
  const page = await open(context, '/granted');
  await state(page, 'filled');
  await pause(100);
  assert.deepEqual(await page.evaluate(() => globalThis.__painted), []);
  await done(context, page);
});

test('sdk: a slot that has nothing at all gives its space back where nobody sees it', async () => {
  front.reset();
  const context = await profile();
  const page = await open(context, '/far');
  await state(page, 'empty', '#none');
  assert.equal(await page.locator('#none').evaluate((slot) => slot.getBoundingClientRect().height), 0);
  await done(context, page);
});

test('sdk: Kunde stopped: the shop shows its own content at once, and the events when it is back', async () => {
  front.reset();
  const own = await Server.start();
  await own.stop();
  pages.set('/stopped', { text: html({ tag: 'data-page="off" data-consent="personalise analyse"', body: '<kunde-slot placement="trending"><p class="own">our own</p></kunde-slot>' }).replaceAll(front.url, own.url) });
  const context = await profile();
  const page = await open(context, '/stopped', { quiet: false });
  const before = Date.now();
  await state(page, 'fallback');
  assert.ok(Date.now() - before < 3000);
  assert.equal(await page.locator('.own').isVisible(), true);
  await page.evaluate(() => kunde.track('Product Viewed', { product_id: 'P00001' }));
  assert.ok((await queued(page)) >= 1);
  await own.run();
  await until('an empty queue', async () => (await queued(page)) === 0, 20_000);
  await page.evaluate(() => kunde.refresh());
  await state(page, 'filled');
  await done(context, page);
  await own.stop();
});

test('sdk: Kunde hanging: its own content after the timeout, a late answer changes nothing', async () => {
  front.reset();
  front.mode = (request) => (request.path === '/v1/decide' ? 'hang' : 'pass');
  pages.set('/hang', { tag: 'data-page="off" data-consent="personalise" data-timeout="250"', body: '<kunde-slot placement="trending"><p class="own">our own</p></kunde-slot>' });
  const context = await profile();
  const page = await open(context, '/hang');
  const waited = await page.evaluate(() => new Promise((resolve) => {
    const look = () => (document.querySelector('kunde-slot').getAttribute('state') === 'fallback' ? resolve(performance.now()) : requestAnimationFrame(look));
    look();
  }));
  assert.ok(waited < 5000, `${waited} ms after the page began`);
  assert.equal(await page.locator('.own').isVisible(), true);
  front.mode = (request) => (request.path === '/v1/decide' ? 'slow' : 'pass'); // 400 ms: later than the timeout
  await page.evaluate(() => kunde.refresh());
  await pause(700);
  assert.equal(await page.locator('kunde-slot').getAttribute('state'), 'fallback');
  await done(context, page);
});

test('sdk: seen once and clicked once, with the decision; not when it is out of sight', async () => {
  front.reset();
  pages.set('/P00001', { text: '<!doctype html><title>product</title>' });
  const context = await profile();
  const page = await open(context, '/granted');
  await state(page, 'filled');
  const of = (name) => front.events().filter((one) => one.event === name);
  await until('the view', () => of('Decision Viewed').length === 1);
  await page.mouse.wheel(0, 2000);
  await page.mouse.wheel(0, -2000);
  await pause(1500);
  assert.equal(of('Decision Viewed').length, 1);
  const { decisionId, placement, products } = of('Decision Viewed')[0].properties;
  assert.match(decisionId, /^[0-9a-f-]{36}$/);
  assert.equal(placement, 'trending');
  assert.equal(products.length, 10);
  await page.evaluate(() => document.querySelector('kunde-slot').shadowRoot.addEventListener('click', (event) => event.preventDefault()));
  const link = page.locator('kunde-slot [part=link]').nth(2);
  await link.click();
  await link.click();
  await page.locator('kunde-slot [part=link]').nth(3).focus();
  await page.keyboard.press('Enter');
  await until('the clicks', () => of('Decision Clicked').length === 2);
  await pause(200);
  assert.deepEqual(of('Decision Clicked').map((one) => one.properties), [2, 3].map((n) => ({ decisionId, placement, productId: products[n].productId, position: n + 1 })));
  const kept = await held(await anonymousId(page));
  assert.ok(kept.some((one) => one.event === 'Decision Clicked'));
  await done(context, page);

  front.reset();
  const other = await profile();
  const far = await open(other, '/far');
  await state(far, 'filled');
  await pause(1500);
  assert.equal(of('Decision Viewed').length, 0);
  await far.locator('kunde-slot').first().scrollIntoViewIfNeeded();
  await far.mouse.wheel(0, 3000);
  await until('the view', () => of('Decision Viewed').length === 1);
  await done(other, far);
});

test("sdk: a shop's own template is filled with text and checked addresses", async () => {
  front.reset();
  const context = await profile();
  const page = await open(context, '/template');
  await state(page, 'filled');
  assert.equal(await page.locator('kunde-slot ol.mine, kunde-slot li.mine').count(), 10);
  assert.equal(await page.getByRole('heading', { name: 'Ours' }).count(), 1);
  const first = await page.locator('li.mine').first().evaluate((card) => ({ href: card.querySelector('a').href, src: card.querySelector('img').src, alt: card.querySelector('img').alt, title: card.querySelector('b').textContent, price: card.querySelector('i').textContent, list: card.querySelector('s'), script: card.querySelector('script') }));
  assert.ok(first.href.startsWith(`${front.url}/shop/`) && first.src.startsWith(`${front.url}/demo/pictures/`));
  assert.equal(first.alt, first.title);
  assert.match(first.price, /^€/);
  assert.deepEqual([first.list, first.script], [null, null]);
  assert.equal(await page.getByRole('heading', { name: 'Winter ist da' }).count(), 1, "in the slot's language");
  assert.equal(await page.locator('em').count(), 0);
  await done(context, page);
});

// ---- hostile values -----------------------------------------------------------------------------------------------------------------
const attacks = ['<img src=x onerror=alert(1)>', '"><script>alert(1)</script>', "'-alert(1)-'", '<svg/onload=alert(1)>', '{{constructor.constructor("alert(1)")()}}', '${alert(1)}', '</template><iframe srcdoc="<script>alert(1)</script>">', '\u202Eevil', 'javascript:alert(1)'];
const links = ['javascript:alert(1)', 'JaVaScRiPt:alert(1)', ' javascript:alert(1)', 'java\nscript:alert(1)', '\u0001javascript:alert(1)', 'data:text/html,<script>alert(1)</script>', 'vbscript:msgbox(1)', 'blob:http://x/1', 'file:///etc/passwd', 'view-source:javascript:alert(1)', 'http://[', '', null, { toString: 'x' }];

test('sdk: hostile titles, addresses and contents stay text', async () => {
  const items = links.map((url, i) => ({ productId: attacks[i % attacks.length], title: attacks[i % attacks.length], brand: attacks[0], url, image: url, price: 1, currency: i % 2 ? 'EUR' : 'no "currency"', score: 1, layer: 0, reasons: [{ kind: 'x', weight: 1, text: attacks[i % attacks.length] }] }));
  const decisions = [
    { placement: 'items', decisionId: attacks[1], kind: 'recommendation', content: null, items, reasons: [] },
    { placement: 'mine', decisionId: 'd', kind: 'recommendation', content: null, items, reasons: [] },
    ...attacks.map((attack, i) => ({ placement: `c${i}`, decisionId: 'd', kind: 'content', content: { title: attack, text: attack, url: links[i], image: links[i], action: attack, __proto__: { x: 1 } }, items: [], reasons: [] })),
    { placement: 'odd1', decisionId: 'd', kind: 'content', content: 'just text', items: [], reasons: [] },
    { placement: 'odd2', decisionId: 'd', kind: 'content', content: [[{ title: 'x' }]], items: [], reasons: [] },
    { placement: 'odd3', decisionId: 'd', kind: 'recommendation', content: null, items: [], reasons: [] },
    { placement: 'odd4', decisionId: 'd', kind: 'unheard', content: { title: 'x' }, items: [], reasons: [] },
  ];
  front.reset();
  front.mode = (request) => (request.path === '/v1/decide' ? { status: 200, body: { decisions } } : 'pass');
  const template = '<template><a data-kunde="url"><img data-kunde="image"><b data-kunde="title"></b></a><script data-kunde="title">1</script><style data-kunde="title"></style><iframe data-kunde="url title"></iframe><button data-kunde="title"></button></template>';
  pages.set('/hostile', { tag: 'data-page="off" data-consent="personalise"', body: decisions.map(({ placement }) => `<kunde-slot placement="${placement}">${placement === 'mine' ? template : '<p>own</p>'}</kunde-slot>`).join('') });
  const context = await profile();
  const page = await open(context, '/hostile');
  await state(page, 'filled');
  await pause(300);
  const found = await page.evaluate(() => {
    const all = [...document.querySelectorAll('kunde-slot')].flatMap((slot) => [...slot.shadowRoot.querySelectorAll('*'), ...slot.querySelectorAll('*')]);
    return {
      names: [...new Set(all.map((one) => one.localName))].sort(),
      handlers: all.filter((one) => [...one.attributes].some((a) => a.name.startsWith('on'))).length,
      addresses: all.flatMap((one) => [one.getAttribute('href'), one.getAttribute('src')]).filter(Boolean),
      states: ['odd1', 'odd2', 'odd3', 'odd4'].map((name) => document.querySelector(`[placement=${name}]`).getAttribute('state')),
      title: document.querySelector('[placement=items]').shadowRoot.querySelector('[part=title]').textContent,
    };
  });
  assert.deepEqual(found.names, ['a', 'b', 'button', 'div', 'li', 'p', 'slot', 'small', 'span', 'template', 'ul']);
  assert.deepEqual([found.handlers, found.addresses], [0, []]);
  assert.deepEqual(found.states, ['fallback', 'fallback', 'fallback', 'fallback']);
  assert.equal(found.title, attacks[0]);
  await page.locator('[placement=mine] button').first().click();
  await done(context, page);
});

test('sdk: an answer that is none leaves the shop its own', async () => {
  const context = await profile();
  for (const text of ['', 'no json', '[]', 'null', '1', '{"decisions":null}', '{"decisions":[null,1,{"placement":"trending"},{"placement":"trending","items":[null]}]}', '{"decisions":{"length":3}}', '<html>']) {
    front.reset();
    front.mode = (request) => (request.path === '/v1/decide' ? { status: 200, text } : 'pass');
    const page = await open(context, '/plain');
    await page.evaluate(() => {
      const slot = document.createElement('kunde-slot');
      slot.setAttribute('placement', 'trending');
      slot.append('our own');
      document.body.append(slot);
    });
    await state(page, 'fallback');
    await page.evaluate(() => kunde.decide(['trending']).then((list) => { if (!Array.isArray(list)) throw new Error('no list'); }));
    assert.deepEqual(page.noise, [], text);
    await page.close();
  }
  await context.close();
});
