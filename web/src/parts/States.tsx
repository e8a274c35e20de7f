/* The three states before there is something to show: nothing yet, loading, failed. Drawn, and said in words. */
import { Component, type ReactNode } from 'react';
import { ApiError } from '../api';
import { say, useWords } from '../words';
import { Icon, type IconName } from './Icon';
import { words } from './words';
import './States.css';

export function Empty({ title, children, action, icon = 'box' }: { title: ReactNode; children?: ReactNode; action?: ReactNode; icon?: IconName }) {
  return (
    <div className="state">
      <span className="state-mark">
        <Icon name={icon} size={28} />
      </span>
      <p className="state-title">{title}</p>
      {children !== undefined && <div className="state-text">{children}</div>}
      {action}
    </div>
  );
}

/* `again`: usually query.refetch */
export function Failed({ error, again }: { error: unknown; again?: () => unknown }) {
  const t = useWords(words);
  const api = error instanceof ApiError ? error : null;
  const text = api === null ? String(error) : api.status === 0 ? t('unreachable') : api.status === 403 ? t('forbidden') : api.status === 404 ? t('missing') : api.message;
  return (
    <div className="state" role="alert">
      <span className="state-mark state-mark-bad">
        <Icon name="warning" size={28} />
      </span>
      <p className="state-title">{t('failed')}</p>
      <p className="state-text">{text}</p>
      {api?.errors.map((item, i) => (
        <p key={i} className="state-text">
          {item.pointer ? <code>{item.pointer.replace(/^\//, '')}</code> : null} {item.detail}
        </p>
      ))}
      {again && (
        <button type="button" className="plain-button" onClick={() => void again()}>
          {t('again')}
        </button>
      )}
    </div>
  );
}

/* `rows` lines where the content will be, so that nothing jumps. */
export function Loading({ rows = 4 }: { rows?: number }) {
  const t = useWords(words);
  return (
    <div className="loading" role="status" aria-label={t('loading')}>
      {Array.from({ length: rows }, (_, i) => (
        <span key={i} className="loading-row" />
      ))}
    </div>
  );
}

type Asked<T> = { data: T | undefined; error: unknown; isPending: boolean; refetch: () => unknown };

/* <Answer query={useGet<Pulse>(…)}>{(pulse) => …}</Answer> */
export function Answer<T>({ query, rows, children }: { query: Asked<T>; rows?: number; children: (data: T) => ReactNode }) {
  if (query.data !== undefined) return <>{children(query.data)}</>;
  if (query.isPending && !query.error) return <Loading rows={rows} />;
  return <Failed error={query.error} again={query.refetch} />;
}

/* A page that throws must not take the frame with it. */
export class Boundary extends Component<{ children: ReactNode }, { failed: boolean }> {
  override state = { failed: false };
  static getDerivedStateFromError() {
    return { failed: true };
  }
  override render() {
    if (!this.state.failed) return this.props.children;
    return (
      <div className="state" role="alert">
        <span className="state-mark state-mark-bad">
          <Icon name="warning" size={28} />
        </span>
        <p className="state-title">{say(words.crashed)}</p>
        <p className="state-text">{say(words.crashedSentence)}</p>
        <button type="button" className="plain-button" onClick={() => location.reload()}>
          {say(words.reload)}
        </button>
      </div>
    );
  }
}
