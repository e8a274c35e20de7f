// The logic of a person's page: names, keys, taste, sizes, orders, days.
import assert from 'node:assert/strict';
import test from 'node:test';
import { load } from './load.mjs';

const logic = await load('pages/people/logic.ts');
const { byDay, detailOf, foldCategories, groupOf, levelOf, nameOf, priceBandOf, scaleOf, sizeGroups, sortIdentities, tasteOf, tradesOf, weeksOf } = logic;

const affinity = (value, weight, strength = weight) => ({ value, weight, strength, evidence: { kind: 'view', count: 1 } });

test('a name is what the shop told, whatever else stands there', () => {
  assert.equal(nameOf({ firstName: ' Ada ', lastName: 'Lovelace' }), 'Ada Lovelace');
  assert.equal(nameOf({ first_name: 'Ada' }), 'Ada');
  assert.equal(nameOf({ name: 'A. L.', firstName: 'Ada' }), 'A. L.');
  for (const traits of [{}, { name: 7, firstName: null, lastName: { evil: 1 } }]) assert.equal(nameOf(traits), '');
});

test('proven keys stand before claimed ones, strong before weak', () => {
  const key = (type, proven, lastAt = '2026-01-01') => ({ type, value: type, proven, firstAt: lastAt, lastAt });
  const sorted = sortIdentities([key('anonymousId', true), key('userId', false), key('email', true), key('userId', true), key('odd', true)]);
  assert.deepEqual(sorted.map((one) => `${one.type} ${one.proven}`), ['userId true', 'email true', 'anonymousId true', 'odd true', 'userId false']);
});

test('a parent category that says nothing more than its child is left out', () => {
  const list = [affinity('Winter > Hats', 0.2), affinity('Winter', 0.2), affinity('Outdoor', 0.3), affinity('Outdoor > Boots', 0.1), affinity('Winterly', 0.2)];
  assert.deepEqual(foldCategories(list).map((one) => one.value), ['Winter > Hats', 'Outdoor', 'Outdoor > Boots', 'Winterly']);
});

test('price bands are read as they are written, anything else is left alone', () => {
  assert.deepEqual(priceBandOf('Winter 22-33 EUR'), { category: 'Winter', low: 22, high: 33, currency: 'EUR' });
  assert.deepEqual(priceBandOf('Home 2026 6.8-10 CHF'), { category: 'Home 2026', low: 6.8, high: 10, currency: 'CHF' });
  assert.deepEqual(priceBandOf('A over 1000 KWD'), { category: 'A', low: 1000, high: null, currency: 'KWD' });
  assert.deepEqual(priceBandOf('under 1 JPY'), { category: '', low: null, high: 1, currency: 'JPY' });
  for (const value of ['cheap', '22-33', 'Winter 22-33 euros', '<img src=x>']) assert.equal(priceBandOf(value), null, value);
});

test('taste: known attributes in their order, then the shop’s own; no sizes; one scale', () => {
  const taste = tasteOf({ zest: [affinity('x', 0.1)], size: [affinity('M', 1)], brand: [affinity('b', -0.5)], category: [affinity('c', 0.2)], style: [] });
  assert.deepEqual(taste.map((group) => group.attribute), ['category', 'brand', 'zest']);
  assert.equal(scaleOf(taste), 0.5);
  assert.equal(scaleOf([]), 0.01);
});

test('sizes are shares of the kept purchases of their category', () => {
  const size = (category, name, purchases) => ({ category, size: name, purchases, lastAt: '2026-01-01' });
  const [shoes, tops] = sizeGroups([size('Shoes', '42', 1), size('Tops', 'M', 1), size('Shoes', '43', 3)]);
  assert.deepEqual(shoes.sizes.map((one) => [one.size, one.share, one.of]), [['43', 0.75, 4], ['42', 0.25, 4]]);
  assert.deepEqual(tops.sizes.map((one) => one.share), [1]);
});

test('orders and returns in one row of time; a sum only where every line has a price', () => {
  const trade = (at, lines, more = {}) => ({ at, channel: 'web', claimed: false, currency: 'EUR', lines, ...more });
  const none = { counted: false, orders: 0, returns: 0, revenue: [], orderHistory: [], returnHistory: [] };
  const trades = tradesOf({
    orderHistory: [trade('2026-02-01', [{ productId: 'a', quantity: 2, price: 10 }]), trade('2026-01-01', [{ productId: 'a', quantity: 1 }])],
    returnHistory: [trade('2026-03-01', [], { total: 20 })],
    claimed: { ...none, orderHistory: [trade('2026-02-15', [{ productId: 'x', quantity: 1, price: 1 }], { claimed: true })] },
  });
  assert.deepEqual(trades.map((one) => [one.kind, one.amount, one.claimed]), [['return', 20, false], ['order', 1, true], ['order', 20, false], ['order', null, false]]);
});

test('weeks begin on Monday and end today', () => {
  const now = Date.parse('2026-03-04T12:00:00Z'); // a Wednesday
  const weeks = weeksOf([{ day: '2026-03-03', events: 5, orders: 1 }, { day: '2020-01-01', events: 1, orders: 0 }], 3, now);
  assert.deepEqual(weeks.map((week) => week.monday), ['2026-02-16', '2026-02-23', '2026-03-02']);
  assert.deepEqual(weeks[2].days.map((one) => one?.events ?? null), [0, 5, 0, null, null, null, null]);
  assert.deepEqual([0, 1, 4, 12].map(levelOf), [0, 1, 2, 3]);
});

test('events by day keep their order; unknown kinds have a group', () => {
  const event = (timestamp) => ({ timestamp });
  const days = byDay([event('2026-03-02T01'), event('2026-03-01T23'), event('2026-03-01T01')], (iso) => iso.slice(0, 10));
  assert.deepEqual(days.map((one) => [one.day, one.events.length]), [['2026-03-02', 1], ['2026-03-01', 2]]);
  assert.deepEqual(['view', 'return', 'decision', 'identify', 'whatever'].map(groupOf), ['shopping', 'orders', 'decisions', 'other', 'other']);
});

test('the detail of an event survives any body', () => {
  const event = (body, name) => ({ name, event: body });
  assert.equal(detailOf(event({ properties: { query: 'boots' } })), 'boots');
  assert.equal(detailOf(event({ placement: 'home' })), 'home');
  assert.equal(detailOf(event({ name: 'Home' }, 'Home')), '');
  for (const body of [null, 7, 'text', [], { properties: 3 }, { properties: { query: { a: 1 } } }]) assert.equal(detailOf(event(body)), '');
});
