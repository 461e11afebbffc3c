/** Where a step or a jump among the rows leads. */

import type { FilterIndex } from '../../../logs/filter/filter';
import type { RowMap } from '../../../logs/rows/rows';
import type { LogStore } from '../../../logs/store/store';

/**
 * The seq of the line `step` rows below the current one (above it where `step` is negative); gap rows are passed over.
 *
 * Where the current line is not shown, the way begins at the first or last row of `inView`. Null where no line is there.
 */
export function rowBeside(
  map: RowMap,
  current: number | null,
  step: number,
  inView: readonly [first: number, last: number],
): number | null {
  if (map.lines === 0) return null;
  const isShown = current !== null && map.shows(current);
  const begin = isShown ? map.rowOf(current) + step : inView[step > 0 ? 0 : 1];
  const direction = step > 0 ? 1 : -1;
  let row = Math.min(map.total - 1, Math.max(0, begin));
  while (row >= 0 && row < map.total) {
    const at = map.row(row);
    if (at.kind === 'line') return map.store.seq(at.i);
    row += direction;
  }
  return null;
}

/** From where a jump to a match starts, and what counts as a match. */
export interface MatchFrom {
  /** Matches below this seq are cleared. */
  readonly after: number;
  /** How many matches there are from `after` on. */
  readonly matches: number;
  readonly current: number | null;
  /** Down the pane or up. */
  readonly direction: 1 | -1;
  readonly newestFirst: boolean;
}

/** The seq of the next match, and around at the ends; null where there is none. */
export function nextMatch(store: LogStore, hits: FilterIndex, from: MatchFrom): number | null {
  const { after, matches, current, direction, newestFirst } = from;
  if (matches === 0) return null;
  const first = hits.rank(store.lowerBound(after));
  const last = first + matches - 1;
  const isForward = (direction === 1) !== newestFirst;
  let rank: number;
  if (current === null) {
    rank = isForward ? first : last;
  } else {
    const i = store.lowerBound(current);
    const isHeld = store.find(current) >= 0;
    rank = isForward ? hits.rank(isHeld ? i + 1 : i) : hits.rank(i) - 1;
  }
  if (rank < first) rank = last;
  if (rank > last) rank = first;
  return store.seq(hits.at(rank));
}
