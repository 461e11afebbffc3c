import { describe, expect, it } from 'vitest';
import {
  anchorAt,
  anchorTop,
  contentHeight,
  elementHeight,
  heightsOf,
  MAX_HEIGHT,
  moveAnchor,
  reveal,
  scrolled,
  thumbOf,
  visible,
} from '../src/logs/rows/virtual';

const VIEW = 400;

describe('a virtual list', () => {
  it('maps thumb and anchor onto each other while it fits an element', () => {
    const h = heightsOf(10_000, 21, [[5, 121]]);
    expect(contentHeight(h)).toBe(210_100);
    for (const top of [0, 100, 110, 300, 209_700]) {
      const anchor = anchorAt(top, h, VIEW);
      expect(anchorTop(anchor, h)).toBe(top);
      expect(thumbOf(anchor, h, VIEW)).toBe(top);
    }
  });

  it('stays below what browsers clamp and still reaches both ends of 5,000,000 rows', () => {
    const h = heightsOf(5_000_000, 21, []);
    expect(elementHeight(h)).toBe(MAX_HEIGHT);
    const bottom = MAX_HEIGHT - VIEW;
    const end = scrolled({ row: 0, offset: 0 }, 0, bottom, h, VIEW);
    expect(visible(end, h, VIEW, 0).last).toBe(5_000_000);
    expect(thumbOf(end, h, VIEW)).toBe(bottom);
    expect(scrolled(end, bottom, 0, h, VIEW)).toEqual({ row: 0, offset: 0 });
  });

  it('moves 1:1 with a wheel however many rows there are', () => {
    const h = heightsOf(5_000_000, 21, []);
    const from = anchorAt(50_000_000, h, VIEW);
    const to = scrolled(from, 7_000_000, 7_000_100, h, VIEW);
    expect(anchorTop(to, h) - anchorTop(from, h)).toBe(100);
  });

  it('leaves the thumb off an end that its anchor is not at', () => {
    const h = heightsOf(5_000_000, 21, []);
    expect(thumbOf({ row: 0, offset: 1 }, h, VIEW)).toBeGreaterThan(0);
    const almost = anchorAt(contentHeight(h) - VIEW - 5, h, VIEW);
    expect(thumbOf(almost, h, VIEW)).toBeLessThan(MAX_HEIGHT - VIEW);
  });

  it('draws the rows that are in view and some more', () => {
    const h = heightsOf(1_000, 20, [[100, 120]]);
    const rows = visible({ row: 100, offset: 30 }, h, 200, 2);
    expect(rows).toEqual({ first: 98, last: 109, top: -70 });
  });

  it('does not move when a row that is in view is revealed', () => {
    const h = heightsOf(1_000, 20, []);
    const anchor = anchorAt(1_000, h, VIEW);
    expect(reveal(anchor, 55, h, VIEW)).toBe(anchor);
    expect(anchorTop(reveal(anchor, 49, h, VIEW), h)).toBe(980);
    expect(visible(reveal(anchor, 900, h, VIEW), h, VIEW, 0).first).toBeLessThanOrEqual(900);
  });

  it('stays within its ends', () => {
    const h = heightsOf(10, 20, []);
    expect(moveAnchor({ row: 0, offset: 0 }, 5_000, h, VIEW)).toEqual({ row: 0, offset: 0 });
    expect(anchorAt(100, heightsOf(0, 20, []), VIEW)).toEqual({ row: 0, offset: 0 });
  });
});
