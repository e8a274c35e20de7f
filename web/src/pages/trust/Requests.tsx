/* What people asked for by law: due first, acted upon from the side panel. */
import { Textarea } from '@mantine/core';
import { useState } from 'react';
import { Link, useSearchParams } from 'wouter';
import { forget, send, useGet } from '../../api';
import { date, dateTime, relative } from '../../format';
import { Answer, Card, DataTable, Empty, Failed, Icon, offerUndo, PersonLink, SidePanel, Tag, type Column } from '../../parts';
import { useWords } from '../../words';
import { isAbsent } from '../people/Privacy';
import type { RightsRequest, RightsRequests } from '../people/rights';
import { purposeWords, rightWord, stateWord } from './purposeWords';
import { words } from './words';

const isOpen = (one: RightsRequest) => one.state === 'open' || one.state === 'running';
const soonMs = 7 * 86_400_000;

/* Open ones before closed ones; among the open those that are due first. */
export function dueFirst(requests: readonly RightsRequest[]): RightsRequest[] {
  return [...requests].sort((a, b) => Number(isOpen(b)) - Number(isOpen(a)) || (isOpen(a) ? Date.parse(a.dueAt) - Date.parse(b.dueAt) : Date.parse(b.openedAt) - Date.parse(a.openedAt)));
}

export function Requests() {
  const t = useWords(words);
  const p = useWords(purposeWords);
  const query = useGet<RightsRequests>('/v1/admin/requests', { refetchInterval: 15_000 });
  const [search, setSearch] = useSearchParams();
  const chosen = search.get('id');
  const show = (id: string | null) => setSearch(id === null ? {} : { id }, { replace: true });
  if (isAbsent(query.error)) return <Empty title={t('requestsAbsent')} icon="box" />;
  const columns: Column<RightsRequest>[] = [
    { id: 'right', header: t('colRight'), cell: ({ row }) => { const word = rightWord(row.original.right); return word ? p(word) : row.original.right; } },
    { id: 'state', header: t('colState'), cell: ({ row }) => <State one={row.original} /> },
    { id: 'due', header: t('colDue'), cell: ({ row }) => <Due one={row.original} /> },
    { id: 'person', header: t('colPerson'), meta: { phone: false }, cell: ({ row }) => (row.original.person ? <PersonLink person={row.original.person} /> : <span className="soft">{t('erasedPerson')}</span>) },
    { id: 'by', header: t('colBy'), meta: { phone: false }, cell: ({ row }) => row.original.openedBy ?? '' },
  ];
  return (
    <Card title={t('requests')} sentence={t('requestsSentence')} flush>
      <Answer query={query} rows={6}>
        {(answer) => {
          const rows = dueFirst(answer.requests);
          const one = rows.find((row) => row.id === chosen);
          return (
            <>
              <DataTable label={t('requests')} rows={rows} rowKey={(row) => row.id} columns={columns} onRow={(row) => show(row.id)} selected={chosen}
                empty={<Empty title={t('requestsNone')} icon="check">{t('requestsNoneText')}</Empty>} />
              <SidePanel opened={one !== undefined} onClose={() => show(null)} title={one ? `${t('request')}: ${rightWord(one.right) ? p(rightWord(one.right) ?? 'open') : one.right}` : ''}>
                {one && <Panel key={one.id} one={one} onDone={() => show(null)} />}
              </SidePanel>
            </>
          );
        }}
      </Answer>
    </Card>
  );
}

function State({ one }: { one: RightsRequest }) {
  const p = useWords(purposeWords);
  const word = stateWord(one.state);
  return <Tag tone={one.state === 'done' ? 'good' : one.state === 'rejected' ? 'plain' : 'warning'}>{word ? p(word) : one.state}</Tag>;
}

function Due({ one }: { one: RightsRequest }) {
  const t = useWords(words);
  const left = Date.parse(one.dueAt) - Date.now();
  if (!isOpen(one)) return <span className="soft">{one.closedAt ? date(one.closedAt) : date(one.dueAt)}</span>;
  return (
    <span title={dateTime(one.dueAt)}>
      {relative(one.dueAt)} {left < 0 ? <Tag tone="bad"><Icon name="warning" size={14} /> {t('late')}</Tag> : left < soonMs ? <Tag tone="warning">{t('soon')}</Tag> : null}
    </span>
  );
}

function Panel({ one, onDone }: { one: RightsRequest; onDone: () => void }) {
  const t = useWords(words);
  const [note, setNote] = useState('');
  const [error, setError] = useState<unknown>(null);
  const path = `/v1/admin/requests/${encodeURIComponent(one.id)}`;
  const act = (verb: 'run' | 'complete' | 'reject', text: string) => {
    if (verb === 'reject' && note.trim() === '') {
      setError(new Error(t('rejectNeedsNote')));
      return;
    }
    offerUndo({
      text,
      take: async () => {
        try {
          await send('POST', `${path}/${verb}`, verb === 'run' ? {} : { note: note.trim() });
          onDone();
        } catch (cause) {
          setError(cause);
        }
        await forget('/v1/admin/requests');
        await forget('/v1/admin/trust');
      },
    });
  };
  return (
    <>
      <dl className="traits">
        <Pair name={t('colState')} value={<State one={one} />} />
        <Pair name={t('opened')} value={dateTime(one.openedAt)} />
        <Pair name={t('colDue')} value={dateTime(one.dueAt)} />
        {one.closedAt && <Pair name={t('closed')} value={dateTime(one.closedAt)} />}
        {one.step && <Pair name={t('step')} value={one.step} />}
        {one.heldUpBy && <Pair name={t('held')} value={one.heldUpBy} />}
        {one.note && <Pair name={t('note')} value={one.note} />}
      </dl>
      {one.person && <p><Link href={`/people/${one.person}?view=privacy`}>{t('openPerson')}</Link></p>}
      {one.right === 'export' && one.person && <p><a className="plain-button" href={`${path}/export.zip`} download>{t('download')}</a></p>}
      {error !== null && <Failed error={error} />}
      {isOpen(one) && (
        <>
          <Textarea label={t('note')} value={note} onChange={(event) => setNote(event.currentTarget.value)} maxLength={500} autosize minRows={2} />
          <p className="trust-actions">
            {one.right !== 'export' && one.right !== 'rectify' && one.state === 'open' && <button type="button" className="plain-button" onClick={() => act('run', t('running'))}>{t('run')}</button>}
            <button type="button" className="plain-button" onClick={() => act('complete', t('completing'))}>{t('complete')}</button>
            <button type="button" className="plain-button" onClick={() => act('reject', t('rejecting'))}>{t('reject')}</button>
          </p>
        </>
      )}
    </>
  );
}

function Pair({ name, value }: { name: string; value: React.ReactNode }) {
  return <div><dt>{name}</dt><dd>{value}</dd></div>;
}
