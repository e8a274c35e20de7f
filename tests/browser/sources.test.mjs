// Sources: a document is tried side by side and saved, a refused event is mended, drift and steps are said in words; every look, with axe.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { barriers, openPage, refusals, screenshot, Server, settle, visit } from './house.mjs';

const dayMs = 86_400_000;
const document = {
  name: 'Web shop', kind: 'web', owner: 'E-commerce', purposes: ['operate', 'personalise'], freshness: '1d', keepRejected: true,
  schema: { 'Product Viewed': { 'properties.size': { type: 'text', required: true }, 'properties.price': { type: 'number' } } },
  transform: [{ do: 'compute', field: 'properties.price', expression: 'number(properties.price)' }],
};

// Nine days in which most views bring a size, and a day on which few do.
async function fill(server) {
  await server.api('PUT', '/v1/admin/sources/shop', document);
  for (const day of [3, 4, 5, 6, 7, 0]) {
    const time = new Date(Date.now() - day * dayMs).toISOString();
    const batch = Array.from({ length: 120 }, (_, i) => ({
      type: 'track', event: 'Product Viewed', userId: `reader-${i % 30}`, messageId: `view-${day}-${i}`, timestamp: time, originalTimestamp: time,
      properties: { product_id: 'P00018', price: 20 + (i % 3), ...(i % 10 < (day > 0 ? 9 : 4) ? { size: 'M' } : {}) },
    }));
    await server.api('POST', '/v1/batch', { batch });
  }
  await server.api('POST', '/v1/batch', { batch: [{ type: 'track', event: 'Product Viewed', userId: 'reader-1', messageId: 'odd', properties: { product_id: 'P00018', price: 'cheap', size: 'M' } }] });
}

test('sources: what drifts is said, a transform is tried and saved, a refused event is mended', async () => {
  const server = await Server.start();
  try {
    await fill(server);
    for (const look of [{ language: 'en', scheme: 'light', size: 'desktop' }, { language: 'de', scheme: 'dark', size: 'phone' }, { language: 'de', scheme: 'light', size: 'phone' }, { language: 'en', scheme: 'dark', size: 'desktop' }]) {
      const context = await visit(server, look);
      const page = await openPage(context);
      for (const at of ['/sources', '/sources/shop']) {
        await page.goto(at);
        await page.getByRole('heading', { level: 1 }).waitFor();
        await settle(page);
        assert.deepEqual(await barriers(page), [], `${at} ${JSON.stringify(look)}`);
        assert.deepEqual(await refusals(page), []);
        const wider = await page.evaluate(() => globalThis.document.documentElement.scrollWidth - globalThis.innerWidth);
        assert.ok(wider <= 0, `${at} is ${wider} px wider than a ${look.size}`);
        await screenshot(page, `sources-${at === '/sources' ? 'list' : 'one'}-${look.language}-${look.scheme}-${look.size}`);
      }
      await context.close();
    }
    const office = await visit(server);
    const page = await openPage(office);
    await page.goto('/sources');
    await page.getByRole('link', { name: 'Web shop' }).press('Enter');
    await page.getByRole('heading', { level: 1, name: 'Web shop' }).waitFor();
    await page.getByText(/comes with 40\s?% of events, 90\s?% in the four weeks before/).waitFor();

    // A try stores nothing; a mistake is named where it stands.
    const text = page.getByLabel('Document (JSON)');
    await text.fill(JSON.stringify({ ...document, transform: [{ do: 'compute', field: 'a', expression: '1 +' }] }));
    await page.getByRole('button', { name: 'Try on the sample' }).press('Enter');
    await page.getByRole('alert').filter({ hasText: '/transform/0/expression' }).waitFor();
    await text.fill(JSON.stringify({ ...document, transform: [{ do: 'map', field: 'properties.price', values: { cheap: '5' } }, { do: 'compute', field: 'properties.price', expression: 'number(properties.price, ",")' }] }));
    await page.getByRole('button', { name: 'Try on the sample' }).press('Enter');
    await page.getByText('1 tried: 1 fine, 0 refused, 0 left out; 1 changed.').waitFor();
    await page.getByText('"price": 19.9').waitFor();
    await screenshot(page, 'sources-tried');
    await page.getByRole('button', { name: 'Save', exact: true }).press('Enter');
    await page.getByText('Saved. The next event goes through it.').waitFor();

    // The refused event is read again, by the transform that was mended.
    await page.getByRole('button', { name: 'Mend what event says' }).press('Enter');
    const panel = page.getByRole('dialog');
    await panel.getByLabel('The row as it should be').waitFor();
    await settle(page);
    assert.deepEqual(await barriers(page), []);
    await screenshot(page, 'sources-mend', { fullPage: false });
    await panel.getByRole('button', { name: 'Replay' }).press('Enter');
    await page.getByText('Nothing is in quarantine').waitFor();
    assert.deepEqual((await server.api('GET', '/v1/admin/quarantine')).rows, []);
    await office.close();
  } finally {
    await server.stop();
  }
});
