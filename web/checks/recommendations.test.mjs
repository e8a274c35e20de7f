// The logic of the playground: its address, its questions, the sum that is the score.
import assert from 'node:assert/strict';
import test from 'node:test';
import { load } from './load.mjs';

const { changeColumns, filterOf, firstColumns, parse, print, questionOf } = await load('pages/recommendations/state.ts');
const { sumOf } = await load('pages/recommendations/sum.ts');

const person = '01a204fe-c385-7b94-b17f-a409361d9ceb';

test('the address and the question are the same thing', () => {
  for (const search of ['', `person=${person}`, 'product=A&product=B', `person=${person}&product=A&recipe=popular&recipe=cart&count=20&language=de&category=A+%3E+B&brand=X+%26+Y&min=5&max=9.5&bought=1&stock=1`])
    assert.equal(print(parse(search)), search);
});

test('no identity value gets into the address, and no nonsense out of it', () => {
  assert.equal(parse('person=ada%40example.org').person, '');
  const odd = parse('person=x&recipe=hack&recipe=popular&recipe=a&count=999&min=-4&max=1e9&language=fr&bought=yes');
  assert.deepEqual([odd.columns, odd.count, odd.min, odd.max, odd.language, odd.bought], [['popular'], 8, '', '', '', false]);
  assert.equal(parse(Array.from({ length: 50 }, (_, i) => `product=${i}`).join('&')).products.length, 20);
  assert.equal(parse('recipe=cart&recipe=popular&recipe=trending&recipe=for-you&recipe=also-bought').columns.length, 4);
});

test('what stands there first can be answered', () => {
  for (const [who, products] of [['', []], [person, []], ['', ['A']], [person, ['A']], ['', ['A', 'B']]])
    for (const recipe of firstColumns(who, products)) assert.notEqual(questionOf({ ...parse(''), person: who, products }, recipe, 'en'), null, recipe);
});

test('a recipe that needs a product is not asked without one', () => {
  assert.equal(questionOf(parse(''), 'also-bought', 'en'), null);
  assert.deepEqual(questionOf(parse(`person=${person}&min=5&bought=1`), 'for-you', 'de'), {
    customer: { personId: person }, recipe: 'for-you', count: 8, filter: { price: { min: 5 }, includeBought: true }, context: { language: 'de' }, explain: true,
  });
  assert.equal(filterOf(parse('')), undefined);
});

test('a recipe stands in one column only', () => {
  const columns = ['for-you', 'cart', 'popular'];
  assert.deepEqual(changeColumns(columns, 0, 'popular'), ['popular', 'cart', 'for-you']);
  assert.deepEqual(changeColumns(columns, 1, 'trending'), ['for-you', 'trending', 'popular']);
  assert.deepEqual(changeColumns(columns, 1, null), ['for-you', 'popular']);
});

test('terms add up in whole millionths, where floating point would not', () => {
  const item = (score, ...weights) => ({ score, reasons: weights.map((weight) => ({ kind: 'bought', weight, text: '' })) });
  assert.notEqual(0.1 + 0.2, 0.3);
  const sum = sumOf(item(0.3, 0.1, 0.2));
  assert.deepEqual([sum.exact, sum.total, sum.terms.map((term) => term.millionths)], [true, 300000, [100000, 200000]]);
  assert.equal(sumOf(item(0.057814, 0.05762, 0.000194)).exact, true);
  assert.equal(sumOf(item(0.3, 0.1)).exact, false);
  assert.deepEqual(sumOf(item(0)).terms, []);
});
