/** A metric of a step by repetition: its mean, how far values usually lie from it, and the limits that it must keep. Pure. */

import type { JobDetails, LimitRecord, PlanRecord, RepetitionRecord } from '../../../sync/messages';
import { meanOf, sdOf, spreadOf } from '../../runs/model/stats';

export const WIDTH = 460;
export const HEIGHT = 166;
export const LEFT = 62;
export const RIGHT = 452;
export const TOP = 20;
export const BOTTOM = 132;

export interface Point {
  readonly x: number;
  readonly y: number;
  readonly kind: 'warmup' | 'plain' | 'off' | 'failed';
  readonly title: string;
  /** Written beside it: of what lies far off. */
  readonly name: string;
}

export interface LimitLine {
  readonly y: number;
  readonly label: string;
  /** Beyond the picture: above or below it. */
  readonly beyond: 'above' | 'below' | null;
}

export interface MetricPlot {
  readonly points: readonly Point[];
  readonly rules: readonly { y: number; label: string }[];
  readonly marks: readonly { x: number; label: string }[];
  readonly band: { from: number; to: number } | null;
  readonly meanY: number | null;
  readonly limits: readonly LimitLine[];
  readonly mean: number | null;
  readonly sd: number | null;
  readonly count: number;
  readonly off: number;
}

const OWN_UNITS: Readonly<Record<string, string>> = { wall: 's', cpu: 's', memory: 'B' };
const MOST_NAMED = 4;
/** A limit that is farther away than so many heights of the values is named at the edge. */
const FAR = 2;

export function unitOf(plan: PlanRecord, metric: string): string {
  return plan.metrics?.[metric]?.unit ?? OWN_UNITS[metric] ?? '';
}

/** The value of a metric in one repetition; null where it was not measured. */
export function measuredIn(repetition: RepetitionRecord, metric: string): number | null {
  const own = repetition.metrics?.[metric];
  if (own !== undefined) return own;
  if (metric === 'wall') return repetition.wallS;
  if (metric === 'memory') return repetition.maxRssBytes;
  if (metric === 'cpu') return repetition.cpuUserS === null ? null : repetition.cpuUserS + (repetition.cpuSystemS ?? 0);
  return null;
}

/** The metrics that were measured: those of the recipe first. */
export function metricsOf(plan: PlanRecord, details: JobDetails): string[] {
  const found = new Set<string>();
  for (const name of [...Object.keys(plan.metrics ?? {}), ...Object.keys(plan.limits ?? {})]) found.add(name);
  for (const one of details.repetitions) for (const name of Object.keys(one.metrics ?? {})) found.add(name);
  for (const name of Object.keys(OWN_UNITS)) found.add(name);
  return [...found].filter((name) => details.repetitions.some((one) => measuredIn(one, name) !== null));
}

export function metricPlot(
  repetitions: readonly RepetitionRecord[],
  metric: string,
  unit: string,
  limit: LimitRecord | undefined,
): MetricPlot | null {
  const shown = repetitions.flatMap((one) => {
    const value = measuredIn(one, metric);
    return value === null ? [] : [{ one, value }];
  });
  if (shown.length === 0) return null;
  const good = shown.filter(({ one }) => one.number > 0 && one.status === 'succeeded').map(({ value }) => value);
  const spread = spreadOf(good);
  const mean = good.length > 0 ? meanOf(good) : null;
  const sd = sdOf(good);
  const [low, high] = domain(
    shown.map(({ value }) => value),
    limitValues(limit),
  );
  const y = (value: number) => BOTTOM - ((value - low) / (high - low)) * (BOTTOM - TOP);
  const x = (i: number) =>
    LEFT + 10 + (shown.length === 1 ? (RIGHT - LEFT - 20) / 2 : (i / (shown.length - 1)) * (RIGHT - LEFT - 20));
  let named = 0;
  const points = shown.map(({ one, value }, i): Point => {
    const isOff =
      one.number > 0 && one.status === 'succeeded' && spread !== null && (value < spread.low || value > spread.high);
    const kind = one.number === 0 ? 'warmup' : one.status !== 'succeeded' ? 'failed' : isOff ? 'off' : 'plain';
    const said = valueText(value, unit);
    const name = (isOff || kind === 'failed') && named++ < MOST_NAMED ? said : '';
    return { x: x(i), y: y(value), kind, name, title: `${one.number === 0 ? 'warm-up' : `repetition ${one.number}`}: ${said}` };
  });
  const within = (value: number) => Math.max(TOP, Math.min(BOTTOM, value));
  return {
    points,
    rules: rulesOf(low, high).map((value) => ({ y: y(value), label: valueText(value, unit) })),
    marks: shown.flatMap(({ one }, i) =>
      isMarked(i, shown.length) ? { x: x(i), label: one.number === 0 ? 'w' : String(one.number) } : [],
    ),
    band: mean === null || sd === null ? null : { from: within(y(mean + sd)), to: within(y(mean - sd)) },
    meanY: mean === null ? null : y(mean),
    limits: limitLines(limit, unit, low, high, y),
    mean,
    sd,
    count: good.length,
    off: points.filter((point) => point.kind === 'off').length,
  };
}

function limitValues(limit: LimitRecord | undefined): number[] {
  return [limit?.min, limit?.max, limit?.equals].filter((value): value is number => typeof value === 'number');
}

/** From the least to the most of the values, and limits that are not far away. */
function domain(values: readonly number[], limits: readonly number[]): [low: number, high: number] {
  let [low, high] = [Math.min(...values), Math.max(...values)];
  const room = high - low || Math.abs(high) * 0.1 || 1;
  const near = limits.filter((limit) => limit > low - FAR * room && limit < high + FAR * room);
  low = Math.min(low, ...near);
  high = Math.max(high, ...near);
  const pad = (high - low || room) * 0.1;
  return [low - pad, high + pad];
}

function limitLines(
  limit: LimitRecord | undefined,
  unit: string,
  low: number,
  high: number,
  y: (value: number) => number,
): LimitLine[] {
  const words = [
    ['max', limit?.max],
    ['min', limit?.min],
    ['equals', limit?.equals],
  ] as const;
  return words.flatMap(([word, value]) => {
    if (typeof value !== 'number') return [];
    const beyond = value > high ? 'above' : value < low ? 'below' : null;
    const at = beyond === 'above' ? TOP - 6 : beyond === 'below' ? HEIGHT : y(value);
    return [{ y: at, label: `${word} ${valueText(value, unit)}${beyond === null ? '' : `, ${beyond}`}`, beyond }];
  });
}

function rulesOf(low: number, high: number): number[] {
  const power = 10 ** Math.floor(Math.log10(high - low));
  const step = [0.2, 0.5, 1, 2].map((one) => one * power).find((one) => (high - low) / one <= 4) ?? 5 * power;
  const rules: number[] = [];
  for (let k = Math.ceil(low / step); k * step <= high; k++) rules.push(Number((k * step).toPrecision(12)));
  return rules;
}

function isMarked(i: number, total: number): boolean {
  const step = Math.max(1, Math.ceil(total / 10));
  return i === 0 || i === total - 1 || (i % step === 0 && total - 1 - i >= step / 2);
}

const SCALES: readonly (readonly [number, string])[] = [
  [1e12, 'T'],
  [1e9, 'G'],
  [1e6, 'M'],
  [1e3, 'k'],
];
const SMALL: readonly (readonly [number, string])[] = [
  [1, ''],
  [1e-3, 'm'],
  [1e-6, 'µ'],
  [1e-9, 'n'],
];
const PLAIN = new Set(['s', 'B', 'W', 'J', 'Hz', 'V', 'A', 'm', 'g', 'N', 'Pa', 'b', 'bit', 'byte']);

/** A value with its unit: "31.2 ms", "4.1 MB", "12.5 %". */
export function valueText(value: number, unit: string): string {
  if (value === 0 || !Number.isFinite(value)) return `${value} ${unit}`.trim();
  const size = Math.abs(value);
  const prefixes = PLAIN.has(unit)
    ? size < 1 && unit !== 'B' && unit !== 'byte'
      ? SMALL
      : [...SCALES, [1, ''] as const]
    : [[1, ''] as const];
  // Minutes are told as seconds: a kilosecond is nobody's unit.
  const [per, prefix] =
    unit === 's' && size >= 1
      ? [1, '']
      : (prefixes.find(([from]) => size >= from * 0.9995) ?? [prefixes.at(-1)?.[0] ?? 1, prefixes.at(-1)?.[1] ?? '']);
  const short = unit === 'byte' ? 'B' : unit;
  return `${Number((value / per).toPrecision(4))} ${prefix}${short}`.trim();
}

/** A mean with its spread, as far as its digits are known: "25.5 ± 1.9 ms". */
export function spreadText(mean: number, sd: number | null, unit: string): string {
  if (sd === null || sd === 0) return valueText(mean, unit);
  const said = valueText(mean, unit);
  const [figure = '', ...words] = said.split(' ');
  const scale = mean === 0 || Number(figure) === 0 ? 1 : Math.round(Math.log10(mean / Number(figure)));
  const spread = scale === 1 && mean === 0 ? sd : sd / 10 ** scale;
  const places = Math.max(0, Math.min(4, 1 - Math.floor(Math.log10(spread))));
  return [(mean / 10 ** (mean === 0 ? 0 : scale)).toFixed(places), '±', spread.toFixed(places), ...words].join(' ');
}
