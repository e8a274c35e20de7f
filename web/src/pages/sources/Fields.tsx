/* Which part of the events brings each field that was agreed, and how one field went over the last month. */
import { useState } from 'react';
import { number, percent } from '../../format';
import { Card, Empty, Tag, TimeChart } from '../../parts';
import { useWords } from '../../words';
import type { Field } from './types';
import { words } from './words';

const dayMs = 86_400_000;
const keyOf = (field: Field) => `${field.event} ${field.path}`;
const nameOf = (field: Field) => `${field.event}: ${field.path}`;

function wrongShare(days: Field['recent']): number {
  return days.present === 0 ? 0 : (days.wrongType + days.unknownValue) / days.present;
}

/* The message of a field in words: what moved, or that nothing did. */
function useSentence(): (field: Field) => string {
  const t = useWords(words);
  return (field) => {
    const said = { field: nameOf(field) };
    if (field.drift.includes('share')) return t('driftShare', { ...said, now: percent(field.recent.share ?? 0), before: percent(field.before.share ?? 0) });
    if (field.drift.includes('type')) return t('driftType', { ...said, now: percent(wrongShare(field.recent)), before: percent(wrongShare(field.before)) });
    if (field.drift.includes('values')) return t('driftValues', { ...said, index: number(field.stabilityIndex ?? 0, 2) });
    return t(field.recent.events < 100 || field.before.events < 200 ? 'driftFew' : 'driftNone', said);
  };
}

export function Fields({ fields }: { fields: readonly Field[] }) {
  const t = useWords(words);
  const sentence = useSentence();
  const [chosen, setChosen] = useState('');
  const shown = fields.find((field) => keyOf(field) === chosen) ?? fields.find((field) => field.drift.length > 0) ?? fields[0];
  if (!shown)
    return (
      <Card title={t('fields')}>
        <Empty title={t('noSchema')}>{t('noSchemaText')}</Empty>
      </Card>
    );
  const start = Math.floor(Date.now() / dayMs) * dayMs - (shown.days.length - 1) * dayMs;
  return (
    <Card title={t('fields')} sentence={t('fieldsSentence')}>
      <ul className="sources-fields">
        {fields.map((field) => (
          <li key={keyOf(field)}>
            <FieldBar field={field} chosen={field === shown} onChoose={() => setChosen(keyOf(field))} />
          </li>
        ))}
      </ul>
      <TimeChart
        title={t('overTime', { field: nameOf(shown) })}
        sentence={sentence(shown)}
        times={shown.days.map((_, i) => start + i * dayMs)}
        series={[{ name: shown.path, values: shown.days.map(([events, present]) => (events === 0 ? null : present / events)), kind: 'bars', tone: shown.drift.length > 0 ? 2 : 1 }]}
        format={(value) => percent(value)}
        height={180}
        file="kunde-field"
      />
    </Card>
  );
}

function FieldBar({ field, chosen, onChoose }: { field: Field; chosen: boolean; onChoose: () => void }) {
  const t = useWords(words);
  const wrong = field.recent.wrongType + field.recent.unknownValue;
  const share = field.recent.share;
  return (
    <button type="button" className="sources-field" aria-pressed={chosen} onClick={onChoose}>
      <span className="sources-field-name">
        <span>
          {field.path} {field.drift.length > 0 && <Tag tone="warning">{t('drifting')}</Tag>}
        </span>
        <small>
          {field.event}, {field.type}
          {field.required ? `, ${t('required')}` : ''}
          {wrong > 0 ? `, ${t('wrong', { n: number(wrong) })}` : ''}
        </small>
      </span>
      <span className={field.drift.length > 0 ? 'sources-bar sources-bar-drift' : 'sources-bar'} aria-hidden="true">
        <span ref={(bar) => void (bar && (bar.style.width = `${(share ?? 0) * 100}%`))} />
      </span>
      <span className="sources-share">{share === null ? '–' : percent(share)}</span>
    </button>
  );
}
