/**
 * Where a reader is in a list of rows that is taller than a browser lets an element be.
 *
 * The truth is an anchor: the row at the top edge and how much of it is above. The scrollbar's thumb only mirrors it, so
 * rows may come, go and change their height elsewhere and nothing that is looked at moves. Chromium clamps an element's
 * height at 33,554,428 px, Firefox at 17,895,697: past `MAX_HEIGHT` the thumb is mapped, and small scrolls stay 1:1.
 */

import { firstNotBefore } from '../search';

/** The row at the top edge, and how many px of it are above the edge. */
export interface Anchor {
  readonly row: number;
  readonly offset: number;
}

/** How tall rows are: all alike but for those in `extras`. */
export interface Heights {
  readonly base: number;
  readonly total: number;
  of(row: number): number;
  /** How much more than `base` each the rows before this one take together. */
  extraBefore(row: number): number;
}

export const MAX_HEIGHT = 15_000_000;
export const TOP: Anchor = { row: 0, offset: 0 };

/** Heights from the rows that differ from `base`: pairs of row and height, in the order of their rows. */
export function heightsOf(total: number, base: number, tall: readonly (readonly [number, number])[]): Heights {
  const rows = tall.map(([row]) => row);
  const sums = [0];
  for (const [, height] of tall) sums.push((sums[sums.length - 1] as number) + height - base);
  const find = (row: number) => firstNotBefore(rows.length, (k) => (rows[k] as number) < row);
  return {
    base,
    total,
    of(row) {
      const k = find(row);
      return rows[k] === row ? (tall[k] as readonly [number, number])[1] : base;
    },
    extraBefore: (row) => sums[find(row)] as number,
  };
}

/** Height in px that all rows take together. */
export function contentHeight(heights: Heights): number {
  return heights.total * heights.base + heights.extraBefore(heights.total);
}

/** Height to give the scrolled element. */
export function elementHeight(heights: Heights): number {
  return Math.min(MAX_HEIGHT, contentHeight(heights));
}

/** Px of rows above the anchor. */
export function anchorTop(anchor: Anchor, heights: Heights): number {
  return anchor.row * heights.base + heights.extraBefore(anchor.row) + anchor.offset;
}

/** The anchor with `top` px of rows above it, within what can be scrolled to. */
export function anchorAt(top: number, heights: Heights, view: number): Anchor {
  const above = Math.min(Math.max(0, top), Math.max(0, contentHeight(heights) - view));
  const row = Math.max(0, firstNotBefore(heights.total, (r) => r * heights.base + heights.extraBefore(r) <= above) - 1);
  return { row, offset: above - row * heights.base - heights.extraBefore(row) };
}

/** The anchor `delta` px further down, within what can be scrolled to. */
export function moveAnchor(anchor: Anchor, delta: number, heights: Heights, view: number): Anchor {
  return anchorAt(anchorTop(anchor, heights) + delta, heights, view);
}

/** The thumb's scrollTop for an anchor. At an end exactly when the anchor is. */
export function thumbOf(anchor: Anchor, heights: Heights, view: number): number {
  const content = contentHeight(heights) - view;
  const element = elementHeight(heights) - view;
  if (content <= 0 || element <= 0) return 0;
  const top = anchorTop(anchor, heights);
  if (top >= content - 0.5) return element;
  return content === element ? top : Math.min(element - 1, Math.max(top > 0 ? 1 : 0, (top / content) * element));
}

/** The anchor after the thumb went from one scrollTop to another: 1:1 for what a wheel or key does, mapped for a drag. */
export function scrolled(anchor: Anchor, from: number, to: number, heights: Heights, view: number): Anchor {
  const content = contentHeight(heights) - view;
  const element = elementHeight(heights) - view;
  const delta = to - from;
  if (element <= 0) return TOP;
  if (Math.abs(delta) <= view * 2) return moveAnchor(anchor, delta, heights, view);
  return anchorAt((to / element) * content, heights, view);
}

/** Rows to draw: [first, last), and where the first one's top edge is relative to the view's, in px. */
export function visible(
  anchor: Anchor,
  heights: Heights,
  view: number,
  overscan: number,
): { readonly first: number; readonly last: number; readonly top: number } {
  let first = anchor.row;
  let top = -anchor.offset;
  for (let k = 0; k < overscan && first > 0; k++) top -= heights.of(--first);
  let last = anchor.row;
  let bottom = -anchor.offset;
  while (last < heights.total && bottom < view) bottom += heights.of(last++);
  last = Math.min(heights.total, last + overscan);
  return { first, last, top };
}

/** The anchor that brings a row into view: unmoved if it is whole in view, else with the row at a third of the height. */
export function reveal(anchor: Anchor, row: number, heights: Heights, view: number): Anchor {
  const top = anchorTop(anchor, heights);
  const rowTop = row * heights.base + heights.extraBefore(row);
  const rowBottom = rowTop + Math.min(heights.of(row), view);
  if (rowTop >= top && rowBottom <= top + view) return anchor;
  const near = rowTop >= top - view && rowBottom <= top + 2 * view;
  if (near) return anchorAt(rowTop < top ? rowTop : rowBottom - view, heights, view);
  return anchorAt(rowTop - view / 3, heights, view);
}
