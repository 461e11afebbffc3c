/** What travels on the wire, protocol 1 (docs/wire.md), with its types. Parsed here, trusted everywhere else. */

export const PROTOCOL = 1;

export type Json = null | boolean | number | string | readonly Json[] | JsonObject;
export interface JsonObject {
  readonly [key: string]: Json;
}

// ---- state ----

export type LevelName = 'debug' | 'info' | 'warn' | 'error' | 'fatal';
export type JobStatus = 'queued' | 'running' | 'succeeded' | 'failed' | 'cancelled' | 'timeout';
export type Severity = 'info' | 'warn' | 'error' | 'fatal';

/** Counts since the start; the lag of the server's loop in milliseconds. */
export interface Telemetry {
  clients?: number;
  patches?: number;
  bytesSent?: number;
  dropped?: number;
  resyncs?: number;
  loopLagMs?: number;
  errors?: number;
}

export interface Meta {
  startedAt: string;
  build: string;
  status: 'booting' | 'ready' | 'error';
  epoch: string;
  telemetry?: Telemetry;
  [more: string]: unknown;
}

export interface Device {
  type?: string;
  status?: string;
  /** ISO 8601. */
  lastSeen?: string | null;
  [more: string]: unknown;
}

export interface Stream {
  status?: string;
  url?: string | null;
  [more: string]: unknown;
}

/** Times are milliseconds since 1970 UTC, `progress` runs from 0 to 1, `...S` are seconds. */
export interface JobRecord {
  id: string;
  runId?: string;
  name?: string;
  kind?: 'command' | 'callable';
  command?: string | null;
  status: JobStatus;
  reason?: string | null;
  createdAt?: number;
  startedAt?: number | null;
  finishedAt?: number | null;
  repeat?: number;
  done?: number;
  progress?: number;
  lines?: number;
  warnings?: number;
  errors?: number;
  exitCode?: number | null;
  meanS?: number | null;
  sdS?: number | null;
  etaS?: number | null;
  /** What the job says it is doing. */
  current?: string | null;
  [more: string]: unknown;
}

export interface Jobs {
  queue: string[];
  running: string[];
  lastCompleted: string | null;
  items: Record<string, JobRecord>;
}

export interface Finding {
  id?: string;
  severity?: Severity;
  check?: string;
  message?: string;
  [more: string]: unknown;
}

export interface Pno {
  status: string;
  progress?: number | null;
  lastRunAt?: string | null;
  findings: Finding[];
  summary?: { total: number; bySeverity: Record<string, number> };
}

export interface LogsSlice {
  nextSeq: number;
  capacity: number;
  size: number;
  head: number;
}

/** How this server wants its clients to behave. */
export interface ServerConfig {
  logs: { snapshot: number; capacity: number; allowedChannels: string[]; minLevel: LevelName };
  ws: {
    heartbeatIntervalMs: number;
    heartbeatTimeoutMs: number;
    reconnectEnabled: boolean;
    reconnectMinMs: number;
    reconnectMaxMs: number;
    reconnectFactor: number;
    reconnectJitter: number;
  };
  flushIntervalMs?: number;
}

/**
 * The whole state of an orchestrator.
 *
 * Wide slices are `Wide` records at run time (see sync/wide.ts): read them through `sync/read.ts` where order or number
 * matter; as plain data they behave like objects.
 */
export interface AppState {
  version: number;
  meta: Meta;
  config: { requestSample: number; features: Record<string, boolean> };
  devices: Record<string, Device>;
  streams: Record<string, Stream>;
  jobs: Jobs;
  pno: Pno;
  logs: LogsSlice;
  serverConfig: ServerConfig;
}

// ---- log ----

export interface LogEntry {
  seq: number;
  /** Milliseconds since 1970 UTC, with a fraction. */
  ts: number;
  channel: string;
  emoji: string;
  color: string;
  level: LevelName;
  message: string;
  logger?: string;
  jobId?: string;
  stepId?: string;
  deviceId?: string;
  fields?: Record<string, unknown>;
  /** A formatted traceback. */
  exc?: string;
  /** Characters that the message has when whole, where only its beginning was sent. */
  cut?: number;
}

// ---- server to client ----

export type SnapshotReason = 'connect' | 'resync' | 'overrun' | 'too-old' | 'epoch';

/** One RFC 6902 operation. */
export type Operation =
  | { op: 'add' | 'replace' | 'test'; path: string; value: unknown }
  | { op: 'remove'; path: string }
  | { op: 'move' | 'copy'; from: string; path: string };

export interface Welcome {
  type: 'welcome';
  protocol: number;
  epoch: string;
  serverTime: string;
  stateVersion: number;
  nextSeq: number;
  resumed: boolean;
}

export interface StateSnapshot {
  type: 'state.snapshot';
  stateVersion: number;
  data: Record<string, unknown>;
  epoch: string;
  reason: SnapshotReason;
}

export interface StatePatch {
  type: 'state.patch';
  fromVersion: number;
  toVersion: number;
  patch: Operation[];
}

export interface LogsHistory {
  type: 'logs.history';
  entries: LogEntry[];
  epoch: string;
  firstSeq: number;
  nextSeq: number;
  /** Entries that were asked for and that the ring no longer holds. */
  missed: number;
}

export interface LogsAppend {
  type: 'logs.append';
  entries: LogEntry[];
  firstSeq: number;
  nextSeq: number;
  /** Entries before this batch that were not sent. */
  missed: number;
}

export interface Pong {
  type: 'pong';
  ts: number;
  stateVersion: number;
  nextSeq: number;
  epoch: string;
}

export interface Ack {
  type: 'ack';
}

export interface Result {
  type: 'result';
  id: string | number;
  ok: boolean;
  value?: unknown;
  error?: { code: string; message: string };
}

export interface ServerError {
  type: 'error';
  code: string;
  message: string;
  id?: string | number;
  /** Where in a log query, from 1. */
  column?: number;
}

export interface ServerBusy {
  type: 'server.busy';
  busy: boolean;
  since: number;
}

export interface Bye {
  type: 'bye';
  /** The WebSocket close code that follows. */
  code: number;
  reason: string;
}

export type ServerMessage =
  | Welcome
  | StateSnapshot
  | StatePatch
  | LogsHistory
  | LogsAppend
  | Pong
  | Ack
  | Result
  | ServerError
  | ServerBusy
  | Bye;

// ---- client to server ----

export interface Resume {
  epoch: string;
  stateVersion: number;
  nextSeq: number;
}

export interface Hello {
  type: 'hello';
  payload: { capabilities: string[]; token?: string; resume?: Resume };
}

export interface Subscribe {
  type: 'subscribe';
  payload: {
    includeSnapshot: boolean;
    logsHistory?: number;
    slices?: string[] | null;
    logsQuery?: string | null;
  };
}

export interface StateResync {
  type: 'state.resync';
  epoch?: string;
  sinceVersion?: number;
}

export interface LogsReplay {
  type: 'logs.replay';
  sinceSeq: number;
  epoch?: string;
  limit?: number;
}

export interface Ping {
  type: 'ping';
  ts: number;
}

export interface Command {
  type: 'command';
  id: string;
  name: string;
  args: object;
}

export type ClientMessage = Hello | Subscribe | StateResync | LogsReplay | Ping | Command;

// ---- parsing ----

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
      if (message.column != null) whole(message, 'column');
      break;
    case 'server.busy':
      flag(message, 'busy');
      number(message, 'since');
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
