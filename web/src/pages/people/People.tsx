import { useMemo } from 'react';
import { useLocation } from 'wouter';
import { useGet } from '../../api';
import { money, number } from '../../format';
import { Ago, Answer, Card, DataTable, Empty, Page, PersonLink, type Column } from '../../parts';
import { useWords } from '../../words';
import { FindPerson } from './FindPerson';
import type { ActivePerson } from './types';
import { words } from './words';
import './people.css';

const RECENT = '/v1/admin/profiles?limit=50';

export function People() {
  const t = useWords(words);
  const [, go] = useLocation();
  return (
    <Page
      title={t('title')}
      sentence={t('sentence')}
      api={[
        { method: 'GET', path: RECENT },
        { method: 'POST', path: '/v1/admin/profiles/find', body: { id: 'email:ada@example.org' } },
      ]}
    >
      <Card>
        <FindPerson onFound={(person) => go(`/people/${person}`)} description={t('findHint')} />
      </Card>
      <Recent />
    </Page>
  );
}

function Recent() {
  const t = useWords(words);
  const [, go] = useLocation();
  const query = useGet<{ people: ActivePerson[] }>(RECENT, { refetchInterval: 15_000 });
  const columns = useMemo<Column<ActivePerson>[]>(
    () => [
      { id: 'person', header: t('colPerson'), cell: ({ row }) => <PersonLink person={row.original.person} /> },
      { id: 'seen', header: t('colSeen'), cell: ({ row }) => <Ago time={row.original.lastSeenAt} /> },
      { id: 'event', header: t('colEvent'), cell: ({ row }) => <bdi className="cut people-event">{row.original.lastEvent || '–'}</bdi> },
      { id: 'source', header: t('colSource'), cell: ({ row }) => <bdi className="cut">{row.original.source || '–'}</bdi>, meta: { phone: false } },
      { id: 'orders', header: t('colOrders'), cell: ({ row }) => number(row.original.orders), meta: { align: 'right', narrow: true } },
      {
        id: 'spent',
        header: t('colSpent'),
        cell: ({ row }) => (row.original.spent.length > 0 ? row.original.spent.map((sum) => money(sum.amount, sum.currency)).join(' · ') : '–'),
        meta: { align: 'right', narrow: true, phone: false },
      },
    ],
    [t],
  );
  return (
    <Card title={t('recent')} flush>
      <Answer query={query} rows={8}>
        {({ people }) => (
          <DataTable
            label={t('recent')}
            rows={people}
            columns={columns}
            rowKey={(one) => one.person}
            onRow={(one) => go(`/people/${one.person}`)}
            empty={
              <Empty title={t('recentEmpty')} icon="people">
                {t('recentEmptyText')}
              </Empty>
            }
          />
        )}
      </Answer>
    </Card>
  );
}
