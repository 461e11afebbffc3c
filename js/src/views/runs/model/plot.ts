/** Where everything stands in the plot of a job's repetitions. Pure. */

import type { RepetitionRecord } from '../../../sync/messages';
import { unitOf } from './figures';
import { isOutlier, type Spread } from './stats';

export const WIDTH = 430;
export const RIGHT = 422;
export const TOP = 8;
export const BOTTOM = 112;
export const LOAD_TOP = 126;
export const LOAD_BOTTOM = 146;
/** Where the plot begins; farther to the right where its longest label needs that. */
const LEFT = 42;
const LABEL_GAP = 6;
/** More off ones are not named: their names would lie over each other. */
const MOST_NAMES = 4;

export interface Point {
  readonly x: number;
  readonly y: number;
  readonly kind: 'warmup' | 'plain' | 'off' | 'failed';
  /** What the plot says beside it; empty for most. */
  readonly name: string;
  readonly title: string;
}

export interface Plotted {
  /** Where its labels end and it begins. */
  readonly left: number;
  readonly points: readonly Point[];
  readonly rules: readonly { readonly y: number; readonly label: string }[];
  readonly marks: readonly { readonly x: number; readonly label: string }[];
  readonly band: { readonly from: number; readonly to: number; readonly middle: number } | null;
  /** Where the warm-ups end; null where there are none. */
  readonly warmTo: number | null;
  readonly load: { readonly line: string; readonly area: string; readonly most: number; readonly mostX: number } | null;
}

export function plotOf(repetitions: readonly RepetitionRecord[], spread: Spread | null): Plotted | null {
  const shown = repetitions.filter((one) => one.wallS !== null);
  // One alone compares with nothing; the row says what it took.
  if (shown.length < 2) return null;
  const times = shown.map((one) => one.wallS as number);
  const bounds = spread === null ? [] : [spread.low, spread.high];
  const [low, high] = padded(Math.max(0, Math.min(...times, ...bounds)), Math.max(...times, ...bounds));
  const y = (time: number) => BOTTOM - ((time - low) / (high - low)) * (BOTTOM - TOP);
  const { per, name: unit } = unitOf(high);
  const step = stepOf((high - low) / per);
  const digits = Math.max(0, -Math.floor(Math.log10(step) + 1e-9));
  const text = (time: number) => (time / per).toFixed(digits + 1);
  const rules = rulesOf(low / per, high / per, step, digits).map((value, i, all) => ({
    y: y(value * per),
    label: `${value.toFixed(digits)}${i === all.length - 1 ? ` ${unit}` : ''}`,
  }));
  const left = Math.max(LEFT, LABEL_GAP + Math.max(...rules.map(({ label }) => widthOf(label))));
  const x = (i: number) => left + 10 + (i / (shown.length - 1)) * (RIGHT - left - 20);
  let named = 0;
  const points = shown.map((one, i): Point => {
    const time = one.wallS as number;
    const isOff = one.number > 0 && one.status === 'succeeded' && isOutlier(time, spread);
    const kind = one.number === 0 ? 'warmup' : one.status !== 'succeeded' ? 'failed' : isOff ? 'off' : 'plain';
    const title = `${one.number === 0 ? 'warm-up' : `repetition ${one.number}`}: ${text(time)} ${unit}`;
    const isNamed = isOff && named < MOST_NAMES;
    if (isNamed) named++;
    return { x: x(i), y: y(time), kind, name: isNamed ? text(time) : '', title };
  });
  const warm = shown.filter((one) => one.number === 0).length;
  return {
    points,
    left,
    rules,
    marks: marksOf(shown, x),
    band:
      spread === null
        ? null
        : { from: y(Math.min(high, spread.high)), to: y(Math.max(low, spread.low)), middle: y(spread.median) },
    warmTo: warm === 0 ? null : warm === shown.length ? RIGHT : (x(warm - 1) + x(warm)) / 2,
    load: loadOf(shown, x),
  };
}

/** About so many px wide is a label in the letters of the plot. */
function widthOf(label: string): number {
  return [...label].reduce((sum, c) => sum + ('., '.includes(c) ? 3.5 : c === 'm' ? 10.5 : 7), 0);
}

/** A little room above and below; some, too, where all are equal. */
function padded(low: number, high: number): readonly [number, number] {
  const room = (high - low || high * 0.1 || 1) * 0.08;
  return [Math.max(0, low - room), high + room];
}

function stepOf(range: number): number {
  const power = 10 ** Math.floor(Math.log10(range));
  for (const step of [0.2, 0.5, 1]) if (range / (step * power) <= 5) return step * power;
  return 2 * power;
}

function rulesOf(low: number, high: number, step: number, digits: number): number[] {
  const rules: number[] = [];
  for (let k = Math.ceil(low / step - 1e-9); k * step <= high + 1e-12; k++) rules.push(Number((k * step).toFixed(digits + 2)));
  return rules;
}

/** The first repetition, the last, and round ones between. */
function marksOf(shown: readonly RepetitionRecord[], x: (i: number) => number): { x: number; label: string }[] {
  const last = shown[shown.length - 1]?.number ?? 0;
  const first = shown.find((one) => one.number > 0)?.number ?? 1;
  const span = Math.max(1, last - first);
  const step = [1, 2, 5, 10, 20, 50, 100, 200, 500].find((one) => span / one <= 5) ?? Math.ceil(span / 5);
  return shown.flatMap((one, i) => {
    const isRound = one.number % step === 0 && last - one.number >= step / 2;
    return one.number > 0 && (one.number === first || one.number === last || isRound)
      ? [{ x: x(i), label: String(one.number) }]
      : [];
  });
}

function loadOf(shown: readonly RepetitionRecord[], x: (i: number) => number): Plotted['load'] {
  const loads = shown.flatMap((one, i) => (one.otherLoad === null ? [] : [{ x: x(i), load: one.otherLoad }]));
  if (loads.length < 2) return null;
  const peak = loads.reduce((best, one) => (one.load > best.load ? one : best));
  const top = Math.max(1, peak.load);
  const line = loads.map(
    (one) => `${one.x.toFixed(1)},${(LOAD_BOTTOM - (one.load / top) * (LOAD_BOTTOM - LOAD_TOP)).toFixed(1)}`,
  );
  const [from, to] = [loads[0]?.x ?? 0, loads[loads.length - 1]?.x ?? 0];
  return {
    line: line.join(' '),
    area: `${from.toFixed(1)},${LOAD_BOTTOM} ${line.join(' ')} ${to.toFixed(1)},${LOAD_BOTTOM}`,
    most: peak.load,
    mostX: peak.x,
  };
}
