import { firstNotBefore } from '../search';
import type { Chunk } from '../store/chunk';
import type { FilterIndex, RowSet, Segment } from './filter';

interface ChunkRows {
  readonly segment: Segment;
  readonly chunk: Chunk;
  /** What it was made of: hits of the chunk before, its own, and of the one after. */
  readonly stamp: string;
  readonly rows: Uint16Array;
}

/** The hits of a filter with `lines` lines before and after each, every line once. */
export class ContextRows implements RowSet {
  total = 0;
  private parts: ChunkRows[] = [];
  private starts: number[] = [];
  private seen = -1;

  constructor(
    private readonly hits: FilterIndex,
    readonly lines: number,
  ) {}

  /** Follow the filter; only chunks whose neighbourhood changed are made anew. */
  sync(): void {
    if (this.seen === this.hits.version) return;
    this.seen = this.hits.version;
    const old = new Map(this.parts.map((part) => [part.segment, part]));
    const { segments } = this.hits;
    this.parts = segments.map((segment, s) => {
      const before = segments[s - 1];
      const after = segments[s + 1];
      const stamp = `${before?.hits}/${before?.chunk.count}/${segment.hits}/${segment.chunk.count}/${after?.hits}`;
      const known = old.get(segment);
      if (known && known.stamp === stamp) return known;
      return { segment, chunk: segment.chunk, stamp, rows: this.spread(segment, before, after) };
    });
    this.starts = [];
    this.total = 0;
    for (const part of this.parts) {
      this.starts.push(this.total);
      this.total += part.rows.length;
    }
  }

  at(rank: number): number {
    const { starts } = this;
    const p = firstNotBefore(starts.length, (k) => (starts[k] as number) <= rank) - 1;
    const { chunk, rows } = this.parts[p] as ChunkRows;
    return chunk.start + (rows[rank - (starts[p] as number)] as number);
  }

  rank(i: number): number {
    const p = this.parts.findIndex(({ chunk }) => i < chunk.start + chunk.count);
    if (p < 0) return this.total;
    const { chunk, rows } = this.parts[p] as ChunkRows;
    const offset = i - chunk.start;
    return (this.starts[p] as number) + firstNotBefore(rows.length, (k) => (rows[k] as number) < offset);
  }

  private spread(segment: Segment, before: Segment | undefined, after: Segment | undefined): Uint16Array {
    const k = this.lines;
    const { count } = segment.chunk;
    const rows = new Uint16Array(count);
    let n = 0;
    let next = 0;
    const take = (from: number, to: number) => {
      for (let offset = Math.max(next, from); offset <= Math.min(to, count - 1); offset++) rows[n++] = offset;
      next = Math.max(next, Math.min(to, count - 1) + 1);
    };
    if (before && before.hits > 0) {
      const tail = before.offset(before.hits - 1) - before.chunk.count;
      take(0, tail + k);
    }
    for (let h = 0; h < segment.hits; h++) {
      const hit = segment.offset(h);
      take(hit - k, hit + k);
    }
    if (after && after.hits > 0) take(count + after.offset(0) - k, count - 1);
    return rows.slice(0, n);
  }
}
