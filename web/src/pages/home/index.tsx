/* Home: on the left the way in, on the right the pulse; below, the days and the sources. */
import { useMemo } from 'react';
import { useGet, useMe } from '../../api';
import { Failed, Loading, Page } from '../../parts';
import { useWords } from '../../words';
import { Needs } from './Needs';
import { needsOf } from './attention';
import { Steps } from './Steps';
import { DayCharts } from './DayCharts';
import { currenciesOf, everyDay, over } from './days';
import './home.css';
import { Now } from './Now';
import { Sources } from './Sources';
import type { Pulse } from './types';
import { pulsePath, statePath, today, useArrivals, useJobs, useLooked, useNow, useSteps } from './useHome';
import { words } from './words';

const api = [
  { method: 'GET', path: pulsePath },
  { method: 'GET', path: statePath },
  { method: 'GET', path: '/v1/admin/sources' },
] as const;

export default function HomePage() {
  const t = useWords(words);
  const me = useMe();
  const arrivals = useArrivals();
  const year = useGet<Pulse>(pulsePath, { refetchInterval: (query) => (query.state.data?.days.some((day) => day.orders > 0) ? 60_000 : 5000) }); // the first orders are waited for
  const now = useNow(arrivals.ticks, arrivals.settle);
  const jobs = useJobs();
  const [looked, look] = useLooked();
  const { steps, ready, state } = useSteps(arrivals, year.data);
  const days = useMemo(() => over(everyDay(year.data?.days ?? []), today()), [year.data]);
  const currency = now.pulse?.today.usual?.revenue?.currency ?? currenciesOf(days)[0] ?? 'EUR';
  const demo = me.data?.demo ?? false;
  const sources = (now.pulse ?? year.data)?.sources ?? [];
  const needs = needsOf(state, year.data && { ...year.data, sources }, jobs.data?.jobs, looked, demo, Date.now());
  const compact = ready && steps.every((step) => step.done);

  return (
    <Page title={t('title')} sentence={t('sentence')} api={api} wide>
      {compact && <Steps steps={steps} arrived={arrivals.arrived} compact />}
      <div className={compact ? 'home-top' : 'home-top home-top-steps'}>
        {!compact && (ready ? <Steps steps={steps} arrived={arrivals.arrived} compact={false} /> : <Loading rows={6} />)}
        <div className="home-right">
          <Now pulse={now.pulse} perMinute={now.perMinute} line={arrivals.line} currency={currency} error={now.error} again={now.refetch} />
          {ready && year.data && <Needs needs={needs} demo={demo} onLook={(source) => look(source, sources.find((one) => one.source === source)?.rejected ?? 0)} />}
        </div>
      </div>
      {year.data ? (
        <>
          <DayCharts days={days} currency={currency} />
          <Sources sources={sources} />
        </>
      ) : year.error ? (
        <Failed error={year.error} again={year.refetch} />
      ) : (
        <Loading rows={8} />
      )}
    </Page>
  );
}
