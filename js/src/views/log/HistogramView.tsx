import type { JSX } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import uPlot from 'uplot';
import type { Bins } from '../../logs/histogram';
import { LEVEL_NAMES } from '../../logs/levels';
import { clock, day, duration, millis } from '../../logs/time';
import type { PaneModel } from './model';
import * as querying from './querying';

/** Height of the bars, and of the times below them, in px. */
const BARS = 46;
const AXIS = 14;
const HEIGHT = BARS + AXIS;
/** Px from one time below the bars to the next at least, and what half of one takes. */
const LABEL_SPACE = 84;
const HALF_LABEL = 26;
const DAY_MS = 86_400_000;
/** Px of one bar with the space beside it. */
const BAR = 7;
/** A brush narrower than this is a click. */
const MIN_BRUSH = 4;
/** What lines take of the height at least: a quiet minute beside a burst, and a rare error beside a thousand infos. */
const SEEN = 1.5 / BARS;
const SEEN_BAD = 2.5 / BARS;

/** Lines over time by level; drag to set the time range in the query, double click to be rid of it. */
export function HistogramView({ model }: { model: PaneModel }): JSX.Element {
  const box = useRef<HTMLDivElement>(null);
  const chart = useRef<uPlot | null>(null);
  const bins = useRef<Bins | null>(null);
  const [hover, setHover] = useState('');
  const [zoomed, setZoomed] = useState(false);
  const [, redraw] = useState(0);
  const slow = model.slow.value;
  const { since, until } = model.compiled.value;
  const ranged = since !== null || until !== null;

  useEffect(() => {
    const element = box.current as HTMLDivElement;
    const colors = new Map<string, string>();
    const plot = make(element, {
      color: (name) => {
        const color = colors.get(name) ?? resolved(element, name);
        colors.set(name, color);
        return color;
      },
      brush: (from, to) => {
        const { start, width } = bins.current ?? { start: 0, width: 1 };
        const edge = (ts: number) => start + Math.round((ts - start) / width) * width;
        const first = edge(from);
        model.ask(querying.range(model.text.peek(), first, Math.max(edge(to), first + width)));
      },
      hover: (ts) => setHover(ts === null || !bins.current ? '' : told(bins.current, ts)),
    });
    chart.current = plot;
    const size = new ResizeObserver(() => {
      plot.setSize({ width: Math.max(40, element.clientWidth), height: HEIGHT });
      redraw((n) => n + 1);
    });
    size.observe(element);
    const repaint = () => {
      colors.clear();
      plot.redraw(false);
    };
    const theme = new MutationObserver(repaint);
    theme.observe(document.documentElement, { attributes: true, attributeFilter: ['class', 'data-theme'] });
    theme.observe(document.body, { attributes: true, attributeFilter: ['data-jp-theme-light', 'class'] });
    const scheme = matchMedia('(prefers-color-scheme: dark)');
    scheme.addEventListener('change', repaint);
    return () => {
      size.disconnect();
      theme.disconnect();
      scheme.removeEventListener('change', repaint);
      plot.destroy();
      chart.current = null;
    };
  }, [model]);

  useEffect(() => {
    const plot = chart.current;
    if (!plot || !box.current) return;
    const whole = model.histogram.extent();
    let [from, to] = whole ?? [Date.now() - 60_000, Date.now()];
    if (zoomed && ranged) [from, to] = [since ?? from, until ?? to];
    if (to <= from) to = from + 1;
    const found = model.histogram.bins(from, to, Math.max(10, Math.floor(box.current.clientWidth / BAR)));
    bins.current = found;
    plot.setData(stacked(found));
    redraw((n) => n + 1);
  }, [slow, zoomed, since, until, model]);

  const plot = chart.current;
  const band = plot && ranged && !zoomed ? bandOf(plot, since, until) : null;
  return (
    <div class="ab-log-histogram" role="group" aria-label="Lines over time">
      <div
        class="ab-log-plot"
        ref={box}
        title=""
        onDblClick={() => {
          setZoomed(false);
          model.ask(querying.range(model.text.peek(), null, null));
        }}
      >
        {band && <div class="ab-log-band" style={{ left: `${band.left}px`, width: `${band.width}px` }} />}
      </div>
      <div class="ab-log-hover" aria-hidden="true">
        {hover}
      </div>
      {ranged && (
        <div class="ab-log-zoom">
          <button type="button" class="ab-link" aria-pressed={zoomed} onClick={() => setZoomed(!zoomed)}>
            {zoomed ? 'zoom out' : 'zoom in'}
          </button>
          <button
            type="button"
            class="ab-link"
            onClick={() => {
              setZoomed(false);
              model.ask(querying.range(model.text.peek(), null, null));
            }}
          >
            all times
          </button>
        </div>
      )}
    </div>
  );
}

function make(
  element: HTMLElement,
  on: { color(name: string): string; brush(from: number, to: number): void; hover(ts: number | null): void },
): uPlot {
  const bars = uPlot.paths.bars as uPlot.Series.BarsPathBuilderFactory;
  const paths = bars({ size: [0.78, 40], align: 1 });
  const series = LEVEL_NAMES.map(
    (name): uPlot.Series => ({ paths, points: { show: false }, width: 0, fill: () => on.color(`--ab-log-bar-${name}`) }),
  );
  return new uPlot(
    {
      width: Math.max(40, element.clientWidth),
      height: HEIGHT,
      padding: [0, 0, 0, 0],
      legend: { show: false },
      ms: 1,
      axes: [
        {
          size: AXIS,
          gap: 2,
          space: LABEL_SPACE,
          font: `10px ${getComputedStyle(element).fontFamily}`,
          stroke: () => on.color('--ab-muted'),
          grid: { show: false },
          ticks: { show: false },
          border: { show: false },
          values: (u, splits, _axis, _space, step) => splits.map((ts) => (fits(u, ts) ? tick(ts, step) : '')),
        },
        { show: false },
      ],
      scales: {
        x: { time: true, range: (_, min, max) => [min, max] },
        y: { range: (_, __, max) => [0, Math.max(1, max)] },
      },
      cursor: { y: false, points: { show: false }, drag: { x: true, y: false, setScale: false } },
      series: [{}, ...series],
      hooks: {
        setSelect: [
          (u) => {
            const { left, width } = u.select;
            if (width < MIN_BRUSH) return;
            const [from, to] = [u.posToVal(left, 'x'), u.posToVal(left + width, 'x')];
            u.setSelect({ left: 0, width: 0, top: 0, height: 0 }, false);
            on.brush(from, to);
          },
        ],
        setCursor: [
          (u) => {
            const left = u.cursor.left ?? -1;
            on.hover(left < 0 ? null : u.posToVal(left, 'x'));
          },
        ],
      },
    },
    [[0], [0], [0], [0], [0], [0]],
    element,
  );
}

/** Whether a time can be written whole below its place. */
function fits(plot: uPlot, ts: number): boolean {
  const left = plot.valToPos(ts, 'x');
  return left >= HALF_LABEL && left <= plot.over.clientWidth - HALF_LABEL;
}

/** A time below the bars: as exact as the next one needs, and the date where a day begins. */
function tick(ts: number, step: number): string {
  const time = clock(ts);
  if (step >= 365 * DAY_MS) return day(ts).slice(0, 4);
  if (step >= 28 * DAY_MS) return day(ts).slice(0, 7);
  if (step >= DAY_MS || (step >= 60_000 && time === '00:00:00')) return day(ts).slice(5);
  if (step >= 60_000) return time.slice(0, 5);
  return step >= 1_000 ? time : `${time.slice(3)}${millis(ts)}`;
}

/** A custom property as a colour that a canvas knows: as it stands, it may be a `light-dark()` of others. */
function resolved(element: HTMLElement, name: string): string {
  const probe = element.appendChild(document.createElement('i'));
  probe.style.color = `var(${name})`;
  const { color } = getComputedStyle(probe);
  probe.remove();
  return color;
}

/** Bars one on another: fatal at the bottom, debug on top. Drawn from the tallest to the lowest. */
function stacked({ start, width, length, counts }: Bins): uPlot.AlignedData {
  const x = Array.from({ length }, (_, b) => start + b * width);
  let max = 1;
  for (let b = 0; b < length; b++) {
    let sum = 0;
    for (const column of counts) sum += column[b] as number;
    max = Math.max(max, sum);
  }
  const base = new Array<number>(length).fill(0);
  const layers: (number | null)[][] = [];
  for (let level = 4; level >= 0; level--) {
    const layer: (number | null)[] = [];
    for (let b = 0; b < length; b++) {
      const count = (counts[level] as Uint32Array)[b] as number;
      const drawn = count > 0 ? Math.max(count, max * (level >= 2 ? SEEN_BAD : SEEN)) : 0;
      base[b] = (base[b] as number) + drawn;
      layer.push(base[b] === 0 ? null : (base[b] as number));
    }
    layers.unshift(layer);
  }
  // One more position on the right, so that the last bin has its width.
  x.push(start + length * width);
  for (const layer of layers) layer.push(null);
  return [x, ...layers] as uPlot.AlignedData;
}

function told({ start, width, counts, length }: Bins, ts: number): string {
  const index = Math.floor((ts - start) / width);
  if (index < 0 || index >= length) return '';
  const from = start + index * width;
  const parts = LEVEL_NAMES.map((name, level) => [(counts[level] as Uint32Array)[index] as number, name] as const)
    .filter(([count]) => count > 0)
    .reverse()
    .map(([count, name]) => `${count.toLocaleString('en')} ${name}`);
  const when = width >= 86_400_000 ? day(from) : `${clock(from)}${width < 1_000 ? millis(from) : ''}`;
  return `${when} + ${duration(width)}: ${parts.join(', ') || 'no line'}`;
}

function bandOf(plot: uPlot, since: number | null, until: number | null): { left: number; width: number } | null {
  const { min, max } = plot.scales.x ?? {};
  if (min === undefined || max === undefined) return null;
  const from = Math.max(min, since ?? min);
  const to = Math.min(max, until ?? max);
  if (to < from) return null;
  const left = plot.valToPos(from, 'x');
  return { left, width: Math.max(1, plot.valToPos(to, 'x') - left) };
}
