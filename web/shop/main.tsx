/* The storefront of the demo: a small shop as any other, with Kunde's browser tag in it, and a pane of glass beside it. */
import { lazy, StrictMode, Suspense, useEffect, useState, type MouseEvent } from 'react';
import { createRoot } from 'react-dom/client';
import { Link, Route, Switch, useLocation, useSearch } from 'wouter';
import '../src/tokens.css';
import { useLanguage, useWords } from '../src/words';
import { useAnswer, type Start } from './api';
import { categoryOfPath } from './names';
import { Account } from './pages/Account';
import { Cart } from './pages/Cart';
import { Checkout } from './pages/Checkout';
import { Guide } from './pages/Guide';
import { Home } from './pages/Home';
import { List } from './pages/List';
import { People } from './pages/People';
import { Product } from './pages/Product';
import { Empty, Waiting } from './parts/basics';
import { ConsentBar } from './parts/Consent';
import { Footer, Header, isDark } from './parts/Header';
import './shop.css';
import { allowed, glassOpen, scheme, session, useKept } from './store';
import { identify, page, startTag } from './tag';
import { words } from './words';

const Glass = lazy(() => import('./glass/Glass'));

function useColours(): void {
  const wish = useKept(scheme);
  useEffect(() => {
    const media = matchMedia('(prefers-color-scheme: dark)');
    const wear = (): void => document.documentElement.setAttribute('data-mantine-color-scheme', isDark(wish) ? 'dark' : 'light');
    wear();
    media.addEventListener('change', wear);
    return () => media.removeEventListener('change', wear);
  }, [wish]);
}

/* A page is seen when its address changes, not when a filter does; the reader begins at its top. */
function usePage(): void {
  const [path] = useLocation();
  useEffect(() => {
    scrollTo(0, 0);
    const name = path.split('/')[2] ?? 'home';
    page({ p: 'product', c: 'category' }[name] ?? name);
  }, [path]);
}

function Nowhere() {
  const t = useWords(words);
  return (
    <Empty title={t('nowhere')} whole>
      <Link href="/shop" className="button">
        {t('back')}
      </Link>
    </Empty>
  );
}

function Category({ start, top, sub }: { start: Start; top: string; sub?: string }) {
  const category = categoryOfPath(
    start.categories.map((one) => one.path),
    top,
    sub,
  );
  const guide = sub ? undefined : start.contents.find((one) => one.id === top);
  if (category) return <List key={category} start={start} category={category} />;
  return guide ? <Guide guide={guide} /> : <Nowhere />;
}

function SearchPage({ start }: { start: Start }) {
  const q = new URLSearchParams(useSearch()).get('q') ?? '';
  return <List key={q} start={start} q={q} />;
}

function Pages({ start }: { start: Start }) {
  usePage();
  return (
    <Switch>
      <Route path="/shop">
        <Home start={start} />
      </Route>
      <Route path="/shop/c/:top/:sub?">{({ top, sub }) => <Category start={start} top={top} sub={sub} />}</Route>
      <Route path="/shop/p/:id">{({ id }) => <Product id={id} start={start} />}</Route>
      <Route path="/shop/search">
        <SearchPage start={start} />
      </Route>
      <Route path="/shop/cart">
        <Cart />
      </Route>
      <Route path="/shop/checkout">
        <Checkout start={start} />
      </Route>
      <Route path="/shop/account">
        <Account start={start} />
      </Route>
      <Route path="/shop/people">
        <People start={start} />
      </Route>
      <Route>
        <Nowhere />
      </Route>
    </Switch>
  );
}

/* Links that Kunde drew stay in this page too, so that the cart and the pane need not load again. */
function useSlotLinks(): (event: MouseEvent) => void {
  const [, go] = useLocation();
  return (event) => {
    if (event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    const path = event.nativeEvent.composedPath();
    const link = path.find((target): target is HTMLAnchorElement => target instanceof HTMLAnchorElement);
    const inSlot = path.some((target) => target instanceof HTMLElement && target.localName === 'kunde-slot');
    if (!link || !inSlot || link.origin !== location.origin || !link.pathname.startsWith('/shop')) return;
    event.preventDefault();
    go(link.pathname);
  };
}

function Shop({ start }: { start: Start }) {
  const answered = useKept(allowed) !== null;
  const open = useKept(glassOpen);
  const [asking, setAsking] = useState(false);
  const follow = useSlotLinks();
  return (
    <div className={open ? 'shop with-glass' : 'shop'}>
      <div className="page" onClick={follow}>
        <Header categories={start.categories} />
        <main id="content" tabIndex={-1}>
          <Pages start={start} />
        </main>
        <Footer onConsent={() => setAsking(true)} />
        {(!answered || asking) && <ConsentBar onDone={() => setAsking(false)} />}
      </div>
      {open && (
        <Suspense>
          <Glass />
        </Suspense>
      )}
    </div>
  );
}

/* The tag starts once, with the key that the shop's backend tells. */
let started = false;
function start(data: Start): void {
  if (started) return;
  started = true;
  startTag(data.writeKey, allowed.get());
  const who = session.get();
  if (who) identify(who.persona.userId, who.userToken);
}

function App() {
  useColours();
  const answer = useAnswer<Start>('start');
  return (
    <Waiting answer={answer} whole>
      {(data) => {
        start(data);
        return <Shop start={data} />;
      }}
    </Waiting>
  );
}

/* A new language draws everything anew: numbers and dates are formatted where they stand. */
function Root() {
  return <App key={useLanguage()} />;
}

const place = document.getElementById('root');
if (place)
  createRoot(place).render(
    <StrictMode>
      <Root />
    </StrictMode>,
  );
