/* What this person allows, where each field comes from, and the rights they have, each one action away. */
import { Switch, TextInput } from '@mantine/core';
import { useState } from 'react';
import { Link } from 'wouter';
import { ApiError, forget, send, useGet } from '../../api';
import { date, dateTime } from '../../format';
import { Answer, Card, DataTable, Failed, offerUndo, SidePanel, Tag, type Column } from '../../parts';
import { useWords } from '../../words';
import { basisWord, purposeText, purposeWord, purposeWords, rightWord, stateWord } from '../trust/purposeWords';
import type { Consents, Lineage, LineageField, PurposeState, RightsRequest, RightsRequests } from './rights';
import { privacyWords } from './privacyWords';
import './graph.css';

export const isAbsent = (error: unknown) => error instanceof ApiError && (error.status === 404 || error.status === 405);

export function Privacy({ person, name }: { person: string; name: string }) {
  return (
    <div className="graph-page">
      <ConsentCard person={person} />
      <RightsCard person={person} name={name} />
      <LineageCard person={person} />
    </div>
  );
}

/* ---- consents ---- */

function ConsentCard({ person }: { person: string }) {
  const t = useWords(privacyWords);
  const path = `/v1/admin/profiles/${encodeURIComponent(person)}/consents`;
  const query = useGet<Consents>(path);
  const [error, setError] = useState<unknown>(null);
  const [history, setHistory] = useState(false);
  if (isAbsent(query.error)) return null;
  const say = (purpose: PurposeState, granted: boolean, label: string) =>
    offerUndo({
      text: t(granted ? 'granting' : 'refusing', { purpose: label }),
      take: async () => {
        try {
          await send('POST', path, { purpose: purpose.purpose, granted, source: 'staff' });
          setError(null);
        } catch (cause) {
          setError(cause);
        }
        await forget(`/v1/admin/profiles/${encodeURIComponent(person)}`);
      },
    });
  return (
    <Card title={t('consents')} sentence={t('consentsSentence')} action={query.data && query.data.history.length > 0 ? <button type="button" className="quiet-button" onClick={() => setHistory(true)}>{t('history')}</button> : undefined}>
      {error !== null && <Failed error={error} />}
      <Answer query={query} rows={8}>
        {(consents) => (
          <>
            <ul className="graph-evidence">
              {consents.purposes.map((one) => <PurposeRow key={one.purpose} one={one} onSay={say} />)}
            </ul>
            <SidePanel opened={history} onClose={() => setHistory(false)} title={t('history')}>
              <ol className="graph-evidence">
                {consents.history.map((one, i) => <HistoryRow key={`${one.time} ${i}`} one={one} />)}
              </ol>
            </SidePanel>
          </>
        )}
      </Answer>
    </Card>
  );
}

function PurposeRow({ one, onSay }: { one: PurposeState; onSay: (one: PurposeState, granted: boolean, label: string) => void }) {
  const t = useWords(privacyWords);
  const p = useWords(purposeWords);
  const known = purposeWord(one.purpose);
  const label = known ? p(known) : one.purpose;
  const text = purposeText(one.purpose);
  const basis = basisWord(one.basis);
  return (
    <li>
      <div>
        <strong>{label}</strong> <Tag tone={one.allowed ? 'good' : 'plain'}>{t(one.allowed ? 'allowed' : 'notAllowed')}</Tag>
        {text && <div className="soft">{p(text)}</div>}
        <div className="soft">
          {t('basis')}: {basis ? p(basis) : one.basis} · {t(one.state === 'granted' ? 'stateGranted' : one.state === 'refused' ? 'stateRefused' : 'stateUnknown')}
          {one.time ? ` · ${date(one.time)}` : ''}
          {one.source ? ` · ${one.source}` : ''}
        </div>
      </div>
      <Switch checked={one.allowed} disabled={one.basis === 'none'} aria-label={label} label={t(one.allowed ? 'on' : 'off')} labelPosition="left" onChange={(event) => onSay(one, event.currentTarget.checked, label)} />
    </li>
  );
}

function HistoryRow({ one }: { one: Consents['history'][number] }) {
  const t = useWords(privacyWords);
  const p = useWords(purposeWords);
  const names = (purposes: readonly string[]) => purposes.map((purpose) => { const word = purposeWord(purpose); return word ? p(word) : purpose; }).join(', ');
  return (
    <li>
      <div>
        {one.granted.length > 0 && <div><Tag tone="good">{t('stateGranted')}</Tag> {names(one.granted)}</div>}
        {one.refused.length > 0 && <div><Tag>{t('stateRefused')}</Tag> {names(one.refused)}</div>}
        <div className="soft">{dateTime(one.time)}{one.source ? ` · ${one.source}` : ''}{one.policy ? ` · ${one.policy}` : ''}{one.proof ? ` · ${one.proof}` : ''}</div>
      </div>
    </li>
  );
}

/* ---- rights ---- */

const asks = ['export', 'restrict', 'object', 'erase'] as const;
type Ask = (typeof asks)[number];
const askWords = { export: ['rightExport', 'exportText'], restrict: ['rightRestrict', 'restrictText'], object: ['rightObject', 'objectText'], erase: ['rightErase', 'eraseText'] } as const;

function RightsCard({ person, name }: { person: string; name: string }) {
  const t = useWords(privacyWords);
  const query = useGet<RightsRequests>('/v1/admin/requests');
  const [error, setError] = useState<unknown>(null);
  const [erasing, setErasing] = useState(false);
  if (isAbsent(query.error)) return null;
  const open = async (right: Ask) => {
    try {
      const made = await send<RightsRequest>('POST', '/v1/admin/requests', { customer: person, right });
      if (right === 'export') location.assign(`/v1/admin/requests/${encodeURIComponent(made.id)}/export.zip`);
      else await send('POST', `/v1/admin/requests/${encodeURIComponent(made.id)}/run`, {});
      setError(null);
    } catch (cause) {
      setError(cause);
    }
    setErasing(false);
    await forget('/v1/admin/requests');
    await forget(`/v1/admin/profiles/${encodeURIComponent(person)}`);
  };
  const press = (right: Ask) => {
    if (right === 'erase') setErasing(true);
    else if (right === 'export') void open(right);
    else offerUndo({ text: t(right === 'restrict' ? 'restricting' : 'objecting'), take: () => open(right) });
  };
  return (
    <Card title={t('rights')} sentence={t('rightsSentence')}>
      {error !== null && <Failed error={error} />}
      <ul className="graph-evidence">
        {asks.map((right) => (
          <li key={right}>
            <div><strong>{t(askWords[right][0])}</strong><div className="soft">{t(askWords[right][1])}</div></div>
            <button type="button" className="plain-button" onClick={() => press(right)}>{t(right === 'export' ? 'doExport' : right === 'erase' ? 'doErase' : 'doAsk')}</button>
          </li>
        ))}
      </ul>
      <Answer query={query} rows={2}>{(all) => <Asked requests={all.requests.filter((one) => one.person === person)} />}</Answer>
      <SidePanel opened={erasing} onClose={() => setErasing(false)} title={t('rightErase')}>
        <Erase name={name || person} onErase={() => void open('erase')} />
      </SidePanel>
    </Card>
  );
}

function Asked({ requests }: { requests: readonly RightsRequest[] }) {
  const t = useWords(privacyWords);
  const p = useWords(purposeWords);
  if (requests.length === 0) return null;
  return (
    <>
      <h3 className="panel-head">{t('asked')}</h3>
      <ul className="graph-evidence">
        {requests.map((one) => {
          const right = rightWord(one.right);
          const state = stateWord(one.state);
          return (
            <li key={one.id}>
              <div><strong>{right ? p(right) : one.right}</strong> <Tag tone={one.state === 'done' ? 'good' : one.state === 'rejected' ? 'bad' : 'warning'}>{state ? p(state) : one.state}</Tag>
                <div className="soft">{t('openedDue', { opened: date(one.openedAt), due: date(one.dueAt) })}</div></div>
              <Link href={`/trust/requests?id=${encodeURIComponent(one.id)}`}>{t('toRequest')}</Link>
            </li>
          );
        })}
      </ul>
    </>
  );
}

/* Erasure cannot be undone: it asks for the name instead. */
function Erase({ name, onErase }: { name: string; onErase: () => void }) {
  const t = useWords(privacyWords);
  const [typed, setTyped] = useState('');
  return (
    <form onSubmit={(event) => { event.preventDefault(); if (typed.trim() === name) onErase(); }}>
      <p>{t('eraseWarning')}</p>
      <TextInput label={t('eraseName', { name })} value={typed} onChange={(event) => setTyped(event.currentTarget.value)} autoComplete="off" />
      <p><button type="submit" className="plain-button erase-button" disabled={typed.trim() !== name}>{t('doErase')}</button></p>
    </form>
  );
}

/* ---- lineage ---- */

function LineageCard({ person }: { person: string }) {
  const t = useWords(privacyWords);
  const p = useWords(purposeWords);
  const query = useGet<Lineage>(`/v1/admin/profiles/${encodeURIComponent(person)}/lineage`);
  if (isAbsent(query.error)) return null;
  const columns: Column<LineageField>[] = [
    { id: 'field', header: t('field'), accessorFn: (row) => row.field, cell: ({ row }) => <code>{row.original.field}</code> },
    { id: 'value', header: t('value'), cell: ({ row }) => (row.original.hidden ? <span className="soft">{t('hidden')}</span> : <bdi className="cut lineage-value">{textOf(row.original.value)}</bdi>) },
    { id: 'purposes', header: t('purposes'), meta: { phone: false }, cell: ({ row }) => (row.original.purposes ?? []).map((one) => { const word = purposeWord(one); return word ? p(word) : one; }).join(', ') },
    { id: 'event', header: t('from'), cell: ({ row }) => <From field={row.original} /> },
  ];
  return (
    <Card title={t('lineage')} sentence={t('lineageSentence')} flush>
      <Answer query={query} rows={5}>{(lineage) => <DataTable label={t('lineage')} rows={lineage.fields} rowKey={(row) => `${row.field} ${row.event?.id ?? ''}`} columns={columns} />}</Answer>
    </Card>
  );
}

const textOf = (value: unknown) => (typeof value === 'string' ? value : value === undefined || value === null ? '–' : JSON.stringify(value));

function From({ field }: { field: LineageField }) {
  const t = useWords(privacyWords);
  if (!field.event) return <span className="soft">{t('fromUnknown')}</span>;
  const { event } = field;
  return (
    <span>
      <Link href={`/people/${event.person}?view=timeline`}>{event.name ?? t('event')}</Link>
      <span className="soft"> · {date(event.time)}{event.source ? ` · ${event.source}` : ''}{field.claimed ? ` · ${t('claimed')}` : ''}</span>
    </span>
  );
}
