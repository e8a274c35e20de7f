/* Few named values side by side, from zero; the name and the number stand at the bar. */
import type { ReactNode } from 'react';
import { number } from '../format';
import { useWords } from '../words';
import './Bars.css';
import { ChartFrame } from './ChartFrame';
import { words } from './words';

export type Bar = { name: string; value: number; tone?: 1 | 2 | 3 | 4 | 5 | 6 | 'control'; note?: ReactNode; picture?: ReactNode };
export type BarsProps = { title: string; sentence?: string; bars: readonly Bar[]; format?: (value: number) => string; max?: number; file?: string; bare?: boolean };

/* `bare`: only the bars, without title, table and CSV (inside something that has them). `note`: evidence under the bar. */
export function Bars({ title, sentence, bars, format = number, max, file, bare = false }: BarsProps) {
  const t = useWords(words);
  const most = max ?? Math.max(...bars.map((bar) => bar.value), 0);
  const list = (
    <ul className="bars" aria-label={title}>
      {bars.map((bar) => (
        <li key={bar.name} className="bar">
          {bar.picture}
          <div className="bar-words">
            <div className="bar-line">
              <span>{bar.name}</span>
              <span className="bar-value">{format(bar.value)}</span>
            </div>
            <div className="bar-track" aria-hidden="true">
              <span className={`bar-fill chart-tone-${bar.tone ?? 1}`} style={{ width: `${most > 0 ? Math.max(1, (100 * Math.max(0, bar.value)) / most) : 0}%` }} />
            </div>
            {bar.note !== undefined && <div className="bar-note">{bar.note}</div>}
          </div>
        </li>
      ))}
    </ul>
  );
  if (bare) return list;
  return (
    <ChartFrame title={title} sentence={sentence} head={[t('name'), t('value')]} rows={bars.map((bar) => [bar.name, bar.value])} show={(value) => (typeof value === 'number' ? format(value) : String(value ?? ''))} file={file}>
      {list}
    </ChartFrame>
  );
}
