import fc from 'fast-check';
import { expect, it } from 'vitest';
import { NO_SLOTS, recycled } from '../src/views/log/rows/slots';

const rows = (seqs: readonly number[]) => ({ rows: seqs.map((seq) => ({ seq, gap: null, beside: true })) });

it('elements are taken over: as many as there are rows, none twice, and what stays keeps its own', () => {
  const picture = fc.uniqueArray(fc.nat(40), { maxLength: 12 });
  fc.assert(
    fc.property(fc.array(picture, { maxLength: 8 }), (pictures) => {
      let slots = NO_SLOTS;
      for (const seqs of pictures) {
        const next = recycled(slots, rows(seqs));
        expect([...next.keys()].sort()).toEqual([...seqs].sort());
        expect([...next.values()].sort((a, b) => a - b)).toEqual(seqs.map((_, slot) => slot));
        for (const [seq, slot] of slots) if (next.has(seq) && slot < seqs.length) expect(next.get(seq)).toBe(slot);
        slots = next;
      }
    }),
  );
});

it('a picture of new lines alone makes no new element and moves none', () => {
  const before = recycled(NO_SLOTS, rows([1, 2, 3]));
  expect([...recycled(before, rows([7, 8, 9])).values()]).toEqual([...before.values()]);
});
