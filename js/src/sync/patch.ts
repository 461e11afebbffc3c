/**
 * RFC 6902 over values that are never changed: what a patch touches gets a new identity, everything else keeps its own.
 *
 * A patch is applied whole or not at all, which costs nothing here: the old value stays what it was.
 */

import type { Operation } from './messages';
import { split } from './pointer';
import { equal, get, has, isRecord, put, type Rec, widen } from './read';
import { WIDE_KEYS, Wide } from './wide';

/** The operation cannot be applied: the number of the operation, and why. */
export class PatchError extends Error {
  override readonly name = 'PatchError';

  constructor(
    readonly operation: number,
    readonly fact: string,
  ) {
    super(`operation ${operation}: ${fact}`);
  }
}

class Failure extends Error {}

/** Containers made while this patch is applied, which nobody else has seen: they are changed in place. */
type Mine = Set<object>;

/** Apply the operations in their order. Throws `PatchError`, and `document` is untouched in any case. */
export function applyPatch(document: unknown, operations: readonly Operation[]): unknown {
  const mine: Mine = new Set();
  let result = document;
  for (let i = 0; i < operations.length; i++) {
    try {
      result = applyOne(result, operations[i] as Operation, mine);
    } catch (error) {
      if (error instanceof Failure) throw new PatchError(i, error.message);
      throw error;
    }
  }
  return result;
}

function applyOne(root: unknown, operation: Operation, mine: Mine): unknown {
  const path = parts(operation.path, 'path');
  switch (operation.op) {
    case 'add':
      return change(root, path, 0, ADD, widen(given(operation)), mine);
    case 'replace':
      return change(root, path, 0, REPLACE, widen(given(operation)), mine);
    case 'remove':
      if (path.length === 0) return null;
      return change(root, path, 0, REMOVE, undefined, mine);
    case 'test':
      if (!equal(find(root, path), given(operation))) throw new Failure(`test failed at ${shown(operation.path)}`);
      return root;
    case 'copy': {
      const value = find(root, parts(operation.from, 'from'));
      // The same value in two places: neither may be changed in place any more.
      mine.clear();
      return change(root, path, 0, ADD, value, mine);
    }
    case 'move': {
      const from = parts(operation.from, 'from');
      const value = find(root, from);
      if (path.length === from.length && path.every((part, i) => part === from[i])) return root;
      if (path.length > from.length && from.every((part, i) => part === path[i])) {
        throw new Failure(`${shown(operation.from)} cannot be moved into itself`);
      }
      mine.clear();
      const rest = from.length === 0 ? null : change(root, from, 0, REMOVE, undefined, mine);
      return change(rest, path, 0, ADD, value, mine);
    }
    default:
      throw new Failure(`there is no operation ${JSON.stringify((operation as { op?: unknown }).op) ?? 'without op'}`);
  }
}

const ADD = 0;
const REPLACE = 1;
const REMOVE = 2;
type Kind = typeof ADD | typeof REPLACE | typeof REMOVE;

/** `node`, changed at `path[depth:]`. */
function change(node: unknown, path: readonly string[], depth: number, kind: Kind, value: unknown, mine: Mine): unknown {
  if (depth === path.length) return value;
  const key = path[depth] as string;
  const isLast = depth === path.length - 1;
  if (Array.isArray(node)) {
    const end = node.length;
    const i = key === '-' ? end : index(key);
    if (i > (isLast && kind === ADD ? end : end - 1)) throw new Failure(`there is no item ${key} in a list of ${end}`);
    const list = owned(node, mine);
    if (!isLast) list[i] = change(node[i], path, depth + 1, kind, value, mine);
    else if (kind === ADD) list.splice(i, 0, value);
    else if (kind === REPLACE) list[i] = value;
    else list.splice(i, 1);
    return list;
  }
  if (!isRecord(node)) throw new Failure(`there is nothing at ${shown(`/${path.slice(0, depth + 1).join('/')}`)}`);
  if (node instanceof Wide) {
    if (!isLast || kind !== ADD) need(node, key);
    if (!isLast) return node.with(key, change(node.get(key), path, depth + 1, kind, value, mine), mine);
    return kind === REMOVE ? node.without(key, mine) : node.with(key, value, mine);
  }
  if (!isLast || kind !== ADD) need(node, key);
  if (isLast && kind === REMOVE) return without(node, key, mine);
  const record = mine.has(node) ? (node as Record<string, unknown>) : { ...node };
  mine.add(record);
  put(record, key, isLast ? value : change(node[key], path, depth + 1, kind, value, mine));
  if (isLast && kind === ADD && Object.keys(record).length > WIDE_KEYS) return Wide.of(Object.entries(record));
  return record;
}

function without(node: Readonly<Record<string, unknown>>, key: string, mine: Mine): Record<string, unknown> {
  const record: Record<string, unknown> = {};
  for (const name of Object.keys(node)) if (name !== key) put(record, name, node[name]);
  mine.add(record);
  return record;
}

function owned(list: unknown[], mine: Mine): unknown[] {
  if (mine.has(list)) return list;
  const copy = list.slice();
  mine.add(copy);
  return copy;
}

function find(root: unknown, path: readonly string[]): unknown {
  let node = root;
  for (const key of path) {
    if (Array.isArray(node)) {
      const i = index(key);
      if (i >= node.length) throw new Failure(`there is no item ${key} in a list of ${node.length}`);
      node = node[i];
    } else if (isRecord(node)) {
      need(node, key);
      node = get(node, key);
    } else {
      throw new Failure(`there is nothing at ${shown(`/${path.join('/')}`)}`);
    }
  }
  return node;
}

function need(record: Rec<unknown>, key: string): void {
  if (!has(record, key)) throw new Failure(`there is no member ${shown(key)}`);
}

/** An array index (RFC 6901 section 4): no sign, no leading zeros. */
function index(key: string): number {
  if (!/^(?:0|[1-9]\d*)$/.test(key)) throw new Failure(`${shown(key)} is no index of a list`);
  return Number(key);
}

function given(operation: { op: string; value?: unknown }): unknown {
  if (operation.value === undefined) throw new Failure(`${operation.op} has no value`);
  return operation.value;
}

function parts(pointer: unknown, name: string): string[] {
  const found = typeof pointer === 'string' ? split(pointer) : null;
  if (found === null) throw new Failure(`${name} is no JSON Pointer: ${shown(pointer)}`);
  return found;
}

function shown(value: unknown): string {
  return (JSON.stringify(value) ?? 'missing').slice(0, 80);
}
