/* The system: what runs, what it holds, and the care it may be given. */
import type { ReactNode } from 'react';
import { useGet } from '../../api';
import { bytes, number, relative, span } from '../../format';
import { Answer, Card, DataTable, Figure, Figures, Page, type Column } from '../../parts';
import { useWords } from '../../words';
import { Care } from './Care';
import type { State } from './types';
import { words } from './words';

export function System({ tabs }: { tabs: ReactNode }) {
  const t = useWords(words);
  const state = useGet<State>('/v1/admin/state', { refetchInterval: 5000 });
  return (
    <Page
      title={t('title')}
      name={`${t('title')}: ${t('system')}`}
      sentence={t('systemSentence')}
      api={[
        { method: 'GET', path: '/v1/admin/state' },
        { method: 'POST', path: '/v1/admin/backup' },
        { method: 'POST', path: '/v1/admin/doctor' },
        { method: 'GET', path: '/v1/admin/jobs' },
        { method: 'GET', path: '/metrics', key: 'none' },
      ]}
    >
      {tabs}
      <Answer query={state} rows={8}>
        {(data) => (
          <>
            <Card title={t('running')}>
              <Facts state={data} />
            </Card>
            <Care trainEveryS={Number(data.settings.train_interval_s ?? 0)} />
            <Card title={t('settingsTable')} sentence={t('settingsText')} flush>
              <SettingsTable settings={data.settings} />
            </Card>
          </>
        )}
      </Answer>
    </Page>
  );
}

function Facts({ state }: { state: State }) {
  const t = useWords(words);
  return (
    <Figures>
      <Figure name={t('version')} value={state.version} />
      <Figure name={t('since')} value={span(state.uptimeSeconds * 1000)} note={t('sinceNote', { time: relative(state.startedAt) })} />
      <Figure
        name={t('memory')}
        value={bytes(state.process.residentBytes)}
        note={t('memoryNote', { people: bytes(state.people.bytes), catalogue: bytes(state.catalogue.bytes), ids: bytes(state.people.identityBytes) })}
      />
      <Figure name={t('store')} value={bytes(state.database.fileBytes)} note={t('storeNote', { wal: bytes(state.database.walBytes) })} />
      <Figure name={t('eventsStored')} value={number(state.database.events)} />
      <Figure name={t('people')} value={number(state.database.persons)} />
      <Figure name={t('products')} value={number(state.catalogue.products)} note={t('variantsNote', { n: state.catalogue.variants })} />
      <Figure name={t('model')} value={state.model ? t('modelProducts', { n: state.model.products }) : t('modelNone')} note={state.model ? t('modelNote', { time: relative(state.model.trainedAt) }) : undefined} />
      {state.database.commits > 0 && <Figure name={t('commit')} value={`${number(state.database.commitMicroseconds / state.database.commits / 1000, 2)} ms`} note={t('commitNote', { n: state.database.commits })} />}
    </Figures>
  );
}

type Setting = { name: string; value: string | number | boolean | null };

function SettingsTable({ settings }: { settings: State['settings'] }) {
  const t = useWords(words);
  const rows: Setting[] = Object.entries(settings).map(([name, value]) => ({ name, value }));
  const shown = ({ name, value }: Setting) => {
    if (value === null) return <span className="soft">{t('none')}</span>;
    if (typeof value === 'boolean') return value ? t('yes') : t('no');
    if (value === 'set') return t('isSet');
    if (value === 'not set') return t('isNotSet');
    if (typeof value === 'number' && name.includes('bytes')) return `${number(value)} (${bytes(value)})`;
    return typeof value === 'number' && name !== 'port' ? number(value) : String(value);
  };
  const columns: Column<Setting>[] = [
    { id: 'name', header: t('setting'), accessorFn: (row) => row.name, cell: ({ row }) => <code>{row.original.name}</code> },
    { id: 'value', header: t('value'), accessorFn: (row) => String(row.value), cell: ({ row }) => <span className="settings-value">{shown(row.original)}</span> },
  ];
  return <DataTable label={t('settingsTable')} rows={rows} rowKey={(row) => row.name} columns={columns} csv={{ name: 'settings', head: ['setting', 'value'], row: (row) => [row.name, row.value === null ? '' : String(row.value)] }} />;
}
