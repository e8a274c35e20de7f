// Every page in both languages, light and dark, on a phone and a desktop: it comes up, says no error, keeps to the policy, has no
// barrier, fits the screen, lacks no word. A picture of each is kept.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { after, test } from 'node:test';
import { barriers, house, openPage, refusals, root, screenshot, settle, visit } from './house.mjs';

const pages = {
  login: { at: '/login', loggedIn: false },
  home: { at: '/' },
  live: { at: '/live' },
  people: { at: '/people' },
  person: { at: ({ person }) => `/people/${person}` },
  catalogue: { at: '/catalogue' },
  product: { at: '/catalogue/P00018' },
  recommendations: { at: '/recommendations' },
  sources: { at: '/sources' },
  source: { at: '/sources/shop' },
  playground: { at: ({ person }) => `/recommendations?person=${person}` },
  trust: { at: '/trust' },
  'settings-keys': { at: '/settings/keys' },
  'settings-sources': { at: '/settings/sources' },
  'settings-system': { at: '/settings/system' },
  'settings-password': { at: '/settings/password' },
  shop: { at: '/shop' },
  'shop-product': { at: '/shop/p/P00018' },
  'shop-cart': { at: '/shop/cart' },
  'shop-account': { at: '/shop/account' },
  'shop-people': { at: '/shop/people' },
  'shop-category': { at: '/shop/c/outdoor' },
};

const looks = [];
for (const language of ['en', 'de']) for (const scheme of ['light', 'dark']) for (const size of ['phone', 'desktop']) looks.push({ language, scheme, size });

// axe-core takes longest, so it looks at half: each pair of colours and size, each language with each of either.
const isExamined = ({ language, scheme, size }) => (language === 'en') === ((scheme === 'light') === (size === 'phone'));

const opened = new Map();

// One browser profile and one page for each way of looking.
function pageOf(server, look, loggedIn) {
  const key = JSON.stringify([look, loggedIn]);
  if (!opened.has(key)) opened.set(key, visit(server, { ...look, loggedIn }).then(openPage));
  return opened.get(key);
}

after(async () => {
  for (const page of opened.values()) await (await page).context().close();
});

let someone;

// Somebody with a history, for the page of a person; and what the shop wrote in one language, which no page translates.
async function known(server) {
  someone ??= Promise.all([server.api('POST', '/v1/admin/profiles/find', { id: 'userId:persona-swimmer' }), server.api('GET', '/v1/admin/products/P00018')]).then(([{ personId }, product]) => ({
    person: personId,
    written: [product.title, product.document.description],
  }));
  return someone;
}

// What a reader sees: the text outside of code, of typed examples and of what is another language's on purpose.
function visibleText(page) {
  return page.evaluate(() => {
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    const texts = [];
    for (let node = walker.nextNode(); node; node = walker.nextNode()) {
      const parent = node.parentElement;
      if (!parent || parent.closest('script, style, code, pre, noscript, .json') || !parent.checkVisibility()) continue;
      const text = node.nodeValue.trim();
      const lang = parent.closest('[lang]')?.getAttribute('lang');
      if (text !== '' && lang === document.documentElement.lang) texts.push(text);
    }
    return texts;
  });
}

// Signs of a word that is missing: a key that was not filled, a value that is none, English on a German page.
const holes = /\{[a-z]\w*\}|\bundefined\b|\bNaN\b|\[object |Invalid Date|\bnull\b/;
const english = /\b(the|and|your|with|this|that|not yet|is|are|of|from)\b/i;
const german = /\b(der|die|das|und|Sie|Ihr|Ihre|mit|nicht|ist|sind|von|noch)\b/;

async function look(name, entry, look) {
  const server = await house();
  const page = await pageOf(server, look, entry.loggedIn ?? true);
  page.problems.length = 0;
  const those = await known(server);
  const at = typeof entry.at === 'function' ? entry.at(those) : entry.at;
  await page.goto(at);
  await page.getByRole('heading', { level: 1 }).first().waitFor();
  await settle(page, { quietMs: 150 });
  await screenshot(page, `${name}-${look.language}-${look.scheme}-${look.size}`);
  assert.deepEqual(page.problems, []);
  assert.deepEqual(await refusals(page), []);
  assert.equal(await page.evaluate(() => document.documentElement.lang), look.language);
  assert.equal(await page.evaluate(() => document.querySelectorAll('h1').length), 1, 'one heading of the first level');
  assert.notEqual(await page.title(), '', 'the page has a title');
  const texts = (await visibleText(page)).filter((text) => !those.written.includes(text));
  assert.deepEqual(texts.filter((text) => holes.test(text)), [], 'a word or a value is missing');
  assert.deepEqual(texts.filter((text) => (look.language === 'de' ? english : german).test(text)), [], 'words of the other language');
  const wide = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  assert.ok(wide <= 0, `the page is ${wide} px wider than the screen`);
  if (isExamined(look)) assert.deepEqual(await barriers(page), [], 'barriers');
}

for (const [name, entry] of Object.entries(pages))
  for (const one of looks) test(`page ${name}: ${one.language}, ${one.scheme}, ${one.size}`, () => look(name, entry, one));

test('page: every page that is registered is looked at here', () => {
  const registered = [...fs.readFileSync(path.join(root, 'web/src/pages.tsx'), 'utf8').matchAll(/path: '([^']+)'/g)].map((match) => match[1]);
  const seen = Object.values(pages).map(({ at }) => (typeof at === 'function' ? at({ person: 'x' }) : at));
  assert.ok(registered.length >= 5, 'pages.tsx names its pages otherwise than this test reads them');
  assert.deepEqual(registered.filter((one) => !seen.includes(one)), []);
});
