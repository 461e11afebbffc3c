/** The axis that the jobs of a run share: from 0 to the slowest repetition. Pure. */

import { unitOf } from './figures';

export interface Tick {
  /** Where it stands, 0 to 1. */
  readonly at: number;
  readonly label: string;
}

const MOST_TICKS = 5;

/** Round numbers from 0 to `max` seconds, the last one with its unit. */
export function axisOf(max: number): Tick[] {
  if (!(max > 0)) return [];
  const { per, name } = unitOf(max);
  const end = max / per;
  const step = stepOf(end);
  const ticks: Tick[] = [];
  const count = Math.floor(end / step + 1e-9);
  for (let k = 0; k <= count; k++) {
    const value = Number((k * step).toPrecision(12));
    ticks.push({ at: value / end, label: k === count ? `${value} ${name}` : String(value) });
  }
  return ticks;
}

function stepOf(end: number): number {
  const power = 10 ** Math.floor(Math.log10(end));
  for (const step of [0.1, 0.2, 0.25, 0.5, 1]) if (end / (step * power) <= MOST_TICKS) return step * power;
  return 2 * power;
}
