/* A rejected event in an editor: put it right, send it, see what the server says. */
import { Button, Textarea } from '@mantine/core';
import { useEffect, useRef, useState } from 'react';
import { ApiError, send } from '../../api';
import { Code } from '../../parts';
import { useWords } from '../../words';
import { batchOf, draftOf, placeOfField, read } from './again';
import type { BatchAnswer, Entry } from './types';
import { words } from './words';

type Outcome = { good: boolean; text: string; answer?: unknown };

export function SendAgain({ entry }: { entry: Entry }) {
  const t = useWords(words);
  const [text, setText] = useState(() => draftOf(entry.raw));
  const [busy, setBusy] = useState(false);
  const [outcome, setOutcome] = useState<Outcome>();
  const area = useRef<HTMLTextAreaElement>(null);
  const result = read(text);

  // The cursor stands at the field that was refused, without taking the focus from the panel.
  useEffect(() => {
    const place = placeOfField(draftOf(entry.raw), entry.field);
    if (place) area.current?.setSelectionRange(place.start, place.end);
  }, [entry]);

  const outcomeOf = (answer: BatchAnswer): Outcome => {
    const no = answer.rejected?.[0];
    if (!no) return { good: true, text: t('taken'), answer };
    return { good: false, text: no.field ? t('refusedAt', { field: no.field, reason: no.reason }) : t('refused', { reason: no.reason }), answer };
  };
  const sendIt = async () => {
    if (!result.ok) return;
    setBusy(true);
    try {
      setOutcome(outcomeOf(await send<BatchAnswer>('POST', '/v1/batch', batchOf(result.event, entry))));
    } catch (error) {
      const reason = error instanceof ApiError && error.status !== 0 ? error.message : t('unreachable');
      setOutcome({ good: false, text: t('failed', { reason }) });
    }
    setBusy(false);
  };
  const wrong = result.ok || text === '' ? undefined : result.notAnObject ? t('notAnObject') : result.line === undefined ? t('notJson') : t('notJsonAt', { line: result.line, column: result.column ?? 1 });

  return (
    <section className="live-again">
      <h3>{t('again')}</h3>
      <p className="live-soft">{entry.raw === undefined ? t('noRaw') : t('againText')}</p>
      <Textarea
        ref={area}
        label={t('editor')}
        value={text}
        error={wrong}
        onChange={(event) => setText(event.currentTarget.value)}
        autosize
        minRows={6}
        maxRows={24}
        spellCheck={false}
        classNames={{ input: 'live-editor' }}
      />
      <Button onClick={() => void sendIt()} disabled={!result.ok || busy} loading={busy}>
        {busy ? t('sending') : t('send')}
      </Button>
      <div aria-live="polite">
        {outcome && (
          <>
            <p className={outcome.good ? 'live-outcome live-outcome-good' : 'live-outcome live-outcome-bad'}>{outcome.text}</p>
            {outcome.answer !== undefined && <Code label={t('answer')} text={JSON.stringify(outcome.answer, null, 2)} />}
          </>
        )}
      </div>
    </section>
  );
}
