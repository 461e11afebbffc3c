import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { BATCH } from '../src/backfill';
import { Client, CommandError, clientFor } from '../src/client';
import { stateHash } from '../src/sync/canonical';
import { FakeSocket, install } from './fake-socket';
import { appState, connects, entries, history } from './fixtures';

const INFO = { url: 'ws://127.0.0.1:1/ws', token: 't', epoch: 'A', nonce: 'n', proof: 'p' };

function connected(state = appState(), logs?: object): { client: Client; socket: FakeSocket } {
  const client = new Client();
  client.offer(INFO);
  const socket = FakeSocket.last();
  connects(socket, state, logs ? { logs } : {});
  return { client, socket };
}

const said = (socket: FakeSocket, type: string) => socket.said().filter((message) => message.type === type);
const settle = () => vi.advanceTimersByTimeAsync(0);

beforeEach(() => {
  vi.useFakeTimers();
  install();
});
afterEach(() => {
  vi.useRealTimers();
});

describe('a client', () => {
  it('has state, epoch and a live link after welcome and snapshot', () => {
    const { client } = connected();
    expect(client.status.value.phase).toBe('live');
    expect(client.epoch.value).toBe('A');
    expect(client.state.value?.version).toBe(1);
  });

  it('gives a command the time that a cell takes, and no more where the server listens', async () => {
    const { client, socket } = connected();
    socket.hears({ type: 'server.busy', busy: true, since: 0, listens: false });
    const failed = vi.fn();
    client.command('job.cancel', { jobId: 'j1' }).catch(failed);
    await vi.advanceTimersByTimeAsync(600_000);
    expect(failed).not.toHaveBeenCalled();
    expect(client.waiting.value).toBe(1);
    expect(client.status.value.phase).toBe('live');
    socket.hears({ type: 'server.busy', busy: true, since: 0, listens: true });
    await vi.advanceTimersByTimeAsync(30_000);
    expect(failed).toHaveBeenCalledOnce();
    expect(client.waiting.value).toBe(0);
  });

  it('knows nothing of a cell once the link is another one', () => {
    const { client, socket } = connected();
    socket.hears({ type: 'server.busy', busy: true, since: 0, listens: true });
    expect(client.busy.value).toEqual({ since: 0, listens: true });
    socket.closes(1006);
    expect(client.busy.value).toBeNull();
  });

  it('keeps the identity of slices that a patch does not touch', () => {
    const { client, socket } = connected();
    const before = client.state.value;
    const patch = [
      { op: 'add', path: '/devices/cap0', value: { status: 'ok' } },
      { op: 'replace', path: '/version', value: 2 },
    ];
    socket.hears({ type: 'state.patch', fromVersion: 1, toVersion: 2, patch });
    expect(client.state.value?.devices).toEqual({ cap0: { status: 'ok' } });
    expect(client.state.value?.jobs).toBe(before?.jobs);
  });

  it('is stale after a gap, asks, and is live again with the snapshot', () => {
    const { client, socket } = connected();
    socket.hears({ type: 'state.patch', fromVersion: 5, toVersion: 6, patch: [] });
    expect(client.status.value.phase).toBe('stale');
    expect(said(socket, 'state.resync')).toEqual([{ type: 'state.resync', epoch: 'A', sinceVersion: 1 }]);
    const data = appState({ version: 6 });
    socket.hears({ type: 'state.snapshot', stateVersion: 6, data, epoch: 'A', reason: 'resync' });
    expect(client.status.value.phase).toBe('live');
    expect(client.state.value?.version).toBe(6);
  });

  it('resumes where it stood on the next link', () => {
    const { socket, client } = connected();
    socket.closes(1006);
    vi.advanceTimersByTime(2_000);
    FakeSocket.last().opens();
    expect(said(FakeSocket.last(), 'hello')[0]).toMatchObject({
      payload: { resume: { epoch: 'A', stateVersion: 1, nextSeq: 0 } },
    });
    expect(client.state.value?.version).toBe(1);
  });

  it('replaces everything when the epoch is another one, and merges nothing', () => {
    const state = appState({ logs: { nextSeq: 10, capacity: 500, size: 10, head: 0 } });
    const client = new Client();
    client.offer({ url: INFO.url });
    const socket = FakeSocket.last();
    connects(socket, state, { logs: history(0, 10) });
    expect(client.logs.size).toBe(10);
    socket.closes(1006);
    vi.advanceTimersByTime(2_000);
    connects(FakeSocket.last(), appState({ version: 3 }), { epoch: 'B' });
    expect(client.epoch.value).toBe('B');
    expect(client.logs.size).toBe(0);
    expect(client.state.value?.version).toBe(3);
  });

  it('survives a message that breaks the contract, unchanged', () => {
    const warned = vi.spyOn(console, 'warn').mockImplementation(() => {});
    const { client, socket } = connected();
    socket.hears('{"type":"state.patch"}');
    socket.hears('no json');
    expect(client.state.value?.version).toBe(1);
    expect(client.status.value.phase).toBe('live');
    expect(warned).toHaveBeenCalledTimes(2);
  });

  it('adopts limits of the server when they come and when they change, not with any other patch', () => {
    const { client, socket } = connected();
    expect(client.logs.capacity).toBe(500);
    const adopt = vi.spyOn(client.logs, 'adopt');
    const version = (value: number) => ({ op: 'replace', path: '/version', value });
    socket.hears({ type: 'state.patch', fromVersion: 1, toVersion: 2, patch: [version(2)] });
    expect(adopt).not.toHaveBeenCalled();
    const patch = [{ op: 'replace', path: '/serverConfig/logs/capacity', value: 900 }, version(3)];
    socket.hears({ type: 'state.patch', fromVersion: 2, toVersion: 3, patch });
    expect(client.logs.capacity).toBe(900);
  });
});

describe('commands', () => {
  it('resolve with the value of the result that has their id', async () => {
    const { client, socket } = connected();
    const answer = client.command('job.cancel', { jobId: 'j1' });
    const [command] = said(socket, 'command');
    expect(command).toMatchObject({ name: 'job.cancel', args: { jobId: 'j1' } });
    socket.hears({ type: 'result', id: command?.id, ok: true, value: { cancelled: true } });
    await expect(answer).resolves.toEqual({ cancelled: true });
  });

  it('reject with the code and sentence of the server', async () => {
    const { client, socket } = connected();
    const answer = client.command('logs.get', { seq: 1 });
    const error = { code: 'not-found', message: 'The ring no longer holds that entry.' };
    socket.hears({ type: 'result', id: said(socket, 'command')[0]?.id, ok: false, error });
    await expect(answer).rejects.toEqual(new CommandError(error.code, error.message));
  });

  it('reject at once without a link, and when the link is lost before the answer', async () => {
    await expect(new Client().command('state.hash', {})).rejects.toMatchObject({ code: 'not-connected' });
    const { client, socket } = connected();
    const answer = client.command('state.hash', {});
    socket.closes(1006);
    await expect(answer).rejects.toMatchObject({ code: 'lost' });
  });
});

describe('the past of the log', () => {
  const big = appState({
    logs: { nextSeq: 10_000, capacity: 20_000, size: 10_000, head: 0 },
    serverConfig: {
      ...appState().serverConfig,
      logs: { snapshot: 200, capacity: 5_000, allowedChannels: [], minLevel: 'debug' },
    },
  });

  it('is fetched in pieces, the newest first, until the page holds what it may', async () => {
    const { client, socket } = connected(big, history(9_800, 10_000));
    for (let i = 0; i < 10; i++) {
      await settle();
      const asked = said(socket, 'logs.replay');
      const last = asked.at(-1) as { sinceSeq: number; limit: number };
      expect(last.limit).toBeLessThanOrEqual(BATCH);
      socket.hears(history(last.sinceSeq, last.sinceSeq + last.limit));
      await vi.advanceTimersByTimeAsync(50);
      if (said(socket, 'logs.replay').length === asked.length) break;
    }
    expect(said(socket, 'logs.replay').map(({ sinceSeq }) => sinceSeq)).toEqual([7_800, 5_800, 5_000]);
    expect([client.logs.size, client.logs.firstSeq]).toEqual([5_000, 5_000]);
  });

  it('does not come back in place of what the page let go at its cap', async () => {
    const { client, socket } = connected(big, history(9_800, 10_000));
    await settle();
    socket.hears(history(7_800, 9_800));
    socket.hears({ ...history(10_000, 15_000), type: 'logs.append' });
    expect([client.logs.evicted > 0, client.logs.size < 5_000]).toEqual([true, true]);
    await vi.advanceTimersByTimeAsync(50);
    const asked = said(socket, 'logs.replay').length;
    // A new channel is told in the same place as the limits.
    const patch = [
      { op: 'replace', path: '/serverConfig/logs/allowedChannels', value: ['psu'] },
      { op: 'replace', path: '/version', value: 2 },
    ];
    socket.hears({ type: 'state.patch', fromVersion: 1, toVersion: 2, patch });
    await vi.advanceTimersByTimeAsync(50);
    expect(said(socket, 'logs.replay').length).toBe(asked);
    // With a higher cap there is room again.
    const raised = [
      { op: 'replace', path: '/serverConfig/logs/capacity', value: 9_000 },
      { op: 'replace', path: '/version', value: 3 },
    ];
    socket.hears({ type: 'state.patch', fromVersion: 2, toVersion: 3, patch: raised });
    await vi.advanceTimersByTimeAsync(50);
    expect(said(socket, 'logs.replay').length).toBe(asked + 1);
  });

  it('stops where the link is lost and goes on after it was resumed', async () => {
    const { socket } = connected(big, history(9_800, 10_000));
    await settle();
    socket.closes(1006);
    await vi.advanceTimersByTimeAsync(2_000);
    const next = FakeSocket.last();
    next.opens();
    expect(said(next, 'logs.replay')).toEqual([]);
    const serverTime = '2026-01-01T00:00:00.000Z';
    next.hears({ type: 'welcome', protocol: 1, epoch: 'A', serverTime, stateVersion: 1, nextSeq: 10_000, resumed: true });
    await settle();
    expect(said(next, 'logs.replay')).toEqual([{ type: 'logs.replay', sinceSeq: 7_800, epoch: 'A', limit: BATCH }]);
  });

  it('is there when replay resolves', async () => {
    const { client, socket } = connected(
      appState({ logs: { nextSeq: 100, capacity: 500, size: 0, head: 0 } }),
      history(90, 100),
    );
    const answer = client.replay(50, 10);
    socket.hears(history(50, 60));
    await answer;
    expect(client.logs.find(55)).toBeGreaterThanOrEqual(0);
  });

  it('does not keep somebody waiting who asked on a link that is lost', async () => {
    const { client, socket } = connected();
    const answer = client.replay(0, 10);
    socket.closes(1006);
    await expect(answer).resolves.toBeUndefined();
  });

  it('keeps the order of live lines that come meanwhile', () => {
    const { client, socket } = connected(big, history(9_800, 10_000));
    socket.hears({ type: 'logs.append', entries: entries(10_000, 10_003), firstSeq: 10_000, nextSeq: 10_003, missed: 0 });
    expect(client.logs.seq(client.logs.size - 1)).toBe(10_002);
    expect(client.logs.nextSeq).toBe(10_003);
  });
});

describe('verify', () => {
  const version = (value: number) => [{ op: 'replace', path: '/version', value }];

  it('compares the state of the version that was hashed, though patches overtook the answer', async () => {
    const { client, socket } = connected();
    const answer = client.verify();
    socket.hears({ type: 'state.patch', fromVersion: 1, toVersion: 2, patch: version(2) });
    socket.hears({ type: 'state.patch', fromVersion: 2, toVersion: 3, patch: version(3) });
    const value = { version: 2, hash: stateHash(appState({ version: 2 })) };
    socket.hears({ type: 'result', id: said(socket, 'command')[0]?.id, ok: true, value });
    await expect(answer).resolves.toBe(true);
  });

  it('says so where the mirror is not what the server has', async () => {
    const { client, socket } = connected();
    const answer = client.verify();
    socket.hears({ type: 'result', id: said(socket, 'command')[0]?.id, ok: true, value: { version: 1, hash: 'other' } });
    await expect(answer).resolves.toBe(false);
  });
});

describe('the clients of a page', () => {
  it('are one for an orchestrator, however many views look', () => {
    expect(clientFor('A')).toBe(clientFor('A'));
    expect(clientFor('A')).not.toBe(clientFor('B'));
  });

  it('end when the last view has been gone for a while, and begin anew after that', () => {
    const client = clientFor('C');
    client.offer(INFO);
    const releases = [client.retain(), client.retain()];
    releases[0]?.();
    releases[0]?.();
    vi.advanceTimersByTime(60_000);
    expect(clientFor('C')).toBe(client);
    releases[1]?.();
    client.retain()();
    vi.advanceTimersByTime(60_000);
    expect(client.status.value.phase).toBe('closed');
    expect(clientFor('C')).not.toBe(client);
  });
});
