/* A quiet surface with one subject. */
import { useId, type ReactNode } from 'react';
import './Card.css';

export type CardProps = { title?: ReactNode; sentence?: ReactNode; action?: ReactNode; flush?: boolean; className?: string; children?: ReactNode };

/* `flush`: content reaches the edges (tables, charts). `sentence` stands under the title. */
export function Card({ title, sentence, action, flush = false, className = '', children }: CardProps) {
  const id = useId();
  return (
    <section className={`card ${flush ? 'card-flush' : ''} ${className}`} aria-labelledby={title === undefined ? undefined : id}>
      {(title !== undefined || action !== undefined) && (
        <header className="card-head">
          <div>
            {title !== undefined && <h2 id={id}>{title}</h2>}
            {sentence !== undefined && <p className="card-sentence">{sentence}</p>}
          </div>
          {action}
        </header>
      )}
      {children}
    </section>
  );
}

/* One number with its name, for a row of figures: <Figures><Figure name="Orders" value="12" note="usual: 9 to 14" /></Figures> */
export function Figure({ name, value, note }: { name: ReactNode; value: ReactNode; note?: ReactNode }) {
  return (
    <div className="figure">
      <dt>{name}</dt>
      <dd>{value}</dd>
      {note !== undefined && <dd className="figure-note">{note}</dd>}
    </div>
  );
}

export function Figures({ children }: { children: ReactNode }) {
  return <dl className="figures">{children}</dl>;
}

export type Tone = 'plain' | 'good' | 'warning' | 'bad' | 'accent';

/* A state in a word: colour is never the only sign. */
export function Tag({ tone = 'plain', children }: { tone?: Tone; children: ReactNode }) {
  return <span className={`tag tag-${tone}`}>{children}</span>;
}
