/** What travels on the wire, protocol 1 (docs/wire.md). Parsed here, trusted everywhere else. Types: messages.gen.ts. */

import type { Operation as SentOperation, ServerMessage } from './messages.gen';

export type * from './messages.gen';
export type {
  EntryRecord as LogEntry,
  JobsState as Jobs,
  PnoState as Pno,
  TelemetryState as Telemetry,
} from './messages.gen';
export { COLORS, LEVELS, OPTIONAL_SLICES, PROTOCOL, SERVER_CONFIG, SLICES } from './messages.gen';

/** One RFC 6902 operation. The server sends some kinds of them; a mirror applies them all. */
export type Operation =
  | SentOperation
  | { op: 'test'; path: string; value: unknown }
  | { op: 'move' | 'copy'; from: string; path: string };

export type ProtocolCode = 'bad-json' | 'bad-message' | 'bad-field' | 'protocol';

/** What the server sent breaks the contract; nothing was changed by it. */
export class ProtocolError extends Error {
  override readonly name = 'ProtocolError';

  constructor(
    readonly code: ProtocolCode,
    message: string,
  ) {
    super(message);
  }
}

type Fields = Record<string, unknown>;

/**
 * Read one message of the server; null for a type that is not known (a later protocol may add some).
 *
 * Throws `ProtocolError` (`bad-json`, `bad-message`, `bad-field`).
 */
export function parse(text: string): ServerMessage | null {
  let message: unknown;
  try {
    message = JSON.parse(text);
  } catch {
    throw new ProtocolError('bad-json', "The server's message is no JSON text.");
  }
  return check(message);
}

/** The message, where it is one of this type and nothing is wrong with it; else null. */
export function parseIfType<T extends ServerMessage['type']>(
  type: T,
  text: string,
): Extract<ServerMessage, { type: T }> | null {
  try {
    const message = parse(text);
    return message?.type === type ? (message as Extract<ServerMessage, { type: T }>) : null;
  } catch (error) {
    if (error instanceof ProtocolError) return null;
    throw error;
  }
}

/** The same for what is parsed already: nothing is copied. */
export function check(message: unknown): ServerMessage | null {
  if (!isObject(message)) throw new ProtocolError('bad-message', "The server's message is no JSON object.");
  text(message, 'type');
  switch (message.type) {
    case 'state.patch':
      count(message, 'fromVersion');
      count(message, 'toVersion');
      objects(message, 'patch');
      break;
    case 'logs.append':
      entries(message);
      positions(message);
      break;
    case 'state.snapshot':
      if (!isObject(message.data)) throw bad(message, 'data');
      count(message, 'stateVersion');
      if (message.data.version !== message.stateVersion) throw bad(message, 'stateVersion');
      text(message, 'epoch');
      text(message, 'reason');
      break;
    case 'logs.history':
      entries(message);
      text(message, 'epoch');
      positions(message);
      break;
    case 'pong':
      number(message, 'ts');
      count(message, 'stateVersion');
      count(message, 'nextSeq');
      text(message, 'epoch');
      break;
    case 'proof':
      if (!Array.isArray(message.proofs)) throw bad(message, 'proofs');
      break;
    case 'welcome':
      text(message, 'epoch');
      count(message, 'stateVersion');
      count(message, 'nextSeq');
      flag(message, 'resumed');
      text(message, 'serverTime');
      count(message, 'protocol');
      break;
    case 'ack':
      break;
    case 'result':
      id(message);
      flag(message, 'ok');
      if (message.error != null && !isObject(message.error)) throw bad(message, 'error');
      break;
    case 'error':
      text(message, 'code');
      text(message, 'message');
      if (message.id != null) id(message);
      if (message.column != null) column(message);
      break;
    case 'server.busy':
      flag(message, 'busy');
      number(message, 'since');
      if (message.listens != null) flag(message, 'listens');
      break;
    case 'bye':
      whole(message, 'code');
      text(message, 'reason');
      break;
    default:
      return null;
  }
  return message as unknown as ServerMessage;
}

function isObject(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function bad(message: Fields, name: string): ProtocolError {
  const shown = (JSON.stringify(message[name]) ?? 'missing').slice(0, 40);
  return new ProtocolError('bad-field', `${String(message.type)}: ${name} is ${shown}`);
}

function text(message: Fields, name: string): void {
  if (typeof message[name] !== 'string') throw bad(message, name);
}

function flag(message: Fields, name: string): void {
  if (typeof message[name] !== 'boolean') throw bad(message, name);
}

function number(message: Fields, name: string): void {
  if (typeof message[name] !== 'number') throw bad(message, name);
}

function whole(message: Fields, name: string): void {
  if (!Number.isInteger(message[name])) throw bad(message, name);
}

/** Where in a query, from 1. */
function column(message: Fields): void {
  whole(message, 'column');
  if ((message.column as number) < 1) throw bad(message, 'column');
}

/** A whole number from 0 to 2^53 - 1. */
function count(message: Fields, name: string): void {
  if (!Number.isSafeInteger(message[name]) || (message[name] as number) < 0) throw bad(message, name);
}

function id(message: Fields): void {
  if (typeof message.id !== 'string' && !Number.isInteger(message.id)) throw bad(message, 'id');
}

function objects(message: Fields, name: string): Fields[] {
  const value = message[name];
  if (!Array.isArray(value) || !value.every(isObject)) throw bad(message, name);
  return value;
}

function entries(message: Fields): void {
  for (const entry of objects(message, 'entries')) {
    if (!Number.isInteger(entry.seq)) throw new ProtocolError('bad-field', 'an entry has no seq');
  }
}

function positions(message: Fields): void {
  count(message, 'firstSeq');
  count(message, 'nextSeq');
  count(message, 'missed');
}
