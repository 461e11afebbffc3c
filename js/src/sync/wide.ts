/**
 * A record with many keys that is never changed, only succeeded: a new version shares all but one chunk with the old.
 *
 * A plain object of 10,000 keys costs most of a millisecond to copy. Here a changed value costs one chunk of values and
 * the table of chunks. All versions of a record share one index, which only ever grows: a key that a version does not
 * have finds an empty slot, or one past the version's end.
 */

/** Objects with more keys than this are kept as `Wide`. */
export const WIDE_KEYS = 64;
const CHUNK_BITS = 7;
const CHUNK = 1 << CHUNK_BITS;
const MASK = CHUNK - 1;

const HOLE: unique symbol = Symbol('hole');
type Slot<T> = T | typeof HOLE;
/** Never changed once it is part of a record, so what is counted over a chunk may be kept under its identity. */
export type WideChunk<T> = readonly Slot<T>[];

interface Index {
  readonly slots: Map<string, number>;
  readonly names: string[];
}

export class Wide<T = unknown> {
  private constructor(
    private readonly index: Index,
    readonly chunks: readonly WideChunk<T>[],
    readonly size: number,
    /** The same object in all versions that have the same keys. */
    readonly shape: object,
  ) {}

  static of<T>(entries: Iterable<readonly [string, T]>): Wide<T> {
    const index: Index = { slots: new Map(), names: [] };
    const chunks: Slot<T>[][] = [];
    for (const [key, value] of entries) {
      const known = index.slots.get(key);
      const slot = known ?? index.names.length;
      if (known === undefined) {
        index.slots.set(key, slot);
        index.names.push(key);
        if ((slot & MASK) === 0) chunks.push([]);
      }
      (chunks[slot >>> CHUNK_BITS] as Slot<T>[])[slot & MASK] = value;
    }
    return new Wide(index, chunks, index.names.length, {});
  }

  get(key: string): T | undefined {
    const slot = this.index.slots.get(key);
    if (slot === undefined) return undefined;
    const value = this.chunks[slot >>> CHUNK_BITS]?.[slot & MASK];
    return value === HOLE ? undefined : value;
  }

  /** In which chunks the values of these keys lie: the same in every version of the same shape. */
  placesOf(keys: Iterable<string>): number[] {
    const places = new Set<number>();
    for (const key of keys) {
      const slot = this.index.slots.get(key);
      if (slot !== undefined) places.add(slot >>> CHUNK_BITS);
    }
    return [...places];
  }

  has(key: string): boolean {
    const slot = this.index.slots.get(key);
    if (slot === undefined) return false;
    const value = this.chunks[slot >>> CHUNK_BITS]?.[slot & MASK];
    return value !== undefined && value !== HOLE;
  }

  /**
   * The record with this value.
   *
   * `mine` holds what the caller made and has shown to nobody: it is changed in place, so that many changes at once copy
   * each chunk once.
   */
  with(key: string, value: T, mine?: Set<object>): Wide<T> {
    let slot = this.index.slots.get(key);
    const isNew = slot === undefined || !this.has(key);
    if (slot === undefined) {
      slot = this.index.names.length;
      this.index.slots.set(key, slot);
      this.index.names.push(key);
    }
    const at = slot >>> CHUNK_BITS;
    const chunks = this.owned(this.chunks, mine) as Slot<T>[][];
    while (chunks.length <= at) chunks.push([]);
    const chunk = this.owned(chunks[at] as Slot<T>[], mine) as Slot<T>[];
    const place = slot & MASK;
    while (chunk.length < place) chunk.push(HOLE);
    chunk[place] = value;
    chunks[at] = chunk;
    return new Wide(this.index, chunks, this.size + (isNew ? 1 : 0), isNew ? {} : this.shape);
  }

  without(key: string, mine?: Set<object>): Wide<T> {
    if (!this.has(key)) return this;
    const size = this.size - 1;
    // Keys that come and go would leave holes for ever: begin anew once most of the index is holes.
    if (this.index.names.length > 4 * (size + WIDE_KEYS)) return Wide.of(filter(this.entries(), key));
    const slot = this.index.slots.get(key) as number;
    const at = slot >>> CHUNK_BITS;
    const chunks = this.owned(this.chunks, mine) as Slot<T>[][];
    const chunk = this.owned(chunks[at] as Slot<T>[], mine) as Slot<T>[];
    chunk[slot & MASK] = HOLE;
    chunks[at] = chunk;
    return new Wide(this.index, chunks, size, {});
  }

  *entries(): Generator<[string, T]> {
    const { names } = this.index;
    for (let c = 0; c < this.chunks.length; c++) {
      const chunk = this.chunks[c] as WideChunk<T>;
      for (let i = 0; i < chunk.length; i++) {
        const value = chunk[i] as Slot<T>;
        if (value !== HOLE && value !== undefined) yield [names[(c << CHUNK_BITS) + i] as string, value];
      }
    }
  }

  *keys(): Generator<string> {
    for (const [key] of this.entries()) yield key;
  }

  *values(): Generator<T> {
    for (const [, value] of this.entries()) yield value;
  }

  private owned<A>(list: readonly A[], mine: Set<object> | undefined): A[] {
    if (mine?.has(list)) return list as A[];
    const copy = list.slice();
    mine?.add(copy);
    return copy;
  }
}

/** The values of a chunk, without its empty slots. */
export function* chunkValues<T>(chunk: WideChunk<T>): Generator<T> {
  for (const value of chunk) if (value !== HOLE && value !== undefined) yield value;
}

function* filter<T>(entries: Iterable<[string, T]>, without: string): Generator<[string, T]> {
  for (const entry of entries) if (entry[0] !== without) yield entry;
}
