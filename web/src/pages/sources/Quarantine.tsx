/* What of this source could not be read: mend one, forget one, or replay all after the transform was mended. */
import { Button, Textarea } from '@mantine/core';
import { useState } from 'react';
import { ApiError, forget, send, useGet } from '../../api';
import { Ago, Answer, Card, DataTable, Empty, offerUndo, SidePanel, type Column } from '../../parts';
import { useWords } from '../../words';
import type { Held, Mended, Quarantine as QuarantineAnswer, Replayed } from './types';
import { words } from './words';

const path = '/v1/admin/quarantine';
const most = 200;

function useWhere(): (row: Held) => string {
  const t = useWords(words);
  return (row) => (row.door === 'http' ? t('atTheDoor') : t('line', { file: row.file ?? '', line: row.line ?? 0 }));
}

export function Quarantine({ source }: { source: string }) {
  const t = useWords(words);
  const where = useWhere();
  const [limit, setLimit] = useState(25);
  const held = useGet<QuarantineAnswer>(`${path}?source=${encodeURIComponent(source)}&limit=${limit}`);
  const [mending, setMending] = useState<Held | null>(null);
  const [leaving, setLeaving] = useState<readonly string[]>([]);
  const [said, setSaid] = useState('');
  const [failure, setFailure] = useState('');
  const [busy, setBusy] = useState(false);

  const again = () => Promise.all([forget(path), forget('/v1/admin/sources')]);
  const replayAll = async () => {
    const sum = { replayed: 0, stored: 0, duplicates: 0, dropped: 0, still: 0 };
    setBusy(true);
    setFailure('');
    try {
      for (let cursor: string | null | undefined = undefined; cursor !== null; ) {
        const page: Replayed = await send<Replayed>('POST', `${path}/replay`, cursor === undefined ? { source } : { source, cursor });
        sum.replayed += page.replayed;
        sum.stored += page.stored;
        sum.duplicates += page.duplicates;
        sum.dropped += page.dropped;
        sum.still += page.stillRefused;
        cursor = page.cursor;
      }
      setSaid(t('replayed', sum));
    } catch (error) {
      setFailure(error instanceof ApiError ? error.message : String(error));
    }
    setBusy(false);
    await again();
  };
  const drop = (row: Held) => {
    const stay = () => setLeaving((ids) => ids.filter((id) => id !== row.id));
    setLeaving((ids) => [...ids, row.id]);
    offerUndo({ text: t('forgetOf', { where: where(row) }), takeBack: stay, take: () => void send('DELETE', `${path}/${row.id}`).catch((error: unknown) => setFailure(String(error))).then(again).then(stay) });
  };
  const columns: Column<Held>[] = [
    { id: 'where', header: t('where'), cell: ({ row }) => <bdi>{where(row.original)}</bdi> },
    {
      id: 'why',
      header: t('why'),
      cell: ({ row }) => (
        <>
          <code>{row.original.field}</code> {row.original.reason}
        </>
      ),
    },
    { id: 'time', header: t('last'), meta: { phone: false }, cell: ({ row }) => <Ago time={row.original.time} /> },
    {
      id: 'mend',
      header: () => <span className="visually-hidden">{t('mend')}</span>,
      meta: { narrow: true, align: 'right' },
      cell: ({ row }) => (
        <span className="sources-buttons">
          <button type="button" className="quiet-button" onClick={() => setMending(row.original)} aria-label={t('mendOf', { where: where(row.original) })}>
            {t('mend')}
          </button>
          <button type="button" className="quiet-button" onClick={() => drop(row.original)} aria-label={t('forgetOf', { where: where(row.original) })}>
            {t('forget')}
          </button>
        </span>
      ),
    },
  ];
  return (
    <Card flush title={t('quarantine')} sentence={t('quarantineSentence')} action={<Button className="sources-replay" variant="default" size="xs" loading={busy} onClick={() => void replayAll()}>{t('replayAll')}</Button>}>
      {failure !== '' && (
        <p role="alert" className="sources-failure">
          {failure}
        </p>
      )}
      <p role="status" className="visually-hidden">
        {said}
      </p>
      {said !== '' && <p className="sources-done">{said}</p>}
      <Answer query={held}>
        {({ rows, cursor }) => (
          <DataTable
            label={t('quarantine')}
            rows={rows.filter((row) => !leaving.includes(row.id))}
            rowKey={(row) => row.id}
            columns={columns}
            more={cursor !== null && limit < most ? () => setLimit(most) : null}
            empty={<Empty title={t('quarantineEmpty')}>{t('quarantineEmptyText')}</Empty>}
          />
        )}
      </Answer>
      <SidePanel opened={mending !== null} onClose={() => setMending(null)} title={t('mendTitle')} wide>
        {mending !== null && <Mend key={mending.id} row={mending} onDone={() => (setMending(null), void again())} />}
      </SidePanel>
    </Card>
  );
}

function Mend({ row, onDone }: { row: Held; onDone: () => void }) {
  const t = useWords(words);
  const [text, setText] = useState(row.row);
  const [failure, setFailure] = useState('');
  const [busy, setBusy] = useState(false);
  const replay = async () => {
    setBusy(true);
    setFailure('');
    try {
      await send<Mended>('POST', `${path}/${row.id}`, text === row.row ? {} : { row: text });
      onDone();
    } catch (error) {
      const at = error instanceof ApiError ? error.errors[0] : undefined;
      setFailure(error instanceof ApiError ? [at?.pointer, error.message].filter(Boolean).join(': ') : String(error));
      setBusy(false);
    }
  };
  return (
    <div className="sources-mend">
      <p>
        <code>{row.field}</code> {row.reason}
      </p>
      {row.columns !== null && (
        <p className="soft">
          {t('columns')}: <code>{row.columns}</code>
        </p>
      )}
      {!row.replayable && <p>{t('cannotReplay')}</p>}
      <Textarea label={t('rowLabel')} value={text} onChange={(event) => setText(event.currentTarget.value)} autosize minRows={4} maxRows={20} spellCheck={false} disabled={!row.replayable} />
      {failure !== '' && (
        <p role="alert" className="sources-failure">
          {failure}
        </p>
      )}
      <div>
        <Button loading={busy} disabled={!row.replayable} onClick={() => void replay()}>
          {t('replay')}
        </Button>
      </div>
    </div>
  );
}
