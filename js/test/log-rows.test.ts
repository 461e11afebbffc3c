import { describe, expect, it } from 'vitest';
import { AllRows, FilterIndex } from '../src/logs/filter/filter';
import { gapRows, RowMap, type Window } from '../src/logs/rows/rows';
import { addGap, evictGaps, fillGaps, type Gap, relabelGaps } from '../src/logs/store/gaps';
import { LogStore } from '../src/logs/store/store';
import { append } from './log-fixtures';

const OPEN: Window = { after: 0, before: Number.POSITIVE_INFINITY, newestFirst: false };

function shape(map: RowMap): (number | string)[] {
  return Array.from({ length: map.total }, (_, r) => {
    const row = map.row(r);
    return row.kind === 'line' ? map.store.seq(row.i) : `${row.gap.kind} ${row.gap.count}`;
  });
}

describe('gaps', () => {
  const gaps: Gap[] = [
    { from: 0, to: 10, kind: 'unfetched' },
    { from: 20, to: 30, kind: 'skipped' },
  ];

  it('grow together where they touch and are alike', () => {
    expect(addGap(gaps, { from: 30, to: 31, kind: 'skipped' })).toHaveLength(2);
    expect(addGap(gaps, { from: 30, to: 31, kind: 'missed' })).toHaveLength(3);
  });

  it('split where their middle is filled', () => {
    expect(fillGaps(gaps, 22, 25)).toEqual([
      gaps[0],
      { from: 20, to: 22, kind: 'skipped' },
      { from: 25, to: 30, kind: 'skipped' },
    ]);
  });

  it('become one evicted range when what lay between is let go', () => {
    expect(evictGaps(gaps, 25)).toEqual([
      { from: 0, to: 25, kind: 'evicted' },
      { from: 25, to: 30, kind: 'skipped' },
    ]);
  });

  it('change their kind only where nothing is held', () => {
    expect(relabelGaps(gaps, 5, 25, 'missed')).toEqual([
      { from: 0, to: 5, kind: 'unfetched' },
      { from: 5, to: 10, kind: 'missed' },
      { from: 20, to: 25, kind: 'missed' },
      { from: 25, to: 30, kind: 'skipped' },
    ]);
  });

  it('offer to fetch only what the server still has', () => {
    const rows = gapRows([{ from: 0, to: 100, kind: 'evicted' }], { first: 40, next: 200 }, 0, 200);
    expect(rows.map(({ from, to, fetch }) => [from, to, fetch])).toEqual([
      [0, 40, null],
      [40, 100, [40, 100]],
    ]);
  });
});

describe('RowMap', () => {
  const store = new LogStore();
  store.append(append(0, 5));
  store.append(append(10, 15));
  const marks = gapRows(store.gaps, null, 0, 15);

  it('puts a gap where its lines would stand, in both orders', () => {
    const oldest = new RowMap(store, new AllRows(store), marks, OPEN);
    const expected = [0, 1, 2, 3, 4, 'skipped 5', 10, 11, 12, 13, 14];
    expect(shape(oldest)).toEqual(expected);
    const newest = new RowMap(store, new AllRows(store), marks, { ...OPEN, newestFirst: true });
    expect(shape(newest)).toEqual([...expected].reverse());
  });

  it('finds the row of a seq, or of the next line where it is not shown', () => {
    for (const newestFirst of [false, true]) {
      const map = new RowMap(store, new AllRows(store), marks, { ...OPEN, newestFirst });
      for (const seq of [0, 4, 10, 14]) {
        const row = map.row(map.rowOf(seq));
        expect(row.kind === 'line' && store.seq(row.i)).toBe(seq);
      }
      const near = map.row(map.rowOf(7));
      expect(near.kind === 'line' && store.seq(near.i)).toBe(10);
    }
  });

  it('hides what was cleared and what waits while paused', () => {
    const cleared = { from: 0, to: 3, kind: 'cleared' as const, count: 3, fetch: null };
    const map = new RowMap(store, new AllRows(store), [cleared, ...gapRows(store.gaps, null, 3, 12)], {
      after: 3,
      before: 12,
      newestFirst: false,
    });
    expect(shape(map)).toEqual(['cleared 3', 3, 4, 'skipped 5', 10, 11]);
    expect([map.shows(3), map.shows(2), map.shows(12)]).toEqual([true, false, false]);
  });

  it('keeps gaps when a filter hides the lines around them', () => {
    const index = new FilterIndex(store, (i) => store.seq(i) === 11);
    index.work();
    expect(shape(new RowMap(store, index, marks, OPEN))).toEqual(['skipped 5', 11]);
  });

  it('names a row by its seq, so that it keeps its name when rows come before it', () => {
    const map = new RowMap(store, new AllRows(store), marks, { ...OPEN, newestFirst: true });
    expect(map.key(0)).toBe('14');
    expect(map.key(5)).toBe('g10skipped');
  });
});
