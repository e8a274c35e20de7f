/* One search for everything (Ctrl-K, ⌘K): pages here, products by words, people by an exact value of their identity. What
 * is asked for goes in a body, never in an address. Arrow keys choose, Enter opens, Escape closes. */
import { useDebouncedValue } from '@mantine/hooks';
import { useEffect, useId, useMemo, useRef, useState, type KeyboardEvent, type ReactNode } from 'react';
import { useLocation } from 'wouter';
import { useAsk } from '../api';
import { relative } from '../format';
import { pages } from '../pages';
import { Icon, type IconName } from '../parts/Icon';
import { ProductPicture } from '../parts/ProductPicture';
import { say, useWords } from '../words';
import './search.css';
import { searchWords } from './searchWords';
import { words } from './words';

type Found = {
  people: { person: string; why: string; lastSeenAt: string | null }[];
  products: { productId: string; title: string; image: string | null; category: string | null }[];
};
type Hit = { key: string; group: 'pages' | 'people' | 'products'; to: string; title: string; note: string; picture: ReactNode };

const settingsParts = ['keys', 'sources', 'system', 'password'] as const;
const identities = ['email', 'userId', 'anonymousId', 'phone', 'card', 'personId'] as const;
type Identity = (typeof identities)[number];
const isIdentity = (why: string): why is Identity => (identities as readonly string[]).includes(why);

function useHits(query: string): { hits: Hit[]; asking: boolean; failed: boolean } {
  const t = useWords(searchWords);
  const frame = useWords(words);
  const [asked] = useDebouncedValue(query.trim(), 180);
  const found = useAsk<Found>('/v1/admin/search', { q: asked }, { enabled: asked.length >= 2, staleTime: 30_000, gcTime: 60_000, placeholderData: (before) => before });
  const hits = useMemo(() => {
    const wanted = query.trim().toLowerCase();
    const glyph = (name: IconName) => <span className="search-glyph"><Icon name={name} /></span>;
    const all: Hit[] = [
      ...pages.map((page) => ({ key: page.path, group: 'pages' as const, to: page.path, title: say(page.title), note: frame(page.room), picture: glyph(page.icon) })),
      ...settingsParts.map((part) => ({ key: part, group: 'pages' as const, to: `/settings/${part}`, title: `${frame('settings')}: ${t(part)}`, note: '', picture: glyph('settings') })),
    ];
    const here = all.filter((hit) => wanted === '' || `${hit.title} ${hit.note} ${hit.to}`.toLowerCase().includes(wanted));
    const data = wanted.length >= 2 ? found.data : undefined;
    const people = (data?.people ?? []).map((person) => ({
      key: `person ${person.person}`,
      group: 'people' as const,
      to: `/people/${encodeURIComponent(person.person)}`,
      title: t('person', { id: person.person.slice(-6) }),
      note: `${isIdentity(person.why) ? t(person.why) : person.why}${person.lastSeenAt ? ` · ${relative(person.lastSeenAt)}` : ''}`,
      picture: glyph('user'),
    }));
    const products = (data?.products ?? []).map((product) => ({
      key: `product ${product.productId}`,
      group: 'products' as const,
      to: `/catalogue/${encodeURIComponent(product.productId)}`,
      title: product.title,
      note: [product.category, product.productId].filter(Boolean).join(' · '),
      picture: <ProductPicture image={product.image} size={36} />,
    }));
    return [...people, ...products, ...here];
  }, [query, found.data, t, frame]);
  return { hits, asking: found.isFetching, failed: found.isError };
}

export function Search({ onClose }: { onClose: () => void }) {
  const t = useWords(searchWords);
  const [, go] = useLocation();
  const [query, setQuery] = useState('');
  const [at, setAt] = useState(0);
  const { hits, asking, failed } = useHits(query);
  const id = useId();
  const dialog = useRef<HTMLDialogElement>(null);
  const chosen = Math.min(at, hits.length - 1);

  useEffect(() => {
    const node = dialog.current;
    node?.showModal();
    return () => node?.close();
  }, []);
  useEffect(() => {
    document.getElementById(`${id}-${chosen}`)?.scrollIntoView({ block: 'nearest' });
  }, [chosen, id]);

  const open = (hit: Hit | undefined) => {
    if (!hit) return;
    onClose();
    go(hit.to);
  };
  const onKey = (event: KeyboardEvent) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step !== undefined && hits.length > 0) {
      event.preventDefault();
      setAt((chosen + step + hits.length) % hits.length);
    }
    if (event.key === 'Enter') {
      event.preventDefault();
      open(hits[chosen]);
    }
  };
  const status = failed ? t('failed') : query.trim().length >= 2 && !asking && hits.length === 0 ? t('nothing') : '';
  return (
    <dialog ref={dialog} className="search" aria-label={t('title')} onClose={onClose} onClick={(event) => event.target === dialog.current && onClose()}>
      <div className="search-line">
        <Icon name="search" />
        <input
          className="search-input"
          type="text"
          role="combobox"
          aria-expanded={hits.length > 0}
          aria-controls={`${id}-list`}
          aria-activedescendant={hits.length > 0 ? `${id}-${chosen}` : undefined}
          aria-label={t('title')}
          aria-autocomplete="list"
          placeholder={t('placeholder')}
          autoComplete="off"
          spellCheck={false}
          autoFocus
          maxLength={200}
          value={query}
          onChange={(event) => {
            setQuery(event.currentTarget.value);
            setAt(0);
          }}
          onKeyDown={onKey}
        />
        <kbd>Esc</kbd>
      </div>
      {hits.length > 0 && (
        <ul id={`${id}-list`} className="search-list" role="listbox" aria-label={t('hits')}>
          {hits.map((hit, i) => (
            <li key={hit.key} role="presentation">
              {hits[i - 1]?.group !== hit.group && (
                <p className="search-group" role="presentation">
                  {t(hit.group)}
                </p>
              )}
              <div id={`${id}-${i}`} role="option" aria-selected={i === chosen} className="search-hit" onClick={() => open(hit)} onMouseMove={() => setAt(i)}>
                {hit.picture}
                <span className="search-hit-title">{hit.title}</span>
                <span className="search-hit-note">{hit.note}</span>
              </div>
            </li>
          ))}
        </ul>
      )}
      <p className="search-status" role="status">
        {status}
      </p>
      <p className="search-hint">{t('hint')}</p>
    </dialog>
  );
}
