import { useEffect, useState } from 'react';
import { Link } from 'wouter';
import { useWords } from '../../src/words';
import { useAnswer, type Account, type Place, type Product as Data, type Start, type Variant } from '../api';
import { categoryName, categoryPath, categorySentence, placeName, swatch, topOf, valueName } from '../names';
import { Icon, Price, useTitle, Waiting } from '../parts/basics';
import { Slot } from '../parts/Slot';
import { addToCart, homeStore, useKept } from '../store';
import { deliver, track } from '../tag';
import { words } from '../words';

const distinct = (values: readonly string[]): string[] => [...new Set(values.filter(Boolean))];
const FEW = 4;

function Stock({ variant, start }: { variant: Variant; start: Start }) {
  const t = useWords(words);
  const mine = useKept(homeStore);
  const web = variant.stock['web'] ?? 0;
  const stores = start.places.filter((place) => place.kind === 'store');
  const first = stores.find((place) => place.id === mine);
  const ordered = first ? [first, ...stores.filter((place) => place !== first)] : stores;
  const line = (place: Place) => {
    const units = variant.stock[place.id] ?? 0;
    return (
      <li key={place.id} className={units > 0 ? 'has' : 'has-not'}>
        <span>
          <b>{placeName(place.name)}</b> {units > 0 ? t('storeHas', { n: units }) : t('storeHasNot')}
        </span>
        {place.id !== mine && (
          <button type="button" className="link" onClick={() => homeStore.set(place.id)}>
            {t('makeMine')}
          </button>
        )}
      </li>
    );
  };
  return (
    <div className="stock">
      <p className={web > 0 ? 'has' : 'has-not'}>
        <Icon name="truck" /> {web === 0 ? t('notDeliverable') : web < FEW ? t('deliverableFew', { n: web }) : t('deliverable')}
      </p>
      <p>
        <Icon name="shop" /> {first ? t('inYourStore') : t('inStores')}
      </p>
      <ul role="list">{ordered.map(line)}</ul>
    </div>
  );
}

function Details({ product }: { product: Data }) {
  const t = useWords(words);
  const rows: [string, string | undefined][] = [
    [t('style'), product.attributes?.style],
    [t('cut'), product.attributes?.cut],
    [t('gender'), product.attributes?.gender],
    [t('material'), product.material],
    [t('brand'), product.brand],
    [t('number'), product.id],
  ];
  return (
    <section className="product-details" aria-labelledby="details-title">
      <h2 id="details-title">{t('details')}</h2>
      <p>{categorySentence(product.category)}</p>
      <dl className="facts">
        {rows.map(
          ([name, value]) =>
            value && (
              <div key={name}>
                <dt>{name}</dt>
                <dd>{valueName(value)}</dd>
              </div>
            ),
        )}
      </dl>
      {product.replenishable && <p className="soft">{t('replenishable')}</p>}
      <p className="soft">{t('service')}</p>
    </section>
  );
}

/* The size that was kept most often in this department, if this product is made in it. */
function useOwnSize(product: Data, sizes: readonly string[]): { size: string; purchases: number } | undefined {
  const account = useAnswer<Account>('account', 'allowed').data;
  return account?.sizes
    ?.filter((one) => one.category === topOf(product.category) && sizes.includes(one.size))
    .sort((a, b) => b.purchases - a.purchases)[0];
}

function Chooser({ product, start, onColor }: { product: Data; start: Start; onColor: (variant: Variant) => void }) {
  const t = useWords(words);
  const colors = distinct(product.variants.map((variant) => variant.color));
  const sizes = distinct(product.variants.map((variant) => variant.size));
  const own = useOwnSize(product, sizes);
  const [color, setColor] = useState(colors[0] ?? '');
  const [wished, setWished] = useState<string | null>(null);
  const [state, setState] = useState<'' | 'size' | 'added'>('');
  const size = wished ?? own?.size ?? (sizes.length < 2 ? (sizes[0] ?? '') : null);
  const variant = product.variants.find((one) => one.color === color && one.size === size);
  const ofColor = (value: string): Variant | undefined => product.variants.find((one) => one.color === value);
  const add = (): void => {
    if (!variant) return setState('size');
    const { sku, image } = variant;
    addToCart({ sku, productId: product.id, title: product.title, category: product.category, image, size: variant.size, color, price: product.price ?? 0, currency: product.currency ?? 'EUR', quantity: 1 });
    setState('added');
  };
  return (
    <>
      {colors.length > 0 && (
        <fieldset className="pick">
          <legend>
            {t('color')}: {valueName(color)}
          </legend>
          <div className="swatches">
            {colors.map((value) => (
              <label key={value} className="swatch" title={valueName(value)}>
                <input
                  type="radio"
                  name="color"
                  checked={value === color}
                  onChange={() => {
                    setColor(value);
                    setState('');
                    const shown = ofColor(value);
                    if (shown) onColor(shown);
                  }}
                />
                <i style={{ backgroundColor: swatch[value] }} />
                <span className="unseen">{valueName(value)}</span>
              </label>
            ))}
          </div>
        </fieldset>
      )}
      {sizes.length > 0 && (
        <fieldset className="pick">
          <legend>{size ? t('chosenSize', { size }) : t('chooseSize')}</legend>
          <div className="sizes">
            {sizes.map((value) => {
              const there = product.variants.find((one) => one.color === color && one.size === value)?.available ?? false;
              return (
                <label key={value} className={there ? 'size' : 'size gone'}>
                  <input
                    type="radio"
                    name="size"
                    checked={value === size}
                    disabled={!there}
                    onChange={() => {
                      setWished(value);
                      setState('');
                    }}
                  />
                  <span>{value}</span>
                </label>
              );
            })}
          </div>
          {own && <p className="soft">{t('yourSize', { size: own.size, n: own.purchases })}</p>}
        </fieldset>
      )}
      <button type="button" className="button button-strong" disabled={!product.available || (variant ? !variant.available : false)} onClick={add}>
        <Icon name="cart" /> {product.available && (variant?.available ?? true) ? t('addToCart') : t('soldOut')}
      </button>
      <p className="said" role="status">
        {state === 'size' && t('chooseSize')}
        {state === 'added' && (
          <>
            <Icon name="check" /> {t('added')} <Link href="/shop/cart">{t('toCart')}</Link>
          </>
        )}
      </p>
      {variant && <Stock variant={variant} start={start} />}
    </>
  );
}

function Shown({ product, start }: { product: Data; start: Start }) {
  const t = useWords(words);
  useTitle(product.title);
  const [picture, setPicture] = useState(product.variants[0]?.image ?? product.image);
  return (
    <>
      <nav className="crumbs" aria-label={t('here')}>
        <Link href={categoryPath(topOf(product.category))}>{categoryName(topOf(product.category))}</Link>
        <span aria-hidden="true">/</span>
        <Link href={categoryPath(product.category)}>{categoryName(product.category)}</Link>
      </nav>
      <div className="product">
        <img className="product-picture" src={picture} alt={product.title} width="600" height="600" />
        <div className="product-side">
          <p className="card-brand">{product.brand}</p>
          <h1>{product.title}</h1>
          <Price {...product} />
          <Chooser product={product} start={start} onColor={(variant) => setPicture(variant.image)} />
        </div>
        <Details product={product} />
      </div>
      <Slot placement="product" products={product.id} title={t('together')} category={topOf(product.category)} />
    </>
  );
}

export function Product({ id, start }: { id: string; start: Start }) {
  const answer = useAnswer<Data>(`products/${encodeURIComponent(id)}`);
  const product = answer.data?.id === id ? answer.data : undefined;
  const { id: seen, title, category, price, currency } = product ?? {};
  useEffect(() => {
    if (!seen) return;
    track('Product Viewed', { product_id: seen, name: title, category, price, currency });
    deliver();
  }, [seen, title, category, price, currency]);
  return <Waiting whole answer={{ data: product, error: answer.error }}>{(data) => <Shown key={data.id} product={data} start={start} />}</Waiting>;
}
