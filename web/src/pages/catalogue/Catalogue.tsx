/* All products as pictures or as a table. Pages are loaded as they come near sight, and what is far away is only room, so that
   the twenty thousandth product is as quick as the first. */
import { TextInput } from '@mantine/core';
import { useInfiniteQuery, type InfiniteData } from '@tanstack/react-query';
import { memo, useEffect, useState } from 'react';
import { Link, useSearchParams } from 'wouter';
import { get, useGet, type ApiError } from '../../api';
import { money } from '../../format';
import { Card, Empty, Failed, Icon, Loading, Page, ProductPicture, Tag } from '../../parts';
import { useWords } from '../../words';
import { MoreOnSight } from './MoreOnSight';
import { productPath } from './ProductLine';
import { ProductTable } from './ProductTable';
import { parse, pathOf, print, type Listed } from './query';
import { Categories } from './Categories';
import type { CategoryCount, ProductPage, ProductSummary } from './types';
import { useNearPages } from './useNearPages';
import { words } from './words';
import './catalogue.css';

const PAGE = 60;
const TYPING_MS = 250;

export function Catalogue() {
  const t = useWords(words);
  const [search, setSearch] = useSearchParams();
  const listed = parse(search.toString());
  const change = (patch: Partial<Listed>) => setSearch(new URLSearchParams(print({ ...listed, ...patch })), { replace: true });
  const categories = useGet<{ categories: CategoryCount[] }>('/v1/admin/categories', { staleTime: 60_000 });
  return (
    <Page
      title={t('title')}
      sentence={t('sentence')}
      wide
      api={[
        { method: 'GET', path: pathOf(listed, PAGE) },
        { method: 'GET', path: '/v1/admin/categories' },
        { method: 'PUT', path: '/v1/admin/products', body: [{ id: 'JACKET', title: 'Rain jacket', category: 'Outdoor > Jackets', price: 89.95, currency: 'EUR', variants: [{ sku: 'J-M', size: 'M', stock: 4 }] }] },
      ]}
    >
      <div className="catalogue">
        <Categories categories={categories.data?.categories ?? []} chosen={listed.category} choose={(category) => change({ category })} />
        <div className="catalogue-main">
          <Tools listed={listed} change={change} />
          <Products listed={listed} clear={() => change({ q: '', category: '', stock: '' })} />
        </div>
      </div>
    </Page>
  );
}

/* ---- search and switches -------------------------------------------------------------------------------------------------- */
function Tools({ listed, change }: { listed: Listed; change: (patch: Partial<Listed>) => void }) {
  const t = useWords(words);
  return (
    <div className="catalogue-tools">
      <SearchField value={listed.q} take={(q) => change({ q })} />
      <div className="chips-row" role="group" aria-label={t('availability')}>
        <Choice name={t('anyStock')} chosen={listed.stock === ''} choose={() => change({ stock: '' })} />
        <Choice name={t('inStock')} chosen={listed.stock === 'in'} choose={() => change({ stock: 'in' })} />
        <Choice name={t('outOfStock')} chosen={listed.stock === 'out'} choose={() => change({ stock: 'out' })} />
      </div>
      <div className="chips-row" role="group" aria-label={t('viewAs')}>
        <Choice name={t('asGrid')} chosen={listed.view === 'grid'} choose={() => change({ view: 'grid' })} />
        <Choice name={t('asTable')} chosen={listed.view === 'table'} choose={() => change({ view: 'table' })} />
      </div>
    </div>
  );
}

function Choice({ name, chosen, choose }: { name: string; chosen: boolean; choose: () => void }) {
  return (
    <button type="button" className="chip" aria-pressed={chosen} onClick={choose}>
      {name}
    </button>
  );
}

/* Asks when typing pauses; the URL leads when it changes from outside (back, a link, "clear"). */
function SearchField({ value, take }: { value: string; take: (q: string) => void }) {
  const t = useWords(words);
  const [text, setText] = useState(value);
  const [known, setKnown] = useState(value);
  if (value !== known) {
    setKnown(value);
    setText(value);
  }
  useEffect(() => {
    if (text === value) return;
    const timer = setTimeout(() => {
      setKnown(text);
      take(text);
    }, TYPING_MS);
    return () => clearTimeout(timer);
  }, [text, value, take]);
  return (
    <TextInput
      className="catalogue-search"
      type="search"
      aria-label={t('search')}
      placeholder={t('search')}
      value={text}
      onChange={(event) => setText(event.currentTarget.value)}
      leftSection={<Icon name="search" size={16} />}
      autoComplete="off"
      maxLength={200}
    />
  );
}

/* ---- the list --------------------------------------------------------------------------------------------------------------- */
function Products({ listed, clear }: { listed: Listed; clear: () => void }) {
  const t = useWords(words);
  const query = useInfiniteQuery<ProductPage, ApiError, InfiniteData<ProductPage>, string[], string | null>({
    queryKey: [pathOf(listed, PAGE)],
    queryFn: ({ pageParam, signal }) => get<ProductPage>(pathOf(listed, PAGE, pageParam), signal),
    initialPageParam: null,
    getNextPageParam: (last) => last.cursor,
    staleTime: 30_000,
    placeholderData: (before) => before,
  });
  const near = useNearPages(query.data?.pages.length ?? 0);
  if (query.error && !query.data) return <Failed error={query.error} again={query.refetch} />;
  if (!query.data) return <Loading rows={12} />;
  const { pages } = query.data;
  const shown = pages.reduce((sum, page) => sum + page.products.length, 0);
  if (shown === 0 && !query.hasNextPage) return <Nothing filtered={listed.q !== '' || listed.category !== '' || listed.stock !== ''} clear={clear} />;
  return (
    <>
      <p className="catalogue-count" role="status">
        {query.hasNextPage ? t('foundMore', { n: shown, total: pages[0]?.total ?? shown }) : t('found', { n: shown })}
      </p>
      <div ref={near.list} className={query.isPlaceholderData ? 'catalogue-pages catalogue-waiting' : 'catalogue-pages'}>
        {listed.view === 'table' ? (
          <Card flush>
            <ProductTable pages={pages} near={near} />
          </Card>
        ) : (
          pages.map((page, i) => (
            <GridPage key={i} page={page} room={near.isNear(i) ? null : near.roomOf(i)} />
          ))
        )}
      </div>
      <div className="catalogue-foot">
        {query.hasNextPage ? (
          <MoreOnSight more={() => void query.fetchNextPage()} busy={query.isFetchingNextPage} loaded={pages.length} name={t('more')} />
        ) : (
          <span className="soft">{t('end')}</span>
        )}
      </div>
    </>
  );
}

/* A page that is there is not made again when the next one comes. */
const GridPage = memo(function GridPage({ page, room }: { page: ProductPage; room: number | null }) {
  if (room !== null) return <div data-page="away" style={{ height: room }} />;
  return (
    <ul className="grid-page" data-page="drawn">
      {page.products.map((product) => (
        <Tile key={product.id} product={product} />
      ))}
    </ul>
  );
});

function Nothing({ filtered, clear }: { filtered: boolean; clear: () => void }) {
  const t = useWords(words);
  if (!filtered)
    return (
      <Empty title={t('empty')} icon="catalogue">
        {t('emptyText')}
      </Empty>
    );
  return (
    <Empty
      title={t('nothing')}
      icon="search"
      action={
        <button type="button" className="plain-button" onClick={clear}>
          {t('clear')}
        </button>
      }
    >
      {t('nothingText')}
    </Empty>
  );
}

export function States({ product }: { product: Pick<ProductSummary, 'stub' | 'hidden' | 'available'> }) {
  const t = useWords(words);
  if (product.stub)
    return (
      <span title={t('stubWhy')}>
        <Tag tone="warning">{t('stub')}</Tag>
      </span>
    );
  return (
    <>
      {product.hidden && (
        <span title={t('hiddenWhy')}>
          <Tag>{t('hidden')}</Tag>
        </span>
      )}
      {!product.available && <Tag tone="bad">{t('soldOut')}</Tag>}
    </>
  );
}

function Tile({ product }: { product: ProductSummary }) {
  const t = useWords(words);
  return (
    <li>
      <Link href={productPath(product.id)} className={product.hidden || product.stub ? 'tile tile-faint' : 'tile'}>
        <ProductPicture image={product.image} size="fill" />
        <span className="tile-states">
          <States product={product} />
        </span>
        <bdi className="tile-brand cut">{product.brand}</bdi>
        <bdi className="tile-title">{product.title || product.id || t('untitled')}</bdi>
        <Price product={product} />
      </Link>
    </li>
  );
}

export function Price({ product }: { product: Pick<ProductSummary, 'price' | 'listPrice' | 'currency'> }) {
  const t = useWords(words);
  if (product.price === undefined || !product.currency) return <span className="tile-price soft">–</span>;
  return (
    <span className="tile-price">
      {money(product.price, product.currency)}
      {product.listPrice !== undefined && <s title={t('was', { price: money(product.listPrice, product.currency) })}>{money(product.listPrice, product.currency)}</s>}
    </span>
  );
}
