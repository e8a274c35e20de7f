/* What /v1/admin/products and /v1/admin/categories answer (src/api/admin_catalog.c). */
export type ProductSummary = {
  id: string;
  title: string;
  brand: string;
  category: string;
  url: string;
  image: string;
  stub: boolean;
  hidden: boolean;
  available: boolean;
  variantCount: number;
  price?: number;
  listPrice?: number;
  currency?: string;
};
export type ProductPage = { products: ProductSummary[]; total: number; cursor: string | null };
export type CategoryCount = { category: string; products: number };

export type Variant = {
  sku: string;
  size: string;
  color: string;
  available: boolean;
  price?: number;
  listPrice?: number;
  currency?: string;
  stock: number | null;
  stockAt: Record<string, number>;
};
export type Neighbour = { productId: string; title: string; image?: string; price?: number; currency?: string; score: number; support: number };
export type Relation = 'bought' | 'viewed' | 'viewedThenBought';
export type Product = ProductSummary & {
  variants: Variant[];
  neighbours: Partial<Record<Relation, Neighbour[]>>;
  document: Record<string, unknown> | null;
};

export type Place = { id: string; document: { name?: string; kind?: string; city?: string } | null };
