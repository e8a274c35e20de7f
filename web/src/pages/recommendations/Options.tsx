/* Filter, length and language of the question. Text is taken when the field is left or Enter is pressed. */
import { NativeSelect, TextInput } from '@mantine/core';
import { useState, type ReactNode } from 'react';
import { useGet } from '../../api';
import { number } from '../../format';
import { Icon } from '../../parts';
import { useWords } from '../../words';
import { treeOf, type Branch } from '../catalogue/tree';
import type { CategoryCount, ProductPage } from '../catalogue/types';
import { COUNTS, filterOf, type PlaygroundProps } from './state';
import { words } from './words';

/* `action` stands at the other end of the bar. */
export function Options({ state, change, action }: PlaygroundProps & { action: ReactNode }) {
  const t = useWords(words);
  const set = filterOf(state) !== undefined || state.language !== '' || state.count !== 8;
  const [open, setOpen] = useState(set);
  return (
    <>
      <div className="play-bar">
        <button type="button" className="quiet-button" aria-expanded={open} aria-pressed={open} onClick={() => setOpen(!open)}>
          <Icon name="filter" size={16} /> {t('options')}
        </button>
        {action}
      </div>
      {open && (
        <div className="options-fields">
          <CategoryField value={state.category} choose={(category) => change({ category })} />
          <BrandField value={state.brand} choose={(brand) => change({ brand })} />
          <Typed key={`min${state.min}`} label={t('priceFrom')} value={state.min} take={(min) => change({ min })} />
          <Typed key={`max${state.max}`} label={t('priceTo')} value={state.max} take={(max) => change({ max })} />
          <NativeSelect
            label={t('count')}
            value={String(state.count)}
            onChange={(event) => change({ count: Number(event.currentTarget.value) })}
            data={COUNTS.map((count) => ({ value: String(count), label: number(count) }))}
          />
          <NativeSelect
            label={t('language')}
            value={state.language}
            onChange={(event) => change({ language: event.currentTarget.value === 'de' ? 'de' : event.currentTarget.value === 'en' ? 'en' : '' })}
            data={[
              { value: '', label: t('languagePage') },
              { value: 'en', label: 'English' },
              { value: 'de', label: 'Deutsch' },
            ]}
          />
          <div className="options-checks">
            <Check label={t('bought')} checked={state.bought} set={(bought) => change({ bought })} />
            <Check label={t('stock')} checked={state.stock} set={(stock) => change({ stock })} />
          </div>
          {set && (
            <button type="button" className="plain-button options-reset" onClick={() => change({ category: '', brand: '', min: '', max: '', bought: false, stock: false, language: '', count: 8 })}>
              {t('reset')}
            </button>
          )}
        </div>
      )}
    </>
  );
}

function Check({ label, checked, set: change }: { label: string; checked: boolean; set: (checked: boolean) => void }) {
  return (
    <label className="check">
      <input type="checkbox" checked={checked} onChange={(event) => change(event.currentTarget.checked)} /> {label}
    </label>
  );
}

/* Remounted when its value changes from outside (its key), so that the reset empties it. */
function Typed({ label, value, take }: { label: string; value: string; take: (text: string) => void }) {
  const leave = (text: string): void => {
    const amount = text.trim().replace(',', '.');
    if (amount !== value && (amount === '' || /^\d{1,9}(\.\d{1,2})?$/.test(amount))) take(amount);
  };
  return (
    <TextInput
      label={label}
      defaultValue={value}
      inputMode="decimal"
      maxLength={12}
      onBlur={(event) => leave(event.currentTarget.value)}
      onKeyDown={(event) => event.key === 'Enter' && leave(event.currentTarget.value)}
    />
  );
}

const flat = (branches: readonly Branch[], depth = 0): { path: string; label: string }[] =>
  branches.flatMap((branch) => [{ path: branch.path, label: `${'\u2003'.repeat(depth)}${branch.name}` }, ...flat(branch.children, depth + 1)]);

type Field = { value: string; choose: (value: string) => void };

function CategoryField({ value, choose }: Field) {
  const t = useWords(words);
  const query = useGet<{ categories: CategoryCount[] }>('/v1/admin/categories', { staleTime: 60_000 });
  const all = flat(treeOf(query.data?.categories ?? []));
  return (
    <Choice label={t('category')} value={value} choose={choose} known={all.some((one) => one.path === value)}>
      {all.map((one) => (
        <option key={one.path} value={one.path}>
          {one.label}
        </option>
      ))}
    </Choice>
  );
}

/* The brands of the first products: enough to choose from, and any other can stand in the URL. */
function BrandField({ value, choose }: Field) {
  const t = useWords(words);
  const query = useGet<ProductPage>('/v1/admin/products?limit=500', { staleTime: 300_000 });
  const brands = [...new Set(query.data?.products.map((product) => product.brand).filter(Boolean))].sort((a, b) => a.localeCompare(b));
  return (
    <Choice label={t('brand')} value={value} choose={choose} known={brands.includes(value)}>
      {brands.map((brand) => (
        <option key={brand} value={brand}>
          {brand}
        </option>
      ))}
    </Choice>
  );
}

function Choice({ label, value, choose, known, children }: Field & { label: string; known: boolean; children: ReactNode }) {
  const t = useWords(words);
  return (
    <NativeSelect label={label} value={value} onChange={(event) => choose(event.currentTarget.value)}>
      <option value="">{t('anyCategory')}</option>
      {value !== '' && !known && <option value={value}>{value}</option>}
      {children}
    </NativeSelect>
  );
}
