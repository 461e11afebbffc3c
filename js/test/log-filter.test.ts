import { describe, expect, it } from 'vitest';
import { ContextRows } from '../src/logs/filter/context';
import { FacetIndex, type Parts } from '../src/logs/filter/facets';
import { FilterIndex, type RowSet } from '../src/logs/filter/filter';
import { binWidth, Histogram } from '../src/logs/filter/histogram';
import type { Predicate } from '../src/logs/store/columns';
import { LogStore } from '../src/logs/store/store';
import { append, history } from './log-fixtures';

const all = (set: RowSet) => Array.from({ length: set.total }, (_, rank) => set.at(rank));
const naive = (store: LogStore, predicate: Predicate) =>
  Array.from({ length: store.size }, (_, i) => i).filter((i) => predicate(i));
const warnings = (store: LogStore) => (i: number) => store.level(i) >= 30;

describe('FilterIndex', () => {
  it('finds what a look at every line finds, after appends, evictions and fills', () => {
    const store = new LogStore(9_000);
    const index = new FilterIndex(store, warnings(store));
    const check = () => {
      index.work();
      expect(all(index)).toEqual(naive(store, warnings(store)));
    };
    for (let k = 0; k < 10; k++) {
      store.append(append(k * 1_000, (k + 1) * 1_000));
      check();
    }
    store.append(append(10_500, 10_600));
    check();
    store.adopt({ logs: { capacity: 20_000 } } as never);
    store.history(history(9_900, 10_550));
    check();
    store.reset('e2');
    check();
  });

  it('tells rank and position of each other', () => {
    const store = new LogStore();
    store.append(append(0, 10_000));
    const index = new FilterIndex(store, warnings(store));
    index.work();
    for (const rank of [0, 1, 2_000, index.total - 1]) expect(index.rank(index.at(rank))).toBe(rank);
    expect(index.has(2)).toBe(true);
    expect(index.has(0)).toBe(false);
    expect(index.rank(store.size)).toBe(index.total);
  });

  it('stops when its time is over, has the newest lines first, and goes on where it was', () => {
    const store = new LogStore();
    store.append(append(0, 20_000));
    const index = new FilterIndex(store, warnings(store));
    let now = 0;
    const clock = () => now++;
    // ten strides of 1,024 lines span the newest chunks
    expect(index.work(10, clock)).toBe(false);
    expect(index.left).toBeGreaterThan(0);
    expect(index.at(index.total - 1)).toBe(19_999);
    while (!index.work(2, clock)) expect(index.left).toBeGreaterThan(0);
    expect(all(index)).toEqual(naive(store, warnings(store)));
  });

  it('looks only at new lines when lines arrive', () => {
    const store = new LogStore();
    store.append(append(0, 5_000));
    let looks = 0;
    const index = new FilterIndex(store, () => ++looks > 0);
    index.work();
    store.append(append(5_000, 5_100));
    index.work();
    expect(looks).toBe(5_100);
  });
});

describe('ContextRows', () => {
  it('shows each line within k lines of a hit once, across chunks', () => {
    const store = new LogStore();
    store.append(append(0, 10_000));
    const wanted = new Set([0, 3, 4_094, 4_097, 8_191, 9_999]);
    const index = new FilterIndex(store, (i) => wanted.has(i));
    index.work();
    const context = new ContextRows(index, 3);
    context.sync();
    const expected = naive(store, (i) => [...wanted].some((hit) => Math.abs(hit - i) <= 3));
    expect(all(context)).toEqual(expected);
    for (const rank of [0, 5, context.total - 1]) expect(context.rank(context.at(rank))).toBe(rank);
    index.use((i) => i === 100);
    index.work();
    context.sync();
    expect(all(context)).toEqual([97, 98, 99, 100, 101, 102, 103]);
  });
});

function faceted(store: LogStore, parts: Parts): FacetIndex {
  const tests = Object.values(parts.by) as Predicate[];
  const hits = new FilterIndex(store, (i) => tests.every((test) => test(i)) && (parts.rest?.(i) ?? true));
  hits.work();
  const facets = new FacetIndex(hits);
  facets.use(parts);
  facets.work();
  return facets;
}

describe('FacetIndex', () => {
  it('counts every line where nothing is asked', () => {
    const store = new LogStore();
    store.append(append(0, 10_000));
    const facets = faceted(store, { by: {}, rest: null });
    expect([...facets.counts('level')].slice(0, 5)).toEqual([2_000, 2_000, 2_000, 2_000, 2_000]);
    expect(facets.counts('channel')[store.code('channel', 0)]).toBe(2_000);
    expect(facets.counts('job')[0]).toBe(10_000);
  });

  it('counts a muted value as if it were not muted', () => {
    const store = new LogStore();
    store.append(append(0, 1_000));
    const facets = faceted(store, { by: { level: (i) => store.level(i) > 10 }, rest: (i) => store.seq(i) < 500 });
    expect([...facets.counts('level')].slice(0, 5)).toEqual([100, 100, 100, 100, 100]);
    expect(facets.counts('channel')[store.code('channel', 0)]).toBe(0);
  });

  it('forgets lines that were let go', () => {
    const store = new LogStore(1_000);
    const hits = new FilterIndex(store);
    const facets = new FacetIndex(hits);
    for (let k = 0; k < 50; k++) {
      store.append(append(k * 100, (k + 1) * 100));
      hits.work();
      facets.work();
    }
    expect(facets.counts('level').reduce((sum, n) => sum + n, 0)).toBe(store.size);
  });
});

describe('Histogram', () => {
  it('counts every line in its bin, with lines arriving after the first look', () => {
    const store = new LogStore();
    const hits = new FilterIndex(store);
    const facets = new FacetIndex(hits);
    const histogram = new Histogram(facets);
    for (let k = 0; k < 12; k++) {
      store.append(append(k * 500, (k + 1) * 500));
      hits.work();
      facets.work();
      const [from, to] = histogram.extent() as [number, number];
      const bins = histogram.bins(from, to, 100);
      expect(bins.length).toBeLessThanOrEqual(100);
      expect(bins.counts.flatMap((column) => [...column]).reduce((sum, n) => sum + n, 0)).toBe(store.size);
    }
  });

  it('counts lines outside the asked time range, which the brush shows', () => {
    const store = new LogStore();
    store.append(append(0, 1_000));
    const facets = faceted(store, { by: { time: (i) => store.seq(i) < 10 }, rest: null });
    expect(facets.counts('level').reduce((sum, n) => sum + n, 0)).toBe(10);
    const histogram = new Histogram(facets);
    const bins = histogram.bins(...(histogram.extent() as [number, number]), 50);
    expect(bins.counts.flatMap((column) => [...column]).reduce((sum, n) => sum + n, 0)).toBe(1_000);
  });

  it('costs no memory by the year for one line with a wild time', () => {
    const store = new LogStore();
    store.append({ ...append(0, 100), entries: append(0, 100).entries.map((e) => (e.seq === 5 ? { ...e, ts: 0 } : e)) });
    const facets = faceted(store, { by: {}, rest: null });
    const bins = new Histogram(facets).bins(1_700_000_000_000, 1_700_000_001_000, 50);
    expect(bins.counts.flatMap((column) => [...column]).reduce((sum, n) => sum + n, 0)).toBe(99);
  });

  it('has bins of a width that can be named', () => {
    expect(binWidth(1_000, 100)).toBe(20);
    expect(binWidth(3_600_000, 120)).toBe(60_000);
  });
});
