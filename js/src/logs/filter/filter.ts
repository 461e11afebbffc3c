import { firstNotBefore } from '../search';
import type { Chunk } from '../store/chunk';
import type { CodeTest, Facet, Predicate } from '../store/columns';
import type { LogStore } from '../store/store';
import { CodeTable } from './tables';

/** Some lines of a store in the order of their seqs, by rank. */
export interface RowSet {
  readonly total: number;
  /** Position of the line with this rank. */
  at(rank: number): number;
  /** How many lines of the set stand before this position. */
  rank(i: number): number;
}

/** What a filter found in one chunk: offsets of its hits, or all of its first `done` lines where `offsets` is null. */
export class Segment {
  done = 0;
  hits = 0;
  offsets: Uint16Array | null = null;

  constructor(readonly chunk: Chunk) {}

  /** How many hits stand before this offset. */
  below(offset: number): number {
    const offsets = this.offsets;
    if (offsets === null) return Math.min(offset, this.hits);
    return firstNotBefore(this.hits, (k) => (offsets[k] as number) < offset);
  }

  offset(rank: number): number {
    return this.offsets === null ? rank : (this.offsets[rank] as number);
  }
}

/** Lines looked at between two looks at the clock. */
const STRIDE = 1_024;

/**
 * The lines of a store that match a predicate, kept current as lines arrive, leave and are filled in.
 *
 * Hits are kept chunk by chunk, so that letting a chunk go or putting one in between costs nothing for the others. The
 * newest chunks are looked at first: what a reader sees is there before the rest is.
 */
export class FilterIndex implements RowSet {
  segments: Segment[] = [];
  /** Raised whenever the hits may be others. */
  version = 0;
  total = 0;
  private starts: number[] = [];
  private tables: CodeTable[] = [];
  private readonly passing = new Uint16Array(STRIDE);
  private known: readonly Chunk[] | null = null;
  private pending = 0;

  constructor(
    readonly store: LogStore,
    private predicate: Predicate | null = null,
  ) {}

  /**
   * Look for other lines from now on; null matches all.
   *
   * What `codes` ask of single columns is told by table, and the predicate is asked only of lines that pass.
   */
  use(predicate: Predicate | null, codes: Partial<Record<Facet, CodeTest>> = {}): void {
    this.predicate = predicate;
    this.tables = (Object.entries(codes) as [Facet, CodeTest][]).map(([facet, test]) => new CodeTable(this.store, facet, test));
    this.known = null;
    this.segments = [];
    this.starts.length = this.total = 0;
    this.version++;
  }

  /** How many lines have not been looked at yet. */
  get left(): number {
    return this.pending;
  }

  /**
   * Take what the store has gained and lost, and look at lines for at most `budgetMs`.
   *
   * True when every line has been looked at.
   */
  work(budgetMs = Number.POSITIVE_INFINITY, clock: () => number = () => performance.now()): boolean {
    const moved = this.align();
    const until = budgetMs === Number.POSITIVE_INFINITY ? budgetMs : clock() + budgetMs;
    let pending = 0;
    let looked = false;
    let late = false;
    for (let s = this.segments.length - 1; s >= 0; s--) {
      const segment = this.segments[s] as Segment;
      while (segment.done < segment.chunk.count && !late) {
        this.scan(segment, Math.min(segment.chunk.count, segment.done + STRIDE));
        looked = true;
        late = until !== Number.POSITIVE_INFINITY && clock() >= until;
      }
      pending += segment.chunk.count - segment.done;
    }
    this.pending = pending;
    if (moved || looked) this.count();
    return pending === 0;
  }

  at(rank: number): number {
    const s = this.segmentOf(rank);
    const segment = this.segments[s] as Segment;
    return segment.chunk.start + segment.offset(rank - (this.starts[s] as number));
  }

  rank(i: number): number {
    const { segments } = this;
    const s = firstNotBefore(segments.length, (k) => {
      const { chunk } = segments[k] as Segment;
      return chunk.start + chunk.count <= i;
    });
    const segment = segments[s];
    if (!segment) return this.total;
    return (this.starts[s] as number) + segment.below(i - segment.chunk.start);
  }

  /** Whether the line at this position is a hit. */
  has(i: number): boolean {
    const rank = this.rank(i);
    return rank < this.total && this.at(rank) === i;
  }

  private segmentOf(rank: number): number {
    const { starts } = this;
    return firstNotBefore(starts.length, (s) => (starts[s] as number) <= rank) - 1;
  }

  /** Have one segment for each chunk of the store, keeping those whose chunk is still there. */
  private align(): boolean {
    const chunks = this.store.chunks;
    if (this.known === chunks) return false;
    const old = new Map(this.segments.map((segment) => [segment.chunk, segment]));
    this.segments = chunks.map((chunk) => old.get(chunk) ?? new Segment(chunk));
    this.known = chunks;
    return true;
  }

  private scan(segment: Segment, to: number): void {
    const { chunk } = segment;
    const { predicate, tables, passing } = this;
    if (predicate === null && tables.length === 0) {
      segment.hits = segment.done = to;
      return;
    }
    if (segment.offsets === null) segment.offsets = new Uint16Array(chunk.room);
    const { offsets } = segment;
    const { start } = chunk;
    const from = segment.done;
    let count = to - from;
    for (let k = 0; k < count; k++) passing[k] = from + k;
    for (const coded of tables) count = pass(passing, count, coded.current(), coded.column(chunk));
    let hits = segment.hits;
    for (let k = 0; k < count; k++) {
      const offset = passing[k] as number;
      if (predicate === null || predicate(start + offset)) offsets[hits++] = offset;
    }
    segment.hits = hits;
    segment.done = to;
  }

  private count(): void {
    let total = 0;
    const starts = this.starts;
    starts.length = this.segments.length;
    for (let s = 0; s < this.segments.length; s++) {
      starts[s] = total;
      total += (this.segments[s] as Segment).hits;
    }
    this.total = total;
    this.version++;
  }
}

/** Keep of the first `count` offsets those whose code the table has; how many that are. */
function pass(offsets: Uint16Array, count: number, table: Uint8Array, column: Uint8Array | Uint32Array | null): number {
  if (column === null) return table[0] === 1 ? count : 0;
  let kept = 0;
  for (let k = 0; k < count; k++) {
    const offset = offsets[k] as number;
    offsets[kept] = offset;
    kept += table[column[offset] as number] as number;
  }
  return kept;
}

/** All lines of a store. */
export class AllRows implements RowSet {
  constructor(private readonly store: LogStore) {}

  get total(): number {
    return this.store.size;
  }

  at(rank: number): number {
    return rank;
  }

  rank(i: number): number {
    return Math.min(i, this.store.size);
  }
}
