/* The pulse: who is here, how much arrives, and today against the same weekday of the weeks before. */
import { useMemo, type ReactNode } from 'react';
import { money, number } from '../../format';
import { Ago, Card, Failed, Figure, Figures, Loading, TimeChart } from '../../parts';
import { language, useWords } from '../../words';
import type { LineState } from '../live/line';
import { amountOf } from './days';
import type { Pulse } from './types';
import { placesOf, shareOfDay, verdictOf, weeksMin, type Band } from './usual';
import { words } from './words';

export type NowProps = { pulse: Pulse | undefined; perMinute: readonly number[]; line: LineState; currency: string; error: unknown; again: () => unknown };

export function Now({ pulse, perMinute, line, currency, error, again }: NowProps) {
  const t = useWords(words);
  if (!pulse)
    return (
      <Card title={t('pulse')}>{error ? <Failed error={error} again={again} /> : <Loading rows={6} />}</Card>
    );
  const { today } = pulse;
  const usual = (today.usual?.days ?? 0) >= weeksMin ? today.usual : null;
  const whole = (amount: number) => money(amount, currency, true);
  return (
    <Card
      className="home-now"
      title={t('pulse')}
      sentence={t('utc')}
      action={
        <span className="home-fresh">
          {t('fresh')} <Ago time={pulse.freshAt} />
        </span>
      }
    >
      {pulse.complete === false && <p className="home-lost" role="status">{t('counting')}</p>}
      {line === 'lost' && <p className="home-lost" role="status">{t('lost')}</p>}
      <Figures>
        <Figure name={t('peopleNow')} value={number(pulse.now.people)} note={t('peopleNowNote')} />
        <Figure name={t('eventsToday')} value={number(today.events)} />
        <Figure name={t('ordersToday')} value={number(today.orders)} note={<Usual value={today.orders} usual={usual?.orders} format={(n) => number(Math.round(n))} />} />
        <Figure name={t('revenueToday')} value={whole(amountOf(today.revenue, currency))} note={<Usual value={amountOf(today.revenue, currency)} usual={usual?.revenue?.currency === currency ? usual.revenue : null} format={whole} />} />
      </Figures>
      <Minutes perMinute={perMinute} />
    </Card>
  );
}

function Usual({ value, usual, format }: { value: number; usual: Band | null | undefined; format: (value: number) => string }): ReactNode {
  const t = useWords(words);
  const now = Date.now();
  const verdict = verdictOf(value, usual, shareOfDay(now));
  if (verdict === 'none' || !usual) return t('none');
  const places = placesOf(value, usual);
  const weekday = new Intl.DateTimeFormat(language(), { weekday: 'long', timeZone: 'UTC' }).format(now);
  return (
    <>
      <span className="home-band" aria-hidden="true">
        <span className="home-band-usual" style={{ left: `${places.low}%`, width: `${places.width}%` }} />
        <span className={`home-band-mark home-band-${verdict}`} style={{ left: `${places.mark}%` }} />
      </span>
      {t(verdict, { weekday, low: format(usual.low), high: format(usual.high) })}
    </>
  );
}

function Minutes({ perMinute }: { perMinute: readonly number[] }) {
  const t = useWords(words);
  const minute = Math.floor(Date.now() / 60_000);
  const count = perMinute.length;
  const times = useMemo(() => Array.from({ length: count }, (_, i) => (minute - count + 1 + i) * 60_000), [minute, count]);
  const series = useMemo(() => [{ name: t('perMinute'), values: perMinute, kind: 'area' as const, tone: 1 as const }], [perMinute, t]);
  const sum = perMinute.reduce((total, n) => total + n, 0);
  return (
    <div className="home-minutes">
      <TimeChart title={t('perMinute')} sentence={t('perMinuteSentence', { n: sum, now: perMinute[count - 1] ?? 0 })} times={times} series={series} height={130} file="kunde-events-per-minute" />
    </div>
  );
}
