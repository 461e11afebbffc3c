import type { RowSet } from '../filter/filter';
import { firstNotBefore } from '../search';
import type { Gap, GapKind } from '../store/gaps';
import type { LogStore } from '../store/store';

/** A row that stands for lines which are not shown: not held, or cleared by the user. */
export interface GapRow {
  readonly from: number;
  readonly to: number;
  readonly kind: GapKind | 'cleared';
  /** Lines that it stands for. */
  readonly count: number;
  /** Seqs that the server still has and a click fetches; null where it has none. */
  readonly fetch: readonly [number, number] | null;
}

/** What stands in one row: the position of a line, or a gap. */
export type LogRow = { readonly kind: 'line'; readonly i: number } | { readonly kind: 'gap'; readonly gap: GapRow };

/** What the server still holds: seqs [first, next). */
export interface ServerRange {
  readonly first: number;
  readonly next: number;
}

/** The rows that gaps make, split where the server still has one part and no longer the other. */
export function gapRows(gaps: readonly Gap[], server: ServerRange | null, after: number, before: number): GapRow[] {
  const out: GapRow[] = [];
  const add = (from: number, to: number, kind: GapKind, fetchable: boolean) => {
    if (to <= from) return;
    out.push({ from, to, kind, count: to - from, fetch: fetchable ? [from, to] : null });
  };
  for (const gap of gaps) {
    const from = Math.max(gap.from, after);
    const to = Math.min(gap.to, before);
    if (to <= from) continue;
    const split = server ? Math.min(to, Math.max(from, server.first)) : from;
    add(from, split, gap.kind === 'unfetched' || gap.kind === 'skipped' ? 'missed' : gap.kind, false);
    add(split, to, gap.kind === 'missed' ? 'skipped' : gap.kind, true);
  }
  return out;
}

/** What part of a row set is shown, and how. */
export interface Window {
  /** Lines with a lower seq are cleared. */
  readonly after: number;
  /** Lines from this seq on wait, since the pane is paused. */
  readonly before: number;
  readonly newestFirst: boolean;
}

/** Rows from the top of the pane to its bottom: lines, and gap rows between them. */
export class RowMap {
  readonly total: number;
  /** Lines among the rows. */
  readonly lines: number;
  private readonly lo: number;
  private readonly marks: readonly number[];

  constructor(
    readonly store: LogStore,
    readonly set: RowSet,
    readonly gaps: readonly GapRow[],
    readonly window: Window,
  ) {
    const rankOf = (seq: number) => (seq <= 0 ? 0 : set.rank(store.lowerBound(seq)));
    this.lo = rankOf(window.after);
    const hi = window.before === Number.POSITIVE_INFINITY ? set.total : rankOf(window.before);
    this.lines = Math.max(0, hi - this.lo);
    this.total = this.lines + gaps.length;
    this.marks = gaps.map((gap, k) => {
      const before = gap.kind === 'cleared' ? 0 : rankOf(gap.from) - this.lo;
      return Math.min(this.lines, Math.max(0, before)) + k;
    });
  }

  /** What stands in row `r` of `total`, counted from the top. */
  row(r: number): LogRow {
    const at = this.flip(r);
    const k = firstNotBefore(this.marks.length, (m) => (this.marks[m] as number) < at);
    if (this.marks[k] === at) return { kind: 'gap', gap: this.gaps[k] as GapRow };
    return { kind: 'line', i: this.set.at(this.lo + at - k) };
  }

  /** A name for row `r` that stays its own while rows come and go around it. */
  key(r: number): string {
    const row = this.row(r);
    return row.kind === 'line' ? String(this.store.seq(row.i)) : `g${row.gap.to}${row.gap.kind}`;
  }

  /** The row of the line with this seq, or of the nearest line after it; -1 where there are no rows. */
  rowOf(seq: number): number {
    if (this.total === 0) return -1;
    const rank = this.set.rank(this.store.lowerBound(seq)) - this.lo;
    return this.flip(this.oldestRow(Math.min(Math.max(0, rank), Math.max(0, this.lines - 1))));
  }

  /** Whether the line with this seq is among the rows. */
  shows(seq: number): boolean {
    const i = this.store.find(seq);
    if (i < 0 || seq < this.window.after || seq >= this.window.before) return false;
    const rank = this.set.rank(i);
    return rank < this.set.total && this.set.at(rank) === i;
  }

  /** Positions of the shown lines, oldest first. */
  *positions(): Generator<number> {
    for (let rank = this.lo; rank < this.lo + this.lines; rank++) yield this.set.at(rank);
  }

  /** Seqs of the lines of the set from one seq to another, both included, oldest first. */
  *seqsWithin(from: number, to: number): Generator<number> {
    const end = this.set.rank(this.store.lowerBound(to + 1));
    for (let rank = this.set.rank(this.store.lowerBound(from)); rank < end; rank++) yield this.store.seq(this.set.at(rank));
  }

  private oldestRow(line: number): number {
    let k = 0;
    while (k < this.marks.length && (this.marks[k] as number) - k <= line) k++;
    return Math.min(line + k, Math.max(0, this.total - 1));
  }

  private flip(r: number): number {
    return this.window.newestFirst ? this.total - 1 - r : r;
  }
}
