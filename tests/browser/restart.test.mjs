// A server that goes away and comes back under the pages: they say so, wait, and heal by themselves.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { openPage, screenshot, Server, serverKey, settle, visit } from './house.mjs';

let starting;
const server = () => (starting ??= Server.start());

after(async () => (await starting)?.stop());

const broken = [/status of (401|502|503)/, /ERR_(CONNECTION|INCOMPLETE|EMPTY|NETWORK|SOCKET)|Failed to fetch/];

// Sessions end with the process. The pages of somebody who set a password would ask for it; a test of healing gives them the
// server's key instead, as a proxy before the server could.
async function withKey(one) {
  return visit(one, { loggedIn: false, extraHTTPHeaders: { authorization: `Bearer ${serverKey}` } });
}

const row = (page, name) => page.getByRole('row', { name }).first();

test('restart: Live events connects again by itself and shows what came meanwhile', async () => {
  const one = await server();
  const context = await withKey(one);
  const page = await openPage(context);
  page.expected.push(...broken);
  await page.goto('/live');
  await page.getByRole('heading', { level: 1, name: 'Live events' }).waitFor();
  const main = page.getByRole('main');
  await main.getByText('Live', { exact: true }).waitFor();
  await one.track('Before The Restart', { anonymousId: 'restart-1' });
  await row(page, 'Before The Restart').waitFor();
  await one.stop();
  await page.getByText('The line to the server broke').waitFor();
  await screenshot(page, 'live-lost', { fullPage: false });
  await one.run();
  await one.track('While Nobody Looked', { anonymousId: 'restart-1' });
  await row(page, 'While Nobody Looked').waitFor({ timeout: 30_000 });
  await main.getByText('Live', { exact: true }).waitFor();
  await one.track('After The Restart', { anonymousId: 'restart-1' });
  await row(page, 'After The Restart').waitFor();
  assert.deepEqual(page.problems, []);
  await context.close();
});

test('restart: a killed server is survived as well', async () => {
  const one = await server();
  const context = await withKey(one);
  const page = await openPage(context);
  page.expected.push(...broken);
  await page.goto('/live');
  await page.getByRole('main').getByText('Live', { exact: true }).waitFor();
  await one.kill();
  await page.getByText('The line to the server broke').waitFor();
  await one.run();
  await one.track('After The Kill', { anonymousId: 'restart-2' });
  await row(page, 'After The Kill').waitFor({ timeout: 30_000 });
  assert.deepEqual(page.problems, []);
  await context.close();
});

test('restart: home and catalogue heal; the frame says that the server is away', async () => {
  const one = await server();
  const context = await withKey(one);
  const page = await openPage(context);
  page.expected.push(...broken);
  await page.goto('/');
  await page.getByRole('heading', { level: 1, name: 'Home' }).waitFor();
  await settle(page);
  await one.stop();
  await page.getByText('not reached').waitFor({ timeout: 20_000 });
  await page.getByRole('link', { name: 'Catalogue' }).first().click();
  await screenshot(page, 'server-away', { fullPage: false });
  await one.run();
  await page.getByRole('heading', { level: 1, name: 'Catalogue' }).waitFor({ timeout: 30_000 });
  await page.getByRole('main').getByRole('link', { name: /Jacket|Boots|Hat/ }).first().waitFor({ timeout: 30_000 });
  await page.getByRole('link', { name: 'Home', exact: true }).first().click();
  await page.getByText('Day by day').first().waitFor({ timeout: 30_000 });
  await page.getByText('not reached').waitFor({ state: 'detached', timeout: 20_000 });
  assert.deepEqual(page.problems, []);
  await context.close();
});
