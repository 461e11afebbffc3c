/** A small curve of a quantity's last minute: pure. Times in ms since 1970, the rest in px. */

import type { SampleWindow } from '../../sync/messages';
import { inOrder } from './texts';

export const SPAN_MS = 60_000;
export const WIDTH = 96;
export const HEIGHT = 20;
const MARGIN = 3;
/** The curve's height is worth this share of the figure at least, so that noise does not look like a mountain. */
const LEAST_SHARE = 0.05;

export interface Spark {
  /** Pieces of the curve, each as the points of a polyline: where samples are missing it is broken. */
  readonly pieces: readonly string[];
  /** Where the last sample lies. */
  readonly end: readonly [x: number, y: number] | null;
  /** From where on nothing is known; null where it is known until now. */
  readonly silentFrom: number | null;
  /** The least and the largest that are shown. */
  readonly low: number | null;
  readonly high: number | null;
}

const NOTHING: Spark = { pieces: [], end: null, silentFrom: null, low: null, high: null };

/**
 * The curve of a window of samples that ends now.
 *
 * `isKnown`: whether the device answers; `staleMs`: how far apart samples may lie that belong together.
 */
export function sparkOf(window: SampleWindow | undefined, now: number, isKnown: boolean, staleMs: number): Spark {
  const all = inOrder(window);
  const last = all.at(-1);
  if (last === undefined) return NOTHING;
  // Who answers is not silent: where its last sample seems too old, the clocks of server and page differ.
  const end = Math.max(last[0], isKnown && now - last[0] > staleMs ? last[0] : now);
  const begin = end - SPAN_MS;
  const shown = all.filter(([at]) => at >= begin);
  const x = (at: number) => round(((at - begin) / SPAN_MS) * WIDTH);
  if (shown.length === 0) return { ...NOTHING, silentFrom: isKnown ? null : 0 };
  const values = shown.map(([, value]) => value);
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const room = Math.max(high - low, LEAST_SHARE * Math.max(Math.abs(low), Math.abs(high)), Number.MIN_VALUE);
  const middle = (low + high) / 2;
  const y = (value: number) => round(HEIGHT / 2 - ((value - middle) / room) * (HEIGHT - 2 * MARGIN));
  const pieces: string[] = [];
  let piece: string[] = [];
  let before: number | null = null;
  for (const [at, value] of shown) {
    if (before !== null && at - before > staleMs) {
      pieces.push(piece.join(' '));
      piece = [];
    }
    piece.push(`${x(at)},${y(value)}`);
    before = at;
  }
  pieces.push(piece.join(' '));
  return { pieces, end: [x(last[0]), y(last[1])], silentFrom: isKnown ? null : x(last[0]), low, high };
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
