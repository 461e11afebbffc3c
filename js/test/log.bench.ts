import { bench, describe } from 'vitest';
import { FilterIndex } from '../src/logs/filter/filter';
import { LogStore } from '../src/logs/store/store';
import type { LogEntry } from '../src/sync/messages';
import { compile } from '../src/views/log/model/compile';

const ROWS = 500_000;
const LEVELS = ['debug', 'info', 'warn', 'error'] as const;
const NUMBERS: Record<string, number> = { debug: 10, info: 20, warn: 30, error: 40, fatal: 50 };

let seed = 7;
function random(): number {
  seed = (seed * 16_807) % 2_147_483_647;
  return seed / 2_147_483_647;
}

const rows = Array.from({ length: ROWS }, (_, seq): LogEntry => {
  const dice = random();
  return {
    seq,
    ts: 1.7e12 + seq * 3,
    channel: ['benchmark', 'powermeter', 'ffmpeg', 'websocket', 'app'][Math.floor(random() * 5)] as string,
    emoji: '',
    color: '#60a5fa',
    level: LEVELS[dice < 0.35 ? 0 : dice < 0.98 ? 1 : dice < 0.995 ? 2 : 3] as LogEntry['level'],
    message: `xz: repetition ${seq % 20}, pass ${(seq % 3) + 1} of 3, ${(random() * 200).toFixed(1)} MiB read`,
  };
});
const store = new LogStore(1_000_000);
store.append({ type: 'logs.append', entries: rows, firstSeq: 0, nextSeq: ROWS, missed: 0 });

const { codes } = compile('level>=warn channel:benchmark', store, 0).parts;
const { parts: words } = compile('level>=info "pass 2"', store, 0);
const index = new FilterIndex(store);

describe('500,000 rows, level and channel', () => {
  bench('columns', () => {
    index.use(null, codes);
    index.work();
  });
  bench('row objects', () => {
    rows.filter((row) => (NUMBERS[row.level] as number) >= 30 && row.channel === 'benchmark');
  });
});

describe('500,000 rows, level and words', () => {
  bench('columns', () => {
    index.use(words.rest, words.codes);
    index.work();
  });
  bench('row objects', () => {
    rows.filter((row) => (NUMBERS[row.level] as number) >= 20 && row.message.toLowerCase().includes('pass 2'));
  });
});

describe('1,000 new rows', () => {
  const small = new LogStore(1_000_000);
  const follower = new FilterIndex(small, (i) => small.level(i) >= 30);
  bench('taken and filtered', () => {
    const from = small.nextSeq;
    const entries = rows.slice(0, 1_000).map((row, k) => ({ ...row, seq: from + k }));
    small.append({ type: 'logs.append', entries, firstSeq: from, nextSeq: from + 1_000, missed: 0 });
    follower.work();
  });
});
