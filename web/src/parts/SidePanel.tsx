/* What belongs to the thing in hand, beside it instead of over it. Escape closes; the focus comes and goes with it. */
import { useEffect, useId, useRef, type ReactNode } from 'react';
import { createPortal } from 'react-dom';
import { useWords } from '../words';
import { Icon } from './Icon';
import { words } from './words';
import './SidePanel.css';

export type SidePanelProps = { opened: boolean; onClose: () => void; title: ReactNode; wide?: boolean; children: ReactNode };

export function SidePanel({ opened, ...rest }: SidePanelProps) {
  return opened ? createPortal(<OpenPanel {...rest} />, document.body) : null;
}

function OpenPanel({ onClose, title, wide = false, children }: Omit<SidePanelProps, 'opened'>) {
  const t = useWords(words);
  const id = useId();
  const panel = useRef<HTMLElement>(null);
  const close = useRef(onClose);
  close.current = onClose;
  useEffect(() => {
    const before = document.activeElement;
    panel.current?.focus();
    const onKey = (event: KeyboardEvent) => {
      if (event.key === 'Escape' && !event.defaultPrevented) close.current();
    };
    document.addEventListener('keydown', onKey);
    return () => {
      document.removeEventListener('keydown', onKey);
      if (before instanceof HTMLElement && before.isConnected) before.focus();
    };
  }, []);
  return (
    <section ref={panel} className={wide ? 'side-panel side-panel-wide' : 'side-panel'} role="dialog" aria-modal="false" aria-labelledby={id} tabIndex={-1}>
      <div className="side-panel-head">
        <h2 id={id}>{title}</h2>
        <button type="button" className="quiet-button" onClick={onClose} aria-label={t('close')}>
          <Icon name="close" />
        </button>
      </div>
      <div className="side-panel-body">{children}</div>
    </section>
  );
}
