/* How things stand: four figures, consent over time, purposes with their basis, retention. */
import { Radio } from '@mantine/core';
import { useState } from 'react';
import { ApiError, forget, send, useGet } from '../../api';
import { day, percent, relative } from '../../format';
import { Answer, Card, DataTable, Failed, Figure, Figures, Icon, SidePanel, TimeChart, type Column, type Series } from '../../parts';
import { useWords } from '../../words';
import { isAbsent } from '../people/Privacy';
import { basisWord, purposeOrder, purposeWord, purposeWords, retainedWord } from './purposeWords';
import type { ConsentNow, ConsentSummary, People, Purpose, Purposes, Retention, TrustSummary } from './types';
import { words } from './words';

export function Overview() {
  const query = useGet<TrustSummary>('/v1/admin/trust');
  return (
    <Answer query={query} rows={4}>
      {(trust) => (
        <>
          <Standing trust={trust} />
          <ConsentShares floor={trust.kFloor} />
          <PurposeCard />
          <RetentionCard />
        </>
      )}
    </Answer>
  );
}

function Standing({ trust }: { trust: TrustSummary }) {
  const t = useWords(words);
  const { audit, findings } = trust;
  return (
    <Card>
      <Figures>
        {trust.requests && (
          <Figure name={t('due')} value={trust.requests.open} note={trust.requests.overdue > 0 ? <span className="trust-bad"><Icon name="warning" size={14} /> {t('overdue', { n: trust.requests.overdue })}</span> : t('inTime')} />
        )}
        <Figure name={t('findings')} value={findings.blocking + findings.warning} note={t('findingsNote', { blocking: findings.blocking, notes: findings.note })} />
        <Figure name={t('products')} value={trust.sensitive.products} note={t('productsNote', { n: trust.sensitive.concepts })} />
        {audit && (
          <Figure
            name={t('chain')}
            value={<span className={audit.whole ? 'trust-good' : 'trust-bad'}><Icon name={audit.whole ? 'check' : 'warning'} size={20} /> {t(audit.whole ? 'chainWhole' : 'chainBroken')}</span>}
            note={audit.whole ? (audit.newestAt ? t('chainNote', { n: audit.entries, when: relative(audit.newestAt) }) : t('chainEmpty')) : audit.why}
          />
        )}
      </Figures>
    </Card>
  );
}

/* ---- consent over time ---- */

const shareOf = (granted: People, refused: People): number | null => {
  if (typeof granted !== 'number' || typeof refused !== 'number' || granted + refused === 0) return null;
  return granted / (granted + refused);
};

function series(summary: ConsentSummary, name: (purpose: string) => string): { times: number[]; lines: (Series & { purpose: string })[] } {
  const days = [...new Set(summary.days.map((one) => one.day))].sort();
  const lines = purposeOrder.flatMap((purpose, i) => {
    const byDay = new Map(summary.days.filter((one) => one.purpose === purpose).map((one) => [one.day, shareOf(one.granted, one.refused)]));
    const values = days.map((one) => byDay.get(one) ?? null);
    return values.some((value) => value !== null) ? [{ purpose, name: name(purpose), values, tone: ((i % 6) + 1) as 1 | 2 | 3 | 4 | 5 | 6 }] : [];
  });
  return { times: days.map((one) => Date.parse(`${one}T00:00:00Z`)), lines };
}

function ConsentShares({ floor }: { floor: number }) {
  const t = useWords(words);
  const p = useWords(purposeWords);
  const query = useGet<ConsentSummary>('/v1/admin/consents/summary');
  if (isAbsent(query.error)) return null;
  const name = (purpose: string) => {
    const word = purposeWord(purpose);
    return word ? p(word) : purpose;
  };
  return (
    <Card title={t('consents')} sentence={`${t('consentsSentence')} ${t('floor', { k: floor })}`}>
      <Answer query={query} rows={8}>
        {(summary) => {
          const { times, lines } = series(summary, name);
          const first = lines[0];
          const last = first?.values.reduce<number>((at, value, i) => (value !== null ? i : at), -1) ?? -1;
          const lastShare = first?.values[last];
          return (
            <>
              {first && times.length > 1 ? (
                <TimeChart
                  title={t('chartTitle')}
                  {...(typeof lastShare === 'number' ? { sentence: t('chartSentence', { purpose: first.name, share: percent(lastShare), day: day(new Date(times[last] ?? 0).toISOString().slice(0, 10)) }) } : {})}
                  times={times} unit="day" series={lines} format={(value) => percent(value)} file="consents" />
              ) : (
                <p className="soft">{t('chartNothing', { k: floor })}</p>
              )}
              <ConsentTable now={summary.now} floor={floor} name={name} />
            </>
          );
        }}
      </Answer>
    </Card>
  );
}

function Held({ people, floor }: { people: People; floor: number }) {
  const t = useWords(words);
  if (people === null) return <span className="soft" title={t('heldBackWhy', { k: floor })}>{t('heldBack')}</span>;
  return <>{typeof people === 'number' ? new Intl.NumberFormat().format(people) : people}</>;
}

function ConsentTable({ now, floor, name }: { now: readonly ConsentNow[]; floor: number; name: (purpose: string) => string }) {
  const t = useWords(words);
  const right = { align: 'right', narrow: true } as const;
  const columns: Column<ConsentNow>[] = [
    { id: 'purpose', header: t('purpose'), cell: ({ row }) => name(row.original.purpose) },
    { id: 'yes', header: t('yes'), meta: right, cell: ({ row }) => <Held people={row.original.granted} floor={floor} /> },
    { id: 'no', header: t('no'), meta: right, cell: ({ row }) => <Held people={row.original.refused} floor={floor} /> },
    { id: 'silent', header: t('silent'), meta: right, cell: ({ row }) => <Held people={row.original.unknown} floor={floor} /> },
  ];
  return <DataTable label={t('consents')} rows={now} rowKey={(row) => row.purpose} columns={columns} />;
}

/* ---- purposes ---- */

const bases = ['consent', 'contract', 'legitimate-interest', 'none'] as const;

function PurposeCard() {
  const t = useWords(words);
  const p = useWords(purposeWords);
  const query = useGet<Purposes>('/v1/admin/purposes');
  const [editing, setEditing] = useState<Purpose | null>(null);
  if (isAbsent(query.error)) return null;
  const name = (purpose: Purpose) => {
    const word = purposeWord(purpose.id);
    return word ? p(word) : purpose.title || purpose.id; // the document is written in one language
  };
  return (
    <Card title={t('purposes')} sentence={t('purposesSentence')}>
      <Answer query={query} rows={8}>
        {(answer) => (
          <ul className="trust-list">
            {answer.purposes.map((purpose) => {
              const basis = basisWord(purpose.basis);
              return (
                <li key={purpose.id}>
                  <div><strong>{name(purpose)}</strong><div className="soft">{t('basis')}: {basis ? p(basis) : purpose.basis}{purpose.gpc ? ' · Sec-GPC' : ''}</div></div>
                  <button type="button" className="plain-button" onClick={() => setEditing(purpose)} aria-label={`${t('change')}: ${name(purpose)}`}>{t('change')}</button>
                </li>
              );
            })}
          </ul>
        )}
      </Answer>
      <SidePanel opened={editing !== null} onClose={() => setEditing(null)} title={editing ? t('basisOf', { purpose: name(editing) }) : ''}>
        {editing && <BasisForm key={editing.id} purpose={editing} onDone={() => setEditing(null)} />}
      </SidePanel>
    </Card>
  );
}

function BasisForm({ purpose, onDone }: { purpose: Purpose; onDone: () => void }) {
  const t = useWords(words);
  const p = useWords(purposeWords);
  const [basis, setBasis] = useState(purpose.basis);
  const [error, setError] = useState<unknown>(null);
  const save = async () => {
    try {
      const { id, version, ...document } = purpose;
      void version;
      await send('PUT', `/v1/admin/purposes/${encodeURIComponent(id)}`, { ...document, basis });
      await forget('/v1/admin/purposes');
      onDone();
    } catch (cause) {
      setError(cause instanceof ApiError ? cause : String(cause));
    }
  };
  return (
    <form onSubmit={(event) => { event.preventDefault(); void save(); }}>
      <p className="soft">{t('basisText')}</p>
      <Radio.Group value={basis} onChange={setBasis} label={t('basis')}>
        {bases.map((one) => {
          const word = basisWord(one);
          return <Radio key={one} value={one} label={word ? p(word) : one} mt="xs" />;
        })}
      </Radio.Group>
      {error !== null && <Failed error={error} />}
      <p><button type="submit" className="plain-button" disabled={basis === purpose.basis}>{t('save')}</button></p>
    </form>
  );
}

/* ---- retention ---- */

function RetentionCard() {
  const t = useWords(words);
  const p = useWords(purposeWords);
  const query = useGet<Retention>('/v1/admin/retention');
  if (isAbsent(query.error)) return null;
  type Rule = { name: string; days: number };
  const columns: Column<Rule>[] = [
    { id: 'class', header: t('dataClass'), cell: ({ row }) => { const word = retainedWord(row.original.name); return word ? p(word) : row.original.name; } },
    { id: 'days', header: t('kept'), meta: { align: 'right' }, cell: ({ row }) => (row.original.days ? t('days', { n: row.original.days }) : t('forever')) },
  ];
  return (
    <Card title={t('retention')} sentence={t('retentionSentence')} flush>
      <Answer query={query} rows={5}>
        {(answer) => <DataTable label={t('retention')} rows={Object.entries(answer).map(([name, rule]) => ({ name, days: rule.days }))} rowKey={(row) => row.name} columns={columns} />}
      </Answer>
    </Card>
  );
}
