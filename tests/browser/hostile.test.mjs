// Text from outside stays text: titles, names, ids, traits, pictures and giant tables, on every page that shows them.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { long, pictures, texts } from './corpus.mjs';
import { openPage, refusals, screenshot, Server, settle, visit } from './house.mjs';

let server;
let person;
let context;

const product = (i) => ({
  id: `H-${i}`,
  title: texts[i % texts.length],
  description: i % 7 === 0 ? long : texts[(i + 3) % texts.length],
  brand: texts[(i + 5) % texts.length],
  category: `${texts[(i + 1) % 6].replaceAll('>', '')} > ${texts[(i + 2) % texts.length].replaceAll('>', '')}`,
  image: pictures[i % pictures.length],
  price: 10 + (i % 90), currency: 'EUR',
  attributes: { style: texts[(i + 7) % texts.length].slice(0, 200) },
  variants: [{ sku: `H-${i}-<b>1</b>`, size: texts[(i + 4) % 6].slice(0, 60), color: texts[(i + 9) % 6].slice(0, 60), stock: { web: 3 } }],
});

async function fill() {
  // Five thousand rows that are all of it, as a shop's feed would bring them.
  for (let from = 0; from < 5000; from += 250) {
    const rows = Array.from({ length: 250 }, (_, i) => product(from + i));
    await server.api('PUT', '/v1/admin/products', { products: rows });
  }
  const batch = [{ type: 'identify', userId: texts[0], messageId: 'h-0', traits: { firstName: texts[0], lastName: texts[3], city: texts[2], about: long, '<b>trait</b>': texts[1] } }];
  texts.forEach((text, i) => {
    batch.push({ type: 'track', userId: texts[0], messageId: `h-${i}-view`, event: 'Product Viewed', properties: { product_id: `H-${i}`, name: text, note: text, [text.slice(0, 80)]: text } });
    batch.push({ type: 'track', userId: texts[0], messageId: `h-${i}-own`, event: text.slice(0, 120), properties: { text, product_id: `unknown-${text.slice(0, 60)}`, name: text } });
  });
  batch.push({ type: 'track', userId: texts[0], messageId: 'h-long', event: 'Product Viewed', properties: { product_id: 'H-1', name: long.slice(0, 900), about: long } });
  batch.push({ type: 'track', userId: texts[0], messageId: 'h-order', event: 'Order Completed', properties: { order_id: texts[2], total: 12, currency: 'EUR', products: [{ product_id: 'H-2', price: 12, quantity: 1, name: texts[2] }] } });
  await server.api('POST', '/v1/batch', { batch });
  person = (await server.api('POST', '/v1/admin/profiles/find', { id: `userId:${texts[0]}` })).personId;
}

before(async () => {
  server = await Server.start();
  await fill();
  context = await visit(server, { size: 'phone' });
});

after(async () => {
  await context?.close();
  await server?.stop();
});

async function unharmed(page, name) {
  assert.equal(await page.evaluate(() => globalThis.__owned), undefined, `${name}: a script ran`);
  assert.deepEqual(page.problems, [], name);
  assert.deepEqual(await refusals(page), [], name);
  const wide = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  assert.ok(wide <= 0, `${name} is ${wide} px wider than the screen`);
  assert.equal(await page.evaluate(() => [...document.querySelectorAll('a[href], form[action], iframe')].filter((part) => /^(javascript|data):/i.test(part.getAttribute('href') ?? part.getAttribute('action') ?? 'data:')).length), 0, `${name}: an address that runs`);
}

const places = {
  home: () => '/',
  live: () => '/live',
  people: () => '/people',
  person: () => `/people/${person}`,
  catalogue: () => '/catalogue',
  'catalogue, searched': () => '/catalogue?q=script',
  product: () => '/catalogue/H-0',
  'product with the long text': () => '/catalogue/H-7',
  'product that nobody described': () => `/catalogue/${encodeURIComponent(`unknown-${texts[0].slice(0, 60)}`)}`,
  recommendations: () => `/recommendations?person=${person}`,
  'an address full of it': () => `/catalogue/${encodeURIComponent(texts[2])}?q=${encodeURIComponent(texts[0])}&category=${encodeURIComponent(texts[3])}`,
  shop: () => '/shop',
  'shop product': () => '/shop/p/H-2',
  'shop product that is none': () => `/shop/p/${encodeURIComponent(texts[0])}`,
};

for (const [name, at] of Object.entries(places))
  test(`hostile text stays text: ${name}`, async () => {
    const page = await openPage(context);
    page.expected.push(/status of 404/);
    await page.goto(at());
    await page.getByRole('heading', { level: 1 }).first().waitFor();
    await settle(page);
    await screenshot(page, `hostile-${name.replaceAll(/\W+/g, '-')}`, { fullPage: false });
    await unharmed(page, name);
    await page.close();
  });

test('hostile text stays text: shown as it was written', async () => {
  const page = await openPage(context);
  await page.goto('/catalogue/H-0');
  await page.getByText(texts[0]).first().waitFor();
  await page.close();
});
