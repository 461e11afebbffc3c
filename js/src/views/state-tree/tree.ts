/** The rows of the state tree: what is open is a list of rows, and a node with many children shows them in ranges. */

import { join } from '../../sync/pointer';
import { at, entries, get, isRecord, keys, type Rec, size } from '../../sync/read';
import { Wide } from '../../sync/wide';

/** Height of a row in px. */
export const TREE_ROW_HEIGHT = 22;

/** A node with more children than this shows ranges of them instead. */
export const RANGE = 100;

export interface TreeItem {
  /** Unique in the tree; the pointer, and for a range its bounds. */
  readonly id: string;
  readonly parts: readonly string[];
  readonly name: string;
  readonly depth: number;
  readonly value: unknown;
  readonly kind: 'leaf' | 'node' | 'range';
  /** Children, or members of a range. */
  readonly size: number;
  readonly isOpen: boolean;
  /** Position among its siblings from 1, and how many they are. */
  readonly position: number;
  readonly siblings: number;
}

export function isNode(value: unknown): value is readonly unknown[] | Rec<unknown> {
  return typeof value === 'object' && value !== null;
}

export function childCount(value: unknown): number {
  return Array.isArray(value) ? value.length : isRecord(value) ? size(value) : 0;
}

const keyLists = new WeakMap<object, string[]>();

function keyList(record: Rec<unknown>): string[] {
  if (!(record instanceof Wide)) return keys(record);
  let known = keyLists.get(record.shape);
  if (known === undefined) {
    known = keys(record);
    keyLists.set(record.shape, known);
  }
  return known;
}

/** All rows that are to be seen, with what is in `open` unfolded. The root itself is no row. */
export function rowsOf(state: unknown, open: ReadonlySet<string>): TreeItem[] {
  const out: TreeItem[] = [];
  if (isNode(state)) children(state, [], 0, open, out);
  return out;
}

function children(node: unknown, parts: readonly string[], depth: number, open: ReadonlySet<string>, out: TreeItem[]): void {
  const total = childCount(node);
  if (total > RANGE) ranges(node, parts, depth, 0, total, open, out);
  else listed(node, parts, depth, 0, total, open, out);
}

/** The children [from, to), a row each. */
function listed(
  node: unknown,
  parts: readonly string[],
  depth: number,
  from: number,
  to: number,
  open: ReadonlySet<string>,
  out: TreeItem[],
): void {
  const names = Array.isArray(node) ? null : keyList(node as Rec<unknown>);
  for (let i = from; i < to; i++) {
    const name = names === null ? String(i) : (names[i] as string);
    const value = names === null ? (node as unknown[])[i] : get(node as Rec<unknown>, name);
    const path = [...parts, name];
    const id = join(path);
    const isOpen = isNode(value) && open.has(id);
    const kind = isNode(value) ? 'node' : 'leaf';
    const row = { id, parts: path, name, depth, value, kind, size: childCount(value), isOpen } as const;
    out.push({ ...row, position: i - from + 1, siblings: to - from });
    if (isOpen) children(value, path, depth + 1, open, out);
  }
}

/** [from, to) in ranges of 100, or where there are too many of those of 10,000 and so on. */
function ranges(
  node: unknown,
  parts: readonly string[],
  depth: number,
  from: number,
  to: number,
  open: ReadonlySet<string>,
  out: TreeItem[],
): void {
  const step = stepOf(to - from);
  const siblings = Math.ceil((to - from) / step);
  for (let start = from, position = 1; start < to; start += step, position++) {
    const end = Math.min(to, start + step);
    const id = rangeId(parts, start, end);
    const isOpen = open.has(id);
    const row = { id, parts, name: `${start} … ${end - 1}`, depth, value: node, kind: 'range', size: end - start } as const;
    out.push({ ...row, isOpen, position, siblings });
    if (!isOpen) continue;
    if (end - start > RANGE) ranges(node, parts, depth + 1, start, end, open, out);
    else listed(node, parts, depth + 1, start, end, open, out);
  }
}

function stepOf(total: number): number {
  let step = RANGE;
  while (total / step > RANGE) step *= RANGE;
  return step;
}

function rangeId(parts: readonly string[], start: number, end: number): string {
  return `${join(parts)}\u0000${start}-${end}`;
}

/** What has to be open so that this place is to be seen. */
export function ancestors(state: unknown, parts: readonly string[]): string[] {
  const out: string[] = [];
  for (let depth = 0; depth < parts.length; depth++) {
    const here = parts.slice(0, depth);
    const node = at(state, here);
    if (!isNode(node)) break;
    if (depth > 0) out.push(join(here));
    const total = childCount(node);
    if (total <= RANGE) continue;
    const name = parts[depth] as string;
    const i = Array.isArray(node) ? Number(name) : keyList(node as Rec<unknown>).indexOf(name);
    let from = 0;
    let to = total;
    while (i >= 0 && to - from > RANGE) {
      const step = stepOf(to - from);
      from += Math.floor((i - from) / step) * step;
      to = Math.min(to, from + step);
      out.push(rangeId(here, from, to));
    }
  }
  return out;
}

/** Places whose name or value contains `text`, in any case. Yields null now and then, so that one can pause there. */
export function* search(state: unknown, text: string): Generator<string[] | null> {
  const needle = text.toLowerCase();
  let seen = 0;
  function* within(node: unknown, parts: readonly string[]): Generator<string[] | null> {
    const items: Iterable<[string, unknown]> = Array.isArray(node)
      ? node.map((item, i): [string, unknown] => [String(i), item])
      : entries(node as Rec<unknown>);
    for (const [name, value] of items) {
      if (++seen % 500 === 0) yield null;
      const path = [...parts, name];
      const leaf = isNode(value) ? '' : typeof value === 'string' ? value : JSON.stringify(value);
      if (name.toLowerCase().includes(needle) || leaf.toLowerCase().includes(needle)) yield path;
      if (isNode(value)) yield* within(value, path);
    }
  }
  if (isNode(state)) yield* within(state, []);
}
