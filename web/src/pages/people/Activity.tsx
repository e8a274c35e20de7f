/* Half a year of days as squares, a column a week; the same as a table for who cannot see it. */
import { useState } from 'react';
import { day, number } from '../../format';
import { Icon } from '../../parts';
import { useWords } from '../../words';
import { levelOf, weeksOf } from './logic';
import type { ActiveDay } from './types';
import { words } from './words';

const WEEKS = 26;
const STEP = 14;
const EDGE = 11;

export function Activity({ activity }: { activity: readonly ActiveDay[] }) {
  const t = useWords(words);
  const [table, setTable] = useState(false);
  const weeks = weeksOf(activity, WEEKS, Date.now());
  const days = weeks.flatMap((week) => week.days).filter((one) => one !== null);
  const active = days.filter((one) => one.events > 0);
  const sentence = t('activitySentence', { days: active.length, total: days.length, orders: active.filter((one) => one.orders > 0).length });
  return (
    <figure className="activity" aria-label={t('activity')}>
      <div className="activity-head">
        <h2 className="person-label">{t('activity')}</h2>
        <button type="button" className="quiet-button" aria-pressed={table} onClick={() => setTable(!table)}>
          <Icon name="table" size={16} /> {t('activityTable')}
        </button>
      </div>
      {table ? (
        <ActivityTable days={active} />
      ) : (
        <svg className="activity-days" viewBox={`0 0 ${WEEKS * STEP} ${7 * STEP}`} role="img" aria-label={sentence}>
          {weeks.map((week, x) =>
            week.days.map((one, y) =>
              one === null ? null : (
                <rect key={one.day} className={`activity-${levelOf(one.events)}${one.orders > 0 ? ' activity-order' : ''}`} x={x * STEP + 1.5} y={y * STEP + 1.5} width={EDGE} height={EDGE} rx={2.5}>
                  <title>
                    {t('activityDay', { day: day(one.day), n: one.events })} {one.orders > 0 ? t('activityOrder') : ''}
                  </title>
                </rect>
              ),
            ),
          )}
        </svg>
      )}
      <figcaption className="activity-foot">
        <span>{sentence}</span>
        <span className="activity-legend" aria-hidden="true">
          {t('less')}
          <svg width={4 * STEP} height={STEP} viewBox={`0 0 ${4 * STEP} ${STEP}`}>
            {[0, 1, 2, 3].map((level) => (
              <rect key={level} className={`activity-${level}`} x={level * STEP + 1.5} y={1.5} width={EDGE} height={EDGE} rx={2.5} />
            ))}
          </svg>
          {t('more')}
          <svg width={STEP} height={STEP} viewBox={`0 0 ${STEP} ${STEP}`}>
            <rect className="activity-1 activity-order" x={1.5} y={1.5} width={EDGE} height={EDGE} rx={2.5} />
          </svg>
          {t('activityOrder')}
        </span>
      </figcaption>
    </figure>
  );
}

function ActivityTable({ days }: { days: readonly ActiveDay[] }) {
  const t = useWords(words);
  return (
    <div className="activity-table" tabIndex={0} role="region" aria-label={t('activity')}>
      <table className="plain-table">
        <thead>
          <tr>
            <th scope="col">{t('activityDayHead')}</th>
            <th scope="col" className="right">{t('events')}</th>
            <th scope="col" className="right">{t('orders')}</th>
          </tr>
        </thead>
        <tbody>
          {[...days].reverse().map((one) => (
            <tr key={one.day}>
              <th scope="row">{day(one.day)}</th>
              <td className="right">{number(one.events)}</td>
              <td className="right">{number(one.orders)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
