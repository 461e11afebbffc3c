import { type Signal, signal } from '@preact/signals';
import type { LogEntry, LogsAppend, LogsHistory, ServerConfig } from '../../sync/messages';
import { levelName } from '../levels';
import { chunkRoom, clampCapacity, DEFAULT_CAPACITY, MAX_EXTRA } from './capacity';
import { CHUNK_ROWS, Chunk, spliced } from './chunk';
import { DICTIONARY_KINDS, type DictionaryKind, type LogColumns } from './columns';
import { Dictionary } from './dictionary';
import { addGap, evictGaps, fillGaps, type Gap, gapsWithin, relabelGaps } from './gaps';

/** What marks a channel in a row. */
export interface ChannelStyle {
  readonly emoji: string;
  readonly color: string;
}

const KIND_INDEX: Record<DictionaryKind, number> = { channel: 0, logger: 1, job: 2, step: 3, device: 4 };
const NO_STYLE: ChannelStyle = { emoji: '', color: '' };

/**
 * The log lines that this page holds, as columns in chunks, oldest first, and what it does not hold, as gaps.
 *
 * Shared by all panes of a page: it knows nothing of filters, order or pauses. At its cap it lets whole chunks of the
 * oldest lines go and counts them. Every change raises `revision` once.
 */
export class LogStore implements LogColumns {
  readonly revision: Signal<number> = signal(0);
  /** Oldest first; replaced as a whole when chunks come or go, so an index can compare identities. */
  chunks: readonly Chunk[] = [];
  /** What of [0, nextSeq) is not held, oldest first. */
  gaps: readonly Gap[] = [];
  epoch: string | null = null;
  size = 0;
  nextSeq = 0;
  /** Lines that this page held and let go at its cap, since the epoch began. */
  evicted = 0;
  /** Lines that the server said it no longer holds, or did not send. */
  missed = 0;
  capacity: number;
  /** Lines beyond the cap that the reader asked for. */
  private extra = 0;
  private room: number;
  private cursor: Chunk = new Chunk(0, 1);
  private dictionaries: Dictionary[] = DICTIONARY_KINDS.map(() => new Dictionary());
  private styles: ChannelStyle[] = [];

  constructor(capacity = DEFAULT_CAPACITY) {
    this.capacity = clampCapacity(capacity);
    this.room = chunkRoom(this.capacity);
  }

  /** A store of exactly these lines and no gaps: for rows that were chosen elsewhere. */
  static of(entries: readonly LogEntry[], epoch: string | null = null): LogStore {
    const store = new LogStore(Math.max(1, entries.length));
    store.epoch = epoch;
    const sorted = [...entries].sort((a, b) => a.seq - b.seq);
    store.extend(sorted);
    store.nextSeq = sorted.length ? (sorted[sorted.length - 1] as LogEntry).seq + 1 : 0;
    return store;
  }

  // ---- what arrives ----

  /** Another life of the orchestrator: drop all, merge nothing. */
  reset(epoch: string | null): void {
    for (const chunk of this.chunks) chunk.live = false;
    this.chunks = [];
    this.gaps = [];
    this.epoch = epoch;
    this.size = this.nextSeq = this.evicted = this.missed = this.extra = 0;
    this.cursor = new Chunk(0, 1);
    this.dictionaries = DICTIONARY_KINDS.map(() => new Dictionary());
    this.styles = [];
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
      this.extend(fresh);
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
    this.extend(entries);
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

  // ---- columns ----

  seq(i: number): number {
    const c = this.at(i);
    return c.base + (c.deltas[i - c.start] as number);
  }

  ts(i: number): number {
    const c = this.at(i);
    return c.ts[i - c.start] as number;
  }

  level(i: number): number {
    const c = this.at(i);
    return c.level[i - c.start] as number;
  }

  channel(i: number): string {
    return this.word(0, i) ?? '';
  }

  logger(i: number): string | undefined {
    return this.word(1, i);
  }

  job(i: number): string | undefined {
    return this.word(2, i);
  }

  step(i: number): string | undefined {
    return this.word(3, i);
  }

  device(i: number): string | undefined {
    return this.word(4, i);
  }

  message(i: number): string {
    const c = this.at(i);
    return c.messages[i - c.start] as string;
  }

  fields(i: number): Record<string, unknown> | undefined {
    const c = this.at(i);
    return c.fields?.[i - c.start];
  }

  exc(i: number): string | undefined {
    const c = this.at(i);
    return c.excs?.[i - c.start];
  }

  /** Characters that the message has when whole, where the server sent only its beginning. */
  cut(i: number): number | undefined {
    const c = this.at(i);
    return c.cuts?.get(i - c.start);
  }

  code(kind: DictionaryKind, i: number): number {
    const c = this.at(i);
    const column = c.codes[KIND_INDEX[kind] as 0];
    return column === null ? 0 : (column[i - c.start] as number);
  }

  names(kind: DictionaryKind): readonly string[] {
    return (this.dictionaries[KIND_INDEX[kind]] as Dictionary).names;
  }

  // ---- lines ----

  /** How a channel marks its rows, by its dictionary code: as its newest line said. */
  style(channel: number): ChannelStyle {
    return this.styles[channel] ?? NO_STYLE;
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

  /** Position of the first line whose seq is not below `seq`; `size` where there is none. */
  lowerBound(seq: number): number {
    let lo = 0;
    let hi = this.chunks.length;
    while (lo < hi) {
      const mid = (lo + hi) >>> 1;
      if ((this.chunks[mid] as Chunk).lastSeq < seq) lo = mid + 1;
      else hi = mid;
    }
    const chunk = this.chunks[lo];
    return chunk ? chunk.start + chunk.lowerBound(seq) : this.size;
  }

  /** Position of the line with this seq, -1 where it is not held. */
  find(seq: number): number {
    const i = this.lowerBound(seq);
    return i < this.size && this.seq(i) === seq ? i : -1;
  }

  /** One line as the wire has it. */
  entry(i: number): LogEntry {
    const style = this.style(this.code('channel', i));
    const out: LogEntry = {
      seq: this.seq(i),
      ts: this.ts(i),
      channel: this.channel(i),
      emoji: style.emoji,
      color: style.color,
      level: levelName(this.level(i)),
      message: this.message(i),
    };
    const logger = this.logger(i);
    const jobId = this.job(i);
    const stepId = this.step(i);
    const deviceId = this.device(i);
    const fields = this.fields(i);
    const exc = this.exc(i);
    if (logger !== undefined) out.logger = logger;
    if (jobId !== undefined) out.jobId = jobId;
    if (stepId !== undefined) out.stepId = stepId;
    if (deviceId !== undefined) out.deviceId = deviceId;
    if (fields !== undefined) out.fields = fields;
    if (exc !== undefined) out.exc = exc;
    const cut = this.cut(i);
    if (cut !== undefined) out.cut = cut;
    return out;
  }

  /** Lines at these positions, or all of them, as the wire has them. */
  *entries(positions?: Iterable<number>): Generator<LogEntry> {
    if (positions) for (const i of positions) yield this.entry(i);
    else for (let i = 0; i < this.size; i++) yield this.entry(i);
  }

  // ---- inside ----

  private at(i: number): Chunk {
    const c = this.cursor;
    return i >= c.start && i < c.start + c.count ? c : this.seek(i);
  }

  private seek(i: number): Chunk {
    const chunks = this.chunks;
    let lo = 0;
    let hi = chunks.length - 1;
    while (lo < hi) {
      const mid = (lo + hi + 1) >>> 1;
      if ((chunks[mid] as Chunk).start <= i) lo = mid;
      else hi = mid - 1;
    }
    const found = chunks[lo];
    if (!found || i < found.start || i >= found.start + found.count) {
      throw new RangeError(`no line at position ${i} of ${this.size}`);
    }
    this.cursor = found;
    return found;
  }

  private word(kind: number, i: number): string | undefined {
    const c = this.at(i);
    const column = c.codes[kind as 0];
    if (column === null) return undefined;
    const code = column[i - c.start] as number;
    return code === 0 ? undefined : (this.dictionaries[kind] as Dictionary).names[code];
  }

  /** Put lines [from, to) of `entries` into a chunk, and mark channels as the newest of them say. */
  private take(chunk: Chunk, entries: readonly LogEntry[], from: number, to: number): void {
    const first = chunk.count;
    chunk.take(entries, from, to, this.dictionaries);
    const codes = chunk.codes[0] as Uint32Array;
    const { styles } = this;
    for (let k = from; k < to; k++) {
      const { color, emoji } = entries[k] as LogEntry;
      const channel = codes[first + k - from] as number;
      const style = styles[channel];
      if (style === undefined || style.color !== color || style.emoji !== emoji) {
        styles[channel] = { emoji: emoji ?? '', color: color ?? '' };
      }
    }
  }

  private extend(entries: readonly LogEntry[]): void {
    let tail = this.chunks[this.chunks.length - 1];
    const added: Chunk[] = [];
    for (let from = 0; from < entries.length; ) {
      if (tail === undefined || tail.full) {
        tail = new Chunk((entries[from] as LogEntry).seq, this.room);
        tail.start = this.size;
        added.push(tail);
      }
      const to = Math.min(entries.length, from + tail.room - tail.count);
      this.take(tail, entries, from, to);
      this.size += to - from;
      from = to;
    }
    if (added.length) this.chunks = [...this.chunks, ...added];
  }

  /** Put the entries that lie in gaps of [from, to) where they belong, as far as the cap leaves room. */
  private fill(from: number, to: number, entries: readonly LogEntry[]): void {
    for (const gap of gapsWithin(this.gaps, from, to).reverse()) {
      let wanted = entries.filter((entry) => entry.seq >= gap.from && entry.seq < gap.to);
      let start = gap.from;
      const room = this.capacity + this.extra - this.size;
      if (wanted.length > room) {
        if (room <= 0) return;
        wanted = wanted.slice(wanted.length - room);
        start = (wanted[0] as LogEntry).seq;
      }
      this.insert(wanted);
      this.gaps = fillGaps(this.gaps, start, gap.to);
    }
  }

  private insert(entries: readonly LogEntry[]): void {
    if (entries.length === 0) return;
    const pieces: Chunk[] = [];
    for (let from = 0; from < entries.length; from += CHUNK_ROWS) {
      const to = Math.min(entries.length, from + CHUNK_ROWS);
      const chunk = new Chunk((entries[from] as LogEntry).seq, to - from);
      this.take(chunk, entries, from, to);
      pieces.push(chunk);
    }
    this.replace(spliced(this.chunks, pieces));
  }

  private evict(): void {
    let over = this.size - this.capacity - this.extra;
    if (over <= 0) return;
    const before = this.size;
    let gone = 0;
    let rest: Chunk[] = [];
    while (over > 0) {
      const oldest = this.chunks[gone++] as Chunk;
      oldest.live = false;
      if (oldest.count > this.room && oldest.count > over) rest = [oldest.slice(over, oldest.count)];
      over -= oldest.count;
    }
    this.replace([...rest, ...this.chunks.slice(gone)]);
    this.evicted += before - this.size;
    this.gaps = evictGaps(this.gaps, this.firstSeq);
  }

  private replace(chunks: Chunk[]): void {
    let start = 0;
    for (const chunk of chunks) {
      chunk.start = start;
      start += chunk.count;
    }
    this.size = start;
    this.chunks = chunks;
    this.cursor = new Chunk(0, 1);
  }

  private changed(): void {
    this.revision.value++;
  }
}
