/* The frame around every page: rooms on the left (a bottom bar on a phone), search, colours, language, the live dot. */
import { useComputedColorScheme, useMantineColorScheme } from '@mantine/core';
import { Suspense, useEffect, useRef, useState, type ReactNode } from 'react';
import { Link, useLocation } from 'wouter';
import { useGet, useMe } from '../api';
import { pages, rooms, type PageEntry, type Room } from '../pages';
import { Icon, type IconName } from '../parts/Icon';
import { Boundary, Loading } from '../parts/States';
import { UndoBar } from '../parts/Undo';
import { languages, say, setLanguage, useLanguage, useWords } from '../words';
import { Account } from './Account';
import './frame.css';
import { Mark } from './Mark';
import { Search } from './Search';
import { words } from './words';

const openRooms = rooms.filter((room) => pages.some((page) => page.room === room));

/* '/people/x' belongs to '/people'; '/' only to itself. */
export function pageAt(path: string): PageEntry | undefined {
  return pages.find((page) => path === page.path || (page.path !== '/' && path.startsWith(`${page.path}/`)));
}

function Rooms({ current }: { current: PageEntry | undefined }) {
  const t = useWords(words);
  return (
    <nav className="rooms" aria-label={t('rooms')}>
      {openRooms.map((room) => (
        <div key={room} className="room">
          <p className="room-name" id={`room-${room}`}>
            {t(room)}
          </p>
          <ul aria-labelledby={`room-${room}`}>
            {pages
              .filter((page) => page.room === room)
              .map((page) => (
                <li key={page.path}>
                  <Link href={page.path} className="room-link" aria-current={page === current ? 'page' : undefined}>
                    <Icon name={page.icon} />
                    {say(page.title)}
                  </Link>
                </li>
              ))}
          </ul>
        </div>
      ))}
      <Link href="/settings/keys" className="room-link rooms-settings" aria-current={current === undefined && location.pathname.startsWith('/settings') ? 'page' : undefined}>
        <Icon name="settings" />
        {t('settings')}
      </Link>
    </nav>
  );
}

const roomIcons: Record<Room, IconName> = { plan: 'home', create: 'catalogue', deliver: 'arrow', analyse: 'live', trust: 'people' };

/* On a phone: one button a room; a room of several pages shows them in a strip above the page. */
function BottomBar({ current }: { current: PageEntry | undefined }) {
  const t = useWords(words);
  return (
    <nav className="bottom-bar" aria-label={t('rooms')}>
      {openRooms.map((room) => (
        <Link key={room} href={pages.find((page) => page.room === room)?.path ?? '/'} className="bottom-link" aria-current={current?.room === room ? 'true' : undefined}>
          <Icon name={roomIcons[room]} size={22} />
          {t(room)}
        </Link>
      ))}
    </nav>
  );
}

function RoomStrip({ current }: { current: PageEntry | undefined }) {
  const t = useWords(words);
  const siblings = pages.filter((page) => page.room === current?.room);
  if (!current || siblings.length < 2) return null;
  return (
    <nav className="room-strip" aria-label={t('pagesOf', { room: t(current.room) })}>
      {siblings.map((page) => (
        <Link key={page.path} href={page.path} aria-current={page === current ? 'page' : undefined}>
          {say(page.title)}
        </Link>
      ))}
    </nav>
  );
}

function Colours() {
  const t = useWords(words);
  const { setColorScheme } = useMantineColorScheme({ keepTransitions: true }); // without, it adds a style element, which the policy refuses
  const dark = useComputedColorScheme('light') === 'dark';
  const label = dark ? t('toLight') : t('toDark');
  return (
    <button type="button" className="quiet-button" onClick={() => setColorScheme(dark ? 'light' : 'dark')} aria-label={label} title={label}>
      <Icon name={dark ? 'sun' : 'moon'} />
    </button>
  );
}

export function LanguageSwitch() {
  const t = useWords(words);
  const now = useLanguage();
  return (
    <div className="language" role="group" aria-label={t('language')}>
      {languages.map((one) => (
        <button key={one} type="button" lang={one} aria-pressed={one === now} onClick={() => setLanguage(one)}>
          {one.toUpperCase()}
        </button>
      ))}
    </div>
  );
}

function LiveDot() {
  const t = useWords(words);
  const ready = useGet<unknown>('/readyz', { refetchInterval: 10_000, retry: false, staleTime: 0 });
  const there = !ready.isError;
  return (
    <span className={there ? 'live-dot' : 'live-dot live-dot-away'} role="status" title={there ? t('liveTitle') : t('awayTitle')}>
      <span className="live-dot-mark" aria-hidden="true" />
      <span className="live-dot-word">{there ? t('live') : t('away')}</span>
    </span>
  );
}

function TopBar({ onSearch }: { onSearch: () => void }) {
  const t = useWords(words);
  const me = useMe();
  const mac = navigator.platform.startsWith('Mac');
  return (
    <header className="top-bar">
      <Link href="/" className="brand" aria-label="Kunde">
        <Mark />
        <span className="brand-name">Kunde</span>
      </Link>
      {me.data?.demo && <span className="brand-shop">{t('demoShop')}</span>}
      <button type="button" className="search-button" onClick={onSearch} aria-keyshortcuts={mac ? 'Meta+K' : 'Control+K'}>
        <Icon name="search" size={16} />
        <span className="search-button-text">{t('search')}</span>
        <kbd aria-hidden="true">{mac ? '⌘K' : 'Ctrl K'}</kbd>
      </button>
      <div className="top-tools">
        <LiveDot />
        <LanguageSwitch />
        <Colours />
        <Account />
      </div>
    </header>
  );
}

export function Frame({ children }: { children: ReactNode }) {
  const t = useWords(words);
  const [path] = useLocation();
  const [searching, setSearching] = useState(false);
  const main = useRef<HTMLElement>(null);
  const first = useRef(true);
  const current = pageAt(path);
  const place = current?.path ?? path;

  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if ((event.ctrlKey || event.metaKey) && !event.altKey && !event.shiftKey && event.key.toLowerCase() === 'k') {
        event.preventDefault();
        setSearching((open) => !open);
      }
    };
    document.addEventListener('keydown', onKey);
    return () => document.removeEventListener('keydown', onKey);
  }, []);

  // A new page begins at its top, and for the keyboard at its content.
  useEffect(() => {
    if (first.current) {
      first.current = false;
      return;
    }
    window.scrollTo(0, 0);
    main.current?.focus({ preventScroll: true });
  }, [place]);

  return (
    <div className="frame">
      <a className="skip" href="#content">
        {t('skip')}
      </a>
      <TopBar onSearch={() => setSearching(true)} />
      <Rooms current={current} />
      <main id="content" ref={main} className="content" tabIndex={-1}>
        <RoomStrip current={current} />
        <Boundary key={place}>
          <Suspense fallback={<div className="page"><Loading rows={6} /></div>}>{children}</Suspense>
        </Boundary>
      </main>
      <BottomBar current={current} />
      <UndoBar />
      {searching && <Search onClose={() => setSearching(false)} />}
    </div>
  );
}
