/* All sources with their state, what an audit would note, and every step from file to model. */
import { Link } from 'wouter';
import { useGet } from '../../api';
import { day, number, percent } from '../../format';
import { Ago, Answer, Card, DataTable, Empty, Icon, Page, Tag, type Column, type Tone } from '../../parts';
import { useWords } from '../../words';
import { Steps } from './Steps';
import type { Finding, Source, SourcesAnswer, StateWord } from './types';
import { words } from './words';

const path = '/v1/admin/sources';
const tones: Record<StateWord, Tone> = { fresh: 'good', overdue: 'bad', drifting: 'warning', silent: 'plain', undocumented: 'plain' };

export function State({ source }: { source: Source }) {
  const t = useWords(words);
  return <Tag tone={tones[source.state]}>{t(source.state)}</Tag>;
}

export function SourceList() {
  const t = useWords(words);
  const sources = useGet<SourcesAnswer>(path, { refetchInterval: 15_000 });
  const columns: Column<Source>[] = [
    {
      id: 'source',
      header: t('source'),
      accessorFn: (row) => row.name ?? row.source,
      cell: ({ row }) => (
        <Link className="sources-name" href={`/sources/${encodeURIComponent(row.original.source)}`}>
          <bdi>{row.original.name ?? row.original.source}</bdi>
        </Link>
      ),
    },
    { id: 'state', header: t('state'), accessorFn: (row) => row.state, meta: { narrow: true }, cell: ({ row }) => <State source={row.original} /> },
    { id: 'owner', header: t('owner'), accessorFn: (row) => row.owner ?? '', meta: { phone: false }, cell: ({ row }) => row.original.owner ?? '–' },
    { id: 'last', header: t('lastEvent'), accessorFn: (row) => row.lastEventAt ?? '', cell: ({ row }) => <Ago time={row.original.lastEventAt} /> },
    { id: 'day', header: t('perDay'), accessorFn: (row) => row.events24h, meta: { align: 'right', phone: false }, cell: ({ row }) => number(row.original.events24h) },
    { id: 'complete', header: t('complete'), accessorFn: (row) => row.completeness ?? -1, meta: { align: 'right' }, cell: ({ row }) => (row.original.completeness === null ? '–' : percent(row.original.completeness)) },
    { id: 'rejected', header: t('rejected'), accessorFn: (row) => row.rejected, meta: { align: 'right', phone: false }, cell: ({ row }) => number(row.original.rejected) },
    { id: 'duplicates', header: t('duplicates'), accessorFn: (row) => row.duplicates, meta: { align: 'right', phone: false }, cell: ({ row }) => number(row.original.duplicates) },
    {
      id: 'orders',
      header: t('ordersShare'),
      accessorFn: (row) => row.last30Days.ordersShare ?? -1,
      meta: { align: 'right', phone: false },
      cell: ({ row }) => (row.original.last30Days.ordersShare === null ? '–' : percent(row.original.last30Days.ordersShare)),
    },
  ];
  return (
    <Page
      title={t('title')}
      sentence={t('sentence')}
      api={[
        { method: 'GET', path },
        { method: 'GET', path: '/v1/admin/steps' },
        { method: 'GET', path: '/v1/admin/quarantine' },
      ]}
    >
      <Answer query={sources}>
        {(answer) => (
          <>
            <Card flush>
              <DataTable
                label={t('title')}
                rows={answer.sources}
                rowKey={(row) => row.source}
                columns={columns}
                sortable
                csv={{
                  name: 'kunde-sources',
                  head: ['source', 'state', 'owner', 'lastEventAt', 'events24h', 'completeness', 'rejected', 'duplicates', 'ordersShare'],
                  row: (row) => [row.source, row.state, row.owner, row.lastEventAt, row.events24h, row.completeness, row.rejected, row.duplicates, row.last30Days.ordersShare],
                }}
                empty={
                  <Empty icon="live" title={t('empty')}>
                    {t('emptyText')}
                  </Empty>
                }
              />
            </Card>
            <Card title={t('findings')}>
              <Findings findings={answer.findings} />
            </Card>
          </>
        )}
      </Answer>
      <Steps />
    </Page>
  );
}

function Findings({ findings }: { findings: readonly Finding[] }) {
  const t = useWords(words);
  if (findings.length === 0) return <p className="sources-sentence">{t('nothingFound')}</p>;
  return (
    <ul className="sources-findings">
      {findings.map((finding) => (
        <li key={`${finding.kind} ${finding.source ?? ''}`}>
          <Icon name="warning" size={16} />
          <span>{t(`find-${finding.kind}`, { source: finding.source ?? '', n: finding.days ?? 0, from: finding.from ? day(finding.from) : '' })}</span>
        </li>
      ))}
    </ul>
  );
}
