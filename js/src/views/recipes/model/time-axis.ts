/** The axis of a run's time: long stretches in which nothing ran are folded into narrow breaks. Pure; times in ms. */

import { estimate } from '../../shared/format';

export interface Stretch {
  readonly from: number;
  readonly to: number;
}

/** A stretch in which nothing ran, drawn much shorter than it was. Where it stands on the axis, 0 to 1. */
export interface Break {
  readonly from: number;
  readonly to: number;
  /** "14 h 02 m later". */
  readonly label: string;
  /** From when to when nothing ran. */
  readonly time: Stretch;
}

export interface Tick {
  readonly at: number;
  readonly label: string;
}

export interface TimeAxis {
  /** Where a time stands on the axis, 0 to 1. */
  at(time: number): number;
  /** The time that stands there. */
  timeAt(share: number): number;
  readonly breaks: readonly Break[];
  readonly ticks: readonly Tick[];
  /** Seconds from the beginning to a time, or from the last break before it to it. */
  sinceS(time: number): { readonly seconds: number; readonly isAfterBreak: boolean };
}

/** A shorter stretch in which nothing ran is never folded. */
const LEAST_FOLDED_MS = 10_000;
/** What is folded takes such a share of what is known; of many breaks all together take so much at most. */
const BREAK_SHARE = 0.06;
const MOST_BREAKS_SHARE = 0.3;
/** How many times as long as what has been the axis is at most, to show a time limit. */
const MOST_FUTURE = 2;

export interface AxisAsked {
  readonly start: number;
  /** The last that is known. */
  readonly latest: number;
  /** Whether a little room stays at the end, so that the last bar does not end at the edge. */
  readonly hasRoom: boolean;
  /** Now, where the run goes on: nothing ran since the last that did, and nobody knows yet for how long. */
  readonly live: number | null;
  /** When something ran, or will. */
  readonly ran: readonly Stretch[];
  /** Time limits, which are seen, but do not press all else into a corner. */
  readonly limits: readonly number[];
}

export function timeAxis({ start, latest, hasRoom, live, ran, limits }: AxisAsked): TimeAxis {
  const folds = foldsOf(start, latest, ran, live);
  const drawn = (time: number) => folds.reduce((sum, fold) => sum - hiddenBefore(fold, time), time - start);
  // Of a run that has just begun, a second.
  const room = Math.max(drawn(latest), 1_000) * (hasRoom ? 1.02 : 1);
  const most = Math.max(room, MOST_FUTURE * drawn(live ?? latest));
  const whole = Math.min(Math.max(room, ...limits.map((limit) => drawn(limit) * 1.02)), most);
  const at = (time: number) => Math.max(0, Math.min(1, drawn(time) / whole));
  const begins = [start, ...folds.map((fold) => fold.to)];
  return {
    at,
    timeAt: (share) => timeOf(share * whole, start, folds),
    breaks: folds.map(({ from, to }) => ({ from: at(from), to: at(to), label: laterText(to - from), time: { from, to } })),
    ticks: begins.flatMap((begin, i) => {
      const end = folds[i]?.from ?? timeOf(whole, start, folds);
      const [first, ...others] = ticksOf(whole / 1_000, (end - begin) / 1_000);
      const shown = i === 0 && first !== undefined ? [first, ...others] : others;
      return shown.map(({ seconds, label }) => ({ at: at(begin + 1_000 * seconds), label: i === 0 ? label : `+${label}` }));
    }),
    sinceS: (time) => {
      const begin = begins.filter((one) => one <= time).pop() ?? start;
      return { seconds: Math.max(0, time - begin) / 1_000, isAfterBreak: begin !== start };
    },
  };
}

function laterText(ms: number): string {
  return `${estimate(ms / 1_000)} later`;
}

interface Fold extends Stretch {
  /** As long as it is drawn. */
  readonly drawn: number;
}

function hiddenBefore({ from, to, drawn }: Fold, time: number): number {
  const share = Math.max(0, Math.min(1, (time - from) / (to - from)));
  return share * (to - from - drawn);
}

function timeOf(drawn: number, start: number, folds: readonly Fold[]): number {
  let time = start + drawn;
  for (const fold of folds) {
    if (time <= fold.from) break;
    const share = Math.min(1, (time - fold.from) / fold.drawn);
    time += share * (fold.to - fold.from - fold.drawn);
  }
  return time;
}

/** Which stretches are folded: each one that would take more of the axis than its break does. */
function foldsOf(start: number, latest: number, ran: readonly Stretch[], live: number | null): Fold[] {
  const gaps = gapsOf(start, latest, ran).filter(({ from, to }) => to - from > LEAST_FOLDED_MS);
  gaps.sort((a, b) => b.to - b.from - (a.to - a.from));
  let base = latest - start;
  let folded: Stretch[] = [];
  let length = 0;
  for (const gap of gaps) {
    const count = folded.length + 1;
    const share = Math.min(BREAK_SHARE, MOST_BREAKS_SHARE / count);
    const left = base - (gap.to - gap.from);
    const wished = (Math.max(left, 1_000) * share) / (1 - count * share);
    // So nothing jumps when a stretch has become as long, or what ran so much longer, that this turns round.
    if (gap.to - gap.from <= wished) break;
    [base, length, folded] = [left, wished, [...folded, gap]];
  }
  // What grows with the clock stays as long as it was when it was folded: nothing jumps while one waits.
  const drawnOf = (gap: Stretch) => (gap.to === live ? Math.max(length, LEAST_FOLDED_MS) : length);
  return folded.sort((a, b) => a.from - b.from).map((gap) => ({ ...gap, drawn: drawnOf(gap) }));
}

/** The stretches between `start` and `latest` in which nothing ran. */
export function gapsOf(start: number, latest: number, ran: readonly Stretch[]): Stretch[] {
  const gaps: Stretch[] = [];
  let end = start;
  for (const { from, to } of [...ran].sort((a, b) => a.from - b.from)) {
    if (from > end) gaps.push({ from: end, to: Math.min(from, latest) });
    end = Math.max(end, to);
  }
  if (latest > end) gaps.push({ from: end, to: latest });
  return gaps.filter(({ from, to }) => to > from);
}

const STEPS_S = [
  ...[0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1_800, 3_600, 7_200, 14_400, 43_200],
  86_400,
];
const MOST_TICKS = 6;

/** Round times from the beginning on, as dense as an axis of `whole` seconds has them, up to `until` of them. */
export function ticksOf(whole: number, until = whole): { readonly seconds: number; readonly label: string }[] {
  const step = STEPS_S.find((one) => whole / one <= MOST_TICKS) ?? Math.ceil(whole / MOST_TICKS / 86_400) * 86_400;
  const [per, unit] = step < 1 ? [0.001, 'ms'] : step < 60 ? [1, 's'] : step < 3_600 ? [60, 'min'] : [3_600, 'h'];
  const ticks: { seconds: number; label: string }[] = [];
  for (let k = 0; k * step <= until; k++) {
    ticks.push({ seconds: k * step, label: `${Number(((k * step) / per).toPrecision(6))} ${unit}` });
  }
  return ticks;
}
