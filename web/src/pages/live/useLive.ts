/* The list and its line as React state. */
import { useCallback, useEffect, useState, useSyncExternalStore } from 'react';
import { get, useGet } from '../../api';
import type { View } from './feed';
import type { Filter } from './filter';
import type { LineState } from './line';
import { feed, listen } from './one';
import { entryOf, type Entries, type Tick } from './types';

const newest = '/v1/admin/events?limit=200';

export type Live = View & {
  line: LineState;
  tick: Tick;
  first: { isPending: boolean; error: unknown; refetch: () => unknown };
  older: (() => void) | undefined; // undefined: there are none, or they are being fetched
};

export function useLive(filter: Filter, paused: boolean): Live {
  const [state, setState] = useState<LineState>('connecting');
  const [tick, setTick] = useState<Tick>({ perSecond: 0, dropped: 0 });
  const [cursor, setCursor] = useState<string | null>(null);
  const [fetching, setFetching] = useState(false);
  const view = useSyncExternalStore(feed.subscribe, feed.snapshot);
  const first = useGet<Entries>(newest, { staleTime: Infinity, gcTime: 0 });
  const { data, refetch } = first;

  useEffect(() => feed.setFilter(filter), [filter]);
  useEffect(() => feed.setPaused(paused), [paused]);
  useEffect(() => {
    if (!data) return;
    feed.merge(data.events.map(entryOf));
    setCursor((before) => before ?? data.cursor ?? null);
  }, [data]);
  useEffect(
    () =>
      listen({
        tick: setTick,
        state: setState,
        back: () => void refetch(),
      }),
    [refetch],
  );

  const fetchOlder = useCallback(() => {
    if (cursor === null) return;
    setFetching(true);
    get<Entries>(`${newest}&cursor=${encodeURIComponent(cursor)}`)
      .then((more) => {
        feed.merge(more.events.map(entryOf));
        setCursor(more.events.length > 0 ? (more.cursor ?? null) : null);
      })
      .catch(() => undefined) // the button stays: it can be pressed again
      .finally(() => setFetching(false));
  }, [cursor]);

  return { ...view, line: state, tick, first: { isPending: first.isPending, error: first.error, refetch }, older: cursor === null || fetching ? undefined : fetchOlder };
}
