/* What needs somebody: a sentence each, and the way to the remedy. */
import { useState, type ReactNode } from 'react';
import { Link } from 'wouter';
import { ApiError, forget, send } from '../../api';
import { span } from '../../format';
import { Card, Icon } from '../../parts';
import { useWords } from '../../words';
import { short } from '../live/List';
import type { Need } from './attention';
import { words } from './words';

export type NeedsProps = { needs: readonly Need[]; demo: boolean; onLook: (source: string) => void };

export function Needs({ needs, demo, onLook }: NeedsProps) {
  const t = useWords(words);
  return (
    <Card className="home-needs" title={t('needs')}>
      {needs.length === 0 ? (
        <p className="home-calm">
          <span className="home-mark home-mark-done"><Icon name="check" size={14} /></span>
          {t(demo ? 'needsNoneDemo' : 'needsNone')}
        </p>
      ) : (
        <ul>
          {needs.map((need) => (
            <NeedRow key={'source' in need ? `${need.kind} ${need.source}` : need.kind} need={need} onLook={onLook} />
          ))}
        </ul>
      )}
    </Card>
  );
}

function NeedRow({ need, onLook }: { need: Need; onLook: (source: string) => void }) {
  const t = useWords(words);
  switch (need.kind) {
    case 'silent':
      return <Row text={t('silent', { source: short(need.source), span: span(Date.now() - need.since) })} action={<Link href={`/live?source=${encodeURIComponent(need.source)}`}>{t('silentAction')}</Link>} />;
    case 'rejected':
      return <Row text={t('rejected', { n: need.count, source: short(need.source) })} action={<Link href={`/live?state=rejected&source=${encodeURIComponent(need.source)}`} onClick={() => onLook(need.source)}>{t('rejectedAction')}</Link>} />;
    case 'claimed':
      return <Row text={t('claimed', { n: need.count })} action={<a href="/docs/collect">{t('claimedAction')}</a>} />;
    case 'model':
      return <Row text={t('model', { span: span(need.age) })} action={<Train />} />;
    case 'noModel':
      return <Row text={t('noModel')} action={<Train />} />;
    case 'password':
      return <Row text={t('password')} action={<Link href="/settings/system">{t('passwordAction')}</Link>} />;
    case 'backup':
      return <Row text={need.age === null ? t('backupNone') : t('backupOld', { span: span(need.age) })} action={<Link href="/settings/system">{t('backupAction')}</Link>} />;
  }
}

function Row({ text, action }: { text: string; action: ReactNode }) {
  return (
    <li>
      <Icon name="warning" size={18} />
      <bdi>{text}</bdi>
      <span>{action}</span>
    </li>
  );
}

function Train() {
  const t = useWords(words);
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<string>();
  const train = async () => {
    setBusy(true);
    setProblem(undefined);
    try {
      await send('POST', '/v1/admin/train', {});
      await forget('/v1/admin/state');
    } catch (error) {
      setProblem(error instanceof ApiError ? error.message : String(error));
    }
    setBusy(false);
  };
  return (
    <>
      <button type="button" className="plain-button" disabled={busy} onClick={() => void train()}>
        {busy ? t('training') : t('modelAction')}
      </button>
      {problem !== undefined && <span role="alert">{t('trainFailed', { reason: problem })}</span>}
    </>
  );
}
