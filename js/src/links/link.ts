/** What every way to the server has in common. */

import { type ClientMessage, SERVER_CONFIG, type ServerConfig } from '../sync/messages';

/** Where the server is, as the kernel told, or as the page knows by itself. */
export interface LinkInfo {
  /** `ws://127.0.0.1:PORT/ws`. */
  url: string;
  /** The standalone page, for people. */
  page?: string;
  /** The access token, or the key that a page keeps in its place. */
  token?: string;
  epoch?: string;
  /** What the right server answers with `proof`, before anything else: only to that one the token is given. */
  nonce?: string;
  proof?: string;
  /** Set where the server is not the kernel's own, but a client's of it, which hands on what goes by widget message. */
  via?: 'client';
}

/**
 * How messages travel, the best first: a WebSocket to the server itself, one through the Jupyter server's proxy, or
 * messages of a widget through the kernel.
 */
export const LINK_KINDS = ['direct', 'proxy', 'comm'] as const;
export type LinkKind = (typeof LINK_KINDS)[number];

export type Phase =
  /** On the way: no welcome yet. */
  | 'connecting'
  /** Welcomed, and heard of lately. */
  | 'live'
  /** Lost; tries again by itself. */
  | 'waiting'
  /** Welcomed, but what is shown is known not to be the newest, or nothing was heard in time. */
  | 'stale'
  /** The server does not let us in; trying again by itself would not help. */
  | 'denied'
  /** Nobody says where the server is. */
  | 'gone'
  /** Lost, and not to be tried again unless asked. */
  | 'closed';

export interface LinkStatus {
  readonly phase: Phase;
  /** Failed tries since the last welcome. */
  readonly attempts: number;
  /** Of the pause before the next try; null where none is due. */
  readonly nextDelayMs: number | null;
  /** When the next try is due, in ms since 1970. */
  readonly retryAt: number | null;
  /** Of the last heartbeat there and back. */
  readonly latencyMs: number | null;
  readonly link: LinkKind;
  /** The server said that a cell blocks it: heartbeats do not count. */
  readonly busy: boolean;
  /** Why it is not live, in words. */
  readonly reason: string | null;
}

/** What a link tells its owner. */
export interface LinkEvents {
  /** The channel is open: the first message, with the token where there is one. */
  hello(token: string | undefined): ClientMessage;
  /** A message came. */
  message(text: string): void;
  /** Who answers could not show that it is the server that was meant; it was told nothing. */
  stranger(): void;
  /** The channel is lost; messages that were not answered never will be. */
  lost(): void;
  /** Tries keep failing or are refused: where the server is may have changed. */
  ask(): void;
  status(status: LinkStatus): void;
}

/** One channel of text, once: as much of a `WebSocket` as a link uses. `readyState` 1: open. */
export interface Connection {
  readonly readyState: number;
  send(text: string): void;
  close(code?: number): void;
  onopen: (() => void) | null;
  onmessage: ((event: { data: unknown }) => void) | null;
  onclose: ((event: { code: number; reason: string }) => void) | null;
}

/** How a link gets its connections, and what it may expect of them. */
export interface Way {
  readonly kind: LinkKind;
  /** Throws where this page may not open it. */
  dial(info: LinkInfo): Connection;
  /** From the try to the welcome, in ms. */
  readonly welcomeMs: number;
  /**
   * What silence means: null, that the connection is lost; else this sentence, since the other end may be busy, and what
   * was sent is not lost but waits.
   */
  readonly silence: string | null;
}

export type WsConfig = ServerConfig['ws'];

/** Until the server has said otherwise. */
export const DEFAULT_WS: WsConfig = SERVER_CONFIG.ws;

/** How long to wait before the try after `failures` failed ones: exponential, capped, plus or minus the jitter's share. */
export function backoffMs(config: WsConfig, failures: number, random: () => number = Math.random): number {
  const steps = Math.max(0, failures - 1);
  const plain = Math.min(config.reconnectMaxMs, config.reconnectMinMs * config.reconnectFactor ** steps);
  return Math.round(plain * (1 + config.reconnectJitter * (2 * random() - 1)));
}
