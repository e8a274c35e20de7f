/* Stock as a matrix of sizes by colours, at one place or everywhere; a cell opens its stock by place. */
import { useState } from 'react';
import { Link, useSearchParams } from 'wouter';
import { useGet } from '../../api';
import { money, number } from '../../format';
import { Card } from '../../parts';
import { useWords } from '../../words';
import { matrixOf, priceRange, stockOf, type Matrix } from './matrix';
import type { Place, Product, Variant } from './types';
import { words } from './words';

type Cells = { place: string; chosen: string | null; choose: (sku: string | null) => void };

export function Stock({ product }: { product: Product }) {
  const t = useWords(words);
  const [search] = useSearchParams();
  const [chosen, choose] = useState<string | null>(null);
  const places = useGet<{ places: Place[] }>('/v1/admin/places?limit=500', { staleTime: 60_000 });
  const { variants } = product;
  const names = new Map(places.data?.places.map((place) => [place.id, place.document?.name || place.id]));
  const ids = [...new Set(variants.flatMap((variant) => Object.keys(variant.stockAt)))];
  const place = ids.find((id) => id === search.get('place')) ?? '';
  const matrix = matrixOf(variants);
  const open = variants.find((variant) => variant.sku === chosen) ?? (variants.length === 1 ? variants[0] : undefined);
  const nameOf = (id: string): string => names.get(id) ?? id;
  const cells = { place, chosen, choose };
  return (
    <Card title={t(matrix ? 'stockTitle' : 'stockList')} sentence={<Summary variants={variants} place={place} name={nameOf(place)} />} className="stock">
      {ids.length > 0 && <Places id={product.id} places={ids} place={place} nameOf={nameOf} />}
      {matrix ? <MatrixTable matrix={matrix} {...cells} /> : <VariantTable variants={variants} {...cells} />}
      {open ? <ByPlace variant={open} ids={ids} nameOf={nameOf} /> : <p className="soft stock-hint">{t('chooseCell')}</p>}
    </Card>
  );
}

function Summary({ variants, place, name }: { variants: readonly Variant[]; place: string; name: string }) {
  const t = useWords(words);
  const stocks = variants.map((variant) => stockOf(variant, place));
  const units = stocks.reduce<number>((sum, stock) => sum + Math.max(0, stock ?? 0), 0);
  const there = place === '' ? variants.filter((variant) => variant.available).length : stocks.filter((stock) => (stock ?? 0) > 0).length;
  const values = { in: there, all: variants.length, units, place: name };
  const range = priceRange(variants);
  return (
    <>
      {t(place === '' ? 'stockSentence' : 'stockSentenceAt', values)}{' '}
      {range && variants.length > 1 && (range.low === range.high ? t('priceSame', { price: money(range.low, range.currency) }) : t('priceRange', { low: money(range.low, range.currency), high: money(range.high, range.currency) }))}
    </>
  );
}

function Places({ id, places, place, nameOf }: { id: string; places: readonly string[]; place: string; nameOf: (id: string) => string }) {
  const t = useWords(words);
  const base = `/catalogue/${encodeURIComponent(id)}`;
  return (
    <nav className="chips-row stock-places" aria-label={t('place')}>
      <Link href={base} replace className="chip" aria-current={place === '' ? 'true' : undefined}>
        {t('everywhere')}
      </Link>
      {places.map((one) => (
        <Link key={one} href={`${base}?place=${encodeURIComponent(one)}`} replace className="chip" aria-current={place === one ? 'true' : undefined}>
          <bdi className="cut">{nameOf(one)}</bdi>
        </Link>
      ))}
    </nav>
  );
}

/* none, few, some: said by the number; the shade only helps the eye. */
const levelOf = (stock: number | null): string => (stock === null ? 'unknown' : stock <= 0 ? 'none' : stock < 4 ? 'few' : 'some');

function CellButton({ variant, place, chosen, choose }: Cells & { variant: Variant }) {
  const t = useWords(words);
  const stock = stockOf(variant, place);
  const said = stock === null ? t('unknownStock') : t('units', { n: Math.max(0, stock) });
  const open = chosen === variant.sku;
  return (
    <button
      type="button"
      className={`stock-cell stock-${levelOf(stock)}`}
      aria-pressed={open}
      aria-label={`${[variant.color, variant.size].filter(Boolean).join(' ') || variant.sku}: ${said}`}
      onClick={() => choose(open ? null : variant.sku)}
    >
      {stock === null ? '?' : number(Math.max(0, stock))}
    </button>
  );
}

function MatrixTable({ matrix, ...cells }: Cells & { matrix: Matrix }) {
  const t = useWords(words);
  return (
    <div className="stock-scroll" tabIndex={0} role="group" aria-label={t('stockTitle')}>
      <table className="stock-matrix">
        <thead>
          <tr>
            <td />
            {matrix.sizes.map((size) => (
              <th key={size} scope="col">
                <bdi className="cut">{size || t('noSize')}</bdi>
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {matrix.colors.map((color) => (
            <tr key={color}>
              <th scope="row">
                <span className="stock-color">
                  {color && <span className="swatch" style={{ backgroundColor: color }} aria-hidden="true" />}
                  <bdi className="cut">{color || t('noColor')}</bdi>
                </span>
              </th>
              {matrix.sizes.map((size) => {
                const variant = matrix.cell(color, size);
                return (
                  <td key={size}>
                    {variant ? (
                      <CellButton variant={variant} {...cells} />
                    ) : (
                      <span className="stock-not" title={t('notMade')}>
                        –<span className="visually-hidden">{t('notMade')}</span>
                      </span>
                    )}
                  </td>
                );
              })}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

const ROWS_MAX = 200;

function VariantTable({ variants, ...cells }: Cells & { variants: readonly Variant[] }) {
  const t = useWords(words);
  return (
    <div className="stock-scroll" tabIndex={0} role="group" aria-label={t('stockList')}>
      <table className="plain-table">
        <thead>
          <tr>
            <th scope="col">{t('sku')}</th>
            <th scope="col">{t('color')}</th>
            <th scope="col">{t('size')}</th>
            <th scope="col" className="right">{t('colPrice')}</th>
            <th scope="col" className="right">{t('stock')}</th>
          </tr>
        </thead>
        <tbody>
          {variants.slice(0, ROWS_MAX).map((variant) => (
            <tr key={variant.sku}>
              <th scope="row">
                <bdi className="cut">{variant.sku}</bdi>
              </th>
              <td>
                <bdi className="cut">{variant.color || '–'}</bdi>
              </td>
              <td>
                <bdi className="cut">{variant.size || '–'}</bdi>
              </td>
              <td className="right">{variant.price !== undefined && variant.currency ? money(variant.price, variant.currency) : '–'}</td>
              <td className="right">
                <CellButton variant={variant} {...cells} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      {variants.length > ROWS_MAX && <p className="soft">{t('moreVariants', { n: variants.length - ROWS_MAX })}</p>}
    </div>
  );
}

/* ---- one variant ------------------------------------------------------------------------------------------------------------ */
function ByPlace({ variant, ids, nameOf }: { variant: Variant; ids: readonly string[]; nameOf: (id: string) => string }) {
  const t = useWords(words);
  const most = Math.max(1, ...ids.map((id) => variant.stockAt[id] ?? 0));
  return (
    <div className="stock-detail" role="status">
      <p className="stock-sku">
        <bdi className="cut">{variant.sku}</bdi>
        {variant.price !== undefined && variant.currency && <strong>{money(variant.price, variant.currency)}</strong>}
      </p>
      <ul className="stock-bars">
        {ids.map((id) => {
          const units = variant.stockAt[id];
          return (
            <li key={id}>
              <bdi className="cut">{nameOf(id)}</bdi>
              <span className="stock-bar" aria-hidden="true">
                <span className="taste-fill" style={{ width: `${(100 * Math.max(0, units ?? 0)) / most}%` }} />
              </span>
              <span className="stock-units">{units === undefined ? t('unknownStock') : t('units', { n: Math.max(0, units) })}</span>
            </li>
          );
        })}
      </ul>
    </div>
  );
}
