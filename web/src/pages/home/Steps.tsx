/* The way in: what is done is green, what is open shows its snippets. */
import { Button } from '@mantine/core';
import { Link, useSearchParams } from 'wouter';
import { useGet, useMe } from '../../api';
import { Card, Code, Icon, Tag } from '../../parts';
import { useWords } from '../../words';
import { labelOf, short } from '../live/List';
import type { Entry } from '../live/types';
import { stepIds, type Step, type StepId } from './checklist';
import { snippetsOf } from './snippets';
import { changed } from './query';
import { words } from './words';

export type StepsProps = { steps: readonly Step[]; arrived: Entry | undefined; compact: boolean };

/* `compact`: everything is done; one line, until the snippets are asked for. */
export function Steps({ steps, arrived, compact }: StepsProps) {
  const t = useWords(words);
  const [query, setQuery] = useSearchParams();
  const wished = stepIds.find((id) => id === query.get('step'));
  const shown = query.get('step') === 'none' ? undefined : (wished ?? steps.find((step) => !step.done)?.id);
  const open = (id: StepId | 'none' | null) => setQuery((before) => changed(before, { step: id, with: null }), { replace: true });
  if (compact && wished === undefined)
    return (
      <section className="home-done" aria-label={t('steps')}>
        <span className="home-mark home-mark-done"><Icon name="check" size={14} /></span>
        <span>{arrived ? <bdi>{t('arrived', { name: short(labelOf(arrived)), source: short(arrived.source) })}</bdi> : t('stepsDone')}</span>
        <button type="button" className="quiet-button" onClick={() => open('event')}>
          {t('stepsShow')}
        </button>
      </section>
    );
  return (
    <Card
      className="home-steps"
      title={t('steps')}
      sentence={t('stepsSentence')}
      action={
        compact ? (
          <button type="button" className="quiet-button" onClick={() => open(null)}>
            {t('stepsHide')}
          </button>
        ) : undefined
      }
    >
      <ol>
        {steps.map((step) => (
          <StepRow key={step.id} step={step} open={step.id === shown} arrived={step.id === 'event' ? arrived : undefined} onToggle={() => open(step.id === shown ? 'none' : step.id)} />
        ))}
      </ol>
    </Card>
  );
}

function StepRow({ step, open, arrived, onToggle }: { step: Step; open: boolean; arrived: Entry | undefined; onToggle: () => void }) {
  const t = useWords(words);
  return (
    <li className={step.done ? 'home-step home-step-done' : 'home-step'}>
      <h3>
        <button type="button" aria-expanded={open} aria-controls={`step-${step.id}`} onClick={onToggle}>
          <span className={step.done ? 'home-mark home-mark-done' : 'home-mark'}>{step.done && <Icon name="check" size={14} />}</span>
          <span>{t(step.id)}</span>
          <Tag tone={step.done ? 'good' : 'plain'}>{step.done ? t('stepDone') : t('stepOpen')}</Tag>
        </button>
      </h3>
      <p className="home-step-state" aria-live="polite">
        {arrived ? (
          <bdi>{t('arrived', { name: short(labelOf(arrived)), source: short(arrived.source) })}</bdi>
        ) : (
          step.done && (step.id === 'orders' && step.count === 0 ? t('ordersArrived') : step.count > 0 ? t(`${step.id}Done`, { n: step.count }) : null)
        )}
      </p>
      <div id={`step-${step.id}`} hidden={!open}>
        {open && <StepBody id={step.id} />}
      </div>
    </li>
  );
}

function StepBody({ id }: { id: StepId }) {
  const t = useWords(words);
  const me = useMe();
  const first = useGet<{ products: { id: string }[] }>('/v1/admin/products?limit=1', { staleTime: 60_000, enabled: id === 'event' });
  const [query, setQuery] = useSearchParams();
  const snippets = snippetsOf(id, { writeKey: me.data?.writeKey ?? 'wk_…', baseUrl: me.data?.baseUrl ?? location.origin, productId: first.data?.products[0]?.id });
  const shown = snippets.find((one) => one.id === query.get('with')) ?? snippets[0];
  const choose = (chosen: string) => setQuery((before) => changed(before, { with: chosen }), { replace: true });
  if (!shown) return null;
  const note = shown.id === 'browser' ? t('browserNote') : shown.id === 'file' ? t('fileNote') : id === 'products' || id === 'orders' ? t('keyNote') : undefined;
  return (
    <>
      <p>{t(`${id}Text`)}</p>
      {snippets.length > 1 && (
        <div className="home-with" role="group" aria-label={t(id)}>
          {snippets.map((one) => (
            <button key={one.id} type="button" aria-pressed={one === shown} onClick={() => choose(one.id)}>
              {t(one.id)}
            </button>
          ))}
        </div>
      )}
      <Code text={shown.text} label={t(shown.id)} />
      {note !== undefined && <p className="home-note">{note}</p>}
      {id === 'event' && (
        <Button component={Link} href="/live" variant="default">
          {t('seeLive')}
        </Button>
      )}
      {id === 'recommendation' && (
        <Button component={Link} href="/recommendations" variant="default">
          {t('playground')}
        </Button>
      )}
    </>
  );
}
