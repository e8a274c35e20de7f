// The pictures of the documentation: docs/images/*.webp, from a demo shop of always the same seed. Run by ./test --screenshots; the
// files are committed, so keep them few and small.
import fs from 'node:fs';
import path from 'node:path';
import { close, openPage, root, Server, settle, visit } from './house.mjs';

const folder = path.join(root, 'docs', 'images');
const bytesMax = 120_000;

// A WebP as small as it must be: Chromium makes them, playwright only does not ask for it.
async function keep(page, name) {
  const session = await page.context().newCDPSession(page);
  for (let quality = 82; ; quality -= 8) {
    const { data } = await session.send('Page.captureScreenshot', { format: 'webp', quality });
    const bytes = Buffer.from(data, 'base64');
    if (bytes.length > bytesMax && quality > 30) continue;
    fs.mkdirSync(folder, { recursive: true });
    fs.writeFileSync(path.join(folder, `${name}.webp`), bytes);
    console.log(`docs/images/${name}.webp ${bytes.length} bytes`);
    return;
  }
}

const server = await Server.start({ shop: ['--customers', '3000', '--products', '400', '--days', '365', '--seed', '1'] });
const wide = { width: 1280, height: 800 };
const office = await openPage(await visit(server, { viewport: wide }));
const shop = await openPage(await visit(server, { viewport: wide, loggedIn: false }));

async function picture(page, name, at, ready = () => page.getByRole('heading', { level: 1 }).first().waitFor()) {
  await page.goto(at);
  await ready();
  await settle(page, { quietMs: 800 });
  await keep(page, name);
}

// Somebody looks around, so that there is something to see.
await shop.goto('/shop');
await shop.getByRole('button', { name: 'Yes, both' }).click();
await shop.goto('/shop/people');
await shop.getByRole('button', { name: 'Shop as Svea' }).click();
await shop.getByText('Good to see you, Svea').waitFor();
for (const id of ['P00120', 'P00130', 'P00125']) {
  await shop.goto(`/shop/p/${id}`);
  await shop.getByRole('heading', { level: 1 }).waitFor();
}
await picture(shop, 'shop', '/shop', () => shop.locator('kunde-slot[state="filled"]').first().waitFor());
await shop.getByRole('button', { name: 'Glass' }).or(shop.getByText('Glass', { exact: true })).first().click();
await shop.getByText('What Kunde sees').first().waitFor();
await settle(shop, { quietMs: 800 });
await keep(shop, 'shop-glass');

const { personId } = await server.api('POST', '/v1/admin/profiles/find', { id: 'userId:persona-swimmer' });
await picture(office, 'home', '/');
await picture(office, 'live', '/live');
await picture(office, 'person', `/people/${personId}`);
await picture(office, 'catalogue', '/catalogue/P00125');
await picture(office, 'recommendations', `/recommendations?person=${personId}`);
await close();
await server.stop();
