// @vitest-environment happy-dom
import { type Signal, signal } from '@preact/signals';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Client } from '../src/client';
import { FilterIndex } from '../src/logs/filter/filter';
import { showAll, showNone, solo } from '../src/logs/query';
import { LogStore } from '../src/logs/store/store';
import type { LogEntry } from '../src/sync/messages';
import { hiddenBy, toggleValue } from '../src/views/log/facets/facet-query';
import { Actions } from '../src/views/log/model/actions';
import { compile, testAfterTables } from '../src/views/log/model/compile';
import { PaneModel } from '../src/views/log/model/model';
import { permalink, readPermalink } from '../src/views/log/model/permalink';
import { Prefs } from '../src/views/log/model/prefs';
import { ranges } from '../src/views/log/model/tell-host';
import { append, config, history, line } from './log-fixtures';

/** What a pane's query says of the plumbing until somebody wants to see it. */
const NO_PLUMBING = '-(channel:request,websocket level<warn)';

const closing: (() => void)[] = [];
let pictures: FrameRequestCallback[] = [];

beforeEach(() => {
  pictures = [];
  vi.stubGlobal('requestAnimationFrame', (draw: FrameRequestCallback) => pictures.push(draw));
  vi.stubGlobal('cancelAnimationFrame', () => {});
  localStorage.clear();
});
afterEach(() => {
  for (const close of closing.splice(0)) close();
});

/** Draw until nothing more is asked for. */
function settle(): void {
  for (let k = 0; k < 50 && pictures.length; k++) for (const draw of pictures.splice(0)) draw(0);
}

function pane(options = {}, rows?: Signal<LogEntry[] | null>, key = 'test') {
  const logs = new LogStore();
  logs.epoch = 'e1';
  const client = {
    logs,
    state: signal(null),
    epoch: signal('e1'),
    status: signal({ phase: 'live' }),
    page: 'http://127.0.0.1:1/',
    replay: vi.fn(async (from: number, limit: number) => logs.history(history(from, from + limit))),
    command: vi.fn(async () => ({ message: 'the whole of it' })),
  } as unknown as Client;
  const model = new PaneModel(client, rows ? { storageKey: key, rows } : { storageKey: key }, options);
  closing.push(() => model.close());
  model.view.resized(420);
  settle();
  return { model, logs, client, actions: new Actions(model) };
}

/** Seqs of the rows that are drawn, from the top. */
function drawn(model: PaneModel): (number | string)[] {
  return (model.view.drawn.value?.rows ?? []).map((row) => row.seq ?? `${row.gap?.kind} ${row.gap?.count}`);
}

describe('a log pane', () => {
  it('has the lines that are there already before the first picture', () => {
    const logs = new LogStore();
    logs.append(append(0, 100));
    const client = { logs, state: signal(null), epoch: signal('e1'), status: signal({ phase: 'live' }) };
    const model = new PaneModel(client as unknown as Client, { storageKey: 'at once' }, {});
    closing.push(() => model.close());
    expect(drawn(model)[0]).toBe(99);
  });

  it('shows the newest line on top and follows', () => {
    const { model, logs } = pane();
    logs.append(append(0, 100));
    settle();
    expect(drawn(model)[0]).toBe(99);
    logs.append(append(100, 200));
    settle();
    expect(drawn(model)[0]).toBe(199);
  });

  it('stands still when lines arrive while the reader is elsewhere, and counts them', () => {
    for (const order of ['newest', 'oldest'] as const) {
      const { model, logs } = pane({ order }, undefined, order);
      logs.append(append(0, 1_000));
      settle();
      const thumb = model.view.drawn.value?.thumb ?? 0;
      model.view.scrolled(thumb, thumb + (order === 'newest' ? 300 : -300));
      const before = drawn(model);
      const top = model.view.drawn.value?.top;
      logs.append(append(1_000, 1_128));
      settle();
      expect(drawn(model)).toEqual(before);
      expect(model.view.drawn.value?.top).toBe(top);
      expect(model.view.stats.value.unread).toBe(128);
      expect(model.view.following.value).toBe(false);
      model.view.follow(true);
      settle();
      expect(model.view.stats.value.unread).toBe(0);
      expect(drawn(model)).toContain(1_127);
    }
  });

  it('stands still when older lines are fetched and when the oldest are let go', () => {
    const { model, logs } = pane();
    logs.history(history(5_000, 6_000));
    settle();
    model.view.scrolled(0, 4_000);
    const before = drawn(model);
    logs.history(history(4_000, 5_000));
    settle();
    expect(drawn(model)).toEqual(before);
    logs.adopt(config(1_500));
    settle();
    expect(drawn(model)).toEqual(before);
  });

  it('holds what is looked at while paused, and counts what waits', () => {
    const { model, logs, actions } = pane({ query: 'level:error' });
    logs.append(append(0, 100));
    settle();
    actions.togglePause();
    settle();
    const before = drawn(model);
    logs.append(append(100, 200));
    settle();
    expect(drawn(model)).toEqual(before);
    expect(model.view.stats.value).toMatchObject({ waiting: 100, waitingMatches: 20 });
    actions.togglePause();
    settle();
    expect(drawn(model)[0]).toBe(198);
  });

  it('goes through matches in its own order, around, and tells which it is', () => {
    const { model, logs, actions } = pane({ query: 'level:error' });
    logs.append(append(0, 15));
    settle();
    actions.match(1);
    expect([model.chosen.current.value, model.view.stats.value.match, model.view.stats.value.matches]).toEqual([13, 1, 3]);
    actions.match(1);
    actions.match(1);
    expect([model.chosen.current.value, model.view.stats.value.match]).toEqual([3, 3]);
    actions.match(1);
    expect(model.chosen.current.value).toBe(13);
    actions.match(-1);
    expect(model.chosen.current.value).toBe(3);
  });

  it('locates matches among all lines, and shows context around them when it filters', () => {
    const { model, logs, actions } = pane({ query: 'seq:50', order: 'oldest' });
    logs.append(append(0, 100));
    settle();
    expect(drawn(model)).toEqual([50]);
    actions.setContext(2);
    settle();
    expect(drawn(model)).toEqual([48, 49, 50, 51, 52]);
    actions.setMode('locate');
    expect(model.view.stats.value).toMatchObject({ shown: 100, matches: 1 });
  });

  it('hides what is cleared and deletes nothing', () => {
    const { model, logs, actions } = pane({ order: 'oldest' });
    logs.append(append(0, 100));
    settle();
    actions.select(90);
    actions.clearToHere();
    settle();
    expect(drawn(model).slice(0, 2)).toEqual(['cleared 90', 90]);
    expect(logs.size).toBe(100);
    actions.undoClear();
    settle();
    expect(model.view.stats.value.shown).toBe(100);
  });

  it('shows a gap as a row and fetches it', async () => {
    const { model, logs, client, actions } = pane({ order: 'oldest' });
    logs.append(append(0, 10));
    logs.append(append(20, 30));
    settle();
    expect(drawn(model)).toContain('skipped 10');
    const row = model.view.drawn.value?.rows.find((one) => one.gap);
    await actions.fetch(row?.gap as NonNullable<typeof row>['gap'] & object);
    expect(client.replay).toHaveBeenCalledWith(10, 10);
    settle();
    expect(drawn(model).every((row) => typeof row === 'number')).toBe(true);
    expect(model.view.stats.value.shown).toBe(30);
  });

  it('keeps showing what it showed while the query cannot be read, and says where', () => {
    const { model, logs } = pane();
    logs.append(append(0, 10));
    model.asked.ask('level:error');
    settle();
    model.asked.ask('level>=wat');
    settle();
    expect(model.asked.error.value?.column).toBe(7);
    expect(drawn(model)).toEqual([8, 3]);
    expect(model.asked.prefs.now.query).toBe('level:error');
  });

  it('drops all of another epoch, pins too', () => {
    const { model, logs, actions } = pane();
    logs.append(append(0, 50));
    settle();
    actions.select(10);
    actions.pin();
    logs.reset('e2');
    logs.append(append(0, 3));
    settle();
    expect([drawn(model), model.chosen.current.value, model.chosen.pins.value]).toEqual([[2, 1, 0], null, []]);
  });

  it('shows exactly the rows that were chosen elsewhere, and goes back', () => {
    const rows = signal<LogEntry[] | null>(null);
    const { model, logs } = pane({ query: 'level:error' }, rows);
    logs.append(append(0, 100));
    rows.value = [line(7), line(2), line(5)];
    settle();
    expect(drawn(model)).toEqual([7, 5, 2]);
    expect(model.shown().rows).toBe(true);
    rows.value = null;
    settle();
    expect(model.asked.text.value).toBe('level:error');
    expect(model.view.stats.value.shown).toBe(20);
  });

  it('tells exactly what it shows', () => {
    const { model, logs } = pane({ query: 'level:error' });
    logs.append(append(0, 100));
    logs.append(append(110, 200));
    settle();
    expect(model.shown()).toMatchObject({
      query: `level:error ${NO_PLUMBING}`,
      firstSeq: 0,
      endSeq: 200,
      gaps: [[100, 110]],
      count: 38,
    });
  });

  it('selects only shown lines, and tells them as ranges', () => {
    const { model, logs, actions } = pane({ query: 'level>=error' });
    logs.append(append(0, 30));
    settle();
    actions.select(4);
    actions.select(19, 'extend');
    expect(ranges(model.chosen.selected.value)).toEqual([
      [4, 5],
      [8, 10],
      [13, 15],
      [18, 20],
    ]);
  });

  it('does not disturb another pane on the same store', () => {
    const one = pane({ query: 'level:error' }, undefined, 'one');
    const other = new PaneModel(one.client, { storageKey: 'two' }, {});
    closing.push(() => other.close());
    one.logs.append(append(0, 100));
    settle();
    one.actions.togglePause();
    one.actions.setOrder('oldest');
    one.logs.append(append(100, 200));
    settle();
    expect([one.model.view.stats.value.shown, other.view.stats.value.shown]).toEqual([20, 200]);
    expect([other.asked.paused.value, other.asked.prefs.now.order]).toEqual([null, 'newest']);
  });

  it('has links that name epoch and seq', () => {
    const { model } = pane();
    const link = permalink(model, 42);
    expect(link).toBe('http://127.0.0.1:1/#log=e1/42');
    expect(readPermalink(new URL(link).hash)).toEqual({ epoch: 'e1', seq: 42 });
    expect(readPermalink('#else')).toBeNull();
  });
});

describe('the tables of a filter', () => {
  const queries = [
    'level>=warn',
    '-level:debug,fatal',
    'channel:benchmark,app -job:j1',
    'job:j*',
    '-job:j*',
    'has:job level:info',
    '(channel:app OR channel:ffmpeg) line',
    '(channel:app OR level:error)',
    '-(level:info OR level:warn) seq:10..5000',
    'logger:a.b',
    '-logger:a.b',
    'none',
    'device:d1 channel:app since:2023-11-14T22:13:25Z',
  ];

  it('find the lines that the whole query finds', () => {
    const rich = append(0, 9_000).entries.map((entry) => ({
      ...entry,
      ...(entry.seq % 3 ? { jobId: `j${entry.seq % 4}` } : {}),
      ...(entry.seq % 7 ? {} : { logger: 'a.b', deviceId: 'd1' }),
    }));
    for (const query of queries) {
      const logs = new LogStore();
      const compiled = compile(query, logs, Date.now());
      const hits = new FilterIndex(logs);
      hits.use(testAfterTables(compiled), compiled.parts.codes);
      logs.append({ ...append(0, 5_000), entries: rich.slice(0, 5_000) });
      hits.work();
      // Words that were not known when the tables were made.
      logs.append({ ...append(5_000, 9_000), entries: rich.slice(5_000).map((e) => ({ ...e, channel: `${e.channel}2` })) });
      hits.work();
      const found = Array.from({ length: hits.total }, (_, rank) => hits.at(rank));
      const expected = Array.from({ length: logs.size }, (_, i) => i).filter((i) => compiled.test?.(i) ?? true);
      expect([query, found]).toEqual([query, expected]);
    }
  });
});

describe('the choices of a pane', () => {
  it('last, and give way to what Python says', () => {
    new Prefs('k').set({ wrap: true, order: 'oldest' });
    expect(new Prefs('k').now).toMatchObject({ wrap: true, order: 'oldest' });
    expect(new Prefs('k', { order: 'newest' }).now).toMatchObject({ wrap: true, order: 'newest' });
    expect(new Prefs('other').now.wrap).toBe(false);
  });

  it('of another version or of wrong types are forgotten', () => {
    for (const kept of ['{"v":0,"wrap":true}', '{"v":1,"wrap":"yes"}', 'no json', '[1]']) {
      localStorage.setItem('k', kept);
      expect(new Prefs('k').now.wrap).toBe(false);
    }
  });

  it('are not changed by a server that changes its limits', () => {
    const { model, logs } = pane({ query: 'level:error', order: 'oldest' });
    const before = model.asked.prefs.now;
    logs.adopt(config(777));
    settle();
    expect([logs.capacity, model.asked.prefs.now]).toEqual([777, before]);
  });
});

describe('facets', () => {
  it('write into the query line and read from it', () => {
    const muted = toggleValue('pass', 'level', 'debug');
    expect(muted).toBe('pass -level:debug');
    expect(hiddenBy(muted, 'level')('debug')).toBe(true);
    expect(toggleValue(muted, 'level', 'debug')).toBe('pass');
    expect(solo('pass -level:debug', 'level', 'error')).toBe('pass level:error');
  });

  it('understand what was typed by hand', () => {
    const hidden = hiddenBy('level>=warn', 'level');
    expect(['debug', 'info', 'warn', 'fatal'].map(hidden)).toEqual([true, true, false, false]);
    expect(toggleValue('level>=warn', 'level', 'info')).toBe('level:info,warn,error,fatal');
    expect(hiddenBy('channel:ps*', 'channel')('psu')).toBe(false);
    expect(hiddenBy('channel:ps*', 'channel')('app')).toBe(true);
  });

  it('come back from None one by one', () => {
    const none = showNone('pass');
    expect(hiddenBy(none, 'channel')('psu')).toBe(true);
    expect(toggleValue(none, 'channel', 'psu')).toBe('pass channel:psu');
    expect(showAll(none, 'channel')).toBe('pass');
  });
});
