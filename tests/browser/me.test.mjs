// The shopper's own console, with scripts switched off: English and German, light and dark, on a phone, clean for axe.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import fs from 'node:fs';
import path from 'node:path';
import { createRequire } from 'node:module';
import { chromium } from 'playwright-core';
import { screenshots, Server, serverKey } from './house.mjs';

const axeSource = fs.readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
let starting;
let launching;
const server = () => (starting ??= Server.start());
const browser = () => (launching ??= chromium.launch({ executablePath: process.env.KD_CHROMIUM ?? '/usr/bin/chromium', args: ['--no-sandbox'] }));

after(async () => {
  await (await launching)?.close();
  await (await starting)?.stop();
});

async function api(one, method, where, body, headers = {}) {
  const answer = await fetch(one.url + where, { method, headers: { authorization: `Bearer ${serverKey}`, 'content-type': 'application/json', ...headers }, body: body && JSON.stringify(body) });
  assert.ok(answer.ok, `${method} ${where}: ${answer.status} ${await answer.clone().text()}`);
  return answer.json();
}

// A page that somebody with a link sees; `script` only for axe, which is one.
async function come(one, who, { script = false, ...options } = {}) {
  const context = await (await browser()).newContext({ baseURL: one.url, javaScriptEnabled: script, bypassCSP: script, ...options });
  const page = await context.newPage();
  page.problems = [];
  page.on('console', (message) => ['error', 'warning'].includes(message.type()) && page.problems.push(message.text()));
  const { url } = await api(one, 'POST', `/v1/admin/profiles/${who}/me-link`, {});
  await page.goto(url);
  assert.equal(new URL(page.url()).search, '', 'no token stays in the address');
  return page;
}

async function someone(one) {
  const { people } = await api(one, 'GET', '/v1/admin/profiles?limit=100');
  for (const person of people) {
    const me = await api(one, 'GET', '/v1/me', undefined, { 'kunde-person-id': person.person });
    if (me.purchases.length > 2 && me.inferred.length > 3) {
      await api(one, 'POST', '/v1/decide', { placements: ['home-for-you'], customer: { personId: person.person } }).catch(() => undefined);
      return person.person;
    }
  }
  throw new Error('nobody in the demo bought anything lately');
}

let chosen;
const who = async (one) => (chosen ??= await someone(one));

async function shoot(page, name) {
  fs.mkdirSync(screenshots, { recursive: true });
  await page.screenshot({ path: path.join(screenshots, `${name}.png`), fullPage: true });
}

test('me: what is told by forms is saved and shown, without any script', async () => {
  const one = await server();
  const page = await come(one, await who(one));
  await page.getByRole('heading', { level: 1, name: 'You and this shop' }).waitFor();
  for (const name of ['What we know', 'What you told us', 'Purchases', 'What we send you', 'Why you saw this', 'Consents', 'Take it with you', 'Forget me'])
    await page.getByRole('heading', { level: 2, name, exact: true }).waitFor();
  const colours = page.getByRole('group', { name: 'Colours' }).getByRole('checkbox').first();
  await colours.check();
  await page.locator('form', { has: page.getByRole('group', { name: 'Colours' }) }).getByRole('button', { name: 'Save' }).click();
  await page.getByRole('status').filter({ hasText: 'Saved.' }).waitFor();
  assert.equal(await page.getByRole('group', { name: 'Colours' }).getByRole('checkbox').first().isChecked(), true);
  await page.getByRole('button', { name: /^Was a gift/ }).first().click();
  await page.getByRole('button', { name: /^Was no gift/ }).first().waitFor();
  await page.getByRole('button', { name: 'Pause', exact: true }).click();
  await page.getByRole('button', { name: 'Know me again' }).click();
  await page.getByRole('button', { name: /^Turn on: Offers by e-mail/ }).click();
  await page.getByRole('button', { name: /^Turn off: Offers by e-mail/ }).waitFor();
  await page.getByLabel('Begin at this page of the shop').fill('https://evil.example');
  await page.locator('form', { has: page.getByLabel('Light or dark') }).getByRole('button', { name: 'Save' }).click();
  await page.getByRole('alert').filter({ hasText: 'Not saved' }).waitFor();
  assert.deepEqual(page.problems.filter((text) => !/400/.test(text)), []);
  await shoot(page, 'me-en-light');
  await page.context().close();
});

for (const [name, options, heading] of [
  ['me-de-dark', { colorScheme: 'dark', locale: 'de-DE' }, 'Sie und dieser Laden'],
  ['me-en-phone', { viewport: { width: 360, height: 740 }, locale: 'en-GB' }, 'You and this shop'],
  ['me-de-phone-dark', { viewport: { width: 360, height: 740 }, colorScheme: 'dark', locale: 'de-DE' }, 'Sie und dieser Laden'],
]) {
  test(`me: ${name} is clean for axe and as wide as the window`, async () => {
    const one = await server();
    const page = await come(one, await who(one), { script: true, ...options });
    await page.getByRole('heading', { level: 1, name: heading }).waitFor();
    assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= window.innerWidth), 'nothing is wider than the window');
    await page.evaluate(axeSource);
    const { violations } = await page.evaluate(() => window.axe.run(document));
    assert.deepEqual(violations.map((v) => `${v.id}: ${v.nodes.map((n) => n.html).slice(0, 3).join(' ')}`), []);
    assert.deepEqual(page.problems, []);
    await shoot(page, name);
    await page.goto('/me/how');
    await page.evaluate(axeSource);
    assert.deepEqual((await page.evaluate(() => window.axe.run(document))).violations.map((v) => v.id), []);
    await page.context().close();
  });
}

test('me: without a link nothing is shown', async () => {
  const one = await server();
  const context = await (await browser()).newContext({ baseURL: one.url, javaScriptEnabled: false });
  const page = await context.newPage();
  const answer = await page.goto('/me');
  assert.equal(answer.status(), 401);
  await page.getByRole('heading', { level: 1, name: 'Please come with a new link' }).waitFor();
  await context.close();
});
