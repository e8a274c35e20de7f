/* Backup, examination, training: begun here, running on the server, followed until they end. */
import { Button, Progress } from '@mantine/core';
import { useState } from 'react';
import { ApiError, forget, send, useGet } from '../../api';
import { bytes, percent, span } from '../../format';
import { Ago, Card, Json, Tag } from '../../parts';
import { useWords } from '../../words';
import type { Job, Jobs } from './types';
import { words } from './words';

const path = '/v1/admin/jobs';
type Kind = 'backup' | 'doctor' | 'train';

export function Care({ trainEveryS }: { trainEveryS: number }) {
  const t = useWords(words);
  const jobs = useGet<Jobs>(path, { refetchInterval: (query) => (query.state.data?.jobs.some((job) => job.state === 'running') ? 700 : 10_000) });
  const [busy, setBusy] = useState<Kind | null>(null);
  const [said, setSaid] = useState<{ text: string; bad: boolean } | null>(null);
  const running = (kind: Kind) => jobs.data?.jobs.some((job) => job.kind === kind && job.state === 'running') ?? false;
  const begin = async (kind: Kind) => {
    setBusy(kind);
    setSaid(null);
    try {
      await send('POST', `/v1/admin/${kind}`);
      if (kind === 'train') setSaid({ text: t('inForce'), bad: false });
    } catch (cause) {
      setSaid({ text: cause instanceof ApiError ? cause.message : String(cause), bad: true });
    }
    setBusy(null);
    await Promise.all([forget(path), forget('/v1/admin/state')]);
  };
  const trainText = trainEveryS > 0 ? t('trainText', { span: span(trainEveryS * 1000) }) : t('trainTextNever');
  const steps: { kind: Kind; label: string; text: string }[] = [
    { kind: 'backup', label: t('backup'), text: t('backupText') },
    { kind: 'doctor', label: t('doctor'), text: t('doctorText') },
    { kind: 'train', label: t('train'), text: trainText },
  ];
  return (
    <Card title={t('care')} sentence={t('careSentence')}>
      <ul className="settings-care">
        {steps.map(({ kind, label, text }) => (
          <li key={kind}>
            <p>{text}</p>
            <Button variant="default" loading={busy === kind} disabled={running(kind)} onClick={() => void begin(kind)}>
              {label}
            </Button>
          </li>
        ))}
      </ul>
      {said && (
        <p role={said.bad ? 'alert' : 'status'} className={said.bad ? 'settings-failure' : 'settings-done'}>
          {said.text}
        </p>
      )}
      {jobs.data && jobs.data.jobs.length > 0 && (
        <section aria-label={t('jobs')} className="settings-jobs">
          <h3>{t('jobs')}</h3>
          <ul>
            {jobs.data.jobs.slice(0, 6).map((job) => (
              <JobLine key={job.id} job={job} />
            ))}
          </ul>
        </section>
      )}
    </Card>
  );
}

function JobLine({ job }: { job: Job }) {
  const t = useWords(words);
  const name = job.kind === 'backup' || job.kind === 'doctor' || job.kind === 'train' ? t(`kind_${job.kind}`) : job.kind;
  const share = job.total > 0 ? Math.min(1, job.done / job.total) : 0;
  return (
    <li className="settings-job">
      <div className="settings-job-line">
        <strong>{name}</strong>
        {job.state === 'running' ? <Tag tone="accent">{job.total > 0 ? percent(share) : t('working')}</Tag> : <Tag tone={job.state === 'done' ? 'good' : 'bad'}>{t(job.state)}</Tag>}
        <span className="soft">
          <Ago time={job.endedAt ?? job.startedAt} />
        </span>
      </div>
      {job.state === 'running' && <Progress value={job.total > 0 ? share * 100 : 100} animated={job.total === 0} size="sm" aria-label={name} />}
      {job.state === 'failed' && <p className="settings-failure">{job.error}</p>}
      {job.state === 'done' && typeof job.result === 'object' && job.result !== null && <Result result={job.result} />}
    </li>
  );
}

type Backup = { file: string; bytes: number };

function backupOf(result: unknown): Backup | null {
  const { file, bytes: size } = result as Partial<Backup>;
  return typeof file === 'string' && typeof size === 'number' ? { file, bytes: size } : null;
}

type Finding = { ok: boolean; finding: string };

/* Of an examination: { "ok": true, "findings": [{ "ok": true, "finding": "…" }] } */
function findingsOf(result: unknown): readonly Finding[] | null {
  const { findings } = result as { findings?: unknown };
  return Array.isArray(findings) ? (findings as Finding[]) : null;
}

function Result({ result }: { result: object }) {
  const t = useWords(words);
  const findings = findingsOf(result);
  const backup = backupOf(result);
  if (backup) return <p className="settings-value">{t('backupFile', { file: backup.file, size: bytes(backup.bytes) })}</p>;
  if (!findings) return <Json value={result} />;
  return (
    <ul className="settings-findings">
      {findings.map((finding, i) => (
        <li key={i}>
          <Tag tone={finding.ok ? 'good' : 'bad'}>{finding.ok ? t('ok') : t('notOk')}</Tag>
          <span>{finding.finding}</span>
        </li>
      ))}
    </ul>
  );
}
