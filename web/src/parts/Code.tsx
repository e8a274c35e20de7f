/* Text to copy: a snippet, a key, an answer. */
import { useClipboard } from '@mantine/hooks';
import { useWords } from '../words';
import { Icon } from './Icon';
import { words } from './words';
import './Code.css';

export function Code({ text, label }: { text: string; label?: string }) {
  return (
    <figure className="code">
      <figcaption className="code-head">
        <span>{label ?? ''}</span>
        <CopyButton text={text} />
      </figcaption>
      <pre className="code-text" tabIndex={0}>
        <code>{text}</code>
      </pre>
    </figure>
  );
}

export function CopyButton({ text, label }: { text: string; label?: string }) {
  const t = useWords(words);
  const clipboard = useClipboard({ timeout: 1500 });
  return (
    <button type="button" className="code-copy" onClick={() => clipboard.copy(text)} aria-live="polite">
      <Icon name={clipboard.copied ? 'check' : 'copy'} size={14} />
      {clipboard.copied ? t('copied') : (label ?? t('copy'))}
    </button>
  );
}
