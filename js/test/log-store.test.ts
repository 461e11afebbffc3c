import { describe, expect, it } from 'vitest';
import { gapTotal } from '../src/logs/store/gaps';
import { LogStore } from '../src/logs/store/store';
import { append, config, history, line, lines } from './log-fixtures';

const seqs = (store: LogStore) => Array.from({ length: store.size }, (_, i) => store.seq(i));
const covered = (store: LogStore) => store.size + gapTotal(store.gaps);

describe('channels', () => {
  const one = (seq: number, channel: string, color: string) => line(seq, { channel, color });
  const dots = (store: LogStore, ...names: string[]) => names.map((name) => store.dotOf(name));
  const say = (...entries: ReturnType<typeof one>[]) => ({ ...append(0, entries.length), entries });

  it('that share a colour on the wire differ on the page, and the first keeps its own', () => {
    const store = new LogStore();
    store.append(say(one(0, 'orchestrator', 'blue'), one(1, 'app', 'blue'), one(2, 'orchestrator', 'blue')));
    const [first, second] = dots(store, 'orchestrator', 'app');
    expect(first).toBe('#60a5fa');
    expect(second).not.toBe(first);
    expect(store.entry(1).color).toBe('blue');
  });

  it('are all different while there are colours left, and then look alike', () => {
    const names = Array.from({ length: 40 }, (_, k) => `channel-${k}`);
    const store = new LogStore();
    store.append(say(...names.map((name, k) => one(k, name, 'blue'))));
    const given = dots(store, ...names);
    expect(new Set(given.slice(0, 14)).size).toBe(14);
    expect(given[39]).toBe('#60a5fa');
  });

  it('keep a colour that somebody has chosen for them, whoever else has it', () => {
    const store = new LogStore();
    store.append(say(one(0, 'a', '#123456'), one(1, 'b', '#123456')));
    expect(dots(store, 'a', 'b')).toEqual(['#123456', '#123456']);
  });

  it('follow a colour that is given later, and leave the others as they are', () => {
    const store = new LogStore();
    store.append(say(one(0, 'a', 'blue'), one(1, 'b', 'blue'), one(2, 'a', '#fff')));
    const [a, b] = dots(store, 'a', 'b');
    expect(a).toBe('#fff');
    expect(b).not.toBe('#60a5fa');
  });

  it('have colours that can be told apart', () => {
    const names = Array.from({ length: 14 }, (_, k) => `n${k}`);
    const store = new LogStore();
    store.append(say(...names.map((name, k) => one(k, name, 'blue'))));
    const rgb = (css: string) => [1, 3, 5].map((at) => Number.parseInt(css.slice(at, at + 2), 16));
    const all = dots(store, ...names).map(rgb);
    for (const [i, x] of all.entries())
      for (const y of all.slice(i + 1))
        expect(Math.hypot(...x.map((part, k) => part - (y[k] as number))), `${x} and ${y}`).toBeGreaterThan(55);
  });
});

describe('LogStore', () => {
  it('gives back every column of every line', () => {
    const store = new LogStore();
    const rich = line(0, { logger: 'a.b', jobId: 'j1', stepId: 's1', deviceId: 'd1', fields: { w: 1 }, exc: 'Traceback' });
    store.append({ ...append(0, 2), entries: [rich, line(1)] });
    expect(store.entry(0)).toEqual(rich);
    expect(store.entry(1)).toEqual(line(1));
    expect([store.job(1), store.fields(1), store.exc(1)]).toEqual([undefined, undefined, undefined]);
    expect(store.names('job')[store.code('job', 0)]).toBe('j1');
    expect(store.code('job', 1)).toBe(0);
  });

  it('never holds more than its cap and counts what it lets go', () => {
    const store = new LogStore(500);
    for (let k = 0; k < 40; k++) store.append(append(k * 100, (k + 1) * 100));
    expect(store.size).toBeLessThanOrEqual(500);
    expect(store.size).toBeGreaterThan(460);
    expect(store.evicted + store.size).toBe(4_000);
    expect(store.seq(store.size - 1)).toBe(3_999);
    expect(store.gaps).toEqual([{ from: 0, to: store.firstSeq, kind: 'evicted' }]);
  });

  it('lets go what a smaller cap has no room for, and keeps the newest', () => {
    const store = new LogStore(100_000);
    store.append(append(0, 10_000));
    store.adopt(config(500));
    expect(store.size).toBe(500);
    expect(store.firstSeq).toBe(9_500);
    expect(store.evicted).toBe(9_500);
  });

  it('says that lines before the first history are not fetched', () => {
    const store = new LogStore();
    store.history(history(800, 1_000));
    expect(store.gaps).toEqual([{ from: 0, to: 800, kind: 'unfetched' }]);
    expect(store.missed).toBe(0);
  });

  it('marks a hole between two batches as skipped', () => {
    const store = new LogStore();
    store.append(append(0, 10));
    store.append(append(320, 330, 310));
    expect(store.gaps).toEqual([{ from: 10, to: 320, kind: 'skipped' }]);
    expect(store.missed).toBe(310);
    expect(covered(store)).toBe(store.nextSeq);
  });

  it('takes a batch whose lines it holds only once', () => {
    const store = new LogStore();
    store.append(append(0, 10));
    store.append(append(5, 15));
    store.append(append(0, 3));
    expect(seqs(store)).toEqual(lines(0, 15).map(({ seq }) => seq));
  });

  it('holds no gap where the server filtered lines out of a batch', () => {
    const store = new LogStore();
    store.append({ ...append(0, 10), entries: [line(2), line(7)] });
    store.append({ ...append(10, 20), entries: [line(15)] });
    expect(seqs(store)).toEqual([2, 7, 15]);
    expect(store.gaps).toEqual([]);
  });

  it('fills a gap in the middle of a chunk and keeps the order', () => {
    const store = new LogStore();
    store.append(append(0, 100));
    store.append(append(200, 300));
    store.history(history(90, 210));
    expect(seqs(store)).toEqual(lines(0, 300).map(({ seq }) => seq));
    expect(store.gaps).toEqual([]);
    store.append(append(300, 310));
    expect(store.find(305)).toBe(305);
  });

  it('puts older lines before the ones it holds', () => {
    const store = new LogStore();
    store.history(history(5_000, 6_000));
    store.history(history(100, 5_000));
    expect(store.firstSeq).toBe(100);
    expect(store.size).toBe(5_900);
    expect(store.message(store.find(4_999))).toBe('line 4999');
    expect(store.gaps).toEqual([{ from: 0, to: 100, kind: 'unfetched' }]);
  });

  it('says what the server no longer holds', () => {
    const store = new LogStore();
    store.history(history(5_000, 6_000));
    store.history(history(3_000, 5_000, 3_000));
    expect(store.gaps).toEqual([{ from: 0, to: 3_000, kind: 'missed' }]);
  });

  it('takes of older lines only the newest that fit', () => {
    const store = new LogStore(1_000);
    store.history(history(5_000, 5_900));
    store.history(history(4_000, 5_000));
    expect(store.size).toBe(1_000);
    expect(store.firstSeq).toBe(4_900);
    expect(covered(store)).toBe(store.nextSeq);
  });

  it('drops all of another epoch', () => {
    const store = new LogStore();
    store.append(append(0, 100));
    const chunk = store.chunks[0];
    store.reset('e2');
    expect([store.size, store.nextSeq, store.gaps, store.evicted]).toEqual([0, 0, [], 0]);
    expect(store.names('channel')).toEqual(['']);
    expect(chunk?.live).toBe(false);
    expect(() => store.seq(0)).toThrow(RangeError);
  });

  it('accounts for every seq after any order of arrivals', () => {
    let seed = 7;
    const random = (n: number) => {
      seed = (seed * 16_807) % 2_147_483_647;
      return seed % n;
    };
    for (let round = 0; round < 30; round++) {
      const store = new LogStore(200 + random(2_000));
      for (let k = 0; k < 60; k++) {
        const from = random(store.nextSeq + 400);
        const to = from + 1 + random(300);
        if (random(2)) store.append(append(from, to));
        else store.history(history(from, to, random(50)));
        const held = seqs(store);
        expect(held).toEqual([...new Set(held)].sort((a, b) => a - b));
        expect(covered(store)).toBe(store.nextSeq);
        expect(held.every((seq, i) => store.message(i) === `line ${seq}`)).toBe(true);
        expect(store.size).toBeLessThanOrEqual(store.capacity);
      }
    }
  });

  it('holds exactly the rows it was made of', () => {
    const store = LogStore.of([line(9), line(2), line(5)]);
    expect(seqs(store)).toEqual([2, 5, 9]);
    expect(store.gaps).toEqual([]);
  });
});
