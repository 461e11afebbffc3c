import { levelIndex } from '../levels';
import type { Chunk } from '../store/chunk';
import {
  type CodeTest,
  DIMENSIONS,
  type DictionaryKind,
  type Dimension,
  FACETS,
  type Facet,
  type Predicate,
} from '../store/columns';
import type { FilterIndex, Segment } from './filter';
import { CodeTable } from './tables';

const TIME = DIMENSIONS.indexOf('time');
const CHANNEL = DIMENSIONS.indexOf('channel');
const KIND: readonly DictionaryKind[] = ['channel', 'logger', 'job', 'device'];

/**
 * A filter taken apart: what it asks of each dimension, and the rest.
 *
 * A facet counts the lines that would be shown if it asked nothing itself, so that a muted value still tells how
 * many lines it hides.
 */
export interface Parts {
  readonly by: Partial<Record<Dimension, Predicate>>;
  readonly rest: Predicate | null;
  /**
   * Lines that are muted though the query does not say so. They count for their channel as if the query muted it, and what
   * the histogram spans does not reach out for them.
   */
  readonly muted?: Predicate;
  /** The same as `by`, but for time, asked of a value's code instead of a line; what is here is told by table. */
  readonly codes?: Partial<Record<Facet, CodeTest>>;
}

const WHOLE: Parts = { by: {}, rest: null };

class Tally {
  done = 0;
  minTs = Number.POSITIVE_INFINITY;
  maxTs = Number.NEGATIVE_INFINITY;
  /** Per dimension but time, lines by level index or dictionary code. */
  counts: Uint32Array[] = [new Uint32Array(5), ...KIND.map(() => new Uint32Array(8))];
  /** Offsets of the lines that the histogram counts; null while they are the filter's own hits. */
  timed: Uint16Array | null = null;
  timedCount = 0;
  /** Lines that `Parts.muted` hides. */
  muted = 0;

  constructor(
    readonly chunk: Chunk,
    readonly segment: Segment,
  ) {}

  add(dimension: number, code: number, lines = 1): void {
    const column = this.room(dimension, code + 1);
    column[code] = (column[code] as number) + lines;
  }

  /** The counts of a dimension, with a place for each of so many codes at least. */
  room(dimension: number, codes: number): Uint32Array {
    const column = this.counts[dimension] as Uint32Array;
    if (codes <= column.length) return column;
    const grown = new Uint32Array(Math.max(codes, column.length * 2));
    grown.set(column);
    this.counts[dimension] = grown;
    return grown;
  }
}

/** Live counts by level, channel, logger, job and device, and the lines that the histogram is made of. */
export class FacetIndex {
  version = 0;
  tallies: Tally[] = [];
  private parts: Parts = WHOLE;
  private tables: Partial<Record<Facet, CodeTable>> = {};
  private sums: Uint32Array[] = [];
  private stale = true;

  constructor(readonly hits: FilterIndex) {}

  /** Count for another filter from now on: the one that `hits` follows, taken apart. */
  use(parts: Parts): void {
    this.parts = parts;
    this.tables = {};
    for (const [facet, test] of Object.entries(parts.codes ?? {}) as [Facet, CodeTest][]) {
      this.tables[facet] = new CodeTable(this.hits.store, facet, test);
    }
    this.tallies = [];
    this.stale = true;
    this.version++;
  }

  /** Count lines that the filter has looked at, for at most `budgetMs`. True when nothing is left. */
  work(budgetMs = Number.POSITIVE_INFINITY, clock: () => number = () => performance.now()): boolean {
    this.align();
    const until = budgetMs === Number.POSITIVE_INFINITY ? budgetMs : clock() + budgetMs;
    let complete = true;
    for (let t = this.tallies.length - 1; t >= 0; t--) {
      const tally = this.tallies[t] as Tally;
      while (tally.done < tally.segment.done) {
        if (until !== Number.POSITIVE_INFINITY && clock() >= until) return false;
        this.scan(tally, Math.min(tally.segment.done, tally.done + 1_024));
        this.stale = true;
        this.version++;
      }
      if (tally.done < tally.chunk.count) complete = false;
    }
    return complete;
  }

  /** Lines by level index (0..4), or by dictionary code. */
  counts(facet: Facet): Uint32Array {
    if (this.stale) this.sum();
    return this.sums[FACETS.indexOf(facet)] as Uint32Array;
  }

  /** How many lines `Parts.muted` hides, whatever else does. */
  get muted(): number {
    return this.tallies.reduce((sum, tally) => sum + tally.muted, 0);
  }

  private align(): void {
    const { segments } = this.hits;
    const same = this.tallies.length === segments.length && this.tallies.every((tally, t) => tally.segment === segments[t]);
    if (same) return;
    const old = new Map(this.tallies.map((tally) => [tally.segment, tally]));
    this.tallies = segments.map((segment) => old.get(segment) ?? new Tally(segment.chunk, segment));
    this.stale = true;
    this.version++;
  }

  private sum(): void {
    this.sums = FACETS.map((_, dimension) => {
      const width = Math.max(5, ...this.tallies.map((tally) => (tally.counts[dimension] as Uint32Array).length));
      const sum = new Uint32Array(width);
      for (const tally of this.tallies) {
        const column = tally.counts[dimension] as Uint32Array;
        for (let code = 0; code < column.length; code++) sum[code] = (sum[code] as number) + (column[code] as number);
      }
      return sum;
    });
    this.stale = false;
  }

  private scan(tally: Tally, to: number): void {
    const { chunk, segment } = tally;
    const asked = DIMENSIONS.flatMap((name, dimension) => {
      const test = this.parts.by[name];
      const coded = name === 'time' ? undefined : this.tables[name];
      return test ? [{ dimension, test, table: coded?.current(), column: coded?.column(chunk) }] : [];
    });
    if (this.parts.by.time) tally.timed ??= new Uint16Array(chunk.room);
    const { timed } = tally;
    const { rest, muted } = this.parts;
    const from = tally.done;
    const { ts } = chunk;
    for (let offset = from; offset < to; offset++) {
      if (muted?.(chunk.start + offset)) {
        tally.muted++;
        continue;
      }
      const at = ts[offset] as number;
      if (at < tally.minTs) tally.minTs = at;
      if (at > tally.maxTs) tally.maxTs = at;
    }
    const first = segment.below(from);
    const last = segment.below(to);
    for (let dimension = 0; dimension < TIME; dimension++) this.countHits(tally, dimension, first, last);
    if (timed) for (let k = first; k < last; k++) timed[tally.timedCount++] = segment.offset(k);
    tally.done = to;
    if ((asked.length === 0 && !muted) || last - first === to - from) return;
    let hit = first;
    for (let offset = from; offset < to; offset++) {
      if (hit < last && segment.offset(hit) === offset) {
        hit++;
        continue;
      }
      const i = chunk.start + offset;
      let failed = muted?.(i) ? CHANNEL : -1;
      for (const { dimension, test, table, column } of asked) {
        if (dimension === failed || (table ? table[column ? (column[offset] as number) : 0] === 1 : test(i))) continue;
        failed = failed < 0 ? dimension : -2;
        if (failed === -2) break;
      }
      if (failed < 0 || (rest !== null && !rest(i))) continue;
      if (failed === TIME) {
        if (timed) timed[tally.timedCount++] = offset;
      } else {
        this.countOne(tally, offset, failed);
      }
    }
  }

  /** A hit counts in every dimension: column by column, since most lines are hits of most queries. */
  private countHits(tally: Tally, dimension: number, first: number, last: number): void {
    const { chunk, segment } = tally;
    const column = dimension === 0 ? chunk.level : chunk.codes[CODE_COLUMN[dimension] as 0];
    if (column === null) {
      tally.add(dimension, 0, last - first);
      return;
    }
    const codes = dimension === 0 ? 5 : this.hits.store.names(KIND[dimension - 1] as DictionaryKind).length;
    const counts = tally.room(dimension, codes);
    const { offsets } = segment;
    for (let k = first; k < last; k++) {
      const value = column[offsets === null ? k : (offsets[k] as number)] as number;
      const code = dimension === 0 ? levelIndex(value) : value;
      counts[code] = (counts[code] as number) + 1;
    }
  }

  private countOne(tally: Tally, offset: number, dimension: number): void {
    const { chunk } = tally;
    if (dimension === 0) {
      tally.add(0, levelIndex(chunk.level[offset] as number));
      return;
    }
    const column = chunk.codes[CODE_COLUMN[dimension] as 0];
    tally.add(dimension, column === null ? 0 : (column[offset] as number));
  }
}

/** Column of a chunk's codes by dimension: level has none, device stands behind step. */
const CODE_COLUMN = [-1, 0, 1, 2, 4] as const;

export type { Tally };
