import { type Signal, signal } from '@preact/signals';
import type { LogEntry, LogsAppend, LogsHistory, ServerConfig } from '../../sync/messages';
import { chunkRoom, clampCapacity, DEFAULT_CAPACITY, MAX_EXTRA } from './capacity';
import { addGap, evictGaps, fillGaps, type Gap, gapsWithin, relabelGaps } from './gaps';
import { ChunkedLines } from './lines';

/**
 * The log lines that this page holds, as columns in chunks, oldest first, and what it does not hold, as gaps.
 *
 * Shared by all panes of a page: it knows nothing of filters, order or pauses. At its cap it lets whole chunks of the
 * oldest lines go and counts them. Every change raises `revision` once.
 */
export class LogStore extends ChunkedLines {
  readonly revision: Signal<number> = signal(0);
  /** What of [0, nextSeq) is not held, oldest first. */
  gaps: readonly Gap[] = [];
  epoch: string | null = null;
  nextSeq = 0;
  /** Lines that this page held and let go at its cap, since the epoch began. */
  evicted = 0;
  /** Lines that the server said it no longer holds, or did not send. */
  missed = 0;
  capacity: number;
  /** Lines beyond the cap that the reader asked for. */
  private extra = 0;
  private room: number;

  constructor(capacity = DEFAULT_CAPACITY) {
    super();
    this.capacity = clampCapacity(capacity);
    this.room = chunkRoom(this.capacity);
  }

  /** A store of exactly these lines and no gaps: for rows that were chosen elsewhere. */
  static of(entries: readonly LogEntry[], epoch: string | null = null): LogStore {
    const store = new LogStore(Math.max(1, entries.length));
    store.epoch = epoch;
    const sorted = [...entries].sort((a, b) => a.seq - b.seq);
    store.extend(sorted, store.room);
    store.nextSeq = sorted.length ? (sorted[sorted.length - 1] as LogEntry).seq + 1 : 0;
    return store;
  }

  // ---- what arrives ----

  /** Another life of the orchestrator: drop all, merge nothing. */
  reset(epoch: string | null): void {
    this.forgetAll();
    this.gaps = [];
    this.epoch = epoch;
    this.nextSeq = this.evicted = this.missed = this.extra = 0;
    this.changed();
  }

  /** Lines of the past: on connect, or as an answer to a replay. They fill what is not held and double nothing. */
  history(m: LogsHistory): void {
    const first = m.firstSeq ?? m.entries[0]?.seq ?? this.nextSeq;
    const next = m.nextSeq ?? (m.entries.length ? (m.entries[m.entries.length - 1] as LogEntry).seq + 1 : first);
    const missed = m.missed ?? 0;
    if (next > this.nextSeq) {
      const known = this.nextSeq;
      if (first > known) this.gaps = addGap(this.gaps, { from: known, to: first, kind: known ? 'skipped' : 'unfetched' });
      const fresh = m.entries.filter((entry) => entry.seq >= known);
      this.nextSeq = next;
      this.extend(fresh, this.room);
      this.fill(first, Math.min(next, known), m.entries);
    } else {
      this.fill(first, next, m.entries);
    }
    if (missed > 0) {
      this.gaps = relabelGaps(this.gaps, Math.max(0, first - missed), first, 'missed');
      this.missed += missed;
    }
    this.evict();
    this.changed();
  }

  /** The newest lines. A hole before them becomes a gap. */
  append(m: LogsAppend): void {
    let entries: readonly LogEntry[] = m.entries;
    const first = m.firstSeq ?? entries[0]?.seq ?? this.nextSeq;
    const next = m.nextSeq ?? (entries.length ? (entries[entries.length - 1] as LogEntry).seq + 1 : first);
    if (next <= this.nextSeq) return;
    if (first > this.nextSeq) {
      const empty = this.size === 0 && this.nextSeq === 0;
      this.gaps = addGap(this.gaps, { from: this.nextSeq, to: first, kind: empty ? 'unfetched' : 'skipped' });
      if (!empty) this.missed += first - this.nextSeq;
    } else if (first < this.nextSeq) {
      const known = this.nextSeq;
      entries = entries.filter((entry) => entry.seq >= known);
    }
    this.nextSeq = next;
    this.extend(entries, this.room);
    this.evict();
    this.changed();
  }

  /** Take the server's limits. Choices of the user are none of the server's business and live elsewhere. */
  adopt(cfg: ServerConfig): void {
    const capacity = clampCapacity(cfg.logs.capacity);
    if (capacity === this.capacity) return;
    this.capacity = capacity;
    this.extra = 0;
    this.room = chunkRoom(capacity);
    this.evict();
    this.changed();
  }

  /** The reader asks for so many more lines: let them stand beyond the cap, until newer lines need their place. */
  allowBeyond(lines: number): void {
    const beyond = this.size + lines - this.capacity;
    this.extra = Math.min(MAX_EXTRA, Math.max(this.extra, beyond));
  }

  /** Seq of the oldest line held; `nextSeq` where none is. */
  get firstSeq(): number {
    return this.chunks[0]?.firstSeq ?? this.nextSeq;
  }

  /** Lines of the past that fit below the cap. None once lines were let go there: a chunk's worth of space is soon used. */
  get free(): number {
    const free = this.capacity - this.size;
    return free < this.room && this.evicted > 0 ? 0 : Math.max(0, free);
  }

  // ---- inside ----

  /** Put the entries that lie in gaps of [from, to) where they belong, as far as the cap leaves room. */
  private fill(from: number, to: number, entries: readonly LogEntry[]): void {
    for (const gap of gapsWithin(this.gaps, from, to).reverse()) {
      let found = entries.filter((entry) => entry.seq >= gap.from && entry.seq < gap.to);
      let start = gap.from;
      const room = this.capacity + this.extra - this.size;
      if (found.length > room) {
        if (room <= 0) return;
        found = found.slice(found.length - room);
        start = (found[0] as LogEntry).seq;
      }
      this.insert(found);
      this.gaps = fillGaps(this.gaps, start, gap.to);
    }
  }

  private evict(): void {
    const over = this.size - this.capacity - this.extra;
    if (over <= 0) return;
    const before = this.size;
    this.dropOldest(over, this.room);
    this.evicted += before - this.size;
    this.gaps = evictGaps(this.gaps, this.firstSeq);
  }

  private changed(): void {
    this.revision.value++;
  }
}
