/** The bar of a job that has ended, on the axis of its run: where its mean and its repetitions stand. Pure. */

import { isOutlier, spreadOf } from './stats';

export interface Dot {
  /** 0 to 1 on the axis. */
  readonly x: number;
  /** 0 to 1 from top to bottom: only so that equal ones can be told apart. */
  readonly y: number;
  readonly isOff: boolean;
}

/** More are not drawn: they could not be told apart. */
const MOST_DOTS = 200;
/** Neighbours on the axis stand so far from each other that a hundred equal times make a cloud. */
const GOLDEN = 0.618_033_988_75;

/** The dots of some times on an axis that ends at `end` seconds. */
export function dotsOf(times: readonly number[], end: number): Dot[] {
  if (!(end > 0)) return [];
  const spread = spreadOf(times);
  const step = Math.max(1, times.length / MOST_DOTS);
  const dots: Dot[] = [];
  for (let at = 0; at < times.length; at += step) {
    const time = times[Math.floor(at)] as number;
    dots.push({ x: Math.min(1, time / end), y: (dots.length * GOLDEN) % 1, isOff: isOutlier(time, spread) });
  }
  return dots;
}
