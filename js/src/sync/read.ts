/** Reading the mirrored state: a record is a plain object, or where it has many keys a `Wide`. These work on both. */

import { chunkValues, WIDE_KEYS, Wide, type WideChunk } from './wide';

/** A record of the state. */
export type Rec<T> = Readonly<Record<string, T>> | Wide<T>;

export function isRecord(value: unknown): value is Rec<unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function get<T>(record: Rec<T> | undefined, key: string): T | undefined {
  if (record === undefined) return undefined;
  if (record instanceof Wide) return record.get(key);
  return Object.hasOwn(record, key) ? record[key] : undefined;
}

export function has(record: Rec<unknown>, key: string): boolean {
  return record instanceof Wide ? record.has(key) : Object.hasOwn(record, key);
}

export function size(record: Rec<unknown> | undefined): number {
  if (record === undefined) return 0;
  return record instanceof Wide ? record.size : Object.keys(record).length;
}

export function keys(record: Rec<unknown> | undefined): string[] {
  if (record === undefined) return [];
  return record instanceof Wide ? [...record.keys()] : Object.keys(record);
}

export function values<T>(record: Rec<T> | undefined): Iterable<T> {
  if (record === undefined) return [];
  return record instanceof Wide ? record.values() : Object.values(record);
}

export function entries<T>(record: Rec<T> | undefined): Iterable<[string, T]> {
  if (record === undefined) return [];
  return record instanceof Wide ? record.entries() : Object.entries(record);
}

/** What stands at a JSON Pointer (RFC 6901) that was taken apart; undefined where nothing does. */
export function at(value: unknown, parts: readonly string[]): unknown {
  let here = value;
  for (const part of parts) {
    if (Array.isArray(here)) here = /^(0|[1-9]\d*)$/.test(part) ? here[Number(part)] : undefined;
    else if (isRecord(here)) here = get(here, part);
    else return undefined;
  }
  return here;
}

const summaries = new WeakMap<object, WeakMap<object, unknown>>();

/**
 * Sum something up over all values of a record, at the price of what changed since the last time.
 *
 * `measure` gives the sum of some values and has to be the same function each time; `add` puts two sums together.
 */
export function fold<T, S>(record: Rec<T> | undefined, measure: (values: Iterable<T>) => S, add: (a: S, b: S) => S): S {
  if (!(record instanceof Wide)) return measure(values(record));
  let known = summaries.get(measure) as WeakMap<object, S> | undefined;
  if (known === undefined) {
    known = new WeakMap();
    summaries.set(measure, known);
  }
  let sum = measure([]);
  for (const chunk of record.chunks as readonly WideChunk<T>[]) {
    let part = known.get(chunk);
    if (part === undefined) {
      part = measure(chunkValues(chunk));
      known.set(chunk, part);
    }
    sum = add(sum, part);
  }
  return sum;
}

/** Plain JSON, as it came from the wire, with every wide record inside made `Wide`. Takes over what it is given. */
export function widen(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || value instanceof Wide) return value;
  if (Array.isArray(value)) {
    for (let i = 0; i < value.length; i++) {
      const item: unknown = value[i];
      if (typeof item === 'object' && item !== null) value[i] = widen(item);
    }
    return value;
  }
  const record = value as Record<string, unknown>;
  const names = Object.keys(record);
  for (const name of names) {
    const item = record[name];
    if (typeof item !== 'object' || item === null) continue;
    const wide = widen(item);
    if (wide !== item) put(record, name, wide);
  }
  return names.length > WIDE_KEYS ? Wide.of(names.map((name) => [name, record[name]] as const)) : record;
}

/** The same as plain JSON values; a copy where there is something wide inside. */
export function plain(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(plain);
  if (!isRecord(value)) return value;
  const out: Record<string, unknown> = {};
  for (const [key, item] of entries(value)) put(out, key, plain(item));
  return out;
}

/** Set an own property whatever its name: assigning to `__proto__` would do something else. */
export function put(record: Record<string, unknown>, key: string, value: unknown): void {
  if (key === '__proto__') {
    Object.defineProperty(record, key, { value, writable: true, enumerable: true, configurable: true });
  } else {
    record[key] = value;
  }
}

/** Whether two JSON values are equal (RFC 6902 section 4.6). */
export function equal(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (Array.isArray(a)) {
    return Array.isArray(b) && a.length === b.length && a.every((item, i) => equal(item, b[i]));
  }
  if (!isRecord(a) || !isRecord(b) || size(a) !== size(b)) return false;
  for (const [key, item] of entries(a)) if (!has(b, key) || !equal(item, get(b, key))) return false;
  return true;
}
