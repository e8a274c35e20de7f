/* The document of a source, tried on a sample before it is saved: what goes in beside what comes out. */
import { Button, Textarea } from '@mantine/core';
import { useState } from 'react';
import { ApiError, forget, send } from '../../api';
import { Card, Tag, type Tone } from '../../parts';
import { useWords } from '../../words';
import type { DryRun, SourceDocument, Tried, Verdict } from './types';
import { words } from './words';

const tones: Record<Verdict, Tone> = { fine: 'good', refused: 'bad', dropped: 'plain' };
const begin: SourceDocument = { name: '', kind: 'web', owner: '', purposes: ['operate', 'personalise'], schema: {}, freshness: '1d', transform: [] };
const firstSample = '[{"type": "track", "event": "Product Viewed", "userId": "u-1", "properties": {"sku": "A-1", "price": "19,90"}}]';

function parsed(text: string): unknown {
  return JSON.parse(text) as unknown;
}

/* Events as JSON are sent as such; everything else is the text of a file. */
function sampleOf(text: string): unknown {
  return text.trimStart().startsWith('[') ? parsed(text) : text;
}

export function Editor({ id, document: saved }: { id: string; document: SourceDocument | null }) {
  const t = useWords(words);
  const [text, setText] = useState(() => JSON.stringify(saved ?? begin, null, 2));
  const [sample, setSample] = useState(firstSample);
  const [outcome, setOutcome] = useState<DryRun | null>(null);
  const [failure, setFailure] = useState('');
  const [done, setDone] = useState('');
  const [busy, setBusy] = useState(false);
  const path = `/v1/admin/sources/${encodeURIComponent(id)}`;

  const go = async (work: () => Promise<void>) => {
    setFailure('');
    setDone('');
    setBusy(true);
    try {
      await work();
    } catch (error) {
      const at = error instanceof ApiError ? error.errors[0] : undefined;
      setFailure(error instanceof SyntaxError ? t('notJson', { why: error.message }) : error instanceof ApiError ? [at?.pointer, at?.detail ?? error.message].filter(Boolean).join(': ') : String(error));
    } finally {
      setBusy(false);
    }
  };
  const tryIt = () => go(async () => setOutcome(await send<DryRun>('POST', `${path}/dry-run`, { document: parsed(text), sample: sampleOf(sample) })));
  const save = () =>
    go(async () => {
      await send('PUT', path, parsed(text));
      setDone(t('saved'));
      await forget('/v1/admin/sources');
    });
  return (
    <Card title={t('document')} sentence={t('documentSentence')}>
      <div className="sources-editor">
        <Textarea label={t('documentLabel')} value={text} onChange={(event) => setText(event.currentTarget.value)} autosize minRows={14} maxRows={30} spellCheck={false} />
        <Textarea label={t('sampleLabel')} value={sample} onChange={(event) => setSample(event.currentTarget.value)} autosize minRows={14} maxRows={30} spellCheck={false} />
      </div>
      <div className="sources-actions">
        <Button variant="default" loading={busy} onClick={() => void tryIt()}>
          {t('tryIt')}
        </Button>
        <Button loading={busy} onClick={() => void save()}>
          {t('save')}
        </Button>
      </div>
      {failure !== '' && (
        <p role="alert" className="sources-failure">
          {failure}
        </p>
      )}
      <p role="status" className="sources-done">
        {done !== '' ? done : outcome !== null ? t('tried', { count: outcome.count, fine: outcome.fine, refused: outcome.refused, dropped: outcome.dropped, changed: outcome.changed }) : ''}
      </p>
      {outcome !== null && (
        <ol className="sources-tried">
          {outcome.rows.slice(0, 20).map((row, i) => (
            <TriedRow key={i} row={row} />
          ))}
        </ol>
      )}
    </Card>
  );
}

function TriedRow({ row }: { row: Tried }) {
  const t = useWords(words);
  const shown = (value: unknown) => (typeof value === 'string' ? value : JSON.stringify(value, null, 1));
  return (
    <li>
      <div className="sources-verdict">
        <Tag tone={tones[row.verdict]}>{t(row.verdict)}</Tag>
        {row.reason !== null && (
          <span>
            <code>{row.field}</code> {row.reason}
          </span>
        )}
      </div>
      <div>
        <h3>{t('before')}</h3>
        <pre>{shown(row.before)}</pre>
      </div>
      <div>
        <h3>{t('after')}</h3>
        <pre>{row.after === null ? '–' : shown(row.after)}</pre>
      </div>
    </li>
  );
}
