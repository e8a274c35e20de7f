// The logic of the page Home: days and their sentences, the usual, the checklist, what needs somebody, the snippets.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import test from 'node:test';
import { load } from './load.mjs';

const { amountOf, compared, currenciesOf, everyDay, newest, over, partDrawn, partOf } = await load('pages/home/days.ts');
const { placesOf, verdictOf, withTicks } = await load('pages/home/usual.ts');
const { answeredOf, isOrder, stepsOf } = await load('pages/home/checklist.ts');
const { isSilent, needsOf, rejectedSince } = await load('pages/home/attention.ts');
const { snippetsOf } = await load('pages/home/snippets.ts');

const day = (text, change = {}) => ({ day: text, events: 10, people: 5, newPeople: 1, orders: 2, revenue: [{ currency: 'EUR', amount: 50 }], ...change });

test('days without events are days with zeros, in order', () => {
  const days = everyDay([day('2026-03-01'), day('2026-02-26'), day('odd')]);
  assert.deepEqual(days.map((one) => one.day), ['2026-02-26', '2026-02-27', '2026-02-28', '2026-03-01']);
  assert.deepEqual(days.map((one) => one.events), [10, 0, 0, 10]);
  assert.deepEqual(everyDay([]), []);
  assert.equal(over(days, '2026-03-01').length, 3);
  assert.equal(over(days, '2026-02-27').length, 4); // the first day alone: nothing else to show
});

test('currencies are never added up', () => {
  const days = [day('2026-03-01', { revenue: [{ currency: 'EUR', amount: 1 }, { currency: 'SEK', amount: 900 }] }), day('2026-03-02')];
  assert.deepEqual(currenciesOf(days), ['EUR', 'SEK']);
  assert.equal(amountOf(days[0].revenue, 'SEK'), 900);
  assert.equal(amountOf(days[1].revenue, 'SEK'), 0);
  assert.deepEqual(currenciesOf([]), []);
});

test('the part of the address is cut to the days there are', () => {
  const days = everyDay([day('2026-03-01'), day('2026-03-10')]);
  const part = (query) => partOf(new URLSearchParams(query), days);
  assert.deepEqual(part('from=2026-03-03&to=2026-03-05'), { from: '2026-03-03', to: '2026-03-05' });
  assert.deepEqual(part('from=2026-03-05&to=2026-03-03'), { from: '2026-03-03', to: '2026-03-05' });
  assert.deepEqual(part('from=2025-01-01&to=2026-03-02'), { from: '2026-03-01', to: '2026-03-02' });
  for (const query of ['', 'from=2026-03-03', 'from=x&to=y', 'from=2025-01-01&to=2025-02-01', 'from=2026-03-01&to=2026-03-10']) assert.equal(part(query), null, query);
  assert.deepEqual(newest(days, 3), { from: '2026-03-08', to: '2026-03-10' });
  assert.equal(newest(days, 11), null);
});

test('what is drawn becomes whole days', () => {
  const at = (text) => Date.parse(text);
  assert.deepEqual(partDrawn(at('2026-03-02T18:00Z'), at('2026-03-05T06:00Z')), { from: '2026-03-03', to: '2026-03-05' });
  assert.deepEqual(partDrawn(at('2026-03-02T09:00Z'), at('2026-03-02T11:00Z')), { from: '2026-03-02', to: '2026-03-02' });
});

test('a part is compared with as many days before, and never with a day that still runs', () => {
  const days = everyDay(Array.from({ length: 20 }, (_, i) => day(`2026-03-${String(i + 1).padStart(2, '0')}`, { orders: i + 1 })));
  const orders = (one) => one.orders;
  const part = compared(days, { from: '2026-03-06', to: '2026-03-10' }, '2026-03-20', orders);
  assert.deepEqual([part.sum, part.before, part.days], [40, 15, 5]);
  assert.ok(Math.abs(part.change - 25 / 15) < 1e-9);
  assert.equal(compared(days, { from: '2026-03-02', to: '2026-03-10' }, '2026-03-20', orders).before, null);
  assert.equal(compared(days, { from: '2026-03-18', to: '2026-03-20' }, '2026-03-20', orders).change, null);
  assert.equal(compared(days, null, '2026-03-20', orders).to, '2026-03-19');
  assert.equal(compared([], null, '2026-03-20', orders), null);
  assert.equal(compared(days.map((one) => ({ ...one, orders: 0 })), { from: '2026-03-06', to: '2026-03-10' }, '2026-03-20', orders).change, null);
});

test('today is judged in words, and less is not yet less while the day runs', () => {
  const usual = { mean: 140, low: 120, high: 160 };
  assert.equal(verdictOf(170, usual, 0.5), 'above');
  assert.equal(verdictOf(130, usual, 0.5), 'within');
  assert.equal(verdictOf(30, usual, 0.5), 'yet');
  assert.equal(verdictOf(30, usual, 0.99), 'below');
  assert.equal(verdictOf(30, null, 0.5), 'none');
  assert.equal(verdictOf(0, { mean: 0, low: 0, high: 0 }, 0.5), 'none');
  const places = placesOf(80, usual);
  assert.ok(places.low > 60 && places.low + places.width < 90 && places.mark > 40 && places.mark < 50);
  assert.deepEqual(placesOf(0, { mean: 0, low: 0, high: 0 }), { low: 0, width: 0, mark: 0 });
  assert.deepEqual(withTicks([1, 2, 3], 4), [1, 2, 7]);
  assert.deepEqual(withTicks([], 4), []);
});

const state = (change = {}) => ({ passwordSet: true, database: { events: 0, persons: 0 }, ingest: { stored: 0, rejected: 0, receipts: 0 }, catalogue: { products: 0 }, model: null, ...change });
const pulse = (change = {}) => ({ days: [], today: day('2026-03-01'), now: { people: 0, perMinute: [] }, sources: [], freshAt: null, ...change });
const nothing = { arrived: undefined, order: undefined, answered: 0 };
const done = (steps) => steps.filter((step) => step.done).map((step) => step.id);

test('steps turn green from the data alone', () => {
  assert.deepEqual(done(stepsOf(undefined, undefined, false, nothing)), []);
  assert.deepEqual(done(stepsOf(state(), pulse(), false, nothing)), []);
  const full = state({ database: { events: 9, persons: 1 }, catalogue: { products: 3 } });
  assert.deepEqual(done(stepsOf(full, pulse({ days: [day('2026-03-01')] }), false, { ...nothing, answered: 1 })), ['event', 'products', 'orders', 'recommendation']);
  // A demo shop waits for an event of one's own.
  assert.deepEqual(done(stepsOf(full, pulse(), true, nothing)), ['products']);
  assert.deepEqual(done(stepsOf(full, pulse(), true, { ...nothing, arrived: { name: 'x' } })), ['event', 'products']);
  assert.ok(isOrder({ name: 'order_completed', state: 'stored' }) && isOrder({ name: 'Order Completed', state: 'stored' }) && isOrder({ name: 'purchase', state: 'stored' }));
  assert.ok(!isOrder({ name: 'Order Completed', state: 'rejected' }) && !isOrder({ name: 'Order Completed', state: 'stored', claimed: true }) && !isOrder({ name: 'Order Cancelled', state: 'stored' }));
});

test('lists given are counted from the figures for operators', () => {
  const metrics = 'kunde_http_requests_total{route="decide",status="2xx"} 3\nkunde_http_requests_total{route="recommend",status="2xx"} 4\nkunde_http_requests_total{route="recommend",status="4xx"} 9\n';
  assert.equal(answeredOf(metrics), 7);
  assert.equal(answeredOf('<html>'), 0);
});

test('a source is silent when it has been quiet for longer than usual', () => {
  const now = Date.parse('2026-03-10T12:00:00Z');
  const source = (quietMinutes, events24h, events = 10_000) => ({ source: 'web', lastEventAt: new Date(now - quietMinutes * 60_000).toISOString(), events, events24h, rejected: 0, duplicates: 0 });
  assert.equal(isSilent(source(30, 5000), now), false);
  assert.equal(isSilent(source(90, 5000), now), true);
  assert.equal(isSilent(source(90, 20), now), false);
  assert.equal(isSilent(source(25 * 60, 0), now), true);
  assert.equal(isSilent(source(40 * 24 * 60, 0), now), false);
  assert.equal(isSilent(source(90, 5, 5), now), false);
  assert.equal(isSilent({ ...source(90, 5000), lastEventAt: null }, now), false);
});

test('what needs somebody', () => {
  const now = Date.parse('2026-03-10T12:00:00Z');
  const kinds = (...given) => needsOf(given[0], given[1], given[2], given[4] ?? {}, given[3], now).map((need) => need.kind);
  assert.deepEqual(kinds(undefined, undefined, undefined, false), []);
  assert.deepEqual(kinds(state({ passwordSet: false, model: { ageSeconds: 90_000 } }), pulse(), [], false), ['model', 'password', 'backup']);
  assert.deepEqual(kinds(state(), pulse({ days: [day('2026-03-01')] }), [], true), ['noModel']);
  assert.deepEqual(kinds(state(), pulse({ days: [day('2026-03-01', { orders: 0, claimedOrders: 3 })] }), [], true), ['claimed']);
  assert.deepEqual(kinds(state({ model: { ageSeconds: 1 } }), pulse({ days: [day('2026-03-01', { claimedOrders: 3 })] }), [], true), []);
  const fresh = { id: '1', kind: 'backup', state: 'done', startedAt: '2026-03-09T00:00:00Z', endedAt: '2026-03-09T00:01:00Z' };
  assert.deepEqual(kinds(state(), pulse(), [fresh], false), []);
  assert.deepEqual(kinds(state(), pulse(), [{ ...fresh, state: 'failed' }], false), ['backup']);
  assert.deepEqual(kinds(state(), pulse(), [{ ...fresh, endedAt: '2026-02-01T00:00:00Z' }], false), ['backup']);
  const quiet = { source: 'web', lastEventAt: '2026-03-09T00:00:00Z', events: 900, events24h: 0, rejected: 0, duplicates: 0 };
  assert.deepEqual(kinds(state(), pulse({ sources: [quiet] }), [], true), []);
  assert.deepEqual(kinds(state(), pulse({ sources: [quiet] }), [fresh], false), ['silent']);
  const refused = { source: 'web', lastEventAt: '2026-03-10T11:59:00Z', events: 10, events24h: 10, rejected: 2, duplicates: 0 };
  assert.deepEqual(kinds(state(), pulse({ sources: [refused] }), [fresh], false), ['rejected']);
  assert.deepEqual(kinds(state(), pulse({ sources: [refused] }), [fresh], false, { web: 2 }), []);
  assert.equal(rejectedSince(refused, { web: 1 }), 1);
  assert.equal(rejectedSince(refused, { web: 900 }), 2); // another database under the same address
});

test('snippets hold key and address, are valid, and survive a hostile product id', () => {
  const place = { writeKey: 'wk_test', baseUrl: 'http://127.0.0.1:8080', productId: "x'; rm -rf / #" };
  for (const step of ['event', 'products', 'orders', 'recommendation'])
    for (const { id, text } of snippetsOf(step, place)) {
      assert.ok(!text.includes('rm -rf'), id);
      if (id === 'file') assert.ok(text.includes('kunde import'));
      else assert.ok(text.includes('http://127.0.0.1:8080'), id);
      if (id !== 'browser') execFileSync('sh', ['-n'], { input: text });
      const body = /-d '(.*)'$/s.exec(text)?.[1];
      if (id === 'curl') JSON.parse(body.replaceAll("'\\''", "'"));
    }
  assert.ok(snippetsOf('event', { ...place, productId: 'P00001' }).every(({ id, text }) => id === 'browser' || text.includes('P00001')));
});
