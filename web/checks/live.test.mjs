// The logic of the page Live events: filter, feed, line to the server, keyboard, an event that is sent again.
import assert from 'node:assert/strict';
import test, { mock } from 'node:test';
import { load } from './load.mjs';

const { everything, filterOf, isPersonId, matches, namesSomebody, queryOf } = await load('pages/live/filter.ts');
const { Feed, keyOf, recentMax, shownMax } = await load('pages/live/feed.ts');
const { Line, silenceMax } = await load('pages/live/line.ts');
const { actionOf, moved, scrolledTo, seen } = await load('pages/live/rows.ts');
const { batchOf, draftOf, placeOfField, read } = await load('pages/live/again.ts');
const { entryOf } = await load('pages/live/types.ts');

const person = '00000000-0000-4000-8000-000000000001';
const idOf = (n) => `00000000-0000-4000-9000-${String(n).padStart(12, '0')}`;
const timeOf = (n) => new Date(Date.UTC(2026, 0, 1) + n).toISOString();
function entry(n, change = {}) {
  return entryOf({ seq: n, state: 'stored', time: timeOf(n), receivedAt: timeOf(n), person, id: idOf(n), source: 'web', name: 'Product Viewed', type: 'track', ...change });
}

test('a filter survives its address, and nothing that names a person enters it', () => {
  const filter = { name: 'Order <b>Completed</b>', source: 'web', state: 'rejected', person, text: 'blue & co' };
  assert.deepEqual(filterOf(queryOf(filter)), filter);
  for (const text of ['ada@example.org', '+49 461 123456', '0461-1234567', '4006381333931']) {
    assert.equal(namesSomebody(text), true, text);
    assert.equal(queryOf({ ...everything, text }).toString(), '');
  }
  for (const text of ['jacket 3', 'A-1001', person, 'P00018', '']) assert.equal(namesSomebody(text), false, text);
  assert.equal(filterOf(new URLSearchParams('person=ada%40example.org&state=odd')).person, '');
  assert.equal(filterOf(new URLSearchParams('person=ada%40example.org&state=odd')).state, '');
  assert.equal(isPersonId(person.toUpperCase()), true);
  assert.equal(queryOf(everything, new URLSearchParams('event=x&name=y')).toString(), 'event=x');
});

test('the filter looks at what the row shows, and into the text of what was rejected', () => {
  const one = entry(1, { product: { productId: 'P1', title: 'Rain Jacket' } });
  assert.ok(matches(one, everything));
  assert.ok(matches(one, { ...everything, text: 'rain' }));
  assert.ok(!matches(one, { ...everything, text: 'socks' }));
  assert.ok(!matches(one, { ...everything, state: 'rejected' }));
  assert.ok(!matches(one, { ...everything, name: 'Product' }));
  const refused = entry(2, { state: 'rejected', person: null, id: null, reason: 'no id', raw: { properties: { sku: 'XYZ' } } });
  assert.ok(matches(refused, { ...everything, text: 'xyz' }));
  assert.ok(!matches(refused, { ...everything, person }));
});

test('what is not known comes as null and is shown as nothing', () => {
  const bare = entryOf({ seq: 3, state: 'rejected', time: null, receivedAt: timeOf(3), person: null, id: null, name: null, source: null, type: null, product: null, reason: 'not an object', field: null });
  assert.equal(bare.name, '');
  assert.equal(bare.time, timeOf(3));
  assert.ok(matches(bare, { ...everything, text: 'object' }));
});

function feedByHand() {
  const waiting = [];
  const feed = new Feed((work) => waiting.push(work));
  return { feed, frame: () => waiting.splice(0).forEach((work) => work()), waiting };
}

test('a frame shows what came since the last one, newest first, and asks for one frame only', () => {
  const { feed, frame, waiting } = feedByHand();
  for (let n = 1; n <= 5; n++) feed.push(entry(n));
  assert.equal(waiting.length, 1);
  assert.equal(feed.snapshot().rows.length, 0);
  frame();
  assert.deepEqual(feed.snapshot().rows.map((row) => row.seq), [5, 4, 3, 2, 1]);
  feed.push(entry(6));
  frame();
  assert.equal(feed.snapshot().rows[0].seq, 6);
});

test('memory stays the same whatever arrives, in one frame or in many', () => {
  const { feed, frame } = feedByHand();
  for (let n = 1; n <= 50_000; n++) feed.push(entry(n, { name: `Event ${n}`, source: `s${n}` }));
  frame();
  let view = feed.snapshot();
  assert.equal(view.rows.length, shownMax);
  assert.equal(view.rows[0].seq, 50_000);
  assert.ok(view.names.length <= 200 && view.sources.length <= 200);
  for (let n = 50_001; n <= 60_000; n++) {
    feed.push(entry(n));
    if (n % 37 === 0) frame();
  }
  frame();
  view = feed.snapshot();
  assert.equal(view.rows.length, shownMax);
  assert.equal(view.rows[0].seq, 60_000);
  assert.ok(feed.recent.length <= recentMax && feed.known.size <= recentMax);
  assert.equal(feed.known.size, feed.recent.length);
});

test('a rare event stays in the filtered list while thousands of others pass', () => {
  const { feed, frame } = feedByHand();
  feed.setFilter({ ...everything, name: 'Order Completed' });
  feed.push(entry(1, { name: 'Order Completed' }));
  for (let n = 2; n <= 3 * recentMax; n++) {
    feed.push(entry(n));
    if (n % 100 === 0) frame();
  }
  frame();
  assert.deepEqual(feed.snapshot().rows.map((row) => row.seq), [1]);
  feed.setPaused(true);
  feed.setPaused(false);
  assert.equal(feed.snapshot().rows.length, 1);
});

test('a pause holds the rows and counts only what fits the filter', () => {
  const { feed, frame } = feedByHand();
  feed.setFilter({ ...everything, source: 'web' });
  feed.push(entry(1));
  frame();
  feed.setPaused(true);
  for (let n = 2; n <= 11; n++) feed.push(entry(n, { source: n % 2 ? 'web' : 'till' }));
  frame();
  assert.deepEqual(feed.snapshot().rows.map((row) => row.seq), [1]);
  assert.equal(feed.snapshot().waiting, 5);
  feed.setFilter({ ...everything, source: 'web' });
  assert.equal(feed.snapshot().rows.length, 1);
  feed.setPaused(false);
  assert.equal(feed.snapshot().waiting, 0);
  assert.deepEqual(feed.snapshot().rows.map((row) => row.seq), [11, 9, 7, 5, 3, 1]);
});

test('catching up puts what was missed in its place, once', () => {
  const { feed, frame } = feedByHand();
  for (const n of [1, 2, 9]) feed.push(entry(n));
  frame();
  feed.merge([entry(9, { seq: 99 }), entry(8), entry(7), entry(2, { seq: 98 })]);
  assert.deepEqual(feed.snapshot().rows.map((row) => row.id), [9, 8, 7, 2, 1].map(idOf));
  feed.push(entry(8));
  frame();
  assert.equal(feed.snapshot().rows.length, 5);
});

test('a duplicate and two rejected events of one moment are rows of their own', () => {
  const keys = [entry(1), entry(1, { seq: 2, state: 'duplicate' }), entry(1, { seq: 3, state: 'rejected', person: null, id: null }), entry(1, { seq: 4, state: 'rejected', person: null, id: null })].map(keyOf);
  assert.equal(new Set(keys).size, 4);
});

// ---- the line -------------------------------------------------------------------------------------------------------------
class FakeSource {
  readyState = 0;
  closed = false;
  listeners = {};
  addEventListener(type, listener) {
    this.listeners[type] = listener;
  }
  close() {
    this.closed = true;
    this.readyState = 2;
  }
  fire(type, data) {
    if (type === 'open') this.readyState = 1;
    this.listeners[type]?.(data === undefined ? {} : { data: typeof data === 'string' ? data : JSON.stringify(data) });
  }
}

function lineByHand() {
  const sources = [];
  let now = 0;
  let refused = 0;
  const line = new Line(() => sources[sources.push(new FakeSource()) - 1], () => now, () => (refused += 1));
  const heard = { entries: [], states: [], back: 0, ticks: 0 };
  const listener = { entry: (e) => heard.entries.push(e), state: (s) => heard.states.push(s), back: () => (heard.back += 1), tick: () => (heard.ticks += 1) };
  return { line, sources, heard, listener, pass: (ms) => { now += ms; mock.timers.tick(ms); }, refused: () => refused };
}

test('the line comes back after a broken connection, after a refusal and after silence', () => {
  mock.timers.enable(['setTimeout', 'setInterval']);
  try {
    const { line, sources, heard, listener, pass, refused } = lineByHand();
    const stop = line.listen(listener);
    assert.equal(sources.length, 1);
    sources[0].fire('open');
    sources[0].fire('entry', { seq: 1, state: 'stored', name: null });
    sources[0].fire('entry', '{"seq":');
    sources[0].fire('tick', { perSecond: 1, dropped: 0 });
    assert.deepEqual([heard.entries.length, heard.entries[0].name, heard.ticks, heard.back], [1, '', 1, 0]);

    sources[0].readyState = 0; // the browser tries by itself
    sources[0].fire('error');
    assert.deepEqual([heard.states.at(-1), refused(), sources.length], ['lost', 0, 1]);
    sources[0].fire('open');
    assert.deepEqual([heard.states.at(-1), heard.back], ['live', 1]);

    sources[0].readyState = 2; // 503 while the server starts
    sources[0].fire('error');
    assert.equal(refused(), 1);
    pass(500);
    assert.equal(sources.length, 2);
    sources[1].readyState = 2;
    sources[1].fire('error');
    pass(900);
    assert.equal(sources.length, 2);
    pass(200);
    assert.equal(sources.length, 3);
    sources[2].fire('open');
    assert.deepEqual([heard.states.at(-1), heard.back], ['live', 2]);

    pass(silenceMax + 6000); // nothing is heard, nothing fails
    assert.equal(sources.length, 4);
    assert.equal(sources[2].closed, true);
    assert.equal(heard.states.at(-1), 'lost');
    sources[2].fire('entry', { seq: 2 }); // from the old one: not heard
    assert.equal(heard.entries.length, 1);
    sources[3].fire('open');
    assert.equal(heard.back, 3);

    stop();
    assert.equal(sources[3].closed, true);
    pass(60_000);
    assert.equal(sources.length, 4);
  } finally {
    mock.timers.reset();
  }
});

test('listeners share one line', () => {
  mock.timers.enable(['setTimeout', 'setInterval']);
  try {
    const { line, sources, listener } = lineByHand();
    const first = line.listen(listener);
    const second = line.listen({});
    assert.equal(sources.length, 1);
    first();
    assert.equal(sources[0].closed, false);
    second();
    assert.equal(sources[0].closed, true);
    line.listen({})();
    assert.equal(sources.length, 2);
  } finally {
    mock.timers.reset();
  }
});

// ---- rows and keys --------------------------------------------------------------------------------------------------------
test('only the rows that are seen are drawn', () => {
  assert.deepEqual(seen(0, 480, 48, 500, 2), { first: 0, last: 12 });
  assert.deepEqual(seen(4800, 480, 48, 500, 2), { first: 98, last: 112 });
  assert.deepEqual(seen(0, 480, 48, 3), { first: 0, last: 3 });
  assert.deepEqual(seen(9999, 480, 48, 0), { first: 0, last: 0 });
});

test('the keyboard walks the rows and finds its place when the list has moved', () => {
  const keys = ['a', 'b', 'c'];
  assert.equal(moved(keys, undefined, 1), 'a');
  assert.equal(moved(keys, undefined, -1), 'c');
  assert.equal(moved(keys, 'a', 1), 'b');
  assert.equal(moved(keys, 'c', 1), 'c');
  assert.equal(moved(keys, 'a', -1), 'a');
  assert.equal(moved(keys, 'gone', 1), 'c');
  assert.equal(moved([], 'a', 1), undefined);
  assert.equal(scrolledTo(0, 48, 200, 480), 0);
  assert.equal(scrolledTo(20, 48, 0, 480), 21 * 48 - 480);
  assert.equal(scrolledTo(3, 48, 0, 480), 0);
});

test('keys belong to the field or button that has the focus', () => {
  assert.equal(actionOf('j', 'page'), 'down');
  assert.equal(actionOf('ArrowUp', 'control'), 'up');
  assert.equal(actionOf(' ', 'page'), 'pause');
  assert.equal(actionOf(' ', 'control'), undefined);
  assert.equal(actionOf('Enter', 'control'), undefined);
  for (const key of ['j', ' ', 'Enter', 'Escape']) assert.equal(actionOf(key, 'field'), undefined);
});

// ---- sent again -----------------------------------------------------------------------------------------------------------
test('the editor says where JSON breaks', () => {
  assert.deepEqual(read('{"a": 1}'), { ok: true, event: { a: 1 } });
  const wrong = read('{\n  "a": 1,\n  b: 2\n}');
  assert.equal(wrong.ok, false);
  assert.equal(wrong.line, 3);
  assert.equal(read('{"a": 1').line, 1);
  assert.deepEqual(read('[1]'), { ok: false, notAnObject: true });
  assert.deepEqual(read('null'), { ok: false, notAnObject: true });
});

test('a draft is laid out; what was no JSON stays as it came', () => {
  assert.equal(draftOf('{"a":1}'), '{\n  "a": 1\n}');
  assert.equal(draftOf({ a: 1 }), '{\n  "a": 1\n}');
  assert.equal(draftOf('{"a":'), '{"a":');
  assert.equal(draftOf(undefined), '');
  assert.equal(draftOf({ a: '\u202ebad\u2066' }), '{\n  "a": "\\u202ebad\\u2066"\n}');
  assert.deepEqual(read(draftOf({ a: '\u202ebad' })).event, { a: '\u202ebad' });
});

test('an event of a single call is told its type, one that has it keeps it', () => {
  assert.deepEqual(batchOf({ event: 'X' }, { type: 'track' }), { batch: [{ type: 'track', event: 'X' }] });
  assert.deepEqual(batchOf({ type: 'page' }, { type: 'track' }), { batch: [{ type: 'page' }] });
  assert.deepEqual(batchOf({ a: 1 }, { type: '' }), { batch: [{ a: 1 }] });
});

test('the refused field is found in the text', () => {
  const text = draftOf({ userId: '', properties: { price: 'x' } });
  const place = placeOfField(text, '/batch/0/properties/price');
  assert.equal(text.slice(place.start, place.end), '"price"');
  assert.equal(placeOfField(text, '/'), undefined);
  assert.equal(placeOfField(text, 'nowhere'), undefined);
});
