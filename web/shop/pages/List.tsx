/* A category or the results of a search: filters and order stand in the address, so that a list can be shared. */
import { useEffect, useState } from 'react';
import { Link, useLocation, useSearch } from 'wouter';
import { money } from '../../src/format';
import { useWords } from '../../src/words';
import { useAnswer, type Card, type FacetValue, type Shelf, type Start } from '../api';
import { categoryName, categoryPath, categorySentence, placeName, swatch, topOf, valueName } from '../names';
import { Empty, Icon, useTitle, Waiting } from '../parts/basics';
import { Cards } from '../parts/Card';
import { allowed, homeStore, session, useKept } from '../store';
import { track } from '../tag';
import { words } from '../words';
import { Reads } from './Home';

const PAGE = 24;
const sorts = ['for-you', 'popular', 'new', 'price-up', 'price-down'] as const;
const sortWords = { 'for-you': 'sort_for_you', popular: 'sort_popular', new: 'sort_new', 'price-up': 'sort_price_up', 'price-down': 'sort_price_down' } as const;
const letters = ['XS', 'S', 'M', 'L', 'XL', 'XXL'];
const sizeRank = (size: string): number => (letters.includes(size) ? letters.indexOf(size) : 100 + Number(size));

type State = { query: URLSearchParams; set: (name: string, value: string) => void; toggle: (name: string, value: string) => void; clear: () => void; chosen: number };

function useFilters(): State {
  const search = useSearch();
  const [path, go] = useLocation();
  const query = new URLSearchParams(search);
  const to = (next: URLSearchParams): void => go(`${path}${next.size ? `?${next}` : ''}`, { replace: true });
  const set = (name: string, value: string): void => {
    if (value) query.set(name, value);
    else query.delete(name);
    to(query);
  };
  const values = (name: string): string[] => (query.get(name) ?? '').split(',').filter(Boolean);
  const toggle = (name: string, value: string): void => {
    const now = values(name);
    set(name, (now.includes(value) ? now.filter((one) => one !== value) : [...now, value]).join(','));
  };
  const clear = (): void => to(new URLSearchParams([...query].filter(([name]) => name === 'q' || name === 'sort')));
  const chosen = values('size').length + values('color').length + values('brand').length + (query.has('max') ? 1 : 0) + (query.has('place') ? 1 : 0);
  return { query, set, toggle, clear, chosen };
}

function Choice({ name, values, state, label }: { name: 'size' | 'color' | 'brand'; values: readonly FacetValue[]; state: State; label: string }) {
  const now = (state.query.get(name) ?? '').split(',');
  if (values.length < 2) return null;
  return (
    <fieldset>
      <legend>{label}</legend>
      <div className={`chips chips-${name}`}>
        {values.map(({ value, products }) => (
          <label key={value} className="chip" title={`${valueName(value)} (${products})`}>
            <input type="checkbox" checked={now.includes(value)} onChange={() => state.toggle(name, value)} />
            <span>
              {name === 'color' && <i className="dot" style={{ backgroundColor: swatch[value] }} />}
              {valueName(value)}
            </span>
          </label>
        ))}
      </div>
    </fieldset>
  );
}

function Filters({ shelf, start, state }: { shelf: Shelf; start: Start; state: State }) {
  const t = useWords(words);
  const stores = start.places.filter((place) => place.kind === 'store');
  const most = Math.ceil(shelf.facets.priceMax ?? 0);
  const steps = [25, 50, 100, 150, 250].filter((step) => step < most);
  return (
    <div className="filters">
      <Choice name="size" label={t('size')} values={[...shelf.facets.size].sort((a, b) => sizeRank(a.value) - sizeRank(b.value))} state={state} />
      <Choice name="color" label={t('color')} values={shelf.facets.color} state={state} />
      <label className="field">
        <span>{t('price')}</span>
        <select value={state.query.get('max') ?? ''} onChange={(event) => state.set('max', event.target.value)}>
          <option value="">{t('anyPrice')}</option>
          {steps.map((step) => (
            <option key={step} value={step}>
              {t('upTo', { price: money(step, 'EUR', true) })}
            </option>
          ))}
        </select>
      </label>
      <label className="field">
        <span>{t('inStore')}</span>
        <select value={state.query.get('place') ?? ''} onChange={(event) => state.set('place', event.target.value)}>
          <option value="">{t('anywhere')}</option>
          {stores.map((place) => (
            <option key={place.id} value={place.id}>
              {placeName(place.name)}
            </option>
          ))}
        </select>
      </label>
      <Choice name="brand" label={t('brand')} values={[...shelf.facets.brand].sort((a, b) => b.products - a.products || (a.value < b.value ? -1 : 1)).slice(0, 12)} state={state} />
      {state.chosen > 0 && (
        <button type="button" className="link" onClick={state.clear}>
          {t('clear')}
        </button>
      )}
    </div>
  );
}

/* More of the same list, page by page, until it is asked anew. */
function usePages(path: string): { first: ReturnType<typeof useAnswer<Shelf>>; cards: Card[]; more: () => void } {
  const [pages, setPages] = useState({ path, count: 1 });
  const count = pages.path === path ? pages.count : 1;
  const first = useAnswer<Shelf>(`${path}&limit=${Math.min(60, PAGE * count)}`, 'allowed');
  const second = useAnswer<Shelf>(count * PAGE > 60 ? `${path}&offset=60&limit=60` : null, 'allowed');
  const cards = [...(first.data?.products ?? []), ...(count * PAGE > 60 ? (second.data?.products ?? []) : [])];
  return { first, cards, more: () => setPages({ path, count: count + 1 }) };
}

function Crumbs({ category, start }: { category: string; start: Start }) {
  const t = useWords(words);
  const top = topOf(category);
  const inside = start.categories.filter((one) => topOf(one.path) === top && one.path !== top);
  return (
    <nav className="subnav" aria-label={categoryName(top)}>
      <Link href={categoryPath(top)} aria-current={category === top ? 'page' : undefined}>
        {t('all')}
      </Link>
      {inside.map((one) => (
        <Link key={one.path} href={categoryPath(one.path)} aria-current={category === one.path ? 'page' : undefined}>
          {categoryName(one.path)}
        </Link>
      ))}
    </nav>
  );
}

export function List({ start, category, q = '' }: { start: Start; category?: string; q?: string }) {
  const t = useWords(words);
  const state = useFilters();
  const personal = useKept(allowed)?.personalise === true;
  const who = useKept(session);
  const mine = useKept(homeStore);
  const [open, setOpen] = useState(false);
  const standard = personal && !q ? 'for-you' : 'popular';
  const asked = new URLSearchParams([...state.query].filter(([name]) => ['size', 'color', 'brand', 'max', 'place'].includes(name)));
  asked.set('sort', state.query.get('sort') ?? standard);
  if (category) asked.set('category', category);
  if (q) asked.set('q', q);
  const { first, cards, more } = usePages(`products?${asked}`);
  useEffect(() => {
    if (q) track('Products Searched', { query: q });
    else if (category) track('Product List Viewed', { list_id: category, category });
  }, [category, q]);
  const title = q ? t('searchResults', { q }) : category ? categoryName(category) : t('everything');
  useTitle(title);
  return (
    <>
      <div className="list-head">
        <h1>{title}</h1>
        {category && categorySentence(category) && <p>{categorySentence(category)}</p>}
        {category && <Crumbs category={category} start={start} />}
      </div>
      <Waiting answer={first}>
        {(shelf) => (
          <div className="list">
            <aside className={open ? 'side open' : 'side'} id="filters">
              <Filters shelf={shelf} start={start} state={state} />
            </aside>
            <div>
              <div className="list-bar">
                <span role="status">{t('articles', { n: shelf.total })}</span>
                <button type="button" className="button button-quiet only-phone" aria-expanded={open} aria-controls="filters" onClick={() => setOpen(!open)}>
                  <Icon name="filter" /> {state.chosen ? t('filters', { n: state.chosen }) : t('filter')}
                </button>
                <label className="field field-inline">
                  <span>{t('sort')}</span>
                  <select value={state.query.get('sort') ?? standard} onChange={(event) => state.set('sort', event.target.value)}>
                    {sorts
                      .filter((sort) => sort !== 'for-you' || personal)
                      .map((sort) => (
                        <option key={sort} value={sort}>
                          {t(sortWords[sort])}
                        </option>
                      ))}
                  </select>
                </label>
              </div>
              {shelf.total === 0 ? (
                <Empty title={t('noneFound')} text={t('noneFoundNext')}>
                  <button type="button" className="button" onClick={state.clear}>
                    {t('clear')}
                  </button>
                </Empty>
              ) : (
                <Cards cards={cards} key={`${who?.persona.userId ?? ''}${mine}`} />
              )}
              {cards.length < Math.min(shelf.total, 120) && (
                <div className="more">
                  <p className="soft">{t('shown', { from: cards.length, n: shelf.total })}</p>
                  <button type="button" className="button button-quiet" onClick={more}>
                    {t('more')}
                  </button>
                </div>
              )}
            </div>
          </div>
        )}
      </Waiting>
      {category && <Reads start={start} category={category} />}
    </>
  );
}
