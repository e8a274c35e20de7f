import { useState, type FormEvent } from 'react';
import { Link, useLocation } from 'wouter';
import { language, setLanguage, useWords } from '../../src/words';
import type { Category } from '../api';
import { categoryName, categoryPath, topOf } from '../names';
import { cart, cartCount, glassOpen, scheme, session, useKept } from '../store';
import { words } from '../words';
import { Icon } from './basics';

export const isDark = (wish: string): boolean => (wish === '' ? matchMedia('(prefers-color-scheme: dark)').matches : wish === 'dark');

export function Search({ first = '' }: { first?: string }) {
  const t = useWords(words);
  const [, go] = useLocation();
  const [text, setText] = useState(first);
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    if (text.trim()) go(`/shop/search?q=${encodeURIComponent(text.trim())}`);
  };
  return (
    <form className="search" role="search" onSubmit={submit}>
      <Icon name="search" />
      <input type="search" name="q" aria-label={t('search')} placeholder={t('searchFor')} value={text} maxLength={100} onChange={(event) => setText(event.target.value)} />
    </form>
  );
}

function Tools() {
  const t = useWords(words);
  const wish = useKept(scheme);
  const open = useKept(glassOpen);
  const who = useKept(session)?.persona;
  const count = cartCount(useKept(cart));
  const dark = isDark(wish);
  const other = language() === 'de' ? 'en' : 'de';
  return (
    <div className="tools">
      <button type="button" className="tool" lang={other} aria-label={`${other.toUpperCase()}: ${t('otherLanguage')}`} title={t('otherLanguage')} onClick={() => setLanguage(other)}>
        {other.toUpperCase()}
      </button>
      <button type="button" className="tool" aria-label={dark ? t('light') : t('dark')} title={dark ? t('light') : t('dark')} onClick={() => scheme.set(dark ? 'light' : 'dark')}>
        <Icon name={dark ? 'sun' : 'moon'} />
      </button>
      <button type="button" className="tool tool-glass" aria-pressed={open} title={t('glass')} onClick={() => glassOpen.set(!open)}>
        <Icon name="glass" />
        <span>{t('glassShort')}</span>
      </button>
      <Link href={who ? '/shop/account' : '/shop/people'} className="tool" title={who ? t('shoppingAs', { name: who.first }) : t('beSomebody')}>
        <Icon name="person" />
        <span>{who ? who.first : t('guest')}</span>
      </Link>
      <Link href="/shop/cart" className="tool tool-cart" aria-label={t('cartOf', { n: count })} title={t('cart')}>
        <Icon name="cart" />
        {count > 0 && (
          <span className="badge" aria-hidden="true">
            {count}
          </span>
        )}
      </Link>
    </div>
  );
}

export function Header({ categories }: { categories: readonly Category[] }) {
  const t = useWords(words);
  const [path] = useLocation();
  const tops = [...new Set(categories.map((category) => topOf(category.path)))];
  return (
    <header className="header">
      <a className="skip" href="#content">
        {t('skip')}
      </a>
      <div className="header-row">
        <Link href="/shop" className="logo">
          <svg viewBox="0 0 32 28" aria-hidden="true" focusable="false">
            <path className="logo-awning" d="M4 3h24l3 9a3.600 3.600 0 0 1-7.200 0 3.600 3.600 0 0 1-7.300 0 3.600 3.600 0 0 1-7.300 0A3.600 3.600 0 0 1 1 12z" />
            <path className="logo-shop" d="M5 18h22v9H5z" />
          </svg>
          <b>{t('shop')}</b>
          <span>{t('demo')}</span>
        </Link>
        <Search key={path} />
        <Tools />
      </div>
      <nav className="departments" aria-label={t('menu')}>
        {tops.map((top) => (
          <Link key={top} href={categoryPath(top)} aria-current={path.startsWith(categoryPath(top)) ? 'page' : undefined}>
            {categoryName(top)}
          </Link>
        ))}
      </nav>
    </header>
  );
}

export function Footer({ onConsent }: { onConsent: () => void }) {
  const t = useWords(words);
  return (
    <footer className="footer">
      <p>{t('footer')}</p>
      <p>
        <button type="button" className="link" onClick={onConsent}>
          {t('consentSettings')}
        </button>
        <Link href="/shop/people">{t('beSomebody')}</Link>
        <a href="/">{t('engine')}</a>
      </p>
    </footer>
  );
}
