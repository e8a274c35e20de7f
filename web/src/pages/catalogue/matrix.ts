/* Variants as a table of sizes by colours. */
import type { Variant } from './types';

export type Matrix = { colors: string[]; sizes: string[]; cell: (color: string, size: string) => Variant | undefined };

const letters = ['XXXS', 'XXS', 'XS', 'S', 'M', 'L', 'XL', 'XXL', '2XL', 'XXXL', '3XL', '4XL', '5XL'];

/* Letters in their order, numbers by value ("36 1/2" too), the rest as the shop wrote it. */
export function compareSizes(a: string, b: string): number {
  const [letterA, letterB] = [letters.indexOf(a.toUpperCase()), letters.indexOf(b.toUpperCase())];
  if (letterA >= 0 && letterB >= 0) return letterA - letterB;
  const [numberA, numberB] = [parseFloat(a.replace(',', '.')), parseFloat(b.replace(',', '.'))];
  if (!Number.isNaN(numberA) && !Number.isNaN(numberB)) return numberA - numberB || a.localeCompare(b);
  return 0;
}

const distinct = (values: readonly string[]): string[] => [...new Set(values)];
const key = (color: string, size: string): string => JSON.stringify([color, size]);

const CELLS_MAX = 600;

/* null: two variants share colour and size (a material may tell them apart), so a table would hide one; or it would be too
   large to be read. */
export function matrixOf(variants: readonly Variant[]): Matrix | null {
  const cells = new Map(variants.map((variant) => [key(variant.color, variant.size), variant]));
  const colors = distinct(variants.map((variant) => variant.color));
  const sizes = distinct(variants.map((variant) => variant.size)).sort(compareSizes);
  if (variants.length < 2 || cells.size !== variants.length || colors.length * sizes.length > CELLS_MAX) return null;
  return { colors, sizes, cell: (color, size) => cells.get(key(color, size)) };
}

/* Units at a place, or everywhere with place ''. null: nobody said. */
export function stockOf(variant: Variant, place: string): number | null {
  return place === '' ? variant.stock : (variant.stockAt[place] ?? null);
}

export type PriceRange = { low: number; high: number; currency: string };
export function priceRange(variants: readonly Variant[]): PriceRange | null {
  const priced = variants.filter((variant) => variant.price !== undefined && variant.currency !== undefined);
  const currency = priced[0]?.currency;
  const prices = priced.filter((variant) => variant.currency === currency).map((variant) => variant.price ?? 0);
  return currency === undefined ? null : { low: Math.min(...prices), high: Math.max(...prices), currency };
}
