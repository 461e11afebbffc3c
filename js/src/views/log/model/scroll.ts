import type { GapRow, RowMap } from '../../../logs/rows/rows';
import {
  type Anchor,
  anchorAt,
  anchorTop,
  contentHeight,
  elementHeight,
  type Heights,
  heightsOf,
  reveal,
  scrolled,
  TOP,
  thumbOf,
  visible,
} from '../../../logs/rows/virtual';

/** Height of a row that shows one line of text, in px. */
export const ROW_HEIGHT = 21;
/** Heights of tall rows that are remembered; a wrapped pane measures what it draws again anyway. */
const MAX_MEASURED = 500;
const OVERSCAN = 1;

/** One row to draw. Lines are named by seq, since positions move when the store lets lines go. */
export type DrawnRow =
  | {
      readonly seq: number;
      readonly gap: null;
      /** Whether it stands right beside the row before it, with no line between them. */
      readonly beside: boolean;
    }
  | { readonly seq: null; readonly gap: GapRow };

/** What to draw: rows from `first` on, the first one's top edge `top` px below the view's. */
export interface Drawn {
  /** The map that the rows were taken from; good only as long as the store is as it was then. */
  readonly map: RowMap;
  readonly revision: number;
  readonly rows: readonly DrawnRow[];
  readonly first: number;
  readonly top: number;
  /** Height of the scrolled element, and where its thumb belongs. */
  readonly height: number;
  readonly thumb: number;
}

/**
 * Where the pane looks, held by the seq of a line so that nothing moves while rows come and go elsewhere.
 */
export class Scroll {
  #view = 400;
  #anchor: Anchor = TOP;
  /** A line in view, and how far its top edge is below the view's. */
  #held: { seq: number; below: number } | null = null;
  #heights: Heights = heightsOf(0, ROW_HEIGHT, []);
  #map: RowMap | null = null;
  readonly #measured = new Map<number, number>();

  /** The view is so tall now, in px. */
  resize(view: number): void {
    this.#view = view;
  }

  /** Take other rows. With `edge` the view goes to that end, else it stays with the line that it looks at. */
  update(map: RowMap, edge: 'top' | 'bottom' | null): Drawn {
    this.#map = map;
    this.#heights = heightsOf(map.total, ROW_HEIGHT, this.#tallRows(map));
    if (edge === 'top') this.#anchor = TOP;
    else if (edge === 'bottom') this.#anchor = anchorAt(Number.MAX_SAFE_INTEGER, this.#heights, this.#view);
    else if (this.#held && map.total > 0) {
      const row = map.rowOf(this.#held.seq);
      const top = row * ROW_HEIGHT + this.#heights.extraBefore(row);
      this.#anchor = anchorAt(top - this.#held.below, this.#heights, this.#view);
    } else this.#anchor = anchorAt(anchorTop(this.#anchor, this.#heights), this.#heights, this.#view);
    return this.#drawn(map);
  }

  /** The thumb went from one scrollTop to another. */
  thumbMoved(from: number, to: number): Drawn | null {
    if (!this.#map) return null;
    this.#anchor = scrolled(this.#anchor, from, to, this.#heights, this.#view);
    return this.#drawn(this.#map);
  }

  /** Bring a row into view. */
  reveal(row: number): Drawn | null {
    if (!this.#map || row < 0) return null;
    this.#anchor = reveal(this.#anchor, row, this.#heights, this.#view);
    return this.#drawn(this.#map);
  }

  /** Heights of tall rows as they were drawn, by seq; true when one is new. */
  measure(found: ReadonlyMap<number, number>): boolean {
    let changed = false;
    for (const [seq, height] of found) {
      const known = this.#measured.get(seq) ?? ROW_HEIGHT;
      if (known === height) continue;
      this.#measured.delete(seq);
      if (height !== ROW_HEIGHT) this.#measured.set(seq, height);
      changed = true;
    }
    for (const seq of this.#measured.keys()) {
      if (this.#measured.size <= MAX_MEASURED) break;
      this.#measured.delete(seq);
    }
    return changed;
  }

  /** The row of this line, or every row, is of another height now. */
  forgetHeights(seq?: number): void {
    if (seq === undefined) this.#measured.clear();
    else this.#measured.delete(seq);
  }

  /** Whether the view is at an end of its rows. */
  isAt(edge: 'top' | 'bottom'): boolean {
    const top = anchorTop(this.#anchor, this.#heights);
    if (edge === 'top') return top < 1;
    return top >= contentHeight(this.#heights) - this.#view - 1;
  }

  /** The first and last row that are wholly in view. */
  whole(): readonly [number, number] {
    const { first, last, top } = visible(this.#anchor, this.#heights, this.#view, 0);
    const begin = top < 0 && last > first + 1 ? first + 1 : first;
    return [begin, Math.max(begin, last - 2)];
  }

  /** The rows that are not as tall as most, from the top, each with its height. */
  #tallRows(map: RowMap): [number, number][] {
    const out: [number, number][] = [];
    for (const [seq, height] of this.#measured) if (map.shows(seq)) out.push([map.rowOf(seq), height]);
    return out.sort((a, b) => a[0] - b[0]);
  }

  #drawn(map: RowMap): Drawn {
    const h = this.#heights;
    const { first, last, top } = visible(this.#anchor, h, this.#view, OVERSCAN);
    const rows: DrawnRow[] = [];
    this.#held = null;
    let at = top;
    let before = Number.NaN;
    for (let r = first; r < last; r++) {
      const row = map.row(r);
      if (row.kind === 'gap') {
        rows.push({ seq: null, gap: row.gap });
        before = Number.NaN;
      } else {
        const seq = map.store.seq(row.i);
        rows.push({ seq, gap: null, beside: !(Math.abs(row.i - before) > 1) });
        before = row.i;
        if (this.#held === null && at + h.of(r) > 0) this.#held = { seq, below: at };
      }
      at += h.of(r);
    }
    const thumb = thumbOf(this.#anchor, h, this.#view);
    return { map, revision: map.store.revision.peek(), rows, first, top, height: elementHeight(h), thumb };
  }
}
