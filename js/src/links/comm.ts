/**
 * The link by widget messages, where nothing else leads to the kernel: a hub without a proxy, VS Code, Colab.
 *
 * Widget messages are broadcast to every page of a kernel, may be lost on their way to a page, and may overtake each
 * other on their way to the kernel. So each carries the name of its link and a number: a page takes its own in their
 * order, a gap ends the connection (the next one resumes by position), and the kernel puts them back into their order.
 * Before a page has been heard, the kernel may have spoken unasked, since a question waits behind a cell that blocks: that
 * link has no name, and the first page that opens one takes it over.
 */

import type { Connection, LinkInfo, Way } from './link';

/** A widget's channel. Every model of a page that shows the same orchestrator is one. */
export interface Carrier {
  /** False where there is no kernel any more. */
  send(content: object): boolean;
}

/** What the kernel sends: lines of JSON as one binary buffer, whole or a part of it. */
interface HubMessage {
  readonly type: 'hub';
  readonly link: string;
  readonly n: number;
  /** The next message goes on where this one ends. */
  readonly more?: boolean;
  readonly deflated?: boolean;
}

interface HubEnd {
  readonly type: 'hub.end';
  readonly link: string;
  readonly code: number;
  readonly reason: string;
}

export type Buffer = ArrayBuffer | ArrayBufferView;

/** From opening to the welcome: then it is said that the kernel may be busy, and asked again now and then. */
const WELCOME_MS = 6_000;
const SILENCE = 'The kernel does not answer: it may be running a cell.';
/** Told at least this often what has come, in messages; and not more often than this in time. */
const GOT_MESSAGES = 16;
const GOT_MS = 1_000;
/** What the kernel has said unasked is kept for so many bytes until somebody looks. */
const UNASKED_BYTES = 8_000_000;
const LOST = 4_000;

let lastLink = 0;
/** Names this page among those that hear the same kernel. */
const PAGE = Math.random().toString(36).slice(2, 10);

/** All widget channels of one orchestrator on this page, and the connection that goes through one of them. */
export class CommHub {
  private readonly carriers = new Set<Carrier>();
  private connection: CommConnection | null = null;
  private unasked: [HubMessage | HubEnd, readonly Buffer[]][] = [];
  private unaskedBytes = 0;
  private readonly ends = new AbortController();

  constructor(
    /** The first one came, or the last one went. */
    private readonly changed: () => void,
  ) {
    if (typeof document === 'undefined') return;
    // A socket ends with its page; here nobody would notice for a while.
    addEventListener('pagehide', () => this.connection?.leave(), { signal: this.ends.signal });
    addEventListener('pageshow', ({ persisted }) => persisted && this.connection?.comeBack(), { signal: this.ends.signal });
  }

  /** Hear no more of the page itself. */
  close(): void {
    this.ends.abort();
  }

  /** The last channel failed: there is no kernel any more. (One whose view was taken away has not failed.) */
  isGone = false;

  get hasCarrier(): boolean {
    return this.carriers.size > 0;
  }

  readonly way: Way = {
    kind: 'comm',
    welcomeMs: WELCOME_MS,
    silence: SILENCE,
    dial: (_info: LinkInfo): Connection => {
      const before = this.connection;
      // Asked again under the same name: what has waited behind a cell opens one link, however often it was asked.
      const voice = before?.isUnheard ? before.voice : { name: `${PAGE}.${++lastLink}`, said: 0 };
      this.connection = new CommConnection((content) => this.send(content), voice, this.unasked);
      this.unasked = [];
      this.unaskedBytes = 0;
      return this.connection;
    },
  };

  /** A model of this page can carry messages. Returns how to take it away. */
  add(carrier: Carrier): () => void {
    const isFirst = this.carriers.size === 0;
    this.isGone = false;
    this.carriers.add(carrier);
    if (isFirst) this.changed();
    return () => this.remove(carrier);
  }

  /** By whichever channel still works. False: by none. */
  send(content: object): boolean {
    for (const carrier of this.carriers) {
      if (carrier.send(content)) return true;
      this.isGone = this.carriers.size === 1;
      this.remove(carrier);
    }
    return false;
  }

  /** A message came by some model. False: it is none of ours. */
  hears(content: { type?: unknown }, buffers: readonly Buffer[]): boolean {
    if (content.type !== 'hub' && content.type !== 'hub.end') return false;
    const message = content as HubMessage | HubEnd;
    const { connection } = this;
    if (connection !== null && connection.readyState <= 1) connection.hears(message, buffers);
    else if (connection !== null && message.link === connection.voice.name) connection.hearsLate(message);
    else if (message.link === '') {
      this.unaskedBytes += sizeOf(buffers);
      if (this.unaskedBytes > UNASKED_BYTES) this.unasked = [];
      else this.unasked.push([message, buffers]);
    }
    return true;
  }

  private remove(carrier: Carrier): void {
    if (this.carriers.delete(carrier) && this.carriers.size === 0) this.changed();
  }
}

/** Under which name a page speaks to the kernel, and how often it has. */
interface Voice {
  readonly name: string;
  said: number;
}

/** One link's connection: as a socket, but over widget messages. */
class CommConnection implements Connection {
  readyState = 0;
  onopen: Connection['onopen'] = null;
  onmessage: Connection['onmessage'] = null;
  onclose: Connection['onclose'] = null;
  private hasOpened = false;
  private hasHeard = false;
  private next = 0;
  /** Whether the kernel has spoken under our own name. */
  private isOwn = false;
  private parts: Uint8Array[] = [];
  private work: Promise<void> | null = null;
  private gotAt = performance.now();
  private unsaid = 0;

  constructor(
    private readonly post: (content: object) => boolean,
    readonly voice: Voice,
    /** What came before this was open. */
    private readonly early: [HubMessage | HubEnd, readonly Buffer[]][],
  ) {
    // As a socket does: its owner sets the handlers first.
    queueMicrotask(() => {
      if (this.readyState !== 0) return;
      this.readyState = 1;
      for (const [message, buffers] of this.early.splice(0)) this.hears(message, buffers);
      this.onopen?.();
    });
  }

  send(text: string): void {
    const link = this.voice.name;
    const deflate = typeof DecompressionStream === 'function';
    const content = this.hasOpened
      ? { type: 'hub.say', link, n: ++this.voice.said, text }
      : { type: 'hub.open', link, text, deflate, origin: globalThis.location?.origin ?? '' };
    this.hasOpened = true;
    if (!this.post(content)) this.fail('The kernel that made this view is gone.');
  }

  close(): void {
    if (this.readyState === 3) return;
    this.readyState = 3;
    if (this.hasOpened && this.hasHeard) this.post({ type: 'hub.close', link: this.voice.name });
  }

  /** The page goes, and perhaps comes back as it was. */
  leave(): void {
    if (this.readyState === 1 && this.hasOpened) this.post({ type: 'hub.close', link: this.voice.name });
  }

  comeBack(): void {
    this.fail('The page was away.');
  }

  /** Whether it was opened, and the kernel has not said anything yet. */
  get isUnheard(): boolean {
    return this.hasOpened && !this.hasHeard;
  }

  hears(message: HubMessage | HubEnd, buffers: readonly Buffer[]): void {
    const isMine = message.link === this.voice.name;
    if (this.readyState === 0) this.early.push([message, buffers]);
    if (this.readyState !== 1 || (!isMine && (message.link !== '' || this.isOwn))) return;
    this.hasHeard ||= isMine;
    if (message.type === 'hub.end') {
      // Behind what came before it and is being unpacked.
      if (isMine) this.after(async () => this.fail(message.reason, message.code));
      return;
    }
    // A link of our own begins at 0; one that was spoken to unasked goes on where it was.
    if (isMine && !this.isOwn && message.n === 0) this.restart();
    this.isOwn ||= isMine;
    if (message.n !== this.next) {
      // One that comes twice has been heard.
      if (isMine && message.n > this.next) this.fail('A widget message was lost on its way.');
      return;
    }
    this.next++;
    this.parts.push(...buffers.map(bytesOf));
    this.tellGot();
    if (message.more) return;
    const whole = joined(this.parts);
    this.parts = [];
    if (message.deflated || this.work !== null) {
      this.after(async () => this.deliver(message.deflated ? await inflate(whole) : whole));
    } else {
      this.deliver(whole);
    }
  }

  /** The kernel answers what was asked for and is not wanted any more: it is told so, and the name is used up. */
  hearsLate(message: HubMessage | HubEnd): void {
    if (this.isUnheard && message.type === 'hub') this.post({ type: 'hub.close', link: this.voice.name });
    this.hasHeard = true;
  }

  private restart(): void {
    this.next = 0;
    this.parts = [];
  }

  /** In its turn: what was packed takes a moment, and nothing may overtake it. */
  private after(act: () => Promise<void>): void {
    const before = this.work ?? Promise.resolve();
    const work = before.then(act).catch((error: Error) => this.fail(`A message could not be unpacked: ${error.message}`));
    this.work = work;
    void work.then(() => {
      if (this.work === work) this.work = null;
    });
  }

  private deliver(whole: Uint8Array): void {
    for (const line of new TextDecoder().decode(whole).split('\n')) {
      if (line !== '' && this.readyState === 1) this.onmessage?.({ data: line });
    }
  }

  /** So that the kernel knows that somebody reads, and how far. */
  private tellGot(): void {
    this.unsaid++;
    const now = performance.now();
    if (!this.isOwn || this.unsaid < GOT_MESSAGES || now - this.gotAt < GOT_MS) return;
    this.unsaid = 0;
    this.gotAt = now;
    this.post({ type: 'hub.got', link: this.voice.name, n: this.next });
  }

  private fail(reason: string, code = LOST): void {
    if (this.readyState === 3) return;
    this.readyState = 3;
    this.onclose?.({ code, reason });
  }
}

function bytesOf(buffer: Buffer): Uint8Array {
  return buffer instanceof ArrayBuffer
    ? new Uint8Array(buffer)
    : new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.byteLength);
}

function sizeOf(buffers: readonly Buffer[]): number {
  return buffers.reduce((sum, buffer) => sum + buffer.byteLength, 0);
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  if (parts.length === 1) return parts[0] as Uint8Array;
  const whole = new Uint8Array(sizeOf(parts));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/** By the stream's own ends: a Blob or a Response in between may be collected while it is being read. */
async function inflate(packed: Uint8Array): Promise<Uint8Array> {
  const { readable, writable } = new DecompressionStream('deflate-raw');
  const writer = writable.getWriter();
  // What is wrong with the bytes is said by the reading end.
  void writer.write(packed as BufferSource).catch(() => {});
  void writer.close().catch(() => {});
  const parts: Uint8Array[] = [];
  const reader = readable.getReader();
  for (let part = await reader.read(); !part.done; part = await reader.read()) parts.push(part.value);
  return joined(parts);
}
