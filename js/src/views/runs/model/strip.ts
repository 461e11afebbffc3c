/** The bar of a job that has ended, on the axis of its run: where its mean and its repetitions stand. Pure. */

import { type Axis, placeOn } from './scale';
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

/** The dots of some numbers on an axis. */
export function dotsOf(numbers: readonly number[], axis: Axis): Dot[] {
  const spread = spreadOf(numbers);
  const step = Math.max(1, numbers.length / MOST_DOTS);
  const dots: Dot[] = [];
  for (let at = 0; at < numbers.length; at += step) {
    const number = numbers[Math.floor(at)] as number;
    dots.push({ x: placeOn(axis, number), y: (dots.length * GOLDEN) % 1, isOff: isOutlier(number, spread) });
  }
  return dots;
}
