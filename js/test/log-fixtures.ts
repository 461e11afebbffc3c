import type { LogEntry, LogsAppend, LogsHistory, ServerConfig } from '../src/sync/messages';

const LEVELS = ['debug', 'info', 'warn', 'error', 'fatal'] as const;
const CHANNELS = ['benchmark', 'powermeter', 'ffmpeg', 'websocket', 'app'];

/** A line whose every column follows from its seq. */
export function line(seq: number, more: Partial<LogEntry> = {}): LogEntry {
  return {
    seq,
    ts: 1_700_000_000_000 + seq * 10,
    channel: CHANNELS[seq % CHANNELS.length] as string,
    emoji: '',
    color: 'blue',
    level: LEVELS[seq % LEVELS.length] as LogEntry['level'],
    message: `line ${seq}`,
    ...more,
  };
}

/** Lines [from, to). */
export function lines(from: number, to: number): LogEntry[] {
  return Array.from({ length: to - from }, (_, k) => line(from + k));
}

export function append(from: number, to: number, missed = 0): LogsAppend {
  return { type: 'logs.append', entries: lines(from, to), firstSeq: from, nextSeq: to, missed } as LogsAppend;
}

export function history(from: number, to: number, missed = 0, epoch = 'e1'): LogsHistory {
  return { type: 'logs.history', entries: lines(from, to), epoch, firstSeq: from, nextSeq: to, missed } as LogsHistory;
}

export function config(capacity: number): ServerConfig {
  return { logs: { snapshot: 200, capacity, allowedChannels: [], minLevel: 'debug' } } as unknown as ServerConfig;
}
