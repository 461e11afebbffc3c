/** The axis that the jobs of a run share: from 0 to the largest repetition, below 0 where there is one. Pure. */

import { unitOf } from './figures';
import type { Summed } from './measures';

export interface Axis {
  readonly low: number;
  readonly high: number;
  /** Of the measure; null where it has none. */
  readonly unit: string | null;
}

export interface Tick {
  /** Where it stands, 0 to 1. */
  readonly at: number;
  readonly label: string;
}

const MOST_TICKS = 5;

/** An axis on which all of these have their place; null where there is nothing to be seen on it. */
export function axisFor(all: Iterable<Summed>): Axis | null {
  let low = 0;
  let high = 0;
  let unit: string | null = null;
  for (const one of all) {
    low = Math.min(low, one.mean, one.least);
    high = Math.max(high, one.mean, one.most);
    unit ??= one.unit;
  }
  return high > low && Number.isFinite(high - low) ? { low, high, unit } : null;
}

/** Where a number stands, 0 to 1. */
export function placeOn({ low, high }: Axis, value: number): number {
  return Math.min(1, Math.max(0, (value - low) / (high - low)));
}

/** Round numbers, the last one with its unit. */
export function axisTicks({ low, high, unit }: Axis): Tick[] {
  const { per, name } = unitOf(Math.max(high, -low), unit);
  const [from, to] = [low / per, high / per];
  const step = stepOf(to - from);
  const ticks: Tick[] = [];
  const last = Math.floor(to / step + 1e-9);
  for (let k = Math.ceil(from / step - 1e-9); k <= last; k++) {
    const value = Number((k * step).toPrecision(12));
    const text = Math.abs(value) >= 1e6 ? value.toExponential() : String(value);
    ticks.push({ at: (value - from) / (to - from), label: k === last ? `${text} ${name}`.trimEnd() : text });
  }
  return ticks;
}

function stepOf(width: number): number {
  const power = 10 ** Math.floor(Math.log10(width));
  for (const step of [0.1, 0.2, 0.25, 0.5, 1]) if (width / (step * power) <= MOST_TICKS) return step * power;
  return 2 * power;
}
