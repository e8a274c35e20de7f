/* Every step from a request or a file to the model in force. */
import { useGet } from '../../api';
import { number } from '../../format';
import { Ago, Answer, Card, DataTable, Empty, Tag, type Column } from '../../parts';
import { useWords } from '../../words';
import type { Run, Step, Steps as StepsAnswer } from './types';
import { words } from './words';

const known = ['import', 'collect', 'transform', 'store', 'fold', 'checkpoint', 'train', 'train-stage', 'publish'] as const;

function took(milliseconds: number | null): string {
  if (milliseconds === null) return '–';
  return milliseconds >= 1000 ? `${number(milliseconds / 1000, 1)} s` : `${number(milliseconds, milliseconds < 10 ? 1 : 0)} ms`;
}

export function Steps() {
  const t = useWords(words);
  const steps = useGet<StepsAnswer>('/v1/admin/steps', { refetchInterval: 15_000 });
  const nameOf = (step: string) => {
    const name = known.find((one) => one === step);
    return name ? t(`step-${name}`) : step;
  };
  const chain: Column<Step>[] = [
    { id: 'step', header: t('step'), cell: ({ row }) => <strong>{nameOf(row.original.step)}</strong> },
    { id: 'in', header: t('rowsIn'), meta: { align: 'right', phone: false }, cell: ({ row }) => number(row.original.rowsIn) },
    { id: 'out', header: t('rowsOut'), meta: { align: 'right' }, cell: ({ row }) => number(row.original.rowsOut) },
    { id: 'time', header: t('time'), meta: { align: 'right', phone: false }, cell: ({ row }) => took(row.original.milliseconds) },
    { id: 'last', header: t('last'), meta: { phone: false }, cell: ({ row }) => <Ago time={row.original.lastAt} /> },
  ];
  const runs: Column<Run>[] = [
    {
      id: 'step',
      header: t('step'),
      cell: ({ row }) => (
        <>
          {nameOf(row.original.step)} {row.original.failed && <Tag tone="bad">{t('failed')}</Tag>}
        </>
      ),
    },
    { id: 'about', header: t('about'), cell: ({ row }) => <bdi>{row.original.about ?? '–'}</bdi> },
    { id: 'in', header: t('rowsIn'), meta: { align: 'right', phone: false }, cell: ({ row }) => number(row.original.rowsIn) },
    { id: 'out', header: t('rowsOut'), meta: { align: 'right', phone: false }, cell: ({ row }) => number(row.original.rowsOut) },
    { id: 'rejected', header: t('rejected'), meta: { align: 'right', phone: false }, cell: ({ row }) => number(row.original.rejected) },
    { id: 'time', header: t('time'), meta: { align: 'right' }, cell: ({ row }) => took(row.original.milliseconds) },
    { id: 'last', header: t('last'), meta: { phone: false }, cell: ({ row }) => <Ago time={row.original.startedAt} /> },
  ];
  return (
    <Answer query={steps}>
      {(answer) => (
        <>
          <Card flush title={t('steps')} sentence={t('stepsSentence')}>
            <DataTable label={t('steps')} rows={answer.chain} rowKey={(row) => row.step} columns={chain} />
          </Card>
          <Card flush title={t('runs')}>
            <DataTable label={t('runs')} rows={answer.runs} rowKey={(row) => `${row.startedAt} ${row.step} ${row.about ?? ''}`} columns={runs} empty={<Empty title={t('noRuns')} icon="play" />} />
          </Card>
        </>
      )}
    </Answer>
  );
}
