/* Live events: the newest on top, as they arrive. The list stands still while somebody reads. */
import { Button } from '@mantine/core';
import { useCallback, useEffect, useMemo, useState } from 'react';
import { Link, useSearchParams } from 'wouter';
import { Empty, Failed, Icon, Loading, Page, Tag } from '../../parts';
import { number } from '../../format';
import { useWords } from '../../words';
import { EventPanel } from './EventPanel';
import { keyOf, shownMax } from './feed';
import { everything, filterOf, isEverything, namesSomebody, queryOf, type Filter } from './filter';
import { Filters } from './Filters';
import { List } from './List';
import { actionOf, moved } from './rows';
import { useLive, type Live } from './useLive';
import { words } from './words';
import './live.css';

const api = [
  { method: 'GET', path: '/v1/admin/events?limit=50' },
  { method: 'GET', path: '/v1/admin/live' },
] as const;

/* The filter of the address, and beside it what must not stand there. */
function useFilter(): [Filter, (filter: Filter) => void] {
  const [query, setQuery] = useSearchParams();
  const [secret, setSecret] = useState('');
  const filter = useMemo(() => {
    const open = filterOf(query);
    return secret === '' ? open : { ...open, text: secret };
  }, [query, secret]);
  const set = useCallback(
    (next: Filter) => {
      setSecret(namesSomebody(next.text) ? next.text : '');
      setQuery((before) => queryOf(next, before), { replace: true });
    },
    [setQuery],
  );
  return [filter, set];
}

/* Which event stands open: part of the address, so that it can be passed on. */
function useOpen(): [string | undefined, (key: string | undefined) => void] {
  const [query, setQuery] = useSearchParams();
  const set = useCallback(
    (key: string | undefined) =>
      setQuery(
        (before) => {
          const next = new URLSearchParams(before);
          if (key === undefined) next.delete('event');
          else next.set('event', key);
          return next;
        },
        { replace: true },
      ),
    [setQuery],
  );
  return [query.get('event') ?? undefined, set];
}

function targetOf(target: EventTarget | null): 'field' | 'control' | 'page' {
  if (!(target instanceof Element)) return 'page';
  if (target.closest('input, textarea, select, [contenteditable="true"]')) return 'field';
  return target.closest('a, button, summary, [role="menuitem"]') ? 'control' : 'page';
}

export default function LivePage() {
  const t = useWords(words);
  const [filter, setFilter] = useFilter();
  const [open, setOpen] = useOpen();
  const [pressed, setPressed] = useState(false); // the pause button
  const [reading, setReading] = useState(false); // scrolled away from the newest
  const [chosen, setChosen] = useState(open);
  const [toTop, setToTop] = useState(0);
  const live = useLive(filter, pressed || reading || chosen !== undefined);
  const { rows } = live;

  const close = useCallback(() => {
    setOpen(undefined);
    setChosen(undefined);
  }, [setOpen]);
  const resume = () => {
    setPressed(false);
    close();
    setToTop((n) => n + 1);
  };
  const show = useCallback(
    (key: string) => {
      setChosen(key);
      setOpen(key);
    },
    [setOpen],
  );

  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
      const action = actionOf(event.key, targetOf(event.target));
      if (action === undefined || (action === 'close' && chosen === undefined) || (action === 'open' && chosen === undefined)) return;
      if (action !== 'close') event.preventDefault();
      if (action === 'pause') setPressed((before) => !before);
      if (action === 'close') close();
      if (action === 'open' && chosen !== undefined) setOpen(chosen);
      if (action === 'up' || action === 'down') {
        const next = moved(rows.map(keyOf), chosen, action === 'down' ? 1 : -1);
        setChosen(next);
        if (open !== undefined && next !== undefined) setOpen(next);
      }
    };
    document.addEventListener('keydown', onKey);
    return () => document.removeEventListener('keydown', onKey);
  }, [rows, chosen, open, close, setOpen]);

  return (
    <Page title={t('title')} sentence={t('sentence')} api={api} wide action={<Pause live={live} pressed={pressed} onPress={setPressed} />}>
      <section className="live" aria-label={t('title')}>
        <Filters filter={filter} onFilter={setFilter} names={live.names} sources={live.sources} />
        <StateOfLine live={live} pressed={pressed} onResume={resume} />
        <Content live={live} filter={filter}>
          <List rows={rows} chosen={chosen} onChoose={(entry) => show(keyOf(entry))} onReading={setReading} toTop={toTop} />
        </Content>
        <Foot live={live} onClear={() => setFilter(everything)} filtered={!isEverything(filter)} />
      </section>
      {open !== undefined && (
        <EventPanel
          key={open}
          chosen={open}
          entry={rows.find((entry) => keyOf(entry) === open)}
          onClose={close}
          onFilter={(change) => {
            close();
            setFilter({ ...filter, ...change });
          }}
        />
      )}
    </Page>
  );
}

function Pause({ live, pressed, onPress }: { live: Live; pressed: boolean; onPress: (pressed: boolean) => void }) {
  const t = useWords(words);
  return (
    <Button variant={pressed ? 'filled' : 'default'} onClick={() => onPress(!pressed)} aria-pressed={pressed} leftSection={<Icon name={pressed ? 'play' : 'pause'} size={16} />}>
      {pressed ? t('resume') : t('pause')}
      {pressed && live.waiting > 0 ? ` (${number(live.waiting)})` : ''}
    </Button>
  );
}

/* Is the line up, how much arrives, and why does the list stand still? */
function StateOfLine({ live, pressed, onResume }: { live: Live; pressed: boolean; onResume: () => void }) {
  const t = useWords(words);
  return (
    <div className="live-line">
      <p role="status">
        {live.line === 'lost' ? (
          <>
            <Icon name="warning" size={16} /> {t('lost')}
          </>
        ) : (
          <Tag tone={live.line === 'live' ? 'good' : 'plain'}>{t(live.line)}</Tag>
        )}
      </p>
      {live.line === 'live' && <span className="live-rate">{t('perSecond', { n: live.tick.perSecond })}</span>}
      {live.line === 'live' && live.tick.dropped > 0 && <span className="live-soft">{t('dropped', { n: live.tick.dropped })}</span>}
      {live.paused && (
        <span className="live-held">
          {pressed ? t('paused') : t('held')}
          {live.waiting > 0 && ` · ${t('waiting', { n: live.waiting })}`}
          <button type="button" className="quiet-button" onClick={onResume}>
            {t('newest')}
          </button>
        </span>
      )}
    </div>
  );
}

function Content({ live, filter, children }: { live: Live; filter: Filter; children: React.ReactNode }) {
  const t = useWords(words);
  if (live.rows.length > 0) return <>{children}</>;
  if (live.first.error) return <Failed error={live.first.error} again={live.first.refetch} />;
  if (live.first.isPending) return <Loading rows={8} />;
  if (!isEverything(filter))
    return (
      <Empty title={t('nothingTitle')} icon="filter">
        {t('nothingText')}
      </Empty>
    );
  return (
    <Empty title={t('emptyTitle')} icon="live" action={<Link href="/" className="plain-button">{t('emptyAction')}</Link>}>
      {t('emptyText')}
    </Empty>
  );
}

function Foot({ live, filtered, onClear }: { live: Live; filtered: boolean; onClear: () => void }) {
  const t = useWords(words);
  return (
    <footer className="live-foot">
      <span className="live-keys">{t('keys')}</span>
      {filtered && live.rows.length === 0 && (
        <button type="button" className="quiet-button" onClick={onClear}>
          {t('clear')}
        </button>
      )}
      {live.rows.length >= shownMax ? (
        <span>{t('full', { n: shownMax })}</span>
      ) : (
        live.older && (
          <button type="button" className="plain-button" onClick={live.older}>
            {t('older')}
          </button>
        )
      )}
    </footer>
  );
}
