/* One product: pictures, what it is, stock as a matrix, what goes with it. */
import { useState } from 'react';
import { Link } from 'wouter';
import { ApiError, useGet } from '../../api';
import { date, money } from '../../format';
import { Answer, Card, Empty, Json, Page, ProductPicture } from '../../parts';
import { useWords } from '../../words';
import { Price, States } from './Catalogue';
import { attributesOf, picturesOf } from './document';
import { priceRange } from './matrix';
import { Neighbours } from './Neighbours';
import { Stock } from './Stock';
import { levels } from './tree';
import type { Product } from './types';
import { words } from './words';
import './catalogue.css';

export function ProductPage({ id }: { id: string }) {
  const t = useWords(words);
  const path = `/v1/admin/products/${encodeURIComponent(id)}`;
  const query = useGet<Product>(path);
  return (
    <Page
      title={<bdi className="cut-2">{query.data?.title || id}</bdi>}
      name={t('title')}
      sentence={
        <Link href="/catalogue" className="person-back">
          {t('back')}
        </Link>
      }
      action={
        <Link href={`/recommendations?product=${encodeURIComponent(query.data?.id ?? id)}`} className="plain-button button-link">
          {t('recommend')}
        </Link>
      }
      api={[
        { method: 'GET', path },
        { method: 'POST', path: '/v1/recommend', body: { recipe: 'also-bought', products: [id], explain: true } },
        { method: 'POST', path: '/v1/admin/stock', body: [{ sku: query.data?.variants[0]?.sku ?? id, place: 'web', stock: 5 }] },
      ]}
      wide
    >
      {query.error instanceof ApiError && query.error.status === 404 ? (
        <Empty title={t('notFound')} icon="catalogue">
          {t('notFoundText')}
        </Empty>
      ) : (
        <Answer query={query} rows={10}>
          {(product) => (
            <>
              <div className="product">
                <Pictures product={product} />
                <Facts product={product} />
              </div>
              <Stock product={product} />
              <Neighbours neighbours={product.neighbours} />
              {product.document && (
                <Card title={t('document')}>
                  <Json value={product.document} depth={0} />
                </Card>
              )}
            </>
          )}
        </Answer>
      )}
    </Page>
  );
}

function Pictures({ product }: { product: Product }) {
  const t = useWords(words);
  const pictures = picturesOf(product);
  const [chosen, choose] = useState(0);
  return (
    <div className="product-pictures">
      <ProductPicture key={pictures[chosen] ?? ''} image={pictures[chosen]} title={product.title} size="fill" />
      {pictures.length > 1 && (
        <div className="product-thumbs" role="group" aria-label={t('pictures')}>
          {pictures.map((picture, i) => (
            <button key={picture} type="button" className="product-thumb" aria-pressed={i === chosen} aria-label={t('picture', { n: i + 1 })} onClick={() => choose(i)}>
              <ProductPicture image={picture} size={56} />
            </button>
          ))}
        </div>
      )}
    </div>
  );
}

function Facts({ product }: { product: Product }) {
  const t = useWords(words);
  const range = priceRange(product.variants);
  const description = typeof product.document?.description === 'string' ? product.document.description : '';
  const createdAt = typeof product.document?.createdAt === 'string' && !Number.isNaN(Date.parse(product.document.createdAt)) ? product.document.createdAt : '';
  return (
    <Card className="product-facts">
      <p className="product-price">
        {range && range.low !== range.high ? t('from', { price: money(range.low, range.currency) }) : <Price product={product} />}
        <span className="product-states">
          <States product={product} />
        </span>
      </p>
      {description !== '' && <LongText text={description} />}
      <dl className="traits">
        <Fact name={t('id')} value={product.id} />
        {product.brand && <Fact name={t('brand')} value={product.brand} />}
        {product.category && <CategoryFact category={product.category} />}
        {attributesOf(product.document).map(({ name, value }) => (
          <Fact key={name} name={name} value={value} />
        ))}
        {product.document?.replenishable === true && <Fact name={t('replenishable')} value={t('yes')} />}
        {createdAt && <Fact name={t('createdAt')} value={date(createdAt)} />}
      </dl>
    </Card>
  );
}

function Fact({ name, value }: { name: string; value: string }) {
  return (
    <div>
      <dt>
        <bdi>{name}</bdi>
      </dt>
      <dd>
        <bdi>{value}</bdi>
      </dd>
    </div>
  );
}

/* Each level leads to its shelf of the catalogue. */
function CategoryFact({ category }: { category: string }) {
  const t = useWords(words);
  const names = levels(category);
  return (
    <div>
      <dt>{t('category')}</dt>
      <dd>
        {names.map((name, i) => (
          <span key={i}>
            {i > 0 && ' › '}
            <Link href={`/catalogue?category=${encodeURIComponent(names.slice(0, i + 1).join(' > '))}`}>
              <bdi>{name}</bdi>
            </Link>
          </span>
        ))}
      </dd>
    </div>
  );
}

const LONG = 320;

/* Descriptions may be as long as a feed likes, and may hold HTML: shown as text, folded. */
function LongText({ text }: { text: string }) {
  const t = useWords(words);
  const [all, setAll] = useState(false);
  return (
    <div className="product-description">
      <p className={all ? '' : 'product-description-folded'}>
        <bdi>{text}</bdi>
      </p>
      {text.length > LONG && (
        <button type="button" className="quiet-button" aria-expanded={all} onClick={() => setAll(!all)}>
          {t(all ? 'showLess' : 'showAll')}
        </button>
      )}
    </div>
  );
}
