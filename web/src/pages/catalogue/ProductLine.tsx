/* A product in one line: picture, title, and what the place wants to say of it. Titles come from outside: isolated and cut. */
import type { ReactNode } from 'react';
import { Link } from 'wouter';
import { ProductPicture } from '../../parts/ProductPicture';
import './ProductLine.css';

export type Named = { productId: string; title?: string | undefined; image?: string | undefined };

export const titleOf = (product: Named): string => product.title || product.productId;
export const productPath = (id: string): string => `/catalogue/${encodeURIComponent(id)}`;

/* What a product that an event named and no catalogue knows is called: "#" and its hash. It has no page. */
const hasPage = (id: string): boolean => !id.startsWith('#');

/* `plain`: no link, for a line that stands in a button. */
export type ProductLineProps = { product: Named; note?: ReactNode; size?: number; end?: ReactNode; plain?: boolean };

export function ProductLine({ product, note, size = 40, end, plain = false }: ProductLineProps) {
  const title = <bdi className="product-line-title">{titleOf(product)}</bdi>;
  return (
    <div className="product-line">
      <ProductPicture image={product.image} size={size} />
      <div className="product-line-words">
        {hasPage(product.productId) && !plain ? <Link href={productPath(product.productId)}>{title}</Link> : title}
        {note !== undefined && <span className="product-line-note">{note}</span>}
      </div>
      {end !== undefined && <div className="product-line-end">{end}</div>}
    </div>
  );
}
