import { levelIndex } from '../levels';
import type { FacetIndex, Tally } from './facets';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** Widths of a bin in ms that a reader can name. */
const WIDTHS = [
  ...[1, 2, 5, 10, 20, 50, 100, 200, 500],
  ...[1, 2, 5, 10, 15, 30].map((n) => n * SECOND),
  ...[1, 2, 5, 10, 15, 30].map((n) => n * MINUTE),
  ...[1, 2, 3, 6, 12].map((n) => n * HOUR),
  ...[1, 2, 7, 14, 30, 90, 365].map((n) => n * DAY),
];

/** Lines over time. `counts[level index][bin]`, bin b spans [start + b * width, start + (b + 1) * width) ms. */
export interface Bins {
  readonly start: number;
  readonly width: number;
  readonly length: number;
  readonly counts: readonly Uint32Array[];
}

/** The narrowest nameable width that spans `span` ms in at most `most` bins. */
export function binWidth(span: number, most: number): number {
  return WIDTHS.find((width) => span / width <= most - 1) ?? (WIDTHS[WIDTHS.length - 1] as number);
}

/** Bins that one chunk keeps at most: one line with a wild time must not cost memory by the year. */
const MAX_CHUNK_BINS = 4_096;

interface ChunkBins {
  width: number;
  first: number;
  done: number;
  counts: Uint32Array;
}

/** Lines over time by level. Bins are kept chunk by chunk, so that a new line changes those of one chunk only. */
export class Histogram {
  private parts = new WeakMap<Tally, ChunkBins>();

  constructor(private readonly facets: FacetIndex) {}

  /** First and last time of the lines looked at, in ms; null where there is none. */
  extent(): readonly [number, number] | null {
    let min = Number.POSITIVE_INFINITY;
    let max = Number.NEGATIVE_INFINITY;
    for (const tally of this.facets.tallies) {
      min = Math.min(min, tally.minTs);
      max = Math.max(max, tally.maxTs);
    }
    return min <= max ? [min, max] : null;
  }

  /** Counts within [from, to] ms in at most `most` bins. */
  bins(from: number, to: number, most: number): Bins {
    const width = binWidth(Math.max(1, to - from), most);
    const first = Math.floor(from / width);
    const length = Math.floor(to / width) - first + 1;
    const counts = [0, 1, 2, 3, 4].map(() => new Uint32Array(length));
    for (const tally of this.facets.tallies) {
      if (tally.maxTs < from - width || tally.minTs > to + width || tally.done === 0) continue;
      if ((tally.maxTs - tally.minTs) / width > MAX_CHUNK_BINS) {
        this.scatter(tally, width, first, counts);
        continue;
      }
      const part = this.part(tally, width);
      const size = part.counts.length / 5;
      for (let level = 0; level < 5; level++) {
        const sum = counts[level] as Uint32Array;
        for (let b = 0; b < size; b++) {
          const at = part.first + b - first;
          if (at >= 0 && at < length) sum[at] = (sum[at] as number) + (part.counts[level * size + b] as number);
        }
      }
    }
    return { start: first * width, width, length, counts };
  }

  /** Count lines that spread too far in time for bins of their own, straight into the sums. */
  private scatter({ chunk, segment, timed, timedCount, done }: Tally, width: number, first: number, sums: Uint32Array[]) {
    const count = timed ? timedCount : segment.below(done);
    for (let k = 0; k < count; k++) {
      const offset = timed ? (timed[k] as number) : segment.offset(k);
      const sum = sums[levelIndex(chunk.level[offset] as number)] as Uint32Array;
      const at = Math.floor((chunk.ts[offset] as number) / width) - first;
      if (at >= 0 && at < sum.length) sum[at] = (sum[at] as number) + 1;
    }
  }

  private part(tally: Tally, width: number): ChunkBins {
    const count = tally.timed ? tally.timedCount : tally.segment.below(tally.done);
    const first = Math.floor(tally.minTs / width);
    const size = Math.floor(tally.maxTs / width) - first + 1;
    let part = this.parts.get(tally);
    if (!part || part.width !== width || part.first !== first) {
      part = { width, first, done: 0, counts: new Uint32Array(size * 5) };
      this.parts.set(tally, part);
    } else if (part.counts.length !== size * 5) {
      part.counts = widened(part.counts, size);
    }
    const { chunk, segment, timed } = tally;
    for (let k = part.done; k < count; k++) {
      const offset = timed ? (timed[k] as number) : segment.offset(k);
      const bin = Math.floor((chunk.ts[offset] as number) / width) - first;
      const at = levelIndex(chunk.level[offset] as number) * size + bin;
      part.counts[at] = (part.counts[at] as number) + 1;
    }
    part.done = count;
    return part;
  }
}

function widened(counts: Uint32Array, size: number): Uint32Array {
  const old = counts.length / 5;
  const out = new Uint32Array(size * 5);
  for (let level = 0; level < 5; level++) out.set(counts.subarray(level * old, (level + 1) * old), level * size);
  return out;
}
