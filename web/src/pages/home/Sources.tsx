/* Who sends, how much, how fresh, and what of it was refused. */
import { useMemo } from 'react';
import { Link } from 'wouter';
import { number } from '../../format';
import { Ago, Card, DataTable, Empty, Tag, type Column } from '../../parts';
import { useWords } from '../../words';
import { short } from '../live/List';
import { isSilent } from './attention';
import type { SourceState } from './types';
import { words } from './words';

const monthMs = 30 * 86_400_000;

export function Sources({ sources }: { sources: readonly SourceState[] }) {
  const t = useWords(words);
  const columns = useMemo((): Column<SourceState>[] => {
    const amount = (id: 'events' | 'events24h' | 'duplicates', phone: boolean): Column<SourceState> => ({
      id,
      header: t(id),
      accessorFn: (row) => row[id],
      cell: ({ row }) => number(row.original[id]),
      meta: { align: 'right', phone },
    });
    return [
      { id: 'source', header: t('source'), accessorFn: (row) => row.source, cell: ({ row }) => <Link className="home-source" href={`/live?source=${encodeURIComponent(row.original.source)}`}><bdi>{short(row.original.source)}</bdi></Link> },
      { id: 'state', header: t('state'), accessorFn: (row) => row.lastEventAt ?? '', cell: ({ row }) => <State source={row.original} /> },
      { id: 'last', header: t('lastEvent'), accessorFn: (row) => row.lastEventAt ?? '', cell: ({ row }) => <Ago time={row.original.lastEventAt} /> },
      amount('events24h', false),
      amount('events', false),
      {
        id: 'rejected',
        header: t('rejectedCount'),
        accessorFn: (row) => row.rejected,
        cell: ({ row }) => (row.original.rejected > 0 ? <Link href={`/live?state=rejected&source=${encodeURIComponent(row.original.source)}`}>{number(row.original.rejected)}</Link> : number(0)),
        meta: { align: 'right' },
      },
      amount('duplicates', false),
    ];
  }, [t]);
  return (
    <Card flush title={t('sources')} sentence={t('sourcesSentence')}>
      <DataTable
        label={t('sources')}
        rows={sources}
        columns={columns}
        rowKey={(row) => row.source}
        sortable
        csv={{
          name: 'kunde-sources',
          head: [t('source'), t('lastEvent'), t('events24h'), t('events'), t('rejectedCount'), t('duplicates')],
          row: (row) => [row.source, row.lastEventAt, row.events24h, row.events, row.rejected, row.duplicates],
        }}
        empty={<Empty title={t('sourcesEmpty')} icon="live" />}
      />
    </Card>
  );
}

function State({ source }: { source: SourceState }) {
  const t = useWords(words);
  const now = Date.now();
  if (source.lastEventAt === null || now - Date.parse(source.lastEventAt) > monthMs) return <Tag>{t('ended')}</Tag>;
  return isSilent(source, now) ? <Tag tone="warning">{t('quiet')}</Tag> : <Tag tone="good">{t('heard')}</Tag>;
}
