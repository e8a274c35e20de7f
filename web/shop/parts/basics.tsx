/* Small things that every page uses. */
import { useEffect, type ReactNode } from 'react';
import { money } from '../../src/format';
import { useWords } from '../../src/words';
import type { Answer } from '../api';
import { words } from '../words';

const shapes = {
  search: 'M9 14.5a5.500 5.500 0 1 0 0-11 5.500 5.500 0 0 0 0 11M13 13l4 4',
  cart: 'M3 6h14l-1.500 11h-11zM7 8V5.500a3 3 0 0 1 6 0V8',
  person: 'M10 9.500a3 3 0 1 0 0-6 3 3 0 0 0 0 6M4 16.500c0-3.300 2.500-5 6-5s6 1.700 6 5',
  sun: 'M10 13a3 3 0 1 0 0-6 3 3 0 0 0 0 6M10 2.500v2M10 15.500v2M2.500 10h2M15.500 10h2M4.700 4.700l1.400 1.400M13.900 13.900l1.400 1.400M4.700 15.300l1.400-1.400M13.900 6.100l1.400-1.400',
  moon: 'M16 12.500A6.500 6.500 0 0 1 7.500 4 6.500 6.500 0 1 0 16 12.500',
  glass: 'M2.500 10S5.500 5 10 5s7.500 5 7.500 5-3 5-7.500 5-7.500-5-7.500-5M10 12.300a2.300 2.300 0 1 0 0-4.600 2.300 2.300 0 0 0 0 4.600',
  close: 'M5 5l10 10M15 5 5 15',
  check: 'M4 10.500 8 14.500 16 6',
  arrow: 'M4 10h12M11 5l5 5-5 5',
  filter: 'M3 6h14M6 10h8M8.500 14h3',
  plus: 'M10 4.500v11M4.500 10h11',
  minus: 'M4.500 10h11',
  shop: 'M3 8l1.500-4h11L17 8M3 8q1.750 2 3.500 0 1.750 2 3.500 0 1.750 2 3.500 0 1.750 2 3.500 0M4.500 10v6.500h11V10M8 16.500v-4h4v4',
  truck: 'M2 5h9v9H2zM11 8h4l3 3v3h-7M5.500 16a1.500 1.500 0 1 0 0-3 1.500 1.500 0 0 0 0 3M14.500 16a1.500 1.500 0 1 0 0-3 1.500 1.500 0 0 0 0 3',
} as const;

export type IconName = keyof typeof shapes;

export function Icon({ name }: { name: IconName }) {
  return (
    <svg className="icon" viewBox="0 0 20 20" aria-hidden="true" focusable="false">
      <path d={shapes[name]} />
    </svg>
  );
}

export function Price({ price, listPrice, currency }: { price?: number; listPrice?: number; currency?: string }) {
  const t = useWords(words);
  if (price === undefined || !currency) return null;
  return (
    <span className="price">
      <b>{money(price, currency)}</b>
      {listPrice !== undefined && (
        <s>
          <span className="unseen">{t('before')} </span>
          {money(listPrice, currency)}
        </s>
      )}
    </span>
  );
}

/* What the window is called: the browser's tab, its history, and who listens to the page. */
export function useTitle(title: string): void {
  useEffect(() => {
    document.title = `${title} · Kunde`;
  }, [title]);
}

/* `whole`: it is all there is on the page, and so its heading. */
export function Empty({ title, text, children, whole = false }: { title: string; text?: string; children?: ReactNode; whole?: boolean }) {
  const Heading = whole ? 'h1' : 'p';
  return (
    <div className="empty">
      <Heading className="empty-title">{title}</Heading>
      {text && <p>{text}</p>}
      {children}
    </div>
  );
}

/* The three states of an answer: not there, never there, there. */
export function Waiting<T>({ answer, children, whole = false }: { answer: Answer<T>; children: (data: T) => ReactNode; whole?: boolean }) {
  const t = useWords(words);
  if (answer.data !== undefined) return children(answer.data);
  if (answer.error)
    return <Empty whole={whole} title={answer.error.status === 404 ? t('nowhere') : t('failed')} text={answer.error.status === 404 ? undefined : answer.error.detail || t('failedNext')} />;
  return (
    <p className="waiting" role="status">
      {t('loading')}
    </p>
  );
}
