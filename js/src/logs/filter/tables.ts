import type { Chunk } from '../store/chunk';
import { type CodeTest, DICTIONARY_KINDS, type Facet } from '../store/columns';
import type { LogStore } from '../store/store';

/**
 * A test of one column as a table by code: a line is told with one look into each of two typed arrays, and the test itself
 * is asked once for a value, not once for a line.
 */
export class CodeTable {
  private readonly kind: number;
  private table = new Uint8Array(256);
  private known = 0;
  private names: readonly string[] | null = null;

  constructor(
    private readonly store: LogStore,
    private readonly facet: Facet,
    private readonly test: CodeTest,
  ) {
    this.kind = facet === 'level' ? -1 : DICTIONARY_KINDS.indexOf(facet);
  }

  /** 1 for each code that the test lets pass; current until the store takes more lines. */
  current(): Uint8Array {
    if (this.facet === 'level') {
      for (; this.known < 256; this.known++) this.table[this.known] = this.test(this.known) ? 1 : 0;
      return this.table;
    }
    const names = this.store.names(this.facet);
    if (names !== this.names) {
      // Another epoch: its codes are others.
      this.names = names;
      this.known = 0;
    }
    if (names.length > this.table.length) {
      const grown = new Uint8Array(names.length * 2);
      grown.set(this.table);
      this.table = grown;
    }
    for (; this.known < names.length; this.known++) this.table[this.known] = this.test(this.known) ? 1 : 0;
    return this.table;
  }

  /** The column of a chunk that the table is for; null where none of its lines has a value. */
  column(chunk: Chunk): Uint8Array | Uint32Array | null {
    return this.kind < 0 ? chunk.level : (chunk.codes[this.kind as 0] ?? null);
  }
}
