// The documentation at /docs: every page reads well everywhere, links lead somewhere, the search finds.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { barriers, house, openPage, refusals, screenshot, settle, visit } from './house.mjs';

async function addresses(server) {
  const html = await (await fetch(`${server.url}/docs`)).text();
  return [...new Set([...html.matchAll(/href="(\/docs[^"#]*)"/g)].map((match) => match[1]))];
}

test('docs: every page, light on a desktop and dark on a phone', async () => {
  const server = await house();
  const all = await addresses(server);
  assert.ok(all.length > 10, `only ${all.length} pages`);
  for (const look of [{ scheme: 'light', size: 'desktop' }, { scheme: 'dark', size: 'phone' }]) {
    const context = await visit(server, { ...look, loggedIn: false });
    const page = await openPage(context);
    for (const [i, address] of all.entries()) {
      await page.goto(address);
      await settle(page, { quietMs: 50 });
      if (look.scheme === 'light' || i % 4 === 0) assert.deepEqual(await barriers(page), [], `${address} ${look.scheme}`);
      const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
      assert.ok(wide <= 0, `${address} is ${wide} px too wide on a ${look.size}`);
      assert.equal(await page.getByRole('main').count(), 1);
      assert.deepEqual(await refusals(page), [], address);
    }
    await page.goto('/docs/collect');
    await screenshot(page, `docs-collect-${look.scheme}-${look.size}`, { fullPage: false });
    assert.deepEqual(page.problems, []);
    await context.close();
  }
});

test('docs: every link and every anchor leads somewhere', async () => {
  const server = await house();
  const pages = new Map();
  for (const address of await addresses(server)) pages.set(address, await (await fetch(server.url + address)).text());
  const lost = [];
  for (const [from, html] of pages) {
    for (const [, target] of html.matchAll(/(?:href|src|data-index)="([^"]+)"/g)) {
      if (/^https?:/.test(target)) continue;
      const [file, anchor] = target.split('#');
      if (pages.has(file) || file === '') {
        if (anchor && anchor !== 'main' && !pages.get(file || from).includes(`id="${anchor}"`)) lost.push(`${from}: ${target}`);
      } else if (!(await fetch(server.url + file)).ok) lost.push(`${from}: ${target}`);
    }
    assert.ok(!html.includes('<!-- '), `${from} shows a comment`);
  }
  assert.deepEqual(lost, []);
  assert.equal((await fetch(`${server.url}/docs/notes`)).status, 404);
});

test('docs: the search finds by heading and text, by keyboard alone', async () => {
  const server = await house();
  const context = await visit(server, { loggedIn: false });
  const page = await openPage(context);
  await page.goto('/docs');
  await page.keyboard.press('/');
  await page.keyboard.type('quarantined rows');
  await page.getByRole('option').first().waitFor();
  assert.deepEqual(await barriers(page), []);
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('ArrowUp');
  await page.keyboard.press('Enter');
  await page.waitForURL(/\/docs\/\w+/);
  await page.keyboard.press('Control+k');
  await page.keyboard.type('zzzz');
  await page.getByText('Nothing found').waitFor();
  await page.keyboard.press('Escape');
  assert.equal(await page.getByText('Nothing found').isVisible(), false);
  assert.deepEqual(page.problems, []);
  await context.close();
});

test('docs: without a script they read as well', async () => {
  const server = await house();
  const context = await visit(server, { loggedIn: false, javaScriptEnabled: false, size: 'phone' });
  const page = await context.newPage();
  await page.goto('/docs/demo');
  await page.getByText('All pages').first().click();
  await page.getByRole('link', { name: 'Settings' }).first().click();
  await page.getByRole('heading', { level: 1, name: 'Settings' }).waitFor();
  assert.equal(await page.locator('.search').isVisible(), false);
  await context.close();
});

test('docs: examples name this server', async () => {
  const server = await house();
  const context = await visit(server, { loggedIn: false });
  const page = await openPage(context);
  await page.goto('/docs/collect');
  await page.getByText(`${server.url}/v1/track`).first().waitFor();
  await context.grantPermissions(['clipboard-read', 'clipboard-write']);
  await page.getByRole('button', { name: 'Copy' }).first().click();
  await page.getByRole('button', { name: 'Copied' }).waitFor();
  assert.match(await page.evaluate(() => navigator.clipboard.readText()), /^curl .*\/v1\/track/);
  assert.deepEqual(page.problems, []);
  await context.close();
});
