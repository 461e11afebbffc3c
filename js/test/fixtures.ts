import type { AppState, JobRecord, LogEntry } from '../src/sync/messages';
import type { FakeSocket } from './fake-socket';

export const WS = {
  heartbeatIntervalMs: 10_000,
  heartbeatTimeoutMs: 5_000,
  reconnectEnabled: true,
  reconnectMinMs: 1_000,
  reconnectMaxMs: 15_000,
  reconnectFactor: 1.8,
  reconnectJitter: 0.2,
};

/** A whole state at version 1, in which nothing has happened. */
export function appState(change: Partial<AppState> = {}): AppState {
  return {
    version: 1,
    meta: { startedAt: '2026-01-01T00:00:00Z', build: '0', status: 'ready', epoch: 'A' },
    config: { requestSample: 0, features: {} },
    devices: {},
    streams: {},
    jobs: { queue: [], running: [], lastCompleted: null, items: {} },
    pno: { status: 'idle', findings: [], summary: { total: 0, bySeverity: {} } },
    logs: { nextSeq: 0, capacity: 500, size: 0, head: 0 },
    serverConfig: { logs: { snapshot: 200, capacity: 500, allowedChannels: [], minLevel: 'debug' }, ws: WS },
    ...change,
  };
}

export function job(id: string, change: Partial<JobRecord> = {}): JobRecord {
  return { id, name: id, status: 'queued', createdAt: 0, repeat: 1, done: 0, progress: 0, ...change };
}

export function entry(seq: number): LogEntry {
  return { seq, ts: 1e12 + seq, channel: 'app', emoji: '', color: '#000', level: 'info', message: `line ${seq}` };
}

export function entries(from: number, to: number): LogEntry[] {
  return Array.from({ length: to - from }, (_, i) => entry(from + i));
}

export function history(from: number, to: number, missed = 0): object {
  return { type: 'logs.history', entries: entries(from, to), epoch: 'A', firstSeq: from, nextSeq: to, missed };
}

interface Connects {
  epoch?: string;
  logs?: object;
  readOnly?: boolean;
}

/** The server's side of a connect: welcome, snapshot, history. */
export function connects(socket: FakeSocket, state: AppState, change: Connects = {}): void {
  const epoch = change.epoch ?? 'A';
  const { version: stateVersion } = state;
  const serverTime = '2026-01-01T00:00:00.000Z';
  socket.opens();
  const nextSeq = state.logs.nextSeq;
  const readOnly = change.readOnly ? { readOnly: true } : {};
  socket.hears({ type: 'welcome', protocol: 1, epoch, serverTime, stateVersion, nextSeq, resumed: false, ...readOnly });
  socket.hears({ type: 'state.snapshot', stateVersion, data: structuredClone(state), epoch, reason: 'connect' });
  socket.hears({ ...(change.logs ?? history(nextSeq, nextSeq)), epoch });
}
