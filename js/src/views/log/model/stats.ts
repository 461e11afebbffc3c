import type { FilterIndex } from '../../../logs/filter/filter';
import type { RowMap } from '../../../logs/rows/rows';

/** Numbers that the pane tells. */
export interface Stats {
  /** Lines among the rows, and lines held. */
  readonly shown: number;
  readonly held: number;
  /** Lines that match the query, and the rank from 1 of the current one in the pane's order (0: it is none). */
  readonly matches: number;
  readonly match: number;
  /** Lines that arrived at the followed end since the reader left it. */
  readonly unread: number;
  /** Lines that wait while paused: all, and those that match the query. */
  readonly waiting: number;
  readonly waitingMatches: number;
  /** Lines of the plumbing that are held and hidden, though the query does not hide them. */
  readonly muted: number;
  /** Lines not looked at yet. */
  readonly left: number;
}

export const NO_STATS: Stats = {
  ...{ shown: 0, held: 0, matches: 0, match: 0 },
  ...{ unread: 0, waiting: 0, waitingMatches: 0, muted: 0, left: 0 },
};

/** What the numbers depend on beside the rows. */
export interface Place {
  /** Whether the query asks for anything. */
  readonly asked: boolean;
  /** Lines that are muted, where any are. */
  readonly muted: number;
  /** Seq of the current line. */
  readonly current: number | null;
  /** Seq from which lines are unread; null while following. */
  readonly unreadFrom: number | null;
  /** Seq from which lines wait; null while not paused. */
  readonly paused: number | null;
}

/** Count what is shown, what matches, what is unread and what waits. */
export function countRows(map: RowMap, hits: FilterIndex, { asked, muted, current, unreadFrom, paused }: Place): Stats {
  const { store, set, window } = map;
  const rankOf = (seq: number) => hits.rank(store.lowerBound(seq));
  const lo = window.after > 0 ? rankOf(window.after) : 0;
  const hi = paused === null ? hits.total : rankOf(paused);
  const matches = Math.max(0, hi - lo);
  const at = asked && current !== null ? store.find(current) : -1;
  const rank = at >= 0 && hits.has(at) ? hits.rank(at) - lo : -1;
  return {
    shown: map.lines,
    held: store.size,
    matches,
    match: rank < 0 ? 0 : window.newestFirst ? matches - rank : rank + 1,
    unread: unreadFrom === null ? 0 : Math.max(0, set.total - set.rank(store.lowerBound(unreadFrom))),
    waiting: paused === null ? 0 : store.nextSeq - paused,
    waitingMatches: paused === null ? 0 : hits.total - hi,
    muted,
    left: hits.left,
  };
}
