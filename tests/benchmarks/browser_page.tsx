/** The page of the browser benchmark: the parts of js/src that it measures, and what a user would pick instead. */

import { signal } from '@preact/signals';
import fastJsonPatch from 'fast-json-patch';
import { apply } from 'mutative';
import { render } from 'preact';
import { FilterIndex } from '../../js/src/logs/filter/filter';
import { LogStore } from '../../js/src/logs/store/store';
import type { LogEntry, LogsAppend, Operation } from '../../js/src/sync/messages';
import { applyPatch } from '../../js/src/sync/patch';
import { widen } from '../../js/src/sync/read';
import { LogPane } from '../../js/src/views/log/LogPane';
import { compile } from '../../js/src/views/log/model/compile';
import { beginRuns, fillRuns, plainRuns, stopRuns, unfoldRuns } from './browser_runs';

const LEVELS = ['debug', 'info', 'warn', 'error'] as const;
const NUMBERS: Record<string, number> = { debug: 10, info: 20, warn: 30, error: 40 };
const CHANNELS = ['benchmark', 'powermeter', 'ffmpeg', 'websocket', 'app'];

let seed = 7;
function random(): number {
  seed = (seed * 16_807) % 2_147_483_647;
  return seed / 2_147_483_647;
}

const WORDS = 'block checksum verified, dictionary reset, literal run of lengths, match distance, range coder flushed, '.repeat(4);

/** One line as a compressor's log has it; `long` ones wrap to some four rows in a pane of 900 px. */
function entry(seq: number, long = false): LogEntry {
  const dice = random();
  const more = long ? `: ${WORDS.slice(0, 80 + Math.floor(random() * 300))}` : '';
  return {
    seq,
    ts: 1.7e12 + seq * 3,
    channel: CHANNELS[Math.floor(random() * CHANNELS.length)] as string,
    emoji: '',
    color: '#60a5fa',
    level: LEVELS[dice < 0.35 ? 0 : dice < 0.98 ? 1 : dice < 0.995 ? 2 : 3] as LogEntry['level'],
    message: `xz: repetition ${seq % 20}, pass ${(seq % 3) + 1} of 3, ${(random() * 200).toFixed(1)} MiB read${more}`,
  };
}

function entries(first: number, count: number, long = false): LogEntry[] {
  return Array.from({ length: count }, (_, k) => entry(first + k, long));
}

function batch(list: LogEntry[]): LogsAppend {
  const firstSeq = list[0]?.seq ?? 0;
  return { type: 'logs.append', entries: list, firstSeq, nextSeq: firstSeq + list.length, missed: 0 };
}

/** The best mean of some rounds, in ms a call; the contestants take turns, as in harness.race. */
function race(contestants: Record<string, () => unknown>, rounds: number, roundMs: number): Record<string, number> {
  const calls: Record<string, number> = {};
  const best: Record<string, number> = {};
  const round = (run: () => unknown, count: number): number => {
    const begin = performance.now();
    for (let k = 0; k < count; k++) run();
    return (performance.now() - begin) / count;
  };
  for (const [name, run] of Object.entries(contestants)) {
    let count = 1;
    let took = round(run, 1);
    while (took * count < roundMs / 4) {
      count *= 4;
      took = round(run, count);
    }
    calls[name] = Math.max(1, Math.round(roundMs / took));
    best[name] = Number.POSITIVE_INFINITY;
  }
  const names = Object.keys(contestants);
  for (let turn = 0; turn < rounds; turn++) {
    for (const name of turn % 2 ? [...names].reverse() : names) {
      const mean = round(contestants[name] as () => unknown, calls[name] as number);
      best[name] = Math.min(best[name] as number, mean);
    }
  }
  return best;
}

/** One field changed of `devices` devices. */
function patches(devices: number, rounds: number, roundMs: number): Record<string, number> {
  const document = () => ({
    version: 0,
    devices: Object.fromEntries(
      Array.from({ length: devices }, (_, i) => [`cap${i}`, { type: 'camera', status: 'ok', lastSeen: '', n: i }]),
    ),
    jobs: { queue: [], running: [], items: {} },
  });
  let n = 0;
  const patch = (): Operation[] => {
    n++;
    return [
      { op: 'replace', path: `/devices/cap${n % devices}/n`, value: n },
      { op: 'replace', path: '/version', value: n },
    ];
  };
  let ours: unknown = widen(document());
  let mutated = document();
  let drafted = document();
  return race(
    {
      ours: () => {
        ours = applyPatch(ours, patch());
      },
      fastJsonPatch: () => {
        mutated = fastJsonPatch.applyPatch(mutated, patch() as never, false, true).newDocument;
      },
      mutative: () => {
        const operations = patch().map((one) => ({ ...one, path: one.path.slice(1).split('/') }));
        drafted = apply(drafted, operations as never);
      },
    },
    rounds,
    roundMs,
  );
}

/** The rows of `count` that a query wants: columns, and row objects with the test written out. */
function filters(count: number, rounds: number, roundMs: number): Record<string, Record<string, number>> {
  const rows = entries(0, count);
  const store = new LogStore(1_000_000);
  store.append(batch(rows));
  const index = new FilterIndex(store);
  const ask = (query: string) => () => {
    const { parts } = compile(query, store, 0);
    index.use(parts.rest, parts.codes);
    index.work();
    return index.total;
  };
  const out: Record<string, Record<string, number>> = {};
  const tests: Record<string, (row: LogEntry) => boolean> = {
    'level>=warn': (row) => (NUMBERS[row.level] as number) >= 30,
    'level>=warn channel:benchmark': (row) => (NUMBERS[row.level] as number) >= 30 && row.channel === 'benchmark',
    'level>=info "pass 2"': (row) => (NUMBERS[row.level] as number) >= 20 && row.message.toLowerCase().includes('pass 2'),
  };
  for (const [query, test] of Object.entries(tests)) {
    const mine = ask(query);
    if (mine() !== rows.filter(test).length) throw new Error(`not the same rows: ${query}`);
    out[query] = race({ ours: mine, objects: () => rows.filter(test).length }, rounds, roundMs);
  }
  ask('level>=warn channel:benchmark')();
  // The clock ticks in 0.1 ms: many batches are timed as one.
  const fresh = Array.from({ length: 50 }, (_, k) => entries(count + k * 1_000, 1_000));
  let took = 0;
  for (const list of fresh) {
    store.append(batch(list));
    const begin = performance.now();
    index.work();
    took += performance.now() - begin;
  }
  out.new = { ours: took / fresh.length };
  return out;
}

interface Mounted {
  store: LogStore;
  pane: HTMLElement;
}

function mount(capacity: number, held: number, wrap = false): Mounted {
  const store = new LogStore(capacity);
  store.epoch = 'benchmark';
  for (let seq = 0; seq < held; seq += 10_000) store.append(batch(entries(seq, Math.min(10_000, held - seq), wrap)));
  const pane = document.body.appendChild(document.createElement('div'));
  const client = {
    logs: store,
    state: signal({ logs: { nextSeq: 0, size: 0 }, jobs: { items: {} } }),
    epoch: signal('benchmark'),
    status: signal({ phase: 'live' }),
    command: async () => null,
    replay: async () => {},
    reconnect() {},
  };
  render(
    <LogPane client={client as never} options={{ height: 600, wrap }} host={{ storageKey: `benchmark/${capacity}` }} />,
    pane,
  );
  return { store, pane };
}

/** Resolves in the task after the next picture. */
function painted(): Promise<void> {
  return new Promise((done) => {
    requestAnimationFrame(() => {
      const channel = new MessageChannel();
      channel.port1.onmessage = () => done();
      channel.port2.postMessage(0);
    });
  });
}

const rest = (ms: number): Promise<void> => new Promise((done) => setTimeout(done, ms));

/** From 10,000 lines at hand to a picture of them: script, style, layout. The best of `rounds`, as in harness.race. */
async function burst(rounds: number): Promise<Record<string, number>> {
  const { store, pane } = mount(100_000, 20_000);
  const ours: number[] = [];
  const stores: number[] = [];
  const layouts: number[] = [];
  const theirs: number[] = [];
  for (let k = 0; k < rounds; k++) {
    const list = entries(store.nextSeq, 10_000);
    await rest(300);
    await new Promise<void>((done) => {
      // Callbacks of one picture run in the order in which they were asked for: the pane's own is between these two.
      let drawing = 0;
      requestAnimationFrame(() => {
        drawing = performance.now();
      });
      const arrived = performance.now();
      store.append(batch(list));
      const stored = performance.now() - arrived;
      requestAnimationFrame(() => {
        const drawn = performance.now();
        void document.body.offsetHeight;
        layouts.push(performance.now() - drawn);
        ours.push(stored + performance.now() - drawing);
        stores.push(stored);
        done();
      });
    });
  }
  render(null, pane);
  for (let k = 0; k < rounds; k++) {
    const list = entries(0, 10_000);
    const box = document.body.appendChild(document.createElement('div'));
    box.style.cssText = 'height: 600px; overflow: auto; font: 12px/21px monospace';
    void document.body.offsetHeight;
    const begin = performance.now();
    box.innerHTML = list
      .map(({ ts, level, channel, message }) => {
        const text = message.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
        return `<div><span>${ts}</span> <span>${level}</span> <span>${channel}</span> <span>${text}</span></div>`;
      })
      .join('');
    void box.offsetHeight;
    theirs.push(performance.now() - begin);
    box.remove();
    await painted();
  }
  return { ours: Math.min(...ours), stored: Math.min(...stores), layout: Math.min(...layouts), theirs: Math.min(...theirs), median: median(ours) };
}

function median(values: number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1] as number;
}

let filled: LogStore | null = null;
let streamed: { stop(): Record<string, number> } | null = null;

/** A pane that is full with `held` lines, long ones where it wraps; how many it holds. */
async function fill(held: number, wrap: boolean): Promise<number> {
  filled = mount(held, held, wrap).store;
  await rest(500);
  return filled.size;
}

/** Into the full pane `rate` lines a second, as JSON texts like those of the socket, until `stop()`. */
function begin(rate: number, long: boolean): void {
  const store = filled as LogStore;
  const texts = Array.from({ length: 40 }, (_, k) => JSON.stringify(batch(entries(k * 250, 250, long))));
  const start = performance.now();
  let sent = 0;
  let last = start;
  let running = true;
  const gaps: number[] = [];
  const frame = (now: number) => {
    gaps.push(now - last);
    last = now;
    if (running) requestAnimationFrame(frame);
  };
  requestAnimationFrame((now) => {
    last = now;
    requestAnimationFrame(frame);
  });
  const timer = setInterval(() => {
    const due = Math.floor(((performance.now() - start) * rate) / 1000 / 250);
    while (sent < due) {
      const message = JSON.parse(texts[sent++ % texts.length] as string) as LogsAppend;
      const first = store.nextSeq;
      message.entries.forEach((one, k) => {
        one.seq = first + k;
        one.ts = Date.now();
      });
      store.append({ ...message, firstSeq: first, nextSeq: first + 250 });
    }
  }, 25);
  streamed = {
    stop() {
      running = false;
      clearInterval(timer);
      const sorted = [...gaps].sort((a, b) => a - b);
      const at = (part: number) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] as number;
      return { lines: sent * 250, pictures: gaps.length, p50: at(0.5), p99: at(0.99), longest: at(1), size: store.size };
    },
  };
}

const stop = () => streamed?.stop();
Object.assign(window, {
  benchmark: { patches, filters, burst, fill, begin, stop, fillRuns, beginRuns, stopRuns, unfoldRuns, plainRuns },
});
