// The logic of the catalogue: the tree, the matrix of sizes by colours, what a document says, what the list asks.
import assert from 'node:assert/strict';
import test from 'node:test';
import { load } from './load.mjs';

const { isWithin, levels, treeOf } = await load('pages/catalogue/tree.ts');
const { compareSizes, matrixOf, priceRange, stockOf } = await load('pages/catalogue/matrix.ts');
const { attributesOf, picturesOf } = await load('pages/catalogue/document.ts');
const { parse, pathOf, print } = await load('pages/catalogue/query.ts');

const variant = (color, size, more = {}) => ({ sku: `${color}-${size}`, color, size, available: true, stock: 1, stockAt: {}, ...more });

test('categories become a tree that keeps the server’s counts', () => {
  const tree = treeOf([{ category: 'B > Z', products: 2 }, { category: 'B', products: 5 }, { category: 'A', products: 1 }, { category: 'B > Y', products: 3 }]);
  assert.deepEqual(tree.map((one) => [one.name, one.products, one.children.map((child) => child.path)]), [['A', 1, []], ['B', 5, ['B > Y', 'B > Z']]]);
  assert.deepEqual(levels(' Outdoor >  > Jackets '), ['Outdoor', 'Jackets']);
  assert.ok(isWithin('B', 'B > Z') && isWithin('B', 'B') && !isWithin('B', 'Bz') && !isWithin('B', ''));
});

test('sizes: letters in their order, numbers by value', () => {
  assert.deepEqual(['XL', 'S', 'M', 'XXS', 'L'].sort(compareSizes), ['XXS', 'S', 'M', 'L', 'XL']);
  assert.deepEqual(['42', '36', '100', '37,5', '38.5'].sort(compareSizes), ['36', '37,5', '38.5', '42', '100']);
});

test('a matrix only where every variant has a cell of its own', () => {
  const matrix = matrixOf([variant('red', 'L'), variant('red', 'S'), variant('blue', 'S')]);
  assert.deepEqual([matrix.colors, matrix.sizes], [['red', 'blue'], ['S', 'L']]);
  assert.equal(matrix.cell('red', 'L').sku, 'red-L');
  assert.equal(matrix.cell('blue', 'L'), undefined);
  assert.equal(matrixOf([variant('red', 'S')]), null);
  assert.equal(matrixOf([variant('red', 'S'), variant('red', 'S', { sku: 'wool' })]), null);
});

test('stock at a place nobody told of is unknown, not nothing', () => {
  const one = variant('red', 'S', { stock: 7, stockAt: { web: 7, shop: 0 } });
  assert.deepEqual(['', 'web', 'shop', 'moon'].map((place) => stockOf(one, place)), [7, 7, 0, null]);
});

test('the range of prices is of one currency', () => {
  const priced = (price, currency) => variant('a', String(price), { price, currency });
  assert.deepEqual(priceRange([priced(5, 'EUR'), priced(9, 'EUR'), priced(1, 'SEK'), variant('b', 'x')]), { low: 5, high: 9, currency: 'EUR' });
  assert.equal(priceRange([variant('a', 'S')]), null);
});

test('a document of any shape gives pictures and attributes as text', () => {
  assert.deepEqual(picturesOf({ image: '/a.jpg', document: { images: ['/b.jpg', '/a.jpg', 7, null, ''] } }), ['/a.jpg', '/b.jpg']);
  assert.deepEqual(picturesOf({ image: '', document: null }), []);
  assert.deepEqual(attributesOf({ attributes: { fabric: ['wool', 'silk'], '<b>': '<i>', deep: { a: 1 } } }), [
    { name: 'fabric', value: 'wool, silk' }, { name: '<b>', value: '<i>' }, { name: 'deep', value: '{"a":1}' },
  ]);
  for (const document of [null, {}, { attributes: 'x' }, { attributes: [1] }]) assert.deepEqual(attributesOf(document), []);
});

test('the address says what is listed, and nothing when it is everything', () => {
  for (const search of ['', 'q=rain+jacket&category=Outdoor+%3E+Jackets&stock=out&view=table']) assert.equal(print(parse(search)), search);
  assert.deepEqual(parse('stock=maybe&view=3d'), { q: '', category: '', stock: '', view: 'grid' });
  assert.equal(pathOf(parse('q=%26x&stock=in'), 60, 'c1'), '/v1/admin/products?q=%26x&available=true&limit=60&cursor=c1');
});
