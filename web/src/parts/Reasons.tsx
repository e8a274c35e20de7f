/* Why something is shown: sentences of the server, the weightiest first, each with its share of the decision. */
import { percent } from '../format';
import { useWords } from '../words';
import { words } from './words';
import './Reasons.css';

export type Reason = { text: string; weight?: number; code?: string };

/* `brief`: only the first sentence, the rest on demand. */
export function Reasons({ reasons, brief = false }: { reasons: readonly Reason[]; brief?: boolean }) {
  const t = useWords(words);
  const sorted = [...reasons].sort((a, b) => (b.weight ?? 0) - (a.weight ?? 0));
  const total = sorted.reduce((sum, reason) => sum + Math.max(0, reason.weight ?? 0), 0);
  const list = (
    <ul className="reasons">
      {sorted.map((reason, i) => {
        const share = total > 0 ? Math.max(0, reason.weight ?? 0) / total : 0;
        return (
          <li key={i}>
            <span>{reason.text}</span>
            {share > 0 && (
              <span className="reasons-weight" title={t('weight', { share: percent(share) })}>
                <meter min={0} max={1} value={share} aria-label={t('weight', { share: percent(share) })} />
                {percent(share)}
              </span>
            )}
          </li>
        );
      })}
    </ul>
  );
  if (!brief || sorted.length === 0) return list;
  return (
    <details className="reasons-brief">
      <summary>{sorted[0]?.text}</summary>
      {list}
    </details>
  );
}
