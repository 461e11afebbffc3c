import { CHUNK_ROWS } from './chunk';

/** Lines held before a server says otherwise. */
export const DEFAULT_CAPACITY = 100_000;
/** What one page holds at most, whatever a server suggests. */
export const MAX_CAPACITY = 1_000_000;

/** Lines beyond its cap that a page holds because its reader asked for them. */
export const MAX_EXTRA = 50_000;

/** How many lines a page holds where a server suggests so many. */
export function clampCapacity(capacity: number): number {
  return Math.min(MAX_CAPACITY, Math.max(1, Math.floor(capacity) || 1));
}

/** Chunks small enough that letting one go takes about a hundredth of what may be held: the foot's cap is what one sees. */
export function chunkRoom(capacity: number): number {
  const rows = 2 ** Math.floor(Math.log2(Math.max(1, capacity / 64)));
  return Math.min(CHUNK_ROWS, Math.max(1, rows));
}

/** How a server's ring of so many lines is made larger, in Python. */
export function largerRing(capacity: number): string {
  const larger = Math.max(100_000, 10 * capacity);
  return `log_capacity=${String(larger).replace(/\B(?=(?:\d{3})+$)/g, '_')}`;
}
