import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Operation } from '../src/sync/messages';
import { applyPatch, PatchError } from '../src/sync/patch';
import { at, fold, plain, size, widen } from '../src/sync/read';
import { WIDE_KEYS, Wide } from '../src/sync/wide';

interface Case {
  section: string;
  comment: string;
  doc: unknown;
  patch: Operation[];
  expected?: unknown;
  error?: string;
}

const url = new URL('../../tests/vectors/json-patch.json', import.meta.url);
const cases = (JSON.parse(readFileSync(url, 'utf8')) as Case[]).map((one) => ({
  ...one,
  title: `${one.section}: ${one.comment}`,
}));

const copy = <T>(value: T): T => structuredClone(value);
const devices = (count: number) =>
  Object.fromEntries(Array.from({ length: count }, (_, i) => [`cap${i}`, { type: 'camera', status: 'ok', n: i }]));

describe('what RFC 6901 and RFC 6902 say', () => {
  it.each(cases)('$title', ({ doc, patch, expected, error }) => {
    const before = copy(doc);
    const given = widen(copy(doc));
    if (error !== undefined) expect(() => applyPatch(given, copy(patch))).toThrow(PatchError);
    else {
      const result = plain(applyPatch(given, copy(patch)));
      expect(result).toEqual(expected);
    }
    expect(plain(given)).toEqual(before);
  });
});

describe('applyPatch', () => {
  const state = () => widen({ version: 1, devices: devices(1_000), jobs: { queue: ['a'], items: {} } }) as object;

  it('gives what changed a new identity and leaves every other identity alone', () => {
    const before = state();
    const after = applyPatch(before, [{ op: 'replace', path: '/devices/cap7/status', value: 'lost' }]) as object;
    expect(after).not.toBe(before);
    expect(at(after, ['devices', 'cap7', 'status'])).toBe('lost');
    expect(at(before, ['devices', 'cap7', 'status'])).toBe('ok');
    expect(at(after, ['devices', 'cap8'])).toBe(at(before, ['devices', 'cap8']));
    expect(at(after, ['jobs'])).toBe(at(before, ['jobs']));
  });

  it('copies one chunk of a wide record and shares the others', () => {
    const before = at(state(), ['devices']) as Wide;
    const after = applyPatch(before, [{ op: 'replace', path: '/cap7/status', value: 'lost' }]) as Wide;
    expect(after.chunks.filter((chunk, i) => chunk !== before.chunks[i])).toHaveLength(1);
    expect(after.shape).toBe(before.shape);
  });

  it('leaves nothing of a patch whose last operation fails', () => {
    const before = state();
    const untouched = JSON.stringify(plain(before));
    const patch: Operation[] = [
      { op: 'replace', path: '/devices/cap7/status', value: 'lost' },
      { op: 'remove', path: '/devices/cap8' },
      { op: 'add', path: '/jobs/queue/0', value: 'b' },
      { op: 'remove', path: '/devices/nobody' },
    ];
    expect(() => applyPatch(before, patch)).toThrow(/operation 3/);
    expect(JSON.stringify(plain(before))).toBe(untouched);
  });

  it('does not let two places that a copy made share later changes', () => {
    const patch: Operation[] = [
      { op: 'add', path: '/a/x', value: 1 },
      { op: 'copy', from: '/a', path: '/b' },
      { op: 'replace', path: '/b/x', value: 2 },
    ];
    expect(applyPatch({ a: {} }, patch)).toEqual({ a: { x: 1 }, b: { x: 2 } });
  });

  it('takes __proto__ as a name like any other', () => {
    const result = applyPatch({}, [{ op: 'add', path: '/__proto__', value: { polluted: true } }]) as object;
    expect(Object.hasOwn(result, '__proto__')).toBe(true);
    expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
    expect(() => applyPatch({}, [{ op: 'replace', path: '/constructor', value: 1 }])).toThrow(PatchError);
  });

  it('turns a record wide when it grows, and keeps every key', () => {
    let record: unknown = {};
    for (let i = 0; i <= WIDE_KEYS; i++) record = applyPatch(record, [{ op: 'add', path: `/k${i}`, value: i }]);
    expect(record).toBeInstanceOf(Wide);
    expect(size(record as Wide)).toBe(WIDE_KEYS + 1);
  });

  it('equals the same changes made to a plain object, whatever they are', () => {
    const key = fc.integer({ min: 0, max: 199 }).map((i) => `k${i}`);
    const step = fc.oneof(
      fc.record({ op: fc.constant('add' as const), key, value: fc.integer() }),
      fc.record({ op: fc.constant('remove' as const), key }),
    );
    fc.assert(
      fc.property(fc.array(fc.array(step, { maxLength: 20 }), { maxLength: 20 }), (patches) => {
        const model = new Map(Array.from({ length: 100 }, (_, i) => [`k${i}`, i]));
        let record = widen(Object.fromEntries(model));
        for (const steps of patches) {
          const operations: Operation[] = [];
          for (const one of steps) {
            if (one.op === 'add') {
              model.set(one.key, one.value);
              operations.push({ op: 'add', path: `/${one.key}`, value: one.value });
            } else if (model.delete(one.key)) {
              operations.push({ op: 'remove', path: `/${one.key}` });
            }
          }
          const before = record;
          const kept = JSON.stringify(plain(before));
          record = applyPatch(record, operations);
          expect(JSON.stringify(plain(before))).toBe(kept);
          expect(plain(record)).toEqual(Object.fromEntries(model));
          expect(size(record as Wide)).toBe(model.size);
        }
      }),
      { numRuns: 60 },
    );
  });
});

describe('Wide', () => {
  it('lets go of the places of keys that came and went', () => {
    let record = Wide.of([['stays', 0]]);
    for (let i = 0; i < 20_000; i++) record = record.with(`j${i}`, i).without(`j${i}`);
    expect([...record.entries()]).toEqual([['stays', 0]]);
    expect(record.chunks.length).toBeLessThan(8);
  });

  it('keeps apart two versions that grew from the same one', () => {
    const base = Wide.of([['a', 1]]);
    const left = base.with('b', 2);
    const right = base.with('c', 3);
    expect([...left.entries()]).toEqual([
      ['a', 1],
      ['b', 2],
    ]);
    expect([...right.entries()]).toEqual([
      ['a', 1],
      ['c', 3],
    ]);
    expect([...base.keys()]).toEqual(['a']);
  });

  it('measures only the chunk that changed when something is summed up', () => {
    let seen = 0;
    const lost = (items: Iterable<{ status: string }>) => {
      let count = 0;
      for (const item of items) {
        seen++;
        if (item.status === 'lost') count++;
      }
      return count;
    };
    const add = (a: number, b: number) => a + b;
    const before = widen(devices(1_280)) as Wide<{ status: string }>;
    expect(fold(before, lost, add)).toBe(0);
    seen = 0;
    expect(fold(before.with('cap3', { status: 'lost' }), lost, add)).toBe(1);
    expect(seen).toBe(128);
  });
});
