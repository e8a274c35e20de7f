/* The same products as rows; a page of rows is one body. */
import { memo } from 'react';
import { Link } from 'wouter';
import { number } from '../../format';
import { ProductPicture } from '../../parts';
import { useWords } from '../../words';
import { Price, States } from './Catalogue';
import { productPath } from './ProductLine';
import { levels } from './tree';
import type { ProductPage, ProductSummary } from './types';
import type { NearPages } from './useNearPages';
import { words } from './words';

export function ProductTable({ pages, near }: { pages: readonly ProductPage[]; near: NearPages }) {
  const t = useWords(words);
  return (
    <div className="data-table-scroll" tabIndex={0} role="region" aria-label={t('title')}>
      <table className="plain-table product-table">
        <thead>
          <tr>
            <th scope="col">{t('colProduct')}</th>
            <th scope="col" className="not-phone">{t('colBrand')}</th>
            <th scope="col" className="not-phone">{t('colCategory')}</th>
            <th scope="col" className="right not-phone">{t('colVariants')}</th>
            <th scope="col" className="right">{t('colPrice')}</th>
            <th scope="col">{t('colState')}</th>
          </tr>
        </thead>
        {pages.map((page, i) => (
          <TablePage key={i} page={page} room={near.isNear(i) ? null : near.roomOf(i)} />
        ))}
      </table>
    </div>
  );
}

const TablePage = memo(function TablePage({ page, room }: { page: ProductPage; room: number | null }) {
  if (room !== null)
    return (
      <tbody data-page="away" aria-hidden="true">
        <tr style={{ height: room }} />
      </tbody>
    );
  return (
    <tbody data-page="drawn">
      {page.products.map((product) => (
        <Row key={product.id} product={product} />
      ))}
    </tbody>
  );
});

function Row({ product }: { product: ProductSummary }) {
  const t = useWords(words);
  return (
    <tr>
      <th scope="row">
        <Link href={productPath(product.id)} className="product-table-link">
          <ProductPicture image={product.image} size={32} />
          <span className="product-table-words">
            <bdi className="cut">{product.title || t('untitled')}</bdi>
            <bdi className="cut soft">{product.id}</bdi>
          </span>
        </Link>
      </th>
      <td className="not-phone">
        <bdi className="cut">{product.brand}</bdi>
      </td>
      <td className="not-phone">
        <bdi className="cut" title={product.category}>
          {levels(product.category).at(-1)}
        </bdi>
      </td>
      <td className="right not-phone">{number(product.variantCount)}</td>
      <td className="right">
        <Price product={product} />
      </td>
      <td>
        <States product={product} />
      </td>
    </tr>
  );
}
