/* What the playground asks, as it stands in the URL. A person stands there as personId: never an e-mail, never a card. */
import { needsProducts, recipes, type Filter, type Question, type Recipe } from './types';

export const COLUMNS_MAX = 4;
export const COUNTS = [4, 8, 12, 20] as const;
export const PRODUCTS_MAX = 20;

export type Playground = {
  person: string;
  products: string[];
  columns: Recipe[];
  count: number;
  language: '' | 'en' | 'de'; // '': that of the page
  category: string;
  brand: string;
  min: string;
  max: string;
  bought: boolean;
  stock: boolean;
};

export type PlaygroundProps = { state: Playground; change: (patch: Partial<Playground>) => void };

/* One column becomes another recipe, or goes. A recipe chosen twice changes places instead of standing twice. */
export function changeColumns(columns: readonly Recipe[], at: number, to: Recipe | null): Recipe[] {
  if (to === null) return columns.filter((_, i) => i !== at);
  const from = columns[at];
  return columns.map((one, i) => (i === at ? to : one === to && from ? from : one));
}

/* What a further column would show; null when there is room for none. */
export const nextRecipe = (columns: readonly Recipe[]): Recipe | null =>
  columns.length < COLUMNS_MAX ? (recipes.find((recipe) => !columns.includes(recipe)) ?? null) : null;

const personId = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
export const isPersonId = (text: string): boolean => personId.test(text);

const isRecipe = (text: string): text is Recipe => (recipes as readonly string[]).includes(text);
const amount = (text: string | null): string => (text !== null && /^\d{1,9}([.,]\d{1,2})?$/.test(text) ? text.replace(',', '.') : '');

/* Which columns stand there before anybody chose: what can be answered for what is given. */
export function firstColumns(person: string, products: readonly string[]): Recipe[] {
  if (products.length > 1) return ['cart', 'also-bought', 'viewed-then-bought'];
  if (products.length === 1) return person ? ['for-you', 'also-bought', 'also-viewed'] : ['also-bought', 'also-viewed', 'viewed-then-bought'];
  return person ? ['for-you', 'cart', 'recently-viewed'] : ['for-you', 'trending', 'popular'];
}

export function parse(search: string): Playground {
  const query = new URLSearchParams(search);
  const person = query.get('person') ?? '';
  const known = isPersonId(person) ? person.toLowerCase() : '';
  const products = [...new Set(query.getAll('product').filter((id) => id.length > 0 && id.length <= 256))].slice(0, PRODUCTS_MAX);
  const chosen = [...new Set(query.getAll('recipe').filter(isRecipe))].slice(0, COLUMNS_MAX);
  const count = Number(query.get('count'));
  const language = query.get('language');
  return {
    person: known,
    products,
    columns: chosen.length > 0 ? chosen : firstColumns(known, products),
    count: COUNTS.find((one) => one === count) ?? 8,
    language: language === 'de' || language === 'en' ? language : '',
    category: query.get('category') ?? '',
    brand: query.get('brand') ?? '',
    min: amount(query.get('min')),
    max: amount(query.get('max')),
    bought: query.get('bought') === '1',
    stock: query.get('stock') === '1',
  };
}

/* `columns` are written when they differ from what would stand there by itself, so that a short question has a short URL. */
export function print(state: Playground): string {
  const query = new URLSearchParams();
  if (state.person) query.set('person', state.person);
  for (const id of state.products) query.append('product', id);
  if (state.columns.join() !== firstColumns(state.person, state.products).join()) for (const recipe of state.columns) query.append('recipe', recipe);
  if (state.count !== 8) query.set('count', String(state.count));
  for (const name of ['language', 'category', 'brand', 'min', 'max'] as const) if (state[name]) query.set(name, state[name]);
  if (state.bought) query.set('bought', '1');
  if (state.stock) query.set('stock', '1');
  return query.toString();
}

export function filterOf(state: Playground): Filter | undefined {
  const filter: Filter = {};
  if (state.category) filter.category = [state.category];
  if (state.brand) filter.brand = [state.brand];
  if (state.min || state.max) filter.price = { ...(state.min && { min: Number(state.min) }), ...(state.max && { max: Number(state.max) }) };
  if (state.bought) filter.includeBought = true;
  if (state.stock) filter.includeOutOfStock = true;
  return Object.keys(filter).length > 0 ? filter : undefined;
}

/* null: this recipe cannot be asked yet, it needs a product. */
export function questionOf(state: Playground, recipe: Recipe, pageLanguage: string): Question | null {
  if (needsProducts.has(recipe) && state.products.length === 0) return null;
  const filter = filterOf(state);
  return {
    ...(state.person && { customer: { personId: state.person } }),
    recipe,
    ...(state.products.length > 0 && { products: state.products }),
    count: state.count,
    ...(filter && { filter }),
    context: { language: state.language || pageLanguage },
    explain: true,
  };
}
