/* JSON as it is: folded by branches, shown as text and never as markup. */
import { useWords } from '../words';
import { CopyButton } from './Code';
import { words } from './words';
import './Json.css';

export type JsonProps = { value: unknown; depth?: number };

/* `depth`: how many levels stand open at first. */
export function Json({ value, depth = 2 }: JsonProps) {
  return (
    <div className="json">
      <div className="json-head">
        <CopyButton text={JSON.stringify(value, null, 2) ?? 'null'} />
      </div>
      <div className="json-text" tabIndex={0}>
        <Branch value={value} depth={depth} />
      </div>
    </div>
  );
}

function Branch({ name, value, depth }: { name?: string; value: unknown; depth: number }) {
  const t = useWords(words);
  const label = name === undefined ? null : <span className="json-key">{name}: </span>;
  if (typeof value !== 'object' || value === null) {
    const kind = value === null ? 'null' : typeof value;
    return (
      <div className="json-leaf">
        {label}
        <span className={`json-${kind}`}>{kind === 'string' ? JSON.stringify(value) : String(value)}</span>
      </div>
    );
  }
  const list = Array.isArray(value);
  const entries = Object.entries(value as Record<string, unknown>);
  const size = list ? `[${entries.length}]` : `{${entries.length}}`;
  if (entries.length === 0) return <div className="json-leaf">{label}{list ? '[]' : '{}'}</div>;
  return (
    <details open={depth > 0}>
      <summary>
        {label}
        <span className="json-size">{size}</span>
      </summary>
      {entries.slice(0, 500).map(([key, item]) => (
        <Branch key={key} name={list ? `${key}` : key} value={item} depth={depth - 1} />
      ))}
      {entries.length > 500 && <div className="json-leaf">… {t('rows', { n: entries.length - 500 })}</div>}
    </details>
  );
}
