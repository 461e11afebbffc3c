/** The power along the time of a run: the curve, what stands at a moment, and the energy of its parts. Pure; times in ms. */

import { visible } from '../../../logs/text/visible';
import type { PowerRecord } from '../../../sync/messages';
import { estimate } from '../../shared/format';
import { valueText } from './metric-plot';
import type { StepNode } from './nodes';
import type { Stretch, TimeAxis } from './time-axis';

/** The picture's own size: it is stretched to where it stands. */
export const WIDTH = 1_000;
export const HEIGHT = 40;

export interface PowerPoint {
  readonly time: number;
  readonly mean: number;
  readonly least: number;
  readonly most: number;
}

export interface PowerPart {
  /** Where it stands on the axis, 0 to 1. */
  readonly from: number;
  readonly to: number;
  readonly joules: number;
  /** The steps that ran, by name. */
  readonly steps: readonly string[];
}

export interface PowerPlot {
  readonly points: readonly PowerPoint[];
  /** For each stretch without silence: the means as a line, and from the least to the most as a band. */
  readonly lines: readonly string[];
  readonly bands: readonly string[];
  /** The upper end of its axis, which begins at 0; below 0 only where there is a power below 0. */
  readonly low: number;
  readonly high: number;
  readonly parts: readonly PowerPart[];
}

/**
 * Points that lie farther apart than so many usual distances do not belong together. Usual is what most are, or what those
 * around them are: what a journal kept of an earlier life is not as dense.
 */
const HOLD_PERIODS = 3;
const MOST_PARTS = 200;
/** What takes no power of its own. */
const WAITING = new Set(['operator', 'wait']);

/** `end`: now, or the end of the run. */
export function powerPlot(power: PowerRecord, axis: TimeAxis, nodes: readonly StepNode[], end: number): PowerPlot {
  const { points, pieces } = piecesOf(power, end);
  const low = Math.min(0, ...points.map(({ least }) => least));
  const high = roundUp(Math.max(0, ...points.map(({ most }) => most))) || 1;
  const x = (time: number) => round(WIDTH * axis.at(time));
  const y = (value: number) => round(HEIGHT * (1 - (value - low) / (high - low)));
  return {
    points,
    low,
    high,
    lines: pieces.map((piece) => piece.map(({ time, mean }) => `${x(time)},${y(mean)}`).join(' ')),
    bands: pieces.map((piece) =>
      [
        ...piece.map(({ time, most }) => `${x(time)},${y(most)}`),
        ...[...piece].reverse().map(({ time, least }) => `${x(time)},${y(least)}`),
      ].join(' '),
    ),
    parts: partsOf(power, pieces, nodes, end).map((part) => ({ ...part, from: axis.at(part.from), to: axis.at(part.to) })),
  };
}

function piecesOf(power: PowerRecord, end: number): { points: PowerPoint[]; pieces: PowerPoint[][] } {
  const { startsAt, everyMs } = power;
  const apart = power.points.slice(1).map(([number = 0], i) => number - (power.points[i]?.[0] ?? 0));
  const usual = [...apart].sort((a, b) => a - b)[apart.length >> 1] ?? 1;
  const points = power.points.map(([number = 0, mean = 0, least = 0, most = 0]) => {
    // The newest stretch has not come to its middle yet.
    return { time: Math.min(end, startsAt + (number + 0.5) * everyMs), mean, least, most };
  });
  const isApart = (i: number) => {
    const around = Math.min(apart[i - 1] ?? Number.POSITIVE_INFINITY, apart[i + 1] ?? Number.POSITIVE_INFINITY);
    return (apart[i] as number) > HOLD_PERIODS * Math.max(usual, Number.isFinite(around) ? around : 0);
  };
  const pieces: PowerPoint[][] = [];
  for (const [i, point] of points.entries()) {
    const isLast = i === points.length - 1;
    // A stretch is known from its beginning to its end, and not in its middle alone.
    if (i === 0 || isApart(i - 1)) pieces.push([{ ...point, time: point.time - everyMs / 2 }]);
    pieces.at(-1)?.push(point);
    if (isLast || isApart(i)) {
      pieces.at(-1)?.push({ ...point, time: Math.min(end, point.time + everyMs / 2) });
    }
  }
  return { points, pieces };
}

/** The time of a run split where the set of steps that run changes, with the energy of each part: they add up to the whole. */
function partsOf(power: PowerRecord, pieces: PowerPoint[][], nodes: readonly StepNode[], end: number): PowerPart[] {
  const running = nodes.filter(({ plan }) => !WAITING.has(plan.kind ?? ''));
  const ran = running.flatMap(({ name, tally }) =>
    tally.ran.map(({ from, to }) => ({ name, from, to: Math.min(to, end) })).filter(({ from, to }) => to > from),
  );
  const edges = [...new Set(ran.flatMap(({ from, to }) => [from, to]))].sort((a, b) => a - b);
  if (edges.length > MOST_PARTS) return [];
  const whole = areaOf(pieces, { from: Number.NEGATIVE_INFINITY, to: Number.POSITIVE_INFINITY });
  if (whole <= 0) return [];
  return edges.slice(1).flatMap((to, i) => {
    const from = edges[i] as number;
    const steps = [...new Set(ran.filter((one) => one.from < to && one.to > from).map(({ name }) => name))];
    const joules = (areaOf(pieces, { from, to }) / whole) * power.joules;
    return steps.length > 0 && joules > 0 ? [{ from, to, joules, steps }] : [];
  });
}

/** Below the line of the means, from one time to another, in watts times ms. */
function areaOf(pieces: readonly PowerPoint[][], { from, to }: Stretch): number {
  let area = 0;
  for (const piece of pieces) {
    for (const [i, b] of piece.entries()) {
      const a = piece[i - 1];
      if (a === undefined || b.time <= a.time) continue;
      const [left, right] = [Math.max(a.time, from), Math.min(b.time, to)];
      if (right <= left) continue;
      const middle = ((left + right) / 2 - a.time) / (b.time - a.time);
      area += (right - left) * (a.mean + middle * (b.mean - a.mean));
    }
  }
  return area;
}

/** The point that lies next to a time, by its number. */
export function nearestPoint(points: readonly PowerPoint[], time: number): number {
  let best = 0;
  for (const [i, point] of points.entries()) {
    if (Math.abs(point.time - time) < Math.abs((points[best] as PowerPoint).time - time)) best = i;
  }
  return best;
}

/** "12 s: 118 W, 112 to 125 W". */
export function pointText({ time, mean, least, most }: PowerPoint, unit: string, axis: TimeAxis): string {
  const { seconds, isAfterBreak } = axis.sinceS(time);
  const at = seconds < 1 ? '0 s' : estimate(seconds);
  const range = rangeText(least, most, unit);
  const said = `${isAfterBreak ? '+' : ''}${at}: ${valueText(mean, unit)}`;
  return least === most ? said : `${said}, ${range}`;
}

/** Where words of a width begin beside a place, so that they stay within the whole: behind it, else before it, else at its end. */
export function besideX(at: number, words: number, whole: number, apart = 5): number {
  if (at + apart + words <= whole) return at + apart;
  return at - apart - words >= 0 ? at - apart - words : Math.max(0, whole - words);
}

/** "112 to 125 W". */
export function rangeText(low: number, high: number, unit: string): string {
  const [a, b] = [valueText(low, unit), valueText(high, unit)];
  const [wordA, wordB] = [a.split(' ').at(-1), b.split(' ').at(-1)];
  return wordA === wordB || low === 0 ? `${a.split(' ')[0]} to ${b}` : `${a} to ${b}`;
}

/** The unit of a power times seconds. */
export function energyText(energy: number, unit: string): string {
  const joules = Number(energy.toPrecision(3));
  return unit === 'W' ? valueText(joules, 'J') : `${valueText(joules, '')} ${visible(unit)}·s`;
}

/** The next round number: 130, 150, 200. */
export function roundUp(value: number): number {
  if (value <= 0) return 0;
  const power = 10 ** Math.floor(Math.log10(value));
  const step = [1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10].find((one) => value <= one * power * 1.000001) ?? 10;
  return Number((step * power).toPrecision(3));
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
