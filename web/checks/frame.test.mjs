// What the frame and the parts compute: commands to copy, CSV, texts, the place behind the door.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import test from 'node:test';
import { load } from './load.mjs';

// The pages' modules ask the browser for its language when they are loaded.
globalThis.localStorage = { getItem: () => 'de', setItem: () => {} };
globalThis.document = { documentElement: {} };

const { curlOf } = await load('parts/curl.ts');
const { csvOf } = await load('parts/csv.ts');
const { say } = await load('words.ts');
const { bytes, number, money, span } = await load('format.ts');
const { placeAfter } = await load('pages/login/place.ts');

/* The words that a shell makes of a command. */
function wordsOf(command) {
  const script = command.replace(/^curl/, 'printf "%s\\0"');
  return execFileSync('sh', ['-c', script], { env: { KUNDE_SERVER_KEY: 'sk' } }).toString().split('\0').slice(0, -1);
}

test('a command says what was asked, and is quoted', () => {
  assert.deepEqual(wordsOf(curlOf({ method: 'GET', path: '/v1/admin/keys' }, 'http://h:1', 'wk')), ['-H', 'Authorization: Bearer sk', 'http://h:1/v1/admin/keys']);
  assert.deepEqual(wordsOf(curlOf({ method: 'POST', path: '/a', body: { q: "it's" }, key: 'write' }, 'http://h', 'wk')), ['-u', 'wk:', '-H', 'Content-Type: application/json', '-d', '{"q":"it\'s"}', 'http://h/a']);
  assert.deepEqual(wordsOf(curlOf({ method: 'DELETE', path: '/a', key: 'none' }, 'http://h', 'wk')), ['-X', 'DELETE', 'http://h/a']);
  assert.deepEqual(wordsOf(curlOf({ method: 'POST', path: '/v1/admin/backup', key: 'none' }, 'http://h', 'wk')), ['-X', 'POST', 'http://h/v1/admin/backup']);
  assert.deepEqual(wordsOf(curlOf({ method: 'PUT', path: '/a', body: [], key: 'none' }, 'http://h', 'wk')).slice(0, 2), ['-X', 'PUT']);
});

test('an address from a foreign link is no command', () => {
  for (const evil of ["/a?q=';touch x;'", '/a?q=$(touch x)', '/a?q=`touch x`', '/a?q="\\\n']) assert.equal(wordsOf(curlOf({ method: 'GET', path: evil, key: 'write' }, 'http://h', "k';id;'")).at(-1), `http://h${evil}`);
});

test('CSV keeps what is in a cell, and is no program', () => {
  assert.equal(csvOf(['a', 'b'], [['x,"y"', 1.5], [null, undefined], ['two\nlines', -3]]), 'a,b\r\n"x,""y""",1.5\r\n,\r\n"two\nlines",-3\r\n');
  for (const formula of ['=1+1', '+1', '-1', '@x', '\t=1', '\r=1']) assert.match(csvOf(['a'], [[formula]]), /^a\r\n"?'/);
});

test('texts are filled, and one is not many', () => {
  const message = { en: '{n} row|{n} rows', de: '{n} Zeile|{n} Zeilen' };
  assert.equal(say(message, { n: 1 }), '1 Zeile');
  assert.equal(say(message, { n: 1234 }), '1.234 Zeilen');
  assert.equal(say({ en: '', de: 'A | B {name} {gone}' }, { name: '$&' }), 'A | B $& {gone}');
});

test('numbers as Germans write them', () => {
  assert.equal(number(1234.5, 1), '1.234,5');
  assert.equal(money(89.9, 'EUR').replace(/\s/g, ' '), '89,90 €');
  assert.equal(bytes(1536), '1,5 kB');
  assert.equal(bytes(7_600_000), '7,6 MB');
  assert.equal(span(3_600_000), '1 Stunde');
});

test('after the door one stays in this house', () => {
  assert.equal(placeAfter('?next=%2Flive%3Fstate%3Drejected'), '/live?state=rejected');
  for (const search of ['', '?next=', '?next=//evil.example', '?next=https://evil.example', '?next=/%5Cevil.example', '?next=javascript:alert(1)', '?next=/%09/evil.example', '?next=/%0A/evil.example'])
    assert.equal(placeAfter(search), '/', search);
});
