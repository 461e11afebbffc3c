/** The machines of a log pane, each for itself and without a document. */
import { signal } from '@preact/signals';
import { describe, expect, it } from 'vitest';
import type { GapRow } from '../src/logs/rows/rows';
import { LogStore } from '../src/logs/store/store';
import { Asked } from '../src/views/log/model/asked';
import { Chosen } from '../src/views/log/model/chosen';
import { InView } from '../src/views/log/model/in-view';
import { Panels } from '../src/views/log/model/panels';
import { Prefs } from '../src/views/log/model/prefs';
import { Remote } from '../src/views/log/model/remote';
import { Offers } from '../src/views/log/query-line/offers';
import { suggestionsFor } from '../src/views/log/status/suggestions';
import { TreeState } from '../src/views/state-tree/tree-state';
import { append, line } from './log-fixtures';

function storeOf(lines: number): LogStore {
  const store = new LogStore();
  store.append(append(0, lines));
  return store;
}

function asking(store: LogStore, options = {}, now = () => 1_700_000_000_000) {
  return new Asked(new Prefs('test', options, null), store, now);
}

describe('what is asked', () => {
  it('is the last query that could be read, and only such a one is kept', () => {
    const asked = asking(new LogStore());
    asked.ask('level:error');
    asked.ask('level>=wat');
    expect([asked.text.value, asked.query.value.text, asked.error.value?.column]).toEqual(['level>=wat', 'level:error', 7]);
    expect(asked.prefs.now.query).toBe('level:error');
    asked.ask('');
    expect([asked.query.value.asked, asked.error.value]).toEqual([false, null]);
  });

  it('moves with the time where it is relative to it, and else stays the same object', () => {
    let now = 1_700_000_000_000;
    const asked = asking(new LogStore(), {}, () => now);
    asked.ask('level:error');
    const fixed = asked.query.value;
    now += 60_000;
    asked.readWhereTimeMoves();
    expect(asked.query.value).toBe(fixed);
    asked.ask('since:-5m');
    const before = asked.query.value.since as number;
    now += 1_000;
    asked.readWhereTimeMoves();
    expect(asked.query.value.since).toBe(before);
    now += 60_000;
    asked.readWhereTimeMoves();
    expect(asked.query.value.since).toBe(before + 61_000);
  });

  it('hides nothing of a table, and is again what was asked of the live log after it', () => {
    const live = storeOf(10);
    const asked = asking(live);
    asked.ask('level:error');
    asked.pause(4);
    asked.clearBefore(2);
    asked.askOf(LogStore.of([line(3)]), true);
    expect([asked.text.value, asked.isTable.value, asked.paused.value, asked.cleared.value]).toEqual(['', true, null, 0]);
    asked.ask('seq:3');
    expect(asked.prefs.now.query).toBe('level:error');
    asked.askOf(live, false);
    expect([asked.text.value, asked.isTable.value]).toEqual(['level:error', false]);
  });

  it('keeps the number of context lines possible', () => {
    const asked = asking(new LogStore());
    expect([-3, 7.9, Number.NaN, 1_000].map((lines) => asked.setContext(lines))).toEqual([0, 7, 0, 50]);
  });
});

describe('what is chosen', () => {
  const within = (from: number, to: number) => [0, 2, 4, 6, 8].filter((seq) => seq >= from && seq <= to);

  it('extends from where it began, in both directions, over shown lines only', () => {
    const chosen = new Chosen();
    chosen.extend(4, within);
    expect([chosen.lines(), chosen.selected.value.size]).toEqual([[4], 0]);
    chosen.extend(8, within);
    expect(chosen.lines()).toEqual([4, 6, 8]);
    chosen.extend(0, within);
    expect([chosen.lines(), chosen.current.value]).toEqual([[0, 2, 4], 0]);
  });

  it('takes the current line along when a second one is added', () => {
    const chosen = new Chosen();
    chosen.select(2);
    chosen.toggle(6);
    expect(chosen.lines()).toEqual([2, 6]);
    chosen.toggle(2);
    expect(chosen.lines()).toEqual([6]);
    chosen.select(0);
    expect([chosen.lines(), chosen.selected.value.size]).toEqual([[0], 0]);
  });

  it('is dropped in two steps: the selection, then the current line', () => {
    const chosen = new Chosen();
    chosen.select(2);
    chosen.toggle(6);
    chosen.drop();
    expect([chosen.selected.value.size, chosen.current.value]).toEqual([0, 6]);
    chosen.drop();
    expect(chosen.current.value).toBeNull();
  });

  it('does not extend from a line of another epoch', () => {
    const chosen = new Chosen();
    chosen.select(8);
    chosen.forgetPlaces();
    chosen.extend(2, within);
    expect(chosen.lines()).toEqual([2]);
  });

  it('keeps pins by seq, at most fifty, and over a change of rows', () => {
    const chosen = new Chosen();
    for (let seq = 59; seq >= 0; seq--) chosen.pin(line(seq));
    expect(chosen.pins.value.map(({ seq }) => seq)).toEqual(Array.from({ length: 50 }, (_, k) => k + 10));
    chosen.forgetPlaces();
    expect(chosen.isPinned(30)).toBe(true);
    chosen.unpin(30);
    expect(chosen.isPinned(30)).toBe(false);
    chosen.forgetPins();
    expect(chosen.pins.value).toEqual([]);
  });

  it('turns a line over and back', () => {
    const chosen = new Chosen();
    expect([chosen.toggleOpened(3), chosen.toggleOpened(3), chosen.opened.value.size]).toEqual([true, false, 0]);
  });
});

describe('what is in view', () => {
  function viewing(store: LogStore, options = {}) {
    const asked = asking(store, options);
    const current = signal<number | null>(null);
    let now = 0;
    const view = new InView(asked, store, { current, serverRange: () => null, wake: () => {}, clock: () => now });
    view.resized(210);
    const seqs = () => view.drawn.value?.rows.map((row) => row.seq ?? row.gap?.kind);
    return { asked, view, current, seqs, pass: (ms: number) => (now += ms) };
  }

  it('follows the newest lines until the reader holds it, and counts what came since', () => {
    const store = storeOf(100);
    const { view, seqs } = viewing(store);
    view.look();
    expect(seqs()?.[0]).toBe(99);
    view.hold();
    store.append(append(100, 130));
    view.look();
    expect([view.following.value, view.stats.value.unread]).toEqual([false, 30]);
    expect(seqs()).toContain(99);
    view.follow(true);
    view.look();
    expect([seqs()?.[0], view.stats.value.unread]).toEqual([129, 0]);
  });

  it('follows again when the reader scrolls back to the end where lines appear', () => {
    const { view } = viewing(storeOf(100));
    view.look();
    view.scrolled(0, 300);
    expect(view.following.value).toBe(false);
    view.scrolled(300, 0);
    expect(view.following.value).toBe(true);
  });

  it('looks at another query at once where its rows are needed', () => {
    const { asked, view } = viewing(storeOf(100));
    view.look();
    asked.ask('level:error');
    expect(view.rows().lines).toBe(20);
    expect(view.stats.value.matches).toBe(20);
  });

  it('goes through lines past the rows that stand for gaps', () => {
    const store = storeOf(10);
    store.append(append(20, 30));
    const { view } = viewing(store, { order: 'oldest' });
    view.look();
    expect([view.seqBeside(9, 1), view.seqBeside(20, -1), view.seqBeside(29, 1)]).toEqual([20, 9, 29]);
    expect(viewing(new LogStore()).view.seqBeside(null, 1)).toBeNull();
  });

  it('goes through matches around at both ends, in both orders', () => {
    for (const order of ['newest', 'oldest'] as const) {
      const { view } = viewing(storeOf(15), { order, query: 'level:error' });
      view.look();
      const [first, last] = order === 'newest' ? [13, 3] : [3, 13];
      expect([view.matchBeside(null, 1), view.matchBeside(null, -1)]).toEqual([first, last]);
      expect([view.matchBeside(last as number, 1), view.matchBeside(first as number, -1)]).toEqual([first, last]);
      expect(view.matchBeside(first as number, 1)).toBe(8);
    }
  });

  it('tells counts only so often while lines stream, and says that some are left to tell', () => {
    const store = storeOf(100);
    const { view, pass } = viewing(store);
    pass(1_000);
    expect(view.look()).toBeNull();
    const told = view.counted.value;
    pass(10);
    store.append(append(100, 110));
    expect([view.look(), view.counted.value]).toEqual(['counts', told]);
    view.tellCounts();
    expect([view.counted.value, view.counts('level').reduce((sum, n) => sum + n)]).toEqual([told + 1, 110]);
  });
});

describe('what the server is asked for', () => {
  const gap: GapRow = { from: 0, to: 9_000, kind: 'skipped', count: 9_000, fetch: [0, 9_000] };

  it('is the part of a gap next to what is held, once, and says whether lines came', async () => {
    const store = new LogStore();
    const asked: number[][] = [];
    const replay = async (since: number, limit: number) => {
      asked.push([since, limit]);
      await Promise.resolve();
      if (asked.length === 1) store.append(append(0, 3));
    };
    const remote = new Remote({ replay, command: async () => null as never });
    const first = remote.fetchGap(gap, store);
    expect([...remote.fetching.value]).toEqual([9_000]);
    await remote.fetchGap(gap, store);
    expect([await first, asked]).toEqual([true, [[4_000, 5_000]]]);
    expect([remote.fetching.value.size, await remote.fetchGap(gap, store)]).toEqual([0, false]);
  });

  it('is a whole message, part by part', async () => {
    const parts = [
      { message: 'one ', next: 4 },
      { message: 'two', next: null },
    ];
    const remote = new Remote({ replay: async () => {}, command: async () => parts.shift() as never });
    await remote.fetchMessage(7);
    expect(remote.messages.value.get(7)).toBe('one two');
    await expect(remote.fetchMessage(8)).rejects.toThrow('no longer held');
  });
});

describe('what lies over the rows', () => {
  it('is closed all at once, and says whether anything was open', () => {
    const panels = new Panels();
    panels.openMenu();
    panels.openKeys();
    expect([panels.menu.value, panels.keys.value]).toEqual([false, true]);
    panels.toggleFacets();
    expect([panels.closeAll(), panels.keys.value, panels.facets.value, panels.closeAll()]).toEqual([true, false, false, false]);
  });

  it('offers ten completions, and the arrow keys go around them', () => {
    const offers = new Offers();
    const names = Array.from({ length: 12 }, (_, k) => ({
      from: 0,
      to: 0,
      insert: `${k}`,
      label: `${k}`,
      detail: '',
      kind: 'value' as const,
    }));
    offers.open(names);
    expect([offers.list.value.length, offers.taken('Enter'), offers.taken('Tab')?.label]).toEqual([10, null, '0']);
    offers.step(-1);
    expect(offers.taken('Enter')?.label).toBe('9');
    offers.step(1);
    expect(offers.taken('Tab')?.label).toBe('0');
    offers.close();
    expect([offers.isOpen, offers.taken('Tab')]).toEqual([false, null]);
  });
});

describe('suggestions', () => {
  it('ask for the name that a word is, and drop one term at a time, the fullest first', () => {
    const store = storeOf(20);
    const text = 'benchmark nothinghere level:error';
    expect(suggestionsFor(text, store)).toMatchObject([
      { how: 'drop', term: 'benchmark' },
      { how: 'drop', term: 'nothinghere' },
      { how: 'drop', term: 'level:error' },
    ]);
    expect(suggestionsFor('benchmark', store)).toMatchObject([
      { how: 'ask', term: 'channel:benchmark', query: 'channel:benchmark' },
    ]);
    expect(suggestionsFor('level>=wat', store)).toEqual([]);
  });
});

describe('the tree of the state', () => {
  it('opens, folds, and is gone through from row to row and to the row around it', () => {
    const state = signal<unknown>({ meta: { a: 1, b: { c: 2 } }, jobs: {} });
    const tree = new TreeState(state);
    expect(tree.rows.value.map((row) => row.name)).toEqual(['meta', 'a', 'b', 'jobs']);
    tree.moveTo(99);
    expect(tree.activeRow?.name).toBe('jobs');
    tree.move(-1);
    tree.toggle(tree.activeRow as NonNullable<typeof tree.activeRow>);
    tree.move(1);
    expect(tree.activeRow?.name).toBe('c');
    tree.moveToParent();
    expect(tree.activeRow?.name).toBe('b');
    tree.foldAll();
    expect([tree.rows.value.length, tree.active.value]).toEqual([2, -1]);
    tree.reveal(['meta', 'b', 'c']);
    expect(tree.activeRow?.name).toBe('c');
  });
});
