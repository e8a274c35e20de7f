/* What a product's document says besides its columns. It is the shop's own JSON: nothing of it is taken for granted. */
import type { Product } from './types';

const isText = (value: unknown): value is string => typeof value === 'string' && value !== '';

export function picturesOf(product: Pick<Product, 'image' | 'document'>): string[] {
  const more: unknown = product.document?.images;
  const all: unknown[] = Array.isArray(more) ? more : [];
  return [...new Set([product.image, ...all].filter(isText))].slice(0, 12);
}

function textOf(value: unknown): string {
  if (Array.isArray(value)) return value.map(textOf).join(', ');
  return typeof value === 'string' ? value : (JSON.stringify(value) ?? '');
}

export function attributesOf(document: Product['document']): { name: string; value: string }[] {
  const attributes = document?.attributes;
  if (typeof attributes !== 'object' || attributes === null || Array.isArray(attributes)) return [];
  return Object.entries(attributes).map(([name, value]) => ({ name, value: textOf(value) }));
}
