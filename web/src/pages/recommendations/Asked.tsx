/* For whom, and from which products: the subject of the playground. */
import { TextInput } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { useState } from 'react';
import { useGet } from '../../api';
import { Ago, Icon, PersonLink } from '../../parts';
import { useWords } from '../../words';
import { ProductLine, titleOf } from '../catalogue/ProductLine';
import type { Product, ProductPage } from '../catalogue/types';
import { FindPerson } from '../people/FindPerson';
import type { ActivePerson } from '../people/types';
import { PRODUCTS_MAX, type PlaygroundProps } from './state';
import { words } from './words';

export function Asked(props: PlaygroundProps) {
  return (
    <div className="asked">
      <ForWhom {...props} />
      <FromWhat {...props} />
    </div>
  );
}

/* ---- the person --------------------------------------------------------------------------------------------------------- */
function ForWhom({ state, change }: PlaygroundProps) {
  const t = useWords(words);
  return (
    <section className="asked-part" aria-label={t('person')}>
      <div className="asked-chosen">
        {state.person ? (
          <span className="asked-chip">
            <PersonLink person={state.person} />
            <TakeAway what={t('person')} onClick={() => change({ person: '' })} />
          </span>
        ) : (
          <span className="asked-nobody">
            <Icon name="user" size={16} /> {t('stranger')}
          </span>
        )}
      </div>
      <FindPerson label={t('person')} description={t('personHint')} onFound={(person) => change({ person })} />
      {!state.person && <RecentPeople choose={(person) => change({ person })} />}
    </section>
  );
}

function TakeAway({ what, onClick }: { what: string; onClick: () => void }) {
  const t = useWords(words);
  return (
    <button type="button" className="quiet-button asked-away" onClick={onClick} aria-label={t('takeAway', { what })}>
      <Icon name="close" size={14} />
    </button>
  );
}

function RecentPeople({ choose }: { choose: (person: string) => void }) {
  const t = useWords(words);
  const query = useGet<{ people: ActivePerson[] }>('/v1/admin/profiles?limit=5');
  const people = query.data?.people ?? [];
  if (people.length === 0) return null;
  return (
    <div className="asked-recent">
      <span className="soft">{t('recent')}</span>
      {people.map((one) => (
        <button key={one.person} type="button" className="chip" onClick={() => choose(one.person)}>
          …{one.person.slice(-6)} <span className="soft"><Ago time={one.lastSeenAt} /></span>
        </button>
      ))}
    </div>
  );
}

/* ---- the products --------------------------------------------------------------------------------------------------------- */
function FromWhat({ state, change }: PlaygroundProps) {
  const t = useWords(words);
  const add = (id: string) => change({ products: [...state.products.filter((one) => one !== id), id].slice(-PRODUCTS_MAX) });
  return (
    <section className="asked-part" aria-label={t('products')}>
      {state.products.length === 0 && (
        <p className="asked-chosen asked-nobody">
          <Icon name="catalogue" size={16} /> {t('noProduct')}
        </p>
      )}
      <ul className="asked-chosen asked-products">
        {state.products.map((id) => (
          <Chosen key={id} id={id} away={() => change({ products: state.products.filter((one) => one !== id) })} />
        ))}
      </ul>
      <FindProduct add={add} />
    </section>
  );
}

function Chosen({ id, away }: { id: string; away: () => void }) {
  const query = useGet<Product>(`/v1/admin/products/${encodeURIComponent(id)}`, { staleTime: 60_000 });
  const named = { productId: id, title: query.data?.title, image: query.data?.image };
  return (
    <li className="asked-chip">
      <ProductLine product={named} size={32} />
      <TakeAway what={titleOf(named)} onClick={away} />
    </li>
  );
}

const HITS = 8;

function FindProduct({ add }: { add: (id: string) => void }) {
  const t = useWords(words);
  const [text, setText] = useState('');
  const [asked] = useDebouncedValue(text.trim(), 200);
  const query = useGet<ProductPage>(`/v1/admin/products?q=${encodeURIComponent(asked)}&limit=${HITS}`, { enabled: asked !== '', placeholderData: (before) => before });
  const hits = asked === '' || text.trim() === '' ? null : query.data?.products;
  const choose = (id: string) => {
    add(id);
    setText('');
  };
  return (
    <form
      role="search"
      aria-label={t('products')}
      className="find-product"
      onSubmit={(event) => {
        event.preventDefault();
        if (hits?.[0]) choose(hits[0].id);
      }}
    >
      <TextInput
        label={t('products')}
        description={t('productsHint')}
        placeholder={t('productsPlaceholder')}
        value={text}
        onChange={(event) => setText(event.currentTarget.value)}
        leftSection={<Icon name="search" size={16} />}
        autoComplete="off"
        maxLength={200}
        inputWrapperOrder={['label', 'input', 'error', 'description']}
      />
      {hits && (
        <ul className="find-hits" aria-label={t('products')}>
          {hits.map((hit) => (
            <li key={hit.id}>
              <button type="button" className="find-hit" onClick={() => choose(hit.id)}>
                <ProductLine product={{ productId: hit.id, title: hit.title, image: hit.image }} note={<bdi>{hit.category}</bdi>} size={32} plain />
              </button>
            </li>
          ))}
          {hits.length === 0 && <li className="soft find-none">{t('productsNone')}</li>}
        </ul>
      )}
    </form>
  );
}

