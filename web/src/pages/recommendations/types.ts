/* What POST /v1/recommend answers (src/decide/write.c). */
export type Reason = { kind: string; product?: string; title?: string; weight: number; support?: number; text: string };
export type Item = {
  productId: string;
  sku?: string;
  size?: string;
  color?: string;
  title: string;
  brand?: string;
  category?: string;
  image?: string;
  price?: number;
  listPrice?: number;
  currency?: string;
  score: number;
  layer: number;
  reasons: Reason[];
};
export type RemovedWhy = 'bought' | 'stock' | 'size' | 'filter' | 'asked' | 'cart' | 'hidden';
export type RemovedItem = { productId: string; title?: string; image?: string; why: RemovedWhy };
export type Recommendation = {
  items: Item[];
  modelVersion: number;
  candidates?: number;
  removed?: { bought: number; stock: number; filter: number };
  removedItems?: RemovedItem[];
  identity: 'known' | 'unknown' | 'unproven';
};

export const recipes = ['for-you', 'also-bought', 'also-viewed', 'viewed-then-bought', 'cart', 'popular', 'trending', 'recently-viewed'] as const;
export type Recipe = (typeof recipes)[number];

/* These answer nothing unless products are given. */
export const needsProducts: ReadonlySet<string> = new Set<Recipe>(['also-bought', 'also-viewed', 'viewed-then-bought']);

export type Filter = {
  category?: string[];
  brand?: string[];
  price?: { min?: number; max?: number };
  includeBought?: boolean;
  includeOutOfStock?: boolean;
};
export type Question = {
  customer?: { personId: string };
  recipe?: Recipe;
  placement?: string;
  products?: string[];
  count?: number;
  filter?: Filter;
  context?: { language: string };
  explain?: boolean;
};
