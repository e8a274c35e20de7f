/* The audit log: the state of its chain, then its entries, newest first. */
import { useState } from 'react';
import { get, useGet } from '../../api';
import { dateTime } from '../../format';
import { Ago, Answer, Card, DataTable, Empty, Failed, Json, SidePanel, type Column } from '../../parts';
import { useWords } from '../../words';
import { isAbsent } from '../people/Privacy';
import type { AuditEntry, AuditPage, TrustSummary } from './types';
import { words } from './words';

export function AuditLog() {
  const t = useWords(words);
  const trust = useGet<TrustSummary>('/v1/admin/trust');
  const query = useGet<AuditPage>('/v1/admin/audit');
  const [older, setOlder] = useState<AuditPage | null>(null);
  const [error, setError] = useState<unknown>(null);
  const [chosen, setChosen] = useState<AuditEntry | null>(null);
  if (isAbsent(query.error)) return <Empty title={t('auditNone')} icon="box" />;
  const who = (entry: AuditEntry) => [entry.actor, entry.role, entry.id].filter(Boolean).join(' · ');
  const columns: Column<AuditEntry>[] = [
    { id: 'time', header: t('colTime'), meta: { narrow: true }, cell: ({ row }) => <Ago time={row.original.time} /> },
    { id: 'who', header: t('colWho'), cell: ({ row }) => <bdi className="cut lineage-value">{who(row.original)}</bdi> },
    { id: 'verb', header: t('colVerb'), cell: ({ row }) => <code>{row.original.verb}</code> },
    { id: 'object', header: t('colObject'), meta: { phone: false }, cell: ({ row }) => <bdi className="cut lineage-value">{row.original.object ?? ''}</bdi> },
  ];
  const audit = trust.data?.audit;
  return (
    <Card title={t('auditTitle')} sentence={t('auditSentence')} flush>
      {audit && !audit.whole && <Failed error={`${t('auditBroken')}: ${audit.why}`} />}
      {error !== null && <Failed error={error} />}
      <Answer query={query} rows={8}>
        {(first) => {
          const cursor = older ? older.cursor : first.cursor;
          const more = async () => {
            try {
              const next = await get<AuditPage>(`/v1/admin/audit?cursor=${encodeURIComponent(String(cursor))}`);
              setOlder((now) => ({ entries: [...(now?.entries ?? []), ...next.entries], cursor: next.cursor }));
            } catch (cause) {
              setError(cause);
            }
          };
          return (
            <DataTable label={t('auditTitle')} rows={[...first.entries, ...(older?.entries ?? [])]} rowKey={(row) => String(row.number)} columns={columns} onRow={setChosen}
              selected={chosen ? String(chosen.number) : null} more={cursor ? () => void more() : null} empty={<Empty title={t('auditNone')} icon="box" />} />
          );
        }}
      </Answer>
      <SidePanel opened={chosen !== null} onClose={() => setChosen(null)} title={chosen ? `#${chosen.number} ${chosen.verb}` : ''}>
        {chosen && (<><p className="soft">{dateTime(chosen.time)} · {who(chosen)}</p><Json value={chosen} /></>)}
      </SidePanel>
    </Card>
  );
}
