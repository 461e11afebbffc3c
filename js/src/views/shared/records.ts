/** Reading order and search of a record's rows. Pure. */

import { entries, keys, type Rec } from '../../sync/read';
import { Wide } from '../../sync/wide';

/** Beyond so many, only a number at the end of a name counts as one: 20 times quicker. */
const NATURAL_MAX = 5_000;
const collator = new Intl.Collator('en', { numeric: true });
const orders = new WeakMap<object, string[]>();

/** Keys in their natural order ("cap2" before "cap10"). Sorted anew only when keys come or go. */
export function naturalKeys(record: Rec<unknown>): string[] {
  const identity = record instanceof Wide ? record.shape : null;
  const known = identity && orders.get(identity);
  if (known) return known;
  const names = keys(record);
  if (names.length > NATURAL_MAX) sortByTail(names);
  else names.sort(collator.compare);
  if (identity) orders.set(identity, names);
  return names;
}

function sortByTail(names: string[]): void {
  const rows = names.map((name) => {
    const digits = /\d*$/.exec(name)?.[0] ?? '';
    return { name, head: name.slice(0, name.length - digits.length), tail: Number(digits) };
  });
  rows.sort((a, b) => (a.head === b.head ? a.tail - b.tail : a.head < b.head ? -1 : 1));
  rows.forEach((row, i) => {
    names[i] = row.name;
  });
}

/** The keys whose name or values contain all words of `text`, in any case. */
export function matching(record: Rec<unknown>, order: readonly string[], text: string): readonly string[] {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  if (words.length === 0) return order;
  const found = new Set<string>();
  for (const [key, value] of entries(record)) {
    const hay = `${key} ${typeof value === 'object' ? JSON.stringify(value) : String(value)}`.toLowerCase();
    if (words.every((word) => hay.includes(word))) found.add(key);
  }
  return order.filter((key) => found.has(key));
}

/** What a record holds beside the fields that have columns of their own. */
export function otherFields(record: object, shown: readonly string[]): [string, unknown][] {
  const out: [string, unknown][] = [];
  for (const [key, value] of entries(record as Rec<unknown>)) {
    if (value !== null && value !== '' && !shown.includes(key)) out.push([key, value]);
  }
  return out;
}
