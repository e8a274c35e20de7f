/* What stands around every chart: title, labels in the colours of the lines, the sentence, the table and CSV behind it. */
import { useState, type ReactNode } from 'react';
import { useWords } from '../words';
import { saveCsv, type Cell } from './csv';
import './ChartFrame.css';
import { Icon } from './Icon';
import { words } from './words';

export type ChartFrameProps = {
  title: string;
  sentence?: string | undefined;
  head: readonly string[];
  rows: readonly (readonly Cell[])[];
  show: (value: Cell, column: number) => string;
  file?: string | undefined;
  labels?: readonly { name: string; tone: number | 'control' }[];
  action?: ReactNode;
  children: ReactNode;
};

export function ChartFrame({ title, sentence, head, rows, show, file, labels = [], action, children }: ChartFrameProps) {
  const t = useWords(words);
  const [table, setTable] = useState(false);
  return (
    <figure className="chart" aria-label={title}>
      <div className="chart-head">
        <h3>{title}</h3>
        {labels.length > 1 && (
          <ul className="chart-labels">
            {labels.map((label) => (
              <li key={label.name} className={`chart-label chart-tone-${label.tone}`}>
                {label.name}
              </li>
            ))}
          </ul>
        )}
        <div className="chart-tools">
          {action}
          <button type="button" className="quiet-button" aria-pressed={table} onClick={() => setTable(!table)}>
            <Icon name="table" size={16} /> {table ? t('chart') : t('table')}
          </button>
          <button type="button" className="quiet-button" onClick={() => saveCsv(file ?? title, head, rows)} aria-label={`${t('saveCsv')}: ${title}`}>
            <Icon name="download" size={16} /> {t('csv')}
          </button>
        </div>
      </div>
      {table ? <ChartTable head={head} rows={rows} show={show} title={title} /> : children}
      {sentence !== undefined && <figcaption className="chart-sentence">{sentence}</figcaption>}
    </figure>
  );
}

function ChartTable({ head, rows, show, title }: Pick<ChartFrameProps, 'head' | 'rows' | 'show' | 'title'>) {
  return (
    <div className="chart-table" tabIndex={0} role="group" aria-label={title}>
      <table className="plain-table">
        <thead>
          <tr>
            {head.map((name, i) => (
              <th key={name} scope="col" className={i > 0 ? 'right' : ''}>
                {name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {[...rows].reverse().map((row, i) => (
            <tr key={i}>
              {row.map((value, column) =>
                column === 0 ? (
                  <th key={column} scope="row">
                    {show(value, column)}
                  </th>
                ) : (
                  <td key={column} className="right">
                    {show(value, column)}
                  </td>
                ),
              )}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
