import type { LogEntry } from '../../sync/messages';
import { levelNumber } from '../levels';
import { firstNotBefore } from '../search';
import { seenMessage } from '../text/seen';
import type { Dictionary } from './dictionary';

/** Lines of a chunk at most. A power of two that keeps a chunk's columns within the processor's cache. */
export const CHUNK_ROWS = 4_096;

/**
 * Some consecutive lines, as columns.
 *
 * A column that no line of the chunk uses is not allocated: job, step and device are often absent.
 */
export class Chunk {
  /** Position of the first line in the store; the store keeps it current. */
  start = 0;
  count = 0;
  /** False once the store has let the chunk go; what was derived from it may be forgotten. */
  live = true;
  readonly base: number;
  readonly deltas: Uint32Array;
  readonly ts: Float64Array;
  readonly level: Uint8Array;
  readonly codes: [Col, Col, Col, Col, Col] = [null, null, null, null, null];
  readonly messages: string[] = [];
  fields: (Record<string, unknown> | undefined)[] | null = null;
  excs: (string | undefined)[] | null = null;
  /** Characters that a cut message has when whole, by offset. */
  cuts: Map<number, number> | null = null;
  /** Messages as they are seen, by offset, where they are seen otherwise than they were written; found out when asked for. */
  private seens: Map<number, string> | null = null;
  private lookedAt = 0;

  constructor(
    base: number,
    readonly room: number,
  ) {
    this.base = base;
    this.deltas = new Uint32Array(room);
    this.ts = new Float64Array(room);
    this.level = new Uint8Array(room);
  }

  get full(): boolean {
    return this.count === this.room;
  }

  get firstSeq(): number {
    return this.base + (this.deltas[0] as number);
  }

  get lastSeq(): number {
    return this.base + (this.deltas[this.count - 1] as number);
  }

  /** Take the lines [from, to) of `entries`, as many as there is room for; their words are given codes by `dictionaries`. */
  take(entries: readonly LogEntry[], from: number, to: number, dictionaries: readonly Dictionary[]): void {
    const [channels, loggers, jobs, steps, devices] = dictionaries as [
      Dictionary,
      Dictionary,
      Dictionary,
      Dictionary,
      Dictionary,
    ];
    const { base, deltas, ts, level, messages } = this;
    const column = this.column(0);
    let at = this.count;
    for (let k = from; k < to; k++, at++) {
      const entry = entries[k] as LogEntry;
      deltas[at] = entry.seq - base;
      ts[at] = entry.ts;
      level[at] = levelNumber(entry.level);
      column[at] = channels.code(entry.channel);
      messages.push(entry.message);
      const { logger, jobId, stepId, deviceId, fields, exc } = entry;
      if (logger) this.column(1)[at] = loggers.code(logger);
      if (jobId) this.column(2)[at] = jobs.code(jobId);
      if (stepId) this.column(3)[at] = steps.code(stepId);
      if (deviceId) this.column(4)[at] = devices.code(deviceId);
      if (fields) {
        this.fields ??= [];
        this.fields[at] = fields;
      }
      if (exc) {
        this.excs ??= [];
        this.excs[at] = exc;
      }
      if (entry.cut) {
        this.cuts ??= new Map();
        this.cuts.set(at, entry.cut);
      }
    }
    this.count = at;
  }

  /** The message at an offset as it is seen, as much of it as queries look at. */
  seen(offset: number): string {
    if (offset >= this.lookedAt) this.lookAtMessages();
    const message = this.messages[offset] as string;
    return this.seens === null ? message : (this.seens.get(offset) ?? message);
  }

  /** Each message is looked at once, and a column in which nothing is hidden costs queries nothing more. */
  private lookAtMessages(): void {
    for (let k = this.lookedAt; k < this.count; k++) {
      const message = this.messages[k] as string;
      const text = seenMessage(message);
      if (text === message) continue;
      this.seens ??= new Map();
      this.seens.set(k, text);
    }
    this.lookedAt = this.count;
  }

  private column(kind: 0 | 1 | 2 | 3 | 4): Uint32Array {
    let column = this.codes[kind];
    if (column === null) {
      column = new Uint32Array(this.room);
      this.codes[kind] = column;
    }
    return column;
  }

  /** First offset whose seq is not below `seq`. */
  lowerBound(seq: number): number {
    const delta = seq - this.base;
    return firstNotBefore(this.count, (k) => (this.deltas[k] as number) < delta);
  }

  /** Lines [from, to) as a chunk of their own. */
  slice(from: number, to: number): Chunk {
    const out = new Chunk(this.base, Math.max(1, to - from));
    out.count = to - from;
    out.deltas.set(this.deltas.subarray(from, to));
    out.ts.set(this.ts.subarray(from, to));
    out.level.set(this.level.subarray(from, to));
    for (let k = 0; k < 5; k++) {
      const column = this.codes[k as 0];
      if (column) out.codes[k as 0] = column.slice(from, to);
    }
    for (let i = from; i < to; i++) out.messages.push(this.messages[i] as string);
    if (this.fields) out.fields = this.fields.slice(from, to);
    if (this.excs) out.excs = this.excs.slice(from, to);
    for (const [offset, cut] of this.cuts ?? []) {
      if (offset < from || offset >= to) continue;
      out.cuts ??= new Map();
      out.cuts.set(offset - from, cut);
    }
    return out;
  }
}

/** `chunks` with `added` put where their seqs belong, between lines of a chunk if need be. */
export function spliced(chunks: readonly Chunk[], added: readonly Chunk[]): Chunk[] {
  const seq = (added[0] as Chunk).firstSeq;
  const at = chunks.findIndex((chunk) => chunk.lastSeq >= seq);
  if (at < 0) return [...chunks, ...added];
  const chunk = chunks[at] as Chunk;
  const cut = chunk.lowerBound(seq);
  if (cut === 0) return [...chunks.slice(0, at), ...added, ...chunks.slice(at)];
  chunk.live = false;
  return [...chunks.slice(0, at), chunk.slice(0, cut), ...added, chunk.slice(cut, chunk.count), ...chunks.slice(at + 1)];
}

type Col = Uint32Array | null;
