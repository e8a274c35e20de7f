/* The list itself: only the rows that are seen are drawn, however many there are and however fast they come. */
import { memo, useCallback, useLayoutEffect, useRef, useState } from 'react';
import { useMediaQuery } from '@mantine/hooks';
import { clock, date, dateTime } from '../../format';
import { PersonLink, ProductPicture, Tag, type Tone } from '../../parts';
import { useWords } from '../../words';
import { keyOf } from './feed';
import { scrolledTo, seen } from './rows';
import type { Entry, State } from './types';
import { words } from './words';

const columns = ['time', 'person', 'name', 'product', 'source', 'state'] as const;
export const tones: Readonly<Record<State, Tone>> = { stored: 'good', duplicate: 'plain', rejected: 'bad' };

const headHeight = 36; // stays above the rows; a phone has none

export type ListProps = {
  rows: readonly Entry[];
  chosen: string | undefined;
  onChoose: (entry: Entry) => void;
  onReading: (reading: boolean) => void; // scrolled away from the newest
  toTop: number; // a new number: back to the newest
};

export function List({ rows, chosen, onChoose, onReading, toTop }: ListProps) {
  const t = useWords(words);
  const narrow = useMediaQuery('(max-width: 720px)', undefined, { getInitialValueInEffect: false }) ?? false;
  const rowHeight = narrow ? 68 : 48;
  const place = useRef<HTMLDivElement>(null);
  const [top, setTop] = useState(0);
  const [height, setHeight] = useState(600);
  const at = chosen === undefined ? -1 : rows.findIndex((entry) => keyOf(entry) === chosen);
  const span = seen(top, height, rowHeight, rows.length);

  useLayoutEffect(() => {
    const node = place.current;
    if (!node) return;
    const watch = new ResizeObserver(() => setHeight(node.clientHeight - (narrow ? 0 : headHeight)));
    watch.observe(node);
    return () => watch.disconnect();
  }, [narrow]);
  useLayoutEffect(() => {
    if (place.current) place.current.scrollTop = 0;
  }, [toTop]);
  // The keyboard's row is brought into sight when it changes, not while the list runs.
  useLayoutEffect(() => {
    const node = place.current;
    if (node && at >= 0) node.scrollTop = scrolledTo(at, rowHeight, node.scrollTop, height);
    // eslint-disable-next-line react-hooks/exhaustive-deps -- see above
  }, [chosen]);

  const scrolled = useCallback(() => {
    const now = place.current?.scrollTop ?? 0;
    setTop(now);
    onReading(now > rowHeight / 2);
  }, [onReading, rowHeight]);

  return (
    <div className="live-list" role="grid" aria-label={t('list')} aria-rowcount={rows.length + 1} tabIndex={0} aria-activedescendant={at >= 0 ? idOf(chosen) : undefined}>
      <div ref={place} className="live-scroll" role="presentation" onScroll={scrolled}>
        <div className="live-row live-head" role="row" aria-rowindex={1}>
          {columns.map((column) => (
            <span key={column} role="columnheader" className={`live-${column}`}>
              {t(column)}
            </span>
          ))}
        </div>
        <div className="live-all" role="presentation" style={{ height: rows.length * rowHeight }}>
          {rows.slice(span.first, span.last).map((entry, i) => {
            // Keyed by its place: when everything moves down, rows are filled anew, which costs far less than new ones.
            const key = keyOf(entry);
            return <Row key={span.first + i} entry={entry} id={idOf(key)} index={span.first + i} top={(span.first + i) * rowHeight} chosen={key === chosen} onChoose={onChoose} />;
          })}
        </div>
      </div>
    </div>
  );
}

function idOf(key: string | undefined): string {
  return `live-${key ?? ''}`;
}

type RowProps = { entry: Entry; id: string; index: number; top: number; chosen: boolean; onChoose: (entry: Entry) => void };

const Row = memo(function Row({ entry, id, index, top, chosen, onChoose }: RowProps) {
  const t = useWords(words);
  const { product } = entry;
  return (
    <div id={id} className="live-row" role="row" aria-rowindex={index + 2} aria-selected={chosen} style={{ transform: `translateY(${top}px)` }} onClick={() => onChoose(entry)}>
      <span role="gridcell" className="live-time">
        <time dateTime={entry.receivedAt} title={entry.receivedAt && dateTime(entry.receivedAt)}>
          {entry.receivedAt && timeText(entry.receivedAt)}
        </time>
      </span>
      <span role="gridcell" className="live-person" onClick={(event) => entry.person && event.stopPropagation()}>
        {entry.person ? <PersonLink person={entry.person} /> : <span className="live-soft">{t('nobody')}</span>}
      </span>
      <span role="gridcell" className="live-name">
        <bdi title={short(labelOf(entry))}>{short(labelOf(entry)) || t('nameless')}</bdi>
      </span>
      <span role="gridcell" className="live-product">
        {product && (
          <>
            <ProductPicture key={product.image} image={product.image} title="" size={32} />
            <bdi title={short(product.title ?? product.productId)}>{short(product.title ?? product.productId)}</bdi>
          </>
        )}
      </span>
      <span role="gridcell" className="live-source">
        <bdi title={short(entry.source)}>{short(entry.source)}</bdi>
      </span>
      <span role="gridcell" className="live-state">
        <Tag tone={tones[entry.state]}>{t(entry.state)}</Tag>
        {entry.state === 'rejected' && <bdi className="live-reason">{short(entry.reason ?? '')}</bdi>}
      </span>
    </div>
  );
});

/* The time of day of what came lately; of older events the day. */
function timeText(time: string): string {
  return Date.now() - Date.parse(time) < 18 * 3_600_000 ? clock(time) : date(time);
}

/* Calls like page and identify often have no name of their own. */
export function labelOf(entry: Entry): string {
  return entry.name || entry.type;
}

/* What somebody sends may be 10 kB long; a cell shows the beginning, and the panel all of it. */
const cellMax = 160;
export function short(text: string): string {
  return text.length > cellMax ? `${text.slice(0, cellMax)}…` : text;
}
