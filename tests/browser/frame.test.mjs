// The door and the frame: login by link and by password, logout, a session that has ended, keyboard, search, deep links.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { barriers, house, openPage, refusals, screenshot, Server, settle, visit } from './house.mjs';

const password = 'ein langes Passwort, das niemand rät';
let own;

// Passwords end sessions, so these tests have a server of their own.
async function door() {
  own ??= Server.start();
  return own;
}

after(async () => (await own)?.stop());

const pathOf = (page) => new URL(page.url()).pathname + new URL(page.url()).search;

test('door: who is not logged in is led to the login page and back to where they wanted', async () => {
  const server = await door();
  const context = await visit(server, { loggedIn: false });
  const page = await openPage(context);
  page.expected.push(/status of 401/);
  await page.goto('/catalogue?q=hat');
  await page.waitForURL('**/login?next=*');
  await page.goto(server.login);
  await page.waitForURL((url) => url.pathname === '/');
  await page.getByRole('heading', { level: 1, name: 'Home' }).waitFor();
  assert.equal(await page.evaluate(() => document.cookie), '', 'no script reads the session');
  const cookie = (await context.cookies()).find(({ name }) => name === 'kunde_session');
  assert.deepEqual([cookie?.httpOnly, cookie?.sameSite], [true, 'Strict']);
  await settle(page);
  assert.deepEqual(page.problems, []);
  server.state = await context.storageState();
  await context.close();
});

test('door: a link that is spent opens nothing and says so', async () => {
  const server = await door();
  const context = await visit(server, { loggedIn: false });
  const page = await openPage(context);
  page.expected.push(/status of 401/);
  await page.goto(server.login);
  await page.getByText('This link has been used already').waitFor();
  assert.equal((await context.cookies()).length, 0);
  assert.deepEqual(await barriers(page), []);
  await context.close();
});

test('door: a password is set, opens the door, and a wrong one does not', async () => {
  const server = await door();
  const context = await visit(server);
  const page = await openPage(context);
  page.expected.push(/status of 401/);
  await page.goto('/settings/password');
  await page.getByLabel('New password').fill('short');
  await page.getByRole('button', { name: 'Set the password' }).click();
  await page.getByText('The password has 5 characters; it needs 10.').waitFor();
  await page.getByLabel('New password').fill(password);
  await page.getByLabel('Once more').fill(password);
  await page.getByRole('button', { name: 'Set the password' }).click();
  await page.getByText('The password is set.', { exact: false }).first().waitFor();

  await page.getByRole('button', { name: 'You' }).click();
  await page.getByText('Log out', { exact: true }).click();
  await page.waitForURL('**/login');
  assert.equal(await page.evaluate(() => fetch('/v1/admin/me').then((answer) => answer.status)), 401, 'the session is over');

  await page.goto('/login?next=%2Fpeople');
  await page.getByLabel('Password', { exact: true }).fill('not the password at all');
  await page.keyboard.press('Enter');
  await page.getByText('This is not the password').waitFor();
  await page.getByLabel('Password', { exact: true }).fill(password);
  await page.keyboard.press('Enter');
  await page.waitForURL('**/people');
  await page.getByRole('heading', { level: 1, name: 'People' }).waitFor();
  server.state = await context.storageState();
  await context.close();
});

test('door: the way back after the login leads nowhere else', async () => {
  const server = await door();
  for (const next of ['https://outside.example/', '//outside.example/', '/\\outside.example', 'javascript:alert(1)', '/login']) {
    const context = await visit(server, { loggedIn: false });
    const page = await openPage(context);
    page.expected.push(/status of (401|429)/);
    await page.goto(`/login?next=${encodeURIComponent(next)}`);
    await page.getByLabel('Password', { exact: true }).fill(password);
    await page.keyboard.press('Enter');
    await page.waitForURL((url) => url.pathname !== '/login' || url.origin !== server.url, { timeout: 5000 });
    assert.equal(new URL(page.url()).origin, server.url, next);
    assert.deepEqual(page.problems, [], next);
    await context.close();
  }
});

test('door: a session that has ended leads to the login page, and back to the same place', async () => {
  const server = await door();
  const context = await visit(server);
  const page = await openPage(context);
  page.expected.push(/status of (401|503)/, /ERR_CONNECTION|Failed to fetch|ERR_INCOMPLETE|ERR_EMPTY|ERR_NETWORK/);
  await page.goto('/catalogue?q=hat');
  await page.getByRole('heading', { level: 1, name: 'Catalogue' }).waitFor();
  await server.stop();
  await server.run(); // sessions live in memory
  await page.reload();
  await page.waitForURL('**/login?next=*');
  await page.getByLabel('Password', { exact: true }).fill(password);
  await page.keyboard.press('Enter');
  await page.waitForURL('**/catalogue?q=hat');
  await page.getByRole('heading', { level: 1, name: 'Catalogue' }).waitFor();
  await context.close();
});

test('frame: through the rooms by keyboard, with a ring around what has the focus', async () => {
  const server = await house();
  const context = await visit(server);
  const page = await openPage(context);
  await page.goto('/');
  await page.getByRole('heading', { level: 1, name: 'Home' }).waitFor();
  await page.keyboard.press('Tab');
  assert.match(await page.evaluate(() => document.activeElement.textContent), /To the content/, 'first the way past the frame');
  const seen = [];
  for (let i = 0; i < 40; i++) {
    await page.keyboard.press('Tab');
    const stop = await page.evaluate(() => {
      const at = document.activeElement;
      const style = getComputedStyle(at);
      const ringed = (part) => part && (getComputedStyle(part).outlineStyle !== 'none' || getComputedStyle(part).boxShadow !== 'none');
      return { name: (at.getAttribute('aria-label') ?? at.textContent ?? '').trim().slice(0, 40), ring: style.outlineStyle !== 'none' || style.boxShadow !== 'none' || ringed(at.parentElement), visible: at.checkVisibility() };
    });
    if (stop.name === '') continue;
    seen.push(stop.name);
    assert.ok(stop.visible, `${stop.name} has the focus and is not visible`);
    assert.ok(stop.ring, `${stop.name} has the focus and no ring`);
    if (stop.name === 'People') break;
  }
  assert.ok(seen.includes('Catalogue') && seen.includes('Live events') && seen.at(-1) === 'People', seen.join(', '));
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { level: 1, name: 'People' }).waitFor();
  assert.equal(await page.evaluate(() => document.activeElement?.id), 'content', 'a new page has the focus at its content');
  await settle(page);
  assert.deepEqual(page.problems, []);
  await context.close();
});

test('search: Ctrl-K finds pages, products and people; what is asked stands in no address', async () => {
  const server = await house();
  const { variants, title } = await server.api('GET', '/v1/admin/products/P00018');
  assert.ok(variants.length > 0);
  const context = await visit(server);
  const page = await openPage(context);
  const asked = [];
  page.on('request', (request) => asked.push(request.url()));
  await page.goto('/');
  await page.getByRole('heading', { level: 1, name: 'Home' }).waitFor();
  await page.keyboard.press('Control+k');
  await page.getByRole('dialog').waitFor();
  assert.deepEqual(await barriers(page), []);
  await page.keyboard.type('recomm');
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { level: 1, name: 'Recommendations' }).waitFor();
  await page.keyboard.press('Control+k');
  await page.keyboard.type(title);
  await page.getByRole('option', { name: title }).first().waitFor();
  await screenshot(page, 'search', { fullPage: false });
  await page.getByRole('option', { name: title }).first().click();
  await page.waitForURL('**/catalogue/P*');
  await page.keyboard.press('Control+k');
  await page.keyboard.type('persona-swimmer@example.com');
  await page.getByRole('option', { name: /Person/ }).first().waitFor();
  await page.keyboard.press('Enter');
  await page.waitForURL('**/people/*');
  await page.keyboard.press('Control+k');
  await page.keyboard.press('Escape');
  assert.equal(await page.getByRole('dialog').count(), 0);
  assert.deepEqual(asked.filter((url) => /persona|example\.com|%40/.test(url)), [], 'an address has somebody in it');
  assert.ok(!/persona|example/.test(page.url()));
  await settle(page);
  assert.deepEqual(page.problems, []);
  await context.close();
});

test('deep links: what is chosen stands in the address, and the address brings it back', async () => {
  const server = await house();
  const context = await visit(server);
  const page = await openPage(context);
  await page.goto('/catalogue');
  await page.getByRole('heading', { level: 1, name: 'Catalogue' }).waitFor();
  await settle(page);
  await page.getByRole('main').getByRole('searchbox').or(page.getByRole('main').getByRole('textbox')).first().fill('boots');
  await page.waitForURL(/q=boots/);
  await settle(page);
  const before = pathOf(page);
  const shown = await page.getByRole('main').innerText();
  const again = await openPage(context);
  await again.goto(before);
  await again.getByRole('heading', { level: 1, name: 'Catalogue' }).waitFor();
  await settle(again);
  assert.equal(await again.getByRole('main').getByRole('searchbox').or(again.getByRole('main').getByRole('textbox')).first().inputValue(), 'boots');
  assert.equal(await again.getByRole('main').innerText(), shown);
  assert.deepEqual([...page.problems, ...again.problems], []);
  await context.close();
});

test('language and colours: switched in the frame, kept by the browser', async () => {
  const server = await house();
  const context = await visit(server);
  const page = await openPage(context);
  await page.goto('/people');
  await page.getByRole('heading', { level: 1, name: 'People' }).waitFor();
  await page.getByRole('button', { name: 'DE' }).click();
  await page.getByRole('heading', { level: 1, name: 'Personen' }).waitFor();
  await page.getByRole('button', { name: 'Dunkle Farben' }).click();
  await page.reload();
  await page.getByRole('heading', { level: 1, name: 'Personen' }).waitFor();
  assert.equal(await page.evaluate(() => document.documentElement.getAttribute('data-mantine-color-scheme')), 'dark');
  assert.equal(await page.evaluate(() => document.documentElement.lang), 'de');
  await settle(page);
  assert.deepEqual(page.problems, []);
  assert.deepEqual(await refusals(page), []);
  await context.close();
});
