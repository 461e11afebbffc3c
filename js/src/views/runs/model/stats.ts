/** What the times of repetitions say: pure. */

/** From so many on, it makes sense to say that one of them is far off. */
export const MIN_FOR_OUTLIERS = 5;
const MADS = 3;
/** Makes the MAD of normally distributed times their standard deviation; the other does so for the mean deviation. */
const NORMAL_MAD = 1.4826;
const NORMAL_MEAN_DEVIATION = 1.2533;

export interface Spread {
  readonly median: number;
  /** Scaled to be the standard deviation where the times are normally distributed. */
  readonly mad: number;
  /** What lies beyond these is an outlier: the median ± 3 MAD. */
  readonly low: number;
  readonly high: number;
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const half = sorted.length >> 1;
  const upper = sorted[half] as number;
  return sorted.length % 2 === 1 ? upper : ((sorted[half - 1] as number) + upper) / 2;
}

/** The median and how far times usually lie from it; null where there are too few to say. */
export function spreadOf(times: readonly number[]): Spread | null {
  if (times.length < MIN_FOR_OUTLIERS) return null;
  const middle = median(times);
  const distances = times.map((time) => Math.abs(time - middle));
  let mad = NORMAL_MAD * median(distances);
  // Where more than half are equal, as a coarse clock makes them: the mean distance instead (Iglewicz and Hoaglin).
  if (mad === 0) mad = NORMAL_MEAN_DEVIATION * meanOf(distances);
  return { median: middle, mad, low: middle - MADS * mad, high: middle + MADS * mad };
}

export function isOutlier(time: number, spread: Spread | null): boolean {
  return spread !== null && (time < spread.low || time > spread.high);
}

export function meanOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** The standard deviation of the sample; null for fewer than two. */
export function sdOf(values: readonly number[]): number | null {
  if (values.length < 2) return null;
  const mean = meanOf(values);
  return Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (values.length - 1));
}
