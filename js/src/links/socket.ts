/** One link: a connection kept alive, tried again, and judged by our own messages alone. */

import { type ClientMessage, parseIfType } from '../sync/messages';
import {
  backoffMs,
  type Connection,
  DEFAULT_WS,
  type LinkEvents,
  type LinkInfo,
  type LinkKind,
  type LinkStatus,
  type Way,
  type WsConfig,
} from './link';

/** From the try to the welcome. A proxy accepts before it dials: being open means nothing. */
const WELCOME_MS = 10_000;
/** A link that stood for so long was a good one: its loss begins a new count of failures. */
const SETTLED_MS = 5_000;
const FIRST_PING_MS = 1_500;
/** A proxy that ends what is quiet: known by so many ends in a row, after so long a silence at least. */
const QUIET_ENDS = 2;
const QUIET_MS = 2_000;
/** After so many failures in a row the owner is asked where the server is. */
const ASK_AFTER = 3;
/** Close codes (RFC 6455 section 7.4). */
const POLICY = 1008;
const DONE = 1000;

const IDLE: Omit<LinkStatus, 'link'> = {
  phase: 'connecting',
  attempts: 0,
  nextDelayMs: null,
  retryAt: null,
  latencyMs: null,
  busy: false,
  reason: null,
};

/** By a WebSocket, to the server itself or through a proxy. */
export function bySocket(kind: LinkKind): Way {
  return { kind, dial: (info) => new WebSocket(addressOf(info)) as Connection, welcomeMs: WELCOME_MS, silence: null };
}

function isProof(data: unknown, expected: string | undefined): boolean {
  const proofs = typeof data === 'string' ? (parseIfType('proof', data)?.proofs ?? []) : [];
  return expected !== undefined && proofs.includes(expected);
}

/** With the question to which only the right server knows the answer, where the kernel has given one. */
function addressOf({ url, nonce }: LinkInfo): string {
  return nonce === undefined ? url : `${url}?nonce=${encodeURIComponent(nonce)}`;
}

/** As `bySocket`, to each address in turn: where one leads nowhere the next may. */
export function byAnyOf(kind: LinkKind, urls: () => readonly string[]): Way {
  const way = bySocket(kind);
  let tries = 0;
  const next = (info: LinkInfo): string => {
    const all = urls();
    return all[tries++ % Math.max(1, all.length)] ?? info.url;
  };
  return { ...way, dial: (info) => way.dial({ ...info, url: next(info) }) };
}

export class SocketLink {
  status: LinkStatus;
  private info: LinkInfo | null = null;
  private socket: Connection | null = null;
  private config: WsConfig = DEFAULT_WS;
  private failures = 0;
  private welcomedAt: number | null = null;
  private heardAt = 0;
  private farewell: { code: number; reason: string } | null = null;
  private deadline = 0;
  private beat = 0;
  private retry = 0;
  /** Why it fails, found out since it last stood. */
  private why: string | null = null;
  /** Ends in a row that came in a silence. */
  private quietEnds = 0;
  /** No silence may be longer than that, in ms, since something on the way ends those that are. */
  private longestQuiet = Number.POSITIVE_INFINITY;
  /** Whether it was ever live: then a loss is a loss, and no refusal. */
  hasStood = false;
  private readonly ends = new AbortController();

  constructor(
    private readonly events: LinkEvents,
    private readonly random: () => number = Math.random,
    private readonly way: Way = bySocket('direct'),
  ) {
    this.status = { ...IDLE, link: way.kind };
    const { signal } = this.ends;
    if (typeof document !== 'undefined') {
      document.addEventListener('visibilitychange', () => document.visibilityState === 'visible' && this.wake(), { signal });
      addEventListener('online', () => this.wake(), { signal });
      addEventListener('pageshow', () => this.wake(), { signal });
    }
  }

  // ---- what the owner asks ----

  /** Here is the server. Where it is another place than before, go there at once. */
  use(info: LinkInfo): void {
    const same = this.info?.url === info.url && this.info.token === info.token;
    this.info = info;
    // The same again brings nothing new: not while a try is under way or due, nor where the server said no to it.
    if (same && (this.socket !== null || this.retry !== 0 || this.status.phase === 'denied')) return;
    this.failures = 0;
    this.open();
  }

  /** Take the server's settings. */
  adopt(config: WsConfig): void {
    this.config = config;
    if (this.welcomedAt !== null) this.schedule(this.firstWait);
  }

  /** Our own welcome has come: only now there is a link. */
  welcomed(): void {
    clearTimeout(this.deadline);
    this.welcomedAt = this.heardAt = performance.now();
    this.hasStood = true;
    this.why = null;
    this.tell({ phase: 'live', attempts: 0, nextDelayMs: null, retryAt: null, busy: false, reason: null });
    // What follows the welcome is a snapshot and a history: a first ping at once would measure those.
    this.schedule(this.firstWait);
  }

  /** The round trip is wanted soon, and then now and again. */
  private get firstWait(): number {
    const { heartbeatIntervalMs } = this.config;
    return this.status.latencyMs === null ? Math.min(FIRST_PING_MS, heartbeatIntervalMs) : heartbeatIntervalMs;
  }

  /** A pong, with what the ping carried. */
  alive(ts: number): void {
    this.tell({ latencyMs: Math.max(0, performance.now() - ts) });
    if (this.longestQuiet < this.config.heartbeatIntervalMs) this.schedule();
  }

  /** A running cell blocks the server, or does no more. */
  busy(busy: boolean): void {
    if (this.welcomedAt === null) return;
    this.tell({ busy });
    if (busy) this.schedule();
    else this.ping();
  }

  /** What is shown is known not to be the newest, or it is again. */
  stale(stale: boolean): void {
    if (this.welcomedAt === null) return;
    const phase = stale ? 'stale' : 'live';
    if (this.status.phase !== phase) this.tell({ phase, reason: stale ? 'Catching up with the server.' : null });
  }

  /** The server says that it is about to close. */
  bye(code: number, reason: string): void {
    this.farewell = { code, reason };
  }

  /** Nobody can say where the server is. */
  gone(reason: string): void {
    if (this.welcomedAt !== null) return;
    this.drop();
    this.tell({ phase: 'gone', nextDelayMs: null, retryAt: null, reason });
  }

  /** True where it went out. */
  send(message: ClientMessage): boolean {
    if (this.socket?.readyState !== 1) return false;
    this.socket.send(JSON.stringify(message));
    return true;
  }

  /** Something has changed: what failed before does not count any more. */
  forget(): void {
    this.failures = 0;
    this.why = null;
    if (this.retry !== 0 || this.status.phase === 'denied') this.rest(true);
    this.tell({ attempts: 0 });
  }

  /** Why it failed, found out since. */
  because(reason: string): void {
    this.why = reason;
    this.tell({ reason });
  }

  /** Somebody pressed the button: now, and count failures anew. */
  reconnect(): void {
    this.failures = 0;
    this.events.ask();
    this.open();
  }

  /** Another link does it now: let go, until `use` is called again. */
  rest(forgives = false): void {
    this.drop();
    // A server that said no still does: that is not asked again because another link came and went.
    if (!forgives && this.status.phase === 'denied') return;
    // Why it was given up is still to be read in the menu.
    const reason = this.failures > 0 ? this.status.reason : null;
    this.tell({ phase: 'closed', nextDelayMs: null, retryAt: null, reason });
  }

  close(): void {
    this.ends.abort();
    this.drop();
    this.tell({ phase: 'closed', nextDelayMs: null, retryAt: null, reason: null });
  }

  // ---- one life of a socket ----

  private open(): void {
    this.drop();
    if (this.info === null || this.ends.signal.aborted) return;
    this.farewell = null;
    const connecting = { phase: 'connecting', nextDelayMs: null, retryAt: null } as const;
    let socket: Connection;
    try {
      socket = this.way.dial(this.info);
    } catch (error) {
      // The address is none, or this page may not open it (ws: on an https: page).
      const reason = `The browser does not open ${this.info.url}: ${(error as Error).message}`;
      this.tell({ ...connecting, phase: 'closed', reason });
      return;
    }
    this.socket = socket;
    // Told only now: whoever hears of it may ask for the same again.
    this.tell(connecting);
    const { token, proof } = this.info;
    // Whoever listens there hears nothing, and least of all the token, before it has shown that it is the right server.
    let isProven = proof === undefined;
    const greet = (): boolean => this.send(this.events.hello(token));
    socket.onopen = () => isProven && greet();
    socket.onmessage = (event) => {
      if (!isProven) {
        isProven = isProof(event.data, proof);
        if (isProven) greet();
        else this.refuse();
        return;
      }
      this.heardAt = performance.now();
      if (this.beat === 0 && this.welcomedAt !== null) this.schedule();
      if (typeof event.data === 'string') this.events.message(event.data);
    };
    socket.onclose = (event) => {
      if (this.socket !== socket) return;
      this.noteQuiet();
      this.lost(event.code, event.reason);
    };
    const { welcomeMs, silence } = this.way;
    this.deadline = after(welcomeMs, () => this.lost(0, silence ?? 'The server did not answer in time.'));
  }

  /** Let go of the socket without a word, and of all timers. */
  private drop(): void {
    clearTimeout(this.deadline);
    clearTimeout(this.beat);
    clearTimeout(this.retry);
    this.deadline = this.beat = this.retry = 0;
    const { socket } = this;
    this.socket = null;
    const wasOpen = this.welcomedAt !== null;
    this.welcomedAt = null;
    if (socket !== null) {
      socket.onopen = socket.onmessage = socket.onclose = null;
      if (socket.readyState < 2) socket.close(DONE);
    }
    if (wasOpen || socket !== null) this.events.lost();
  }

  /** Trying again by itself would only ask the same stranger. */
  private refuse(): void {
    this.rest(true);
    this.events.stranger();
  }

  /** What stands between may end what is quiet: then it is not to be quiet for so long again. */
  private noteQuiet(): void {
    const quiet = performance.now() - this.heardAt;
    const isQuiet = this.welcomedAt !== null && this.farewell === null && quiet >= QUIET_MS;
    this.quietEnds = isQuiet ? this.quietEnds + 1 : 0;
    if (this.quietEnds >= QUIET_ENDS) this.longestQuiet = Math.max(QUIET_MS / 2, quiet / 2);
  }

  private lost(closeCode: number, closeReason: string): void {
    const stood = this.welcomedAt === null ? 0 : performance.now() - this.welcomedAt;
    const wasLive = this.welcomedAt !== null;
    const { code, reason } = this.farewell ?? { code: closeCode, reason: closeReason };
    this.drop();
    if (code === POLICY) {
      this.tell({ phase: 'denied', nextDelayMs: null, retryAt: null, latencyMs: null, busy: false, reason });
      this.events.ask();
      return;
    }
    this.failures = stood > SETTLED_MS ? 1 : this.failures + 1;
    const fallback = wasLive ? 'The connection was lost.' : 'The server cannot be reached.';
    const change = { attempts: this.failures, latencyMs: null, busy: false, reason: reason || this.why || fallback };
    if (!this.config.reconnectEnabled) {
      this.tell({ ...change, phase: 'closed', nextDelayMs: null, retryAt: null });
      return;
    }
    const delay = backoffMs(this.config, this.failures, this.random);
    this.retry = after(delay, () => {
      this.retry = 0;
      this.open();
    });
    this.tell({ ...change, phase: 'waiting', nextDelayMs: delay, retryAt: Date.now() + delay });
    if (this.failures >= ASK_AFTER) this.events.ask();
  }

  // ---- heartbeat ----

  private schedule(wait = this.config.heartbeatIntervalMs): void {
    clearTimeout(this.beat);
    this.beat = 0;
    // Nobody answers while a cell blocks the server: silence means nothing then.
    if (this.welcomedAt === null || this.status.busy) return;
    this.beat = after(Math.min(wait, this.longestQuiet), () => this.ping());
  }

  private ping(): void {
    clearTimeout(this.beat);
    const asked = performance.now();
    if (!this.send({ type: 'ping', ts: asked })) return;
    const { heartbeatIntervalMs, heartbeatTimeoutMs } = this.config;
    this.beat = after(heartbeatTimeoutMs, () => {
      this.beat = 0;
      // Any message is a sign of life: a long snapshot may stand before the pong.
      if (this.heardAt >= asked) this.schedule(Math.max(0, heartbeatIntervalMs - heartbeatTimeoutMs));
      else if (this.way.silence === null) this.lost(0, 'The server does not answer.');
      // The ping waits where it is, and so would the next one: whatever is heard makes the link live again.
      else this.tell({ phase: 'stale', reason: this.way.silence });
    });
  }

  /** The page is looked at again, or the machine is online: do not sit out a pause that was meant for bad times. */
  private wake(): void {
    if (this.status.phase === 'waiting') this.open();
    else if (this.welcomedAt !== null && !this.status.busy) this.ping();
  }

  private tell(change: Partial<LinkStatus>): void {
    this.status = { ...this.status, ...change };
    this.events.status(this.status);
  }
}

/** As setTimeout, with the number that browsers give. */
function after(ms: number, act: () => void): number {
  return setTimeout(act, ms) as unknown as number;
}
