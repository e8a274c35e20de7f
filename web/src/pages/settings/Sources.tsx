/* Sources: where events come from and how fresh they are. */
import type { ReactNode } from 'react';
import { Link } from 'wouter';
import { useGet } from '../../api';
import { number } from '../../format';
import { Ago, Answer, Card, DataTable, Empty, Page, Tag, type Column } from '../../parts';
import { useWords } from '../../words';
import type { Source, Sources as SourcesAnswer } from './types';
import { words } from './words';

const path = '/v1/admin/sources';
const dayMs = 86_400_000;

function Freshness({ source }: { source: Source }) {
  const t = useWords(words);
  if (!source.lastEventAt) return <Tag>{t('silent')}</Tag>;
  const fresh = Date.now() - new Date(source.lastEventAt).getTime() < dayMs;
  return <Tag tone={fresh ? 'good' : 'warning'}>{fresh ? t('fresh') : t('quiet')}</Tag>;
}

export function Sources({ tabs }: { tabs: ReactNode }) {
  const t = useWords(words);
  const sources = useGet<SourcesAnswer>(path, { refetchInterval: 15_000 });
  const columns: Column<Source>[] = [
    {
      id: 'source',
      header: t('source'),
      accessorFn: (row) => row.source,
      cell: ({ row }) => (
        <Link href={`/live?source=${encodeURIComponent(row.original.source)}`} aria-label={t('seeLive', { source: row.original.source })}>
          <code>{row.original.source}</code>
        </Link>
      ),
    },
    { id: 'state', header: t('state'), enableSorting: false, meta: { narrow: true }, cell: ({ row }) => <Freshness source={row.original} /> },
    { id: 'last', header: t('lastEvent'), accessorFn: (row) => row.lastEventAt ?? '', cell: ({ row }) => <Ago time={row.original.lastEventAt} /> },
    { id: 'events', header: t('events'), accessorFn: (row) => row.events, meta: { align: 'right' }, cell: ({ row }) => number(row.original.events) },
    { id: 'day', header: t('events24h'), accessorFn: (row) => row.events24h, meta: { align: 'right', phone: false }, cell: ({ row }) => number(row.original.events24h) },
    { id: 'rejected', header: t('rejected'), accessorFn: (row) => row.rejected, meta: { align: 'right' }, cell: ({ row }) => number(row.original.rejected) },
    { id: 'duplicates', header: t('duplicates'), accessorFn: (row) => row.duplicates, meta: { align: 'right', phone: false }, cell: ({ row }) => number(row.original.duplicates) },
  ];
  return (
    <Page title={t('title')} name={`${t('title')}: ${t('sources')}`} sentence={t('sourcesSentence')} api={[{ method: 'GET', path }]}>
      {tabs}
      <Card flush>
        <Answer query={sources}>
          {({ sources: rows }) => (
            <DataTable
              label={t('sources')}
              rows={rows}
              rowKey={(row) => row.source}
              columns={columns}
              sortable
              csv={{
                name: 'sources',
                head: ['source', 'lastEventAt', 'events', 'events24h', 'rejected', 'duplicates'],
                row: (row) => [row.source, row.lastEventAt, row.events, row.events24h, row.rejected, row.duplicates],
              }}
              empty={
                <Empty icon="live" title={t('noSources')} action={<Link href="/">{t('toHome')}</Link>}>
                  {t('noSourcesText')}
                </Empty>
              }
            />
          )}
        </Answer>
      </Card>
    </Page>
  );
}
