import uPlot from 'uplot';
import type { Bins } from '../../../logs/filter/histogram';
import { LEVEL_NAMES } from '../../../logs/levels';
import { clock, day, exactClock, millis } from '../../../logs/text/time';
import { twiceOffset } from '../../../logs/text/twice';
import { count } from '../../shared/format';

/** Height of the bars, and of the times below them, in px. */
const BARS = 46;
const AXIS = 14;
export const HEIGHT = BARS + AXIS;
/** Px of one bar with the space beside it. */
export const BAR = 7;
/** Px from one time below the bars to the next at least, and what half of one takes. */
const LABEL_SPACE = 84;
const HALF_LABEL = 26;
/** A brush narrower than this is a click. */
const MIN_BRUSH = 4;
/** What lines take of the height at least: a quiet minute beside a burst, and a rare error beside a thousand infos. */
const MIN_SHARE = 1.5 / BARS;
const MIN_BAD_SHARE = 2.5 / BARS;
const DAY_MS = 86_400_000;

/** What a plot asks for and tells: colours by custom property, a brushed range and the hovered time in ms. */
export interface PlotEvents {
  color(name: string): string;
  brush(from: number, to: number): void;
  hover(ts: number | null): void;
}

/** An empty chart of bars by level over time, in `element`. */
export function makePlot(element: HTMLElement, on: PlotEvents): uPlot {
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
          values: (u, splits, _axis, _space, step) => splits.map((ts) => (hasRoom(u, ts) ? timeLabel(ts, step) : '')),
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
function hasRoom(plot: uPlot, ts: number): boolean {
  const left = plot.valToPos(ts, 'x');
  return left >= HALF_LABEL && left <= plot.over.clientWidth - HALF_LABEL;
}

/** A time below the bars: as exact as the next one needs, and the date where a day begins. */
function timeLabel(ts: number, step: number): string {
  const time = clock(ts);
  if (step >= 365 * DAY_MS) return day(ts).slice(0, 4);
  if (step >= 28 * DAY_MS) return day(ts).slice(0, 7);
  if (step >= DAY_MS || (step >= 60_000 && time === '00:00:00')) return day(ts).slice(5);
  if (step >= 60_000) return time.slice(0, 5) + twiceOffset(ts);
  return step >= 1_000 ? exactClock(ts) : `${time.slice(3)}${millis(ts)}`;
}

/** A custom property as a colour that a canvas knows: as it stands, it may be a `light-dark()` of others. */
export function resolvedColor(element: HTMLElement, name: string): string {
  const probe = element.appendChild(document.createElement('i'));
  probe.style.color = `var(${name})`;
  const { color } = getComputedStyle(probe);
  probe.remove();
  return color;
}

/** Bars one on another: fatal at the bottom, debug on top. Drawn from the tallest to the lowest. */
export function stacked({ start, width, length, counts }: Bins): uPlot.AlignedData {
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
      const drawn = count > 0 ? Math.max(count, max * (level >= 2 ? MIN_BAD_SHARE : MIN_SHARE)) : 0;
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

/** What one bar stands for, in words: its time, its width, and lines by level. */
export function describeBin({ start, width, counts, length }: Bins, ts: number): string {
  const index = Math.floor((ts - start) / width);
  if (index < 0 || index >= length) return '';
  const from = start + index * width;
  const parts = LEVEL_NAMES.map((name, level) => [(counts[level] as Uint32Array)[index] as number, name] as const)
    .filter(([lines]) => lines > 0)
    .reverse()
    .map(([lines, name]) => `${count(lines)} ${name}`);
  const when = width >= 86_400_000 ? day(from) : `${clock(from)}${width < 1_000 ? millis(from) : ''}${twiceOffset(from)}`;
  return `${when} + ${widthText(width)}: ${parts.join(', ') || 'no line'}`;
}

/** The width of a bin in ms, in the unit that reads best. */
function widthText(ms: number): string {
  if (ms < 1_000) return `${ms} ms`;
  if (ms < 60_000) return `${ms / 1_000} s`;
  if (ms < 3_600_000) return `${ms / 60_000} min`;
  if (ms < 86_400_000) return `${ms / 3_600_000} h`;
  return `${ms / 86_400_000} d`;
}
