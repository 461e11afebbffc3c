import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { hasTwice, twiceOffset } from '../src/logs/text/twice';

const at = (iso: string) => Date.parse(iso);
let before: string | undefined;
beforeAll(() => {
  before = process.env.TZ;
});
afterAll(() => {
  if (before === undefined) delete process.env.TZ;
  else process.env.TZ = before;
});

describe.each([
  ['Europe/Berlin', '2025-10-26T00:00:00Z', '+02', '2025-10-26T01:59:59Z', '+01', '2025-10-26T02:00:00Z'],
  ['America/New_York', '2025-11-02T05:00:00Z', '\u221204', '2025-11-02T06:59:59Z', '\u221205', '2025-11-02T07:00:00Z'],
  ['Australia/Lord_Howe', '2025-04-05T14:30:00Z', '+11', '2025-04-05T15:29:59Z', '+10:30', '2025-04-05T15:30:00Z'],
])('where clocks are put back in %s', (zone, first, earlier, last, later, over) => {
  it('the hour that comes twice has its offset, and no other has', () => {
    process.env.TZ = zone;
    expect(twiceOffset(at(first))).toBe(earlier);
    expect(twiceOffset(at(last))).toBe(later);
    expect(twiceOffset(at(over))).toBe('');
    expect(twiceOffset(at(first) - 1)).toBe('');
    expect(hasTwice([at(first) - 86_400_000, at(over) + 86_400_000])).toBe(true);
    expect(hasTwice([at(over), at(over) + 40 * 86_400_000])).toBe(false);
  });
});

it('clocks that are put forward show nothing twice', () => {
  process.env.TZ = 'Europe/Berlin';
  for (const iso of ['2025-03-30T00:30:00Z', '2025-03-30T01:30:00Z']) expect(twiceOffset(at(iso))).toBe('');
  expect(hasTwice([at('2025-03-29T00:00:00Z'), at('2025-03-31T00:00:00Z')])).toBe(false);
  expect(twiceOffset(Number.NaN)).toBe('');
});
