import type { Drawn } from '../model/scroll';

/** Which element of the list, by number, each line is drawn in. */
export type Slots = ReadonlyMap<number, number>;
export const NO_SLOTS: Slots = new Map();

/**
 * The elements of a picture after those of the last one: a line that stays keeps its own, a new one takes over that of a
 * line that went. Following a fast log replaces every row some times a second, and new text costs far less than new elements.
 */
export function recycled(before: Slots, { rows }: Pick<Drawn, 'rows'>): Slots {
  const seqs = new Set<number>();
  for (const { seq } of rows) if (seq !== null) seqs.add(seq);
  const free: number[] = [];
  for (const [seq, slot] of before) if (!seqs.has(seq)) free.push(slot);
  let fresh = before.size;
  let next = 0;
  const after = new Map<number, number>();
  for (const seq of seqs) after.set(seq, before.get(seq) ?? (next < free.length ? (free[next++] as number) : fresh++));
  // Elements that nobody took over are given up; slots stay 0..n-1 as long as none is, so their numbers never grow.
  return next < free.length ? compacted(after) : after;
}

function compacted(slots: Slots): Slots {
  const taken = new Set<number>();
  const out = new Map<number, number>();
  const late: number[] = [];
  for (const [seq, slot] of slots) {
    if (slot < slots.size) {
      out.set(seq, slot);
      taken.add(slot);
    } else {
      out.set(seq, -1);
      late.push(seq);
    }
  }
  let slot = 0;
  for (const seq of late) {
    while (taken.has(slot)) slot++;
    out.set(seq, slot++);
  }
  return out;
}
