/* Events, people, orders and revenue per day. One brush for all four, and the part it shows stands in the address. */
import { useMemo } from 'react';
import { useSearchParams } from 'wouter';
import { day as dayText, money, percent } from '../../format';
import { Card, Empty, TimeChart, type Series } from '../../parts';
import { useWords } from '../../words';
import { amountOf, compared, dayMs, newest, partDrawn, partOf, timeOf, type Comparison, type Part } from './days';
import { changed } from './query';
import type { Day } from './types';
import { today } from './useHome';
import { words } from './words';

const spans = [7, 28, 90, 365] as const;

/* "1,204 in these 28 days, 8 % more than in the 28 before." */
function useSentence(): (comparison: Comparison | null, part: Part | null, format: (value: number) => string) => string {
  const t = useWords(words);
  return (comparison, part, format) => {
    if (comparison === null) return t('nothing');
    const values = { sum: format(comparison.sum), days: comparison.days, change: percent(Math.abs(comparison.change ?? 0), Math.abs(comparison.change ?? 0) < 0.1 ? 1 : 0) };
    const { change } = comparison;
    const kind = change === null ? 'alone' : Math.abs(change) < 0.005 ? 'same' : change > 0 ? 'more' : 'less';
    const newestKind = { alone: 'newestAlone', same: 'newestSame', more: 'newestMore', less: 'newestLess' } as const;
    return t(part === null ? newestKind[kind] : kind, values);
  };
}

export function DayCharts({ days, currency }: { days: readonly Day[]; currency: string }) {
  const t = useWords(words);
  const [query, setQuery] = useSearchParams();
  const part = useMemo(() => partOf(query, days), [query, days]);
  const show = (next: Part | null) => setQuery((before) => changed(before, { from: next?.from ?? null, to: next?.to ?? null }), { replace: true });
  const sentence = useSentence();
  const now = today();
  const times = useMemo(() => days.map((day) => timeOf(day.day)), [days]);
  // Half a day on each side, so that the first and the last bar are whole.
  const range = useMemo(() => (part === null ? null : ([timeOf(part.from) - dayMs / 2, timeOf(part.to) + dayMs / 2] as const)), [part]);
  const made = useMemo(() => seriesOf(days, currency, { events: t('eventsDay'), all: t('knownPeople'), fresh: t('newPeople'), orders: t('ordersDay'), revenue: t('revenueDay', { currency }) }), [days, currency, t]);
  if (days.length === 0)
    return (
      <Card title={t('days')}>
        <Empty title={t('daysEmpty')} icon="live">
          {t('daysEmptyText')}
        </Empty>
      </Card>
    );
  const sumOver = (value: (day: Day) => number) => compared(days, part, now, value);
  const whole = (amount: number) => money(amount, currency, true);
  const people = sumOver((day) => day.people);
  const perDay: Comparison | null = people && { ...people, sum: people.sum / people.days };
  const shared = { times, unit: 'day' as const, range, onRange: (drawn: readonly [number, number] | null) => show(drawn === null ? null : partDrawn(drawn[0], drawn[1])), height: 190, sync: 'kunde-days' };
  return (
    <Card
      className="home-days"
      title={t('days')}
      sentence={part === null ? t('daysSentence') : t('from', { from: dayText(part.from), to: dayText(part.to) })}
      action={<Spans days={days} part={part} onPart={show} />}
    >
      <div className="home-charts">
        <TimeChart {...shared} title={t('eventsDay')} series={made.events} file="kunde-events" sentence={sentence(sumOver((day) => day.events), part, (n) => t('eventsSum', { n }))} />
        <TimeChart {...shared} title={t('peopleDay')} series={made.people} file="kunde-people" sentence={sentence(perDay, part, (n) => t('peopleMean', { n: Math.round(n) }))} />
        <TimeChart {...shared} title={t('ordersDay')} series={made.orders} file="kunde-orders" sentence={sentence(sumOver((day) => day.orders), part, (n) => t('ordersSum', { n }))} />
        <TimeChart {...shared} title={t('revenueDay', { currency })} series={made.revenue} file="kunde-revenue" format={whole} sentence={sentence(sumOver((day) => amountOf(day.revenue, currency)), part, whole)} />
      </div>
    </Card>
  );
}

type Names = { events: string; all: string; fresh: string; orders: string; revenue: string };

function seriesOf(days: readonly Day[], currency: string, names: Names): Record<'events' | 'people' | 'orders' | 'revenue', Series[]> {
  return {
    events: [{ name: names.events, values: days.map((day) => day.events), kind: 'area', tone: 1 }],
    people: [
      { name: names.all, values: days.map((day) => day.people), tone: 3 },
      { name: names.fresh, values: days.map((day) => day.newPeople), tone: 4 },
    ],
    orders: [{ name: names.orders, values: days.map((day) => day.orders), kind: 'bars', tone: 2 }],
    revenue: [{ name: names.revenue, values: days.map((day) => amountOf(day.revenue, currency)), kind: 'bars', tone: 6 }],
  };
}

/* The same without drawing: for fingers, keys, and those who want a round number. */
function Spans({ days, part, onPart }: { days: readonly Day[]; part: Part | null; onPart: (part: Part | null) => void }) {
  const t = useWords(words);
  return (
    <div className="home-with" role="group" aria-label={t('range')}>
      {spans
        .filter((count) => count < days.length)
        .map((count) => {
          const wished = newest(days, count);
          return (
            <button key={count} type="button" aria-pressed={part !== null && wished?.from === part.from && wished.to === part.to} onClick={() => onPart(wished)}>
              {t('last', { n: count })}
            </button>
          );
        })}
      <button type="button" aria-pressed={part === null} onClick={() => onPart(null)}>
        {t('all')}
      </button>
    </div>
  );
}
