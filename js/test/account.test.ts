import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { accountOf } from '../src/logs/store/account';
import { largerRing } from '../src/logs/store/capacity';
import { LogStore } from '../src/logs/store/store';
import { compile } from '../src/views/log/model/compile';
import { append, history, line } from './log-fixtures';

describe('where the lines are', () => {
  const added = ({ page, ring, lost, withheld }: ReturnType<typeof accountOf>) => page + ring + lost + withheld;

  it('adds up to what was written, whatever comes, goes and stays away', () => {
    const step = fc.record({ gap: fc.nat(40), lines: fc.integer({ min: 1, max: 60 }), asked: fc.boolean() });
    fc.assert(
      fc.property(
        fc.array(step, { maxLength: 20 }),
        fc.integer({ min: 1, max: 90 }),
        fc.nat(1_500),
        (steps, capacity, first) => {
          const store = new LogStore(capacity);
          store.reset('e1');
          let next = 0;
          for (const { gap, lines, asked } of steps) {
            const from = next + gap;
            store.append(append(from, from + lines));
            if (asked && gap) {
              store.allowBeyond(gap);
              store.history(history(next, from));
            }
            next = from + lines;
          }
          const account = accountOf(store, { first: Math.min(first, next), next });
          expect(account.written).toBe(next);
          expect(added(account)).toBe(next);
          expect(Object.values(account).every((lines) => lines >= 0)).toBe(true);
        },
      ),
    );
  });

  it('knows what was never sent from what was lost', () => {
    const store = new LogStore(100);
    store.append({ type: 'logs.append', entries: [line(4)], firstSeq: 0, nextSeq: 5, missed: 0 });
    expect(accountOf(store, { first: 0, next: 5 })).toEqual({ page: 1, ring: 0, lost: 0, withheld: 4, written: 5 });
    store.append(append(9, 10));
    expect(accountOf(store, { first: 7, next: 10 })).toEqual({ page: 2, ring: 2, lost: 2, withheld: 4, written: 10 });
  });

  it('names a ring that is larger', () => {
    expect([500, 20_000, 1_000_000].map(largerRing)).toEqual([
      'log_capacity=100_000',
      'log_capacity=200_000',
      'log_capacity=10_000_000',
    ]);
  });
});

describe('plumbing', () => {
  const store = LogStore.of([
    line(0, { channel: 'psu', level: 'info', message: 'volt' }),
    line(1, { channel: 'websocket', level: 'info', message: 'came' }),
    line(2, { channel: 'request', level: 'warn', message: 'odd' }),
  ]);
  const found = (query: string, mutes: boolean) => {
    const { test } = compile(query, store, 0, mutes);
    return [0, 1, 2].filter((i) => test === null || test(i));
  };

  it.each([
    ['', [0, 2]],
    ['volt OR came', [0]],
    ['-channel:psu', [2]],
    ['channel:websocket', [1]],
    ['(volt OR channel:web*)', [0, 1]],
    ['-channel:/web/ odd', [2]],
  ])('is muted below a warning where %j names none of its channels', (query, wanted) => {
    expect(found(query, true)).toEqual(wanted);
  });

  it('is there where nothing mutes it, and the query says so to others', () => {
    expect(found('', false)).toEqual([0, 1, 2]);
    expect(compile('a OR b', store, 0, true).absolute).toBe('(a OR b) -(channel:request,websocket level<warn)');
    expect(compile('a OR b', store, 0, false).absolute).toBe('a OR b');
  });
});
