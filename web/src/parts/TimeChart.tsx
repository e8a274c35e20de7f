/* Values over time (uPlot). One message a chart: its sentence in words, direct labels, a table and CSV behind it. */
import { useComputedColorScheme } from '@mantine/core';
import { useEffect, useId, useMemo, useRef, useState } from 'react';
import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import { clock, compact, dateTime, day, number } from '../format';
import { useLanguage, useWords } from '../words';
import { ChartFrame } from './ChartFrame';
import './TimeChart.css';
import { words } from './words';

export type Series = {
  name: string;
  values: readonly (number | null)[]; // as long as `times`
  tone?: 1 | 2 | 3 | 4 | 5 | 6 | 'control'; // the same entity keeps its colour everywhere; 'control' is grey
  kind?: 'line' | 'bars' | 'area';
  band?: { low: readonly (number | null)[]; high: readonly (number | null)[] }; // an interval around the line
};

export type TimeChartProps = {
  title: string;
  sentence?: string; // the chart's message, e.g. "Orders rose 4 % (2 % to 6 %) since May"
  times: readonly number[]; // ms, ascending
  unit?: 'day' | 'time'; // days are UTC days of the server
  series: readonly Series[];
  format?: (value: number) => string;
  height?: number;
  range?: readonly [number, number] | null; // the part shown (ms); null or absent: all
  onRange?: (range: readonly [number, number] | null) => void; // drawing over the chart asks for this part
  file?: string; // name of the CSV
  sync?: string; // charts of one name show the same moment when one of them is pointed at
};

/* Colours are read from the tokens when the chart is made; a new scheme makes it anew. */
function token(name: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}
const toneOf = (series: Series, i: number): string => token(series.tone === 'control' ? '--control' : `--series-${series.tone ?? (i % 6) + 1}`);

function plotSeries(series: readonly Series[], format: (value: number) => string): { made: uPlot.Series[]; bands: uPlot.Band[] } {
  const made: uPlot.Series[] = [{}];
  const bands: uPlot.Band[] = [];
  series.forEach((one, i) => {
    const colour = toneOf(one, i);
    const bars = one.kind === 'bars' && uPlot.paths.bars ? { paths: uPlot.paths.bars({ size: [0.7, 40], radius: 0.1 }), fill: `${colour}cc`, width: 0 } : { width: 2 };
    made.push({ label: one.name, stroke: colour, points: { show: false }, value: (_, v) => (v === null ? '–' : format(v)), ...bars, ...(one.kind === 'area' ? { fill: `${colour}22` } : {}) });
    if (one.band) {
      const at = made.length;
      made.push({ label: `${one.name} ↑`, stroke: 'transparent', width: 0, points: { show: false } }, { label: `${one.name} ↓`, stroke: 'transparent', width: 0, points: { show: false } });
      bands.push({ series: [at, at + 1], fill: `${colour}26` });
    }
  });
  return { made, bands };
}

function plotData(times: readonly number[], series: readonly Series[]): uPlot.AlignedData {
  const columns: (number | null)[][] = [];
  for (const one of series) {
    columns.push([...one.values]);
    if (one.band) columns.push([...one.band.high], [...one.band.low]);
  }
  return [times.map((time) => time / 1000), ...columns];
}

export function TimeChart(props: TimeChartProps) {
  const { title, sentence, times, unit = 'time', series, format = number, height = 220, range = null, onRange, file } = props;
  const t = useWords(words);
  const id = useId();
  const timeText = unit === 'day' ? day : dateTime;
  const rows = useMemo(
    () => times.map((time, i) => [new Date(time).toISOString().slice(0, unit === 'day' ? 10 : 19), ...series.map((one) => one.values[i] ?? null)]),
    [times, series, unit],
  );
  return (
    <ChartFrame
      title={title}
      sentence={sentence}
      head={[unit === 'day' ? t('day') : t('time'), ...series.map((one) => one.name)]}
      rows={rows}
      show={(value, column) => (column === 0 ? timeText(String(value)) : typeof value === 'number' ? format(value) : '–')}
      file={file}
      labels={series.map((one, i) => ({ name: one.name, tone: one.tone ?? (((i % 6) + 1) as 1) }))}
      action={
        range && onRange ? (
          <button type="button" className="quiet-button" onClick={() => onRange(null)}>
            {t('wholeRange')}
          </button>
        ) : undefined
      }
    >
      <Plot id={id} {...props} format={format} height={height} unit={unit} range={range} label={sentence ?? title} timeName={unit === 'day' ? t('day') : t('time')} />
      {onRange && <p className="chart-hint">{t('brush')}</p>}
    </ChartFrame>
  );
}

type PlotProps = Required<Pick<TimeChartProps, 'times' | 'series' | 'format' | 'height' | 'unit'>> & Pick<TimeChartProps, 'range' | 'onRange' | 'sync'> & { id: string; label: string; timeName: string };

function Plot({ times, series, format, height, unit, range, onRange, sync, label, timeName }: PlotProps) {
  const place = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  const scheme = useComputedColorScheme('light');
  const tongue = useLanguage();
  const [width, setWidth] = useState(0);
  const latest = useRef({ times, series, format, onRange, range });
  latest.current = { times, series, format, onRange, range };
  const shape = series.map((one) => `${one.name}/${one.kind ?? ''}/${one.tone ?? ''}/${one.band ? 'b' : ''}`).join();

  useEffect(() => {
    const node = place.current;
    if (!node) return;
    const watch = new ResizeObserver(([entry]) => entry && setWidth(Math.floor(entry.contentRect.width)));
    watch.observe(node);
    return () => watch.disconnect();
  }, []);

  // Made anew only when its shape, its width or its colours change; new values are handed in below.
  useEffect(() => {
    const node = place.current;
    if (!node || width < 40) return;
    const now = latest.current;
    const { made, bands } = plotSeries(now.series, now.format);
    const axis = { stroke: token('--ink-soft'), grid: { stroke: token('--grid'), width: 1 }, ticks: { show: false }, font: '12px system-ui, sans-serif' };
    // The first and the last bar stand wholly inside: half a step of room for them.
    const room = now.series.some((one) => one.kind === 'bars') && now.times.length > 1 ? ((now.times.at(-1) ?? 0) - (now.times[0] ?? 0)) / (now.times.length - 1) / 2000 : 0;
    const withRoom = (_: uPlot, from: number | null, to: number | null): [number, number] => [(from ?? 0) - room, (to ?? 1) + room];
    const asDate = (seconds: number) => (unit === 'day' ? day(new Date(seconds * 1000).toISOString()) : dateTime(seconds * 1000));
    const ticks = new Intl.DateTimeFormat(tongue === 'de' ? 'de-DE' : 'en-GB', { day: 'numeric', month: 'short', ...(unit === 'day' ? { timeZone: 'UTC' } : {}) });
    const chart = new uPlot(
      {
        width,
        height,
        series: [{ label: timeName, value: (_, v) => (v === null ? '' : asDate(v)) }, ...made.slice(1)],
        bands,
        legend: { show: true, live: true },
        cursor: { drag: { x: latest.current.onRange !== undefined, y: false, setScale: false }, points: { size: 7 }, ...(sync === undefined ? {} : { sync: { key: sync, setSeries: false } }) },
        scales: { x: { time: true, range: withRoom }, y: { range: (_, low, high) => [Math.min(0, low ?? 0), (high ?? 0) <= 0 ? 1 : (high ?? 1) * 1.08] } },
        axes: [
          { ...axis, grid: { show: false }, space: 70, size: 32, values: (_, splits) => splits.map((s) => (splits.length > 1 && (splits[1] ?? 0) - (splits[0] ?? 0) < 43_200 ? clock(s * 1000).slice(0, 5) : ticks.format(s * 1000))) },
          { ...axis, size: 56, values: (_, splits) => splits.map((v) => compact(v)) },
        ],
        hooks: {
          setSelect: [
            (u) => {
              if (u.select.width < 4) return;
              const from = u.posToVal(u.select.left, 'x') * 1000;
              const to = u.posToVal(u.select.left + u.select.width, 'x') * 1000;
              u.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
              latest.current.onRange?.([from, to]);
            },
          ],
        },
      },
      plotData(now.times, now.series),
      node,
    );
    plot.current = chart;
    const part = latest.current.range;
    if (part) chart.setScale('x', { min: part[0] / 1000, max: part[1] / 1000 });
    return () => {
      plot.current = null;
      chart.destroy();
    };
  }, [width, height, unit, shape, scheme, tongue, sync, timeName]);

  useEffect(() => {
    const chart = plot.current;
    if (!chart) return;
    chart.setData(plotData(times, series), true);
    if (range) chart.setScale('x', { min: range[0] / 1000, max: range[1] / 1000 });
  }, [times, series, range]);

  return <div ref={place} className="time-chart" role="img" aria-label={label} />;
}
