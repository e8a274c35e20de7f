/* Undo instead of "are you sure": a step is announced, waits a few seconds, and is taken unless it is taken back. Leaving
 * the page takes it at once, so that nothing announced is forgotten. */
import { useEffect, useSyncExternalStore } from 'react';
import { useWords } from '../words';
import { Icon } from './Icon';
import './Undo.css';
import { words } from './words';

const waitMs = 7000;

export type Step = { text: string; take: () => unknown; takeBack?: () => unknown };
type Waiting = Step & { timer: ReturnType<typeof setTimeout> };

let waiting: Waiting | null = null;
const listeners = new Set<() => void>();
const tell = () => listeners.forEach((listener) => listener());

function settle(): void {
  const step = waiting;
  if (!step) return;
  clearTimeout(step.timer);
  waiting = null;
  tell();
  step.take();
}

/* One step waits at a time: a second one takes the first. */
export function offerUndo(step: Step): void {
  settle();
  waiting = { ...step, timer: setTimeout(settle, waitMs) };
  tell();
}

function takeBack(): void {
  const step = waiting;
  if (!step) return;
  clearTimeout(step.timer);
  waiting = null;
  tell();
  step.takeBack?.();
}

export function UndoBar() {
  const t = useWords(words);
  const step = useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => waiting,
  );
  useEffect(() => {
    window.addEventListener('pagehide', settle);
    return () => window.removeEventListener('pagehide', settle);
  }, []);
  return (
    <div className="undo-place" role="status">
      {step && (
        <div className="undo-bar">
          <span>{step.text}</span>
          <button type="button" onClick={takeBack}>
            <Icon name="undo" size={16} /> {t('undo')}
          </button>
        </div>
      )}
    </div>
  );
}
