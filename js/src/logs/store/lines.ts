import type { LogEntry } from '../../sync/messages';
import { levelName } from '../levels';
import { firstNotBefore } from '../search';
import { ChannelColors } from './channel-colors';
import { CHUNK_ROWS, Chunk, spliced } from './chunk';
import { DICTIONARY_KINDS, type DictionaryKind, type LogColumns } from './columns';
import { Dictionary } from './dictionary';

/** What marks a channel in a row. */
export interface ChannelStyle {
  readonly emoji: string;
  /** As its entries say. */
  readonly color: string;
  /** The CSS colour of its dot: another channel's is another one while there are colours left. */
  readonly dot: string;
}

const KIND_INDEX: Record<DictionaryKind, number> = { channel: 0, logger: 1, job: 2, step: 3, device: 4 };
const NO_STYLE: ChannelStyle = { emoji: '', color: '', dot: '' };

/** Lines as columns in chunks, oldest first: how they are read, and how chunks of them come and go. */
export class ChunkedLines implements LogColumns {
  /** Oldest first; replaced as a whole when chunks come or go, so an index can compare identities. */
  chunks: readonly Chunk[] = [];
  size = 0;
  private cursor: Chunk = new Chunk(0, 1);
  private dictionaries: Dictionary[] = DICTIONARY_KINDS.map(() => new Dictionary());
  private styles: ChannelStyle[] = [];
  private readonly colors = new ChannelColors();

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

  seen(i: number): string {
    const c = this.at(i);
    return c.seen(i - c.start);
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

  /** The colour of a channel's dot by its name. */
  dotOf(channel: string): string {
    return this.style((this.dictionaries[0] as Dictionary).find(channel)).dot;
  }

  /** Position of the first line whose seq is not below `seq`; `size` where there is none. */
  lowerBound(seq: number): number {
    const { chunks } = this;
    const chunk = chunks[firstNotBefore(chunks.length, (c) => (chunks[c] as Chunk).lastSeq < seq)];
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

  // ---- how chunks come and go ----

  /** Let every line go, and every name that lines had. */
  protected forgetAll(): void {
    for (const chunk of this.chunks) chunk.live = false;
    this.chunks = [];
    this.size = 0;
    this.cursor = new Chunk(0, 1);
    this.dictionaries = DICTIONARY_KINDS.map(() => new Dictionary());
    this.styles = [];
    this.colors.forget();
  }

  /** Add lines that are newer than all others, in chunks of `room` lines. */
  protected extend(entries: readonly LogEntry[], room: number): void {
    let tail = this.chunks[this.chunks.length - 1];
    const added: Chunk[] = [];
    for (let from = 0; from < entries.length; ) {
      if (tail === undefined || tail.full) {
        tail = new Chunk((entries[from] as LogEntry).seq, room);
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

  /** Put lines where their seqs belong. */
  protected insert(entries: readonly LogEntry[]): void {
    if (entries.length === 0) return;
    const added: Chunk[] = [];
    for (let from = 0; from < entries.length; from += CHUNK_ROWS) {
      const to = Math.min(entries.length, from + CHUNK_ROWS);
      const chunk = new Chunk((entries[from] as LogEntry).seq, to - from);
      this.take(chunk, entries, from, to);
      added.push(chunk);
    }
    this.replace(spliced(this.chunks, added));
  }

  /** Let so many of the oldest lines go: whole chunks, but of a chunk above `room` lines no more than asked. */
  protected dropOldest(lines: number, room: number): void {
    let over = lines;
    let gone = 0;
    let rest: Chunk[] = [];
    while (over > 0) {
      const oldest = this.chunks[gone++] as Chunk;
      oldest.live = false;
      if (oldest.count > room && oldest.count > over) rest = [oldest.slice(over, oldest.count)];
      over -= oldest.count;
    }
    this.replace([...rest, ...this.chunks.slice(gone)]);
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

  private at(i: number): Chunk {
    const c = this.cursor;
    return i >= c.start && i < c.start + c.count ? c : this.seek(i);
  }

  private seek(i: number): Chunk {
    const { chunks } = this;
    const found = chunks[firstNotBefore(chunks.length, (c) => (chunks[c] as Chunk).start <= i) - 1];
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
        const isNew = style === undefined || style.color !== color;
        const dot = isNew ? this.colors.give(channel, entries[k]?.channel ?? '', color ?? '') : style.dot;
        styles[channel] = { emoji: emoji ?? '', color: color ?? '', dot };
      }
    }
  }
}
