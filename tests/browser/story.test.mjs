// A whole story: a guest looks around the shop, says who she is, buys; what she is shown changes, and the dashboard has seen it.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { barriers, openPage, refusals, screenshot, Server, settle, visit } from './house.mjs';

// The products that Kunde decided to show in a place of the page, in order. The browser tag draws them into its shadow tree.
async function shelf(page, placement) {
  const links = page.locator(`kunde-slot[placement="${placement}"][state="filled"] a[href*="/shop/p/"]:visible`);
  await links.first().waitFor();
  return links.evaluateAll((found) => [...new Set(found.map((link) => link.getAttribute('href').split('/').pop()))]);
}

test('story: a guest becomes Svea, buys, is shown something else, and the dashboard knows', async () => {
  const server = await Server.start();
  const office = await visit(server);
  const street = await visit(server, { loggedIn: false });
  try {
    const live = await openPage(office);
    await live.goto('/live');
    await live.getByRole('main').getByText('Live', { exact: true }).waitFor();

    // A guest. Nothing leaves the page before the answer; afterwards it is seen in the office at once.
    const shop = await openPage(street);
    const sent = [];
    shop.on('request', (request) => request.method() === 'POST' && sent.push(new URL(request.url()).pathname));
    await shop.goto('/shop');
    await shop.getByRole('heading', { level: 1 }).waitFor();
    await settle(shop);
    assert.deepEqual(sent.filter((path) => path.startsWith('/v1/')), [], 'something was sent before consent');
    assert.deepEqual((await street.cookies()).filter(({ name }) => /kunde/i.test(name)), [], 'a cookie before consent');
    await screenshot(shop, 'story-1-guest', { fullPage: false });
    await shop.getByRole('button', { name: 'Yes, both' }).click();
    const asGuest = await shelf(shop, 'home');
    await shop.goto('/shop/p/P00018');
    await shop.getByRole('heading', { level: 1 }).waitFor();
    await live.getByRole('row', { name: 'Product Viewed' }).first().waitFor();
    assert.deepEqual(await barriers(shop), []);

    // She says who she is.
    await shop.goto('/shop/people');
    await shop.getByRole('button', { name: 'Shop as Svea' }).click();
    await shop.getByText('Good to see you, Svea').waitFor();
    const asSvea = await shelf(shop, 'home');
    assert.notDeepEqual(asSvea, asGuest, 'Svea is shown what a guest is shown');
    await settle(shop);
    await screenshot(shop, 'story-2-svea', { fullPage: false });

    // She buys the first thing on the shelf.
    const bought = asSvea[0];
    await shop.locator('kunde-slot[placement="home"][state="filled"] a:visible').first().click();
    await shop.waitForURL(`**/shop/p/${bought}`);
    const title = await shop.getByRole('heading', { level: 1 }).innerText();
    const add = shop.getByRole('button', { name: 'Add to cart' });
    await add.click();
    const choose = shop.getByText('Choose a size').first();
    await shop.getByText('In your cart.').or(choose).first().waitFor();
    if (await choose.isVisible()) {
      await shop.locator('input[type="radio"][name*="size" i]:enabled').last().check({ force: true });
      await add.click();
      await shop.getByText('In your cart.').waitFor();
    }
    await shop.goto('/shop/cart');
    await shop.getByText(title).first().waitFor();
    await settle(shop);
    assert.deepEqual(await barriers(shop), []);
    await shop.getByRole('link', { name: 'To the checkout' }).click();
    await shop.getByRole('button', { name: 'Order and pay (demo)' }).click();
    await shop.getByRole('heading', { name: 'Thank you, Svea' }).waitFor();
    await screenshot(shop, 'story-3-thanks', { fullPage: false });

    // The next page knows.
    await shop.goto('/shop');
    const afterwards = await shelf(shop, 'home');
    assert.ok(!afterwards.includes(bought), `${bought} was bought and is shown again`);
    assert.notDeepEqual(afterwards, asSvea, 'nothing changed with the order');

    // So does the office: the stream, and the person's page.
    await live.getByRole('row', { name: 'Order Completed' }).first().waitFor();
    await settle(live);
    await screenshot(live, 'story-4-live', { fullPage: false });
    const { personId } = await server.api('POST', '/v1/admin/profiles/find', { id: 'userId:persona-swimmer' });
    const person = await openPage(office);
    await person.goto(`/people/${personId}`);
    await person.getByText('Order Completed').or(person.getByText(/Order/)).first().waitFor();
    await person.getByText(title).first().waitFor();
    await settle(person);
    await screenshot(person, 'story-5-person');
    for (const page of [live, shop, person]) {
      assert.deepEqual(page.problems, []);
      assert.deepEqual(await refusals(page), []);
    }
  } finally {
    await office.close();
    await street.close();
    await server.stop();
  }
});
