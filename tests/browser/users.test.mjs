// Users: an owner invites somebody, who sets a password, a second factor, and comes back with both; pages show what a role may.
import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { after, test } from 'node:test';
import { barriers, openPage, refusals, screenshot, Server, settle, visit } from './house.mjs';

let own;
const start = async () => (own ??= await Server.start());
after(async () => (await own)?.stop());

const password = 'correct horse battery staple';
function codeOf(secret, step = 0) {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';
  const bits = [...secret].map((c) => alphabet.indexOf(c).toString(2).padStart(5, '0')).join('');
  const key = Buffer.from(bits.match(/.{8}/g).map((b) => parseInt(b, 2)));
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(Math.floor(Date.now() / 30000) + step));
  const mac = createHmac('sha1', key).update(counter).digest();
  return String((mac.readUInt32BE(mac[19] & 15) & 0x7fffffff) % 1e6).padStart(6, '0');
}

let link, secret;

test('users: an owner invites somebody and says which roles need a second factor', async () => {
  const server = await start();
  const context = await visit(server, { loggedIn: false });
  const page = await openPage(context);
  await page.goto(server.login);
  await page.goto('/settings/users');
  await page.getByText('Owner', { exact: true }).first().waitFor();
  await page.getByRole('button', { name: 'Invite somebody' }).click();
  await page.getByLabel('Name', { exact: true }).fill('Ada Analyst');
  await page.getByLabel('E-mail').fill('ada@shop.example');
  await page.getByRole('radio', { name: 'Analyst' }).check();
  await page.getByRole('dialog').getByRole('button', { name: 'Invite somebody' }).click();
  await page.getByText('Send this link to Ada Analyst').waitFor();
  link = await page.getByRole('dialog').getByText('/login#invitation=').first().textContent();
  link = link.match(/http\S+/)[0];
  await settle(page);
  assert.deepEqual(await barriers(page), []);
  await screenshot(page, 'users-invited');
  await page.keyboard.press('Escape');
  await page.getByRole('checkbox', { name: 'Analyst' }).check();
  await page.getByText('Ada Analyst').first().waitFor();
  await settle(page);
  assert.deepEqual(await barriers(page), []);
  await screenshot(page, 'users');
  assert.deepEqual([page.problems, await refusals(page)], [[], []]);
  server.state = await context.storageState();
  await context.close();
});

test('users: who was invited sets a password and a second factor, and sees what the role may', async () => {
  const server = await start();
  const context = await visit(server, { loggedIn: false });
  const page = await openPage(context);
  page.expected.push(/status of 403/);
  await page.goto(link);
  await page.getByLabel('New password').fill(password);
  assert.deepEqual(await barriers(page), []);
  await screenshot(page, 'invitation');
  await page.getByRole('button', { name: 'Set password and enter' }).click();
  await page.getByText('Your role needs a second factor').waitFor();
  await page.getByRole('button', { name: 'Set it up' }).click();
  await page.getByRole('img', { name: 'The key as a QR code' }).waitFor();
  secret = (await page.getByText(/^[A-Z2-7]{32}$/).first().textContent()).trim();
  assert.deepEqual(await barriers(page), []);
  await screenshot(page, 'two-factor');
  await page.getByLabel('Code', { exact: true }).fill(codeOf(secret));
  await page.getByRole('button', { name: 'Confirm' }).click();
  await page.getByText('Each replaces one code').waitFor();
  await page.getByText('On. 10 recovery codes are left.').waitFor();
  const tabs = await page.getByRole('navigation', { name: 'Parts of the settings' }).getByRole('link').allTextContents();
  assert.ok(!tabs.includes('Users') && !tabs.includes('Keys') && tabs.includes('My account'), tabs.join());
  await settle(page);
  assert.deepEqual(page.problems, []);
  await context.close();
});

for (const [language, scheme, size] of [['en', 'light', 'desktop'], ['de', 'dark', 'phone']])
  test(`users: back by e-mail, password and code (${language}, ${scheme}, ${size})`, async () => {
    const server = await start();
    const context = await visit(server, { language, scheme, size, loggedIn: false });
    const page = await openPage(context);
    page.expected.push(/status of 401/, /status of 403/);
    await page.goto('/login');
    await page.getByLabel(language === 'de' ? 'E-Mail' : 'E-mail').fill('ada@shop.example');
    await page.getByLabel(language === 'de' ? 'Passwort' : 'Password', { exact: true }).fill(password);
    const enter = page.getByRole('button', { name: language === 'de' ? 'Anmelden' : 'Log in' });
    await enter.click();
    const code = page.getByLabel('Code', { exact: true });
    await code.fill('000000');
    await enter.click();
    await page.getByText(language === 'de' ? 'Dieser Code ist falsch' : 'This code is wrong').waitFor();
    assert.deepEqual(await barriers(page), []);
    await screenshot(page, `login-code-${language}-${size}`);
    if (language === 'en') {
      await code.fill(codeOf(secret, 1)); // the one of enrolling was used
      await enter.click();
      await page.waitForURL((url) => url.pathname === '/');
      await page.goto('/settings/users'); // not theirs: led to what is
      await page.waitForURL('**/settings/account');
      await settle(page);
      await screenshot(page, 'account');
    }
    await context.close();
  });

test('users: the page of users on a telephone, in the dark, in German', async () => {
  const server = await start();
  const context = await visit(server, { language: 'de', scheme: 'dark', size: 'phone' });
  const page = await openPage(context);
  await page.goto('/settings/users');
  await page.getByText('Ada Analyst').first().waitFor();
  await settle(page);
  assert.deepEqual(await barriers(page), []);
  await screenshot(page, 'users-de-phone');
  assert.deepEqual([page.problems, await refusals(page)], [[], []]);
  await context.close();
});
