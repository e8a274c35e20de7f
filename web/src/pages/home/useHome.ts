/* What the page is made of, kept fresh: the figures by asking now and then, arrivals by the live line. */
import { useEffect, useMemo, useRef, useState } from 'react';
import { useQuery } from '@tanstack/react-query';
import { forget, useGet, useMe } from '../../api';
import type { LineState } from '../live/line';
import { listen } from '../live/one';
import type { Entry } from '../live/types';
import type { Looked } from './attention';
import { answeredOf, isOrder, stepsOf, type Seen, type Step } from './checklist';
import type { EngineState, Job, Pulse } from './types';
import { withTicks } from './usual';

export const pulsePath = '/v1/admin/pulse';
export const statePath = '/v1/admin/state';

/* What came while the page was open. The newest arrival is shown at most once in half a second. */
export function useArrivals(): { arrived: Entry | undefined; order: Entry | undefined; ticks: number; line: LineState; settle: () => void } {
  const [arrived, setArrived] = useState<Entry>();
  const [order, setOrder] = useState<Entry>();
  const [ticks, setTicks] = useState(0);
  const [state, setState] = useState<LineState>('connecting');
  const newest = useRef<Entry>(undefined);
  useEffect(() => {
    const stop = listen({
      entry: (entry) => {
        if (entry.state !== 'stored') return;
        newest.current = entry;
        if (isOrder(entry)) setOrder((before) => before ?? entry);
      },
      tick: (tick) => setTicks((sum) => sum + tick.perSecond),
      state: setState,
      back: () => void forget('/v1/admin'),
    });
    const show = setInterval(() => setArrived(newest.current), 500);
    return () => {
      stop();
      clearInterval(show);
    };
  }, []);
  return { arrived, order, ticks, line: state, settle: () => setTicks(0) };
}

/* How many lists were given; from the figures for operators, which need no key. */
function useAnswered(waiting: boolean): number {
  const { data } = useQuery({
    queryKey: ['/metrics'],
    queryFn: async ({ signal }) => {
      const response = await fetch('/metrics', { signal });
      return answeredOf(response.ok ? await response.text() : '');
    },
    refetchInterval: waiting ? 2500 : 30_000,
  });
  return data ?? 0;
}

export function useSteps(seen: Pick<Seen, 'arrived' | 'order'>, pulse: Pulse | undefined): { steps: Step[]; ready: boolean; state: EngineState | undefined } {
  const me = useMe();
  const [waiting, setWaiting] = useState(true);
  const answered = useAnswered(waiting);
  const state = useGet<EngineState>(statePath, { refetchInterval: waiting ? 2500 : 30_000 });
  const steps = stepsOf(state.data, pulse, me.data?.demo ?? false, { ...seen, answered });
  const open = steps.some((step) => !step.done);
  useEffect(() => setWaiting(open), [open]);
  return { steps, ready: state.data !== undefined && me.data !== undefined, state: state.data };
}

/* The figures of today and now, every few seconds; the running minute and the day's events grow with the line in between. */
export function useNow(ticks: number, settle: () => void): { pulse: Pulse | undefined; perMinute: readonly number[]; error: unknown; refetch: () => unknown } {
  const query = useGet<Pulse>(`${pulsePath}?from=${today()}&to=${today()}`, { refetchInterval: 5000, staleTime: 0 });
  const { dataUpdatedAt } = query;
  const settled = useRef(settle);
  settled.current = settle;
  useEffect(() => settled.current(), [dataUpdatedAt]);
  const { data } = query;
  const pulse = useMemo(() => data && { ...data, today: { ...data.today, events: data.today.events + ticks } }, [data, ticks]);
  return { pulse, perMinute: withTicks(data?.now.perMinute ?? [], ticks), error: query.error, refetch: query.refetch };
}

export function today(): string {
  return new Date().toISOString().slice(0, 10);
}

export function useJobs() {
  return useGet<{ jobs: Job[] }>('/v1/admin/jobs', { staleTime: 60_000 });
}

const lookedKey = 'kunde-rejected-looked';

function readLooked(): Looked {
  try {
    const value: unknown = JSON.parse(localStorage.getItem(lookedKey) ?? '{}');
    return typeof value === 'object' && value !== null ? (value as Looked) : {};
  } catch {
    return {};
  }
}

/* How many rejections of each source had been there when this reader last looked at them. */
export function useLooked(): [Looked, (source: string, count: number) => void] {
  const [looked, setLooked] = useState(readLooked);
  return [
    looked,
    (source, count) => {
      const next = { ...readLooked(), [source]: count };
      localStorage.setItem(lookedKey, JSON.stringify(next));
      setLooked(next);
    },
  ];
}
