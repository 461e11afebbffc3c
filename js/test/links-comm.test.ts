import { deflateRawSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Client } from '../src/client';
import { CommHub } from '../src/links/comm';
import { FakeKernel } from './fake-kernel';
import { appState, entries, history } from './fixtures';

const bytes = (...messages: object[]) =>
  new TextEncoder().encode(messages.map((message) => JSON.stringify(message)).join('\n'));
const welcome = { type: 'welcome', protocol: 1, epoch: 'A', serverTime: 'now', stateVersion: 1, nextSeq: 0, resumed: false };
const snapshot = { type: 'state.snapshot', stateVersion: 1, data: appState(), epoch: 'A', reason: 'connect' };
const append = (from: number, to: number) => {
  return { type: 'logs.append', entries: entries(from, to), firstSeq: from, nextSeq: to, missed: 0 };
};

function setUp() {
  const client = new Client(() => {}, {
    href: 'https://hub.example/',
    baseUrl: null,
    askProxy: async () => 404,
    askWhy: async () => null,
  });
  const kernel = new FakeKernel(client);
  return { client, kernel };
}

async function opened() {
  const set = setUp();
  set.client.carry(set.kernel.carrier);
  await Promise.resolve();
  return set;
}

let ends: Client[] = [];
beforeEach(() => {
  ends = [];
});
afterEach(() => {
  for (const client of ends) client.close();
  vi.useRealTimers();
});

describe('a link by widget messages', () => {
  it('takes a message in parts, packed or not, in any number of lines', async () => {
    const { client, kernel } = await opened();
    ends.push(client);
    const whole = bytes(welcome, snapshot, history(0, 0));
    kernel.saysBytes(whole.subarray(0, 100), { more: true });
    kernel.saysBytes(whole.subarray(100, 900), { more: true });
    expect(client.state.value).toBeNull();
    kernel.saysBytes(whole.subarray(900));
    expect(client.state.value?.version).toBe(1);
    const packed = deflateRawSync(bytes(append(0, 4)));
    kernel.saysBytes(packed.subarray(0, 9), { more: true, deflated: true });
    kernel.saysBytes(packed.subarray(9), { deflated: true });
    // What follows does not overtake what is being unpacked.
    kernel.says([append(4, 5)]);
    const seen = () => ({ lines: client.logs.size, phase: client.status.value.phase, reason: client.status.value.reason });
    await vi.waitFor(() => expect(seen()).toMatchObject({ lines: 5, phase: 'live' }), 20_000);
  });

  it('notices a gap, and resumes by position on a link with a new name', async () => {
    vi.useFakeTimers();
    const { client, kernel } = await opened();
    ends.push(client);
    kernel.says([welcome, snapshot, history(0, 0)]);
    kernel.says([append(0, 2)]);
    const first = kernel.link;
    kernel.says([append(4, 5)], { n: 3 });
    expect(client.status.value).toMatchObject({ phase: 'waiting', reason: 'A widget message was lost on its way.' });
    await vi.advanceTimersByTimeAsync(1_500);
    expect(kernel.link).not.toBe(first);
    expect(kernel.said()[0]).toMatchObject({ payload: { resume: { epoch: 'A', stateVersion: 1, nextSeq: 2 } } });
    kernel.says([{ ...welcome, nextSeq: 5, resumed: true }, append(2, 5)]);
    expect(client.logs.size).toBe(5);
    expect(client.logs.missed).toBe(0);
  });

  it('hears a message once that comes twice, the first one too', async () => {
    const { client, kernel } = await opened();
    ends.push(client);
    kernel.says([welcome, snapshot, history(0, 0)]);
    kernel.says([append(0, 2)]);
    kernel.says([append(0, 2)], { n: 1 });
    kernel.says([welcome, snapshot, history(0, 0)], { n: 0 });
    kernel.says([append(2, 3)], { n: 2 });
    expect(client.status.value.phase).toBe('live');
    expect(client.logs.size).toBe(3);
    expect(kernel.opened).toHaveLength(1);
  });

  it('says that an answer is not wanted any more which comes after it was closed, and asks under a new name', async () => {
    const hub = new CommHub(() => {});
    const heard: Record<string, unknown>[] = [];
    hub.add({ send: (content) => heard.push(content as Record<string, unknown>) > 0 });
    const dial = async () => {
      const connection = hub.way.dial({ url: '' });
      await Promise.resolve();
      connection.send('{"type":"hello"}');
      return connection;
    };
    (await dial()).close();
    const name = String(heard[0]?.link);
    hub.hears({ type: 'hub', link: name, n: 0 } as never, [bytes(welcome)]);
    expect(heard.at(-1)).toEqual({ type: 'hub.close', link: name });
    hub.hears({ type: 'hub', link: name, n: 1 } as never, [bytes(append(0, 1))]);
    expect(heard.filter(({ type }) => type === 'hub.close')).toHaveLength(1);
    await dial();
    expect(heard.at(-1)).toMatchObject({ type: 'hub.open' });
    expect(heard.at(-1)?.link).not.toBe(name);
  });

  it('hears nothing that is for another page, or for a link of its own that is over', async () => {
    const { client, kernel } = await opened();
    ends.push(client);
    kernel.says([welcome, snapshot, history(0, 0)]);
    kernel.says([append(0, 9)], { link: 'another.1' });
    client.hears({ type: 'hub.end', link: 'another.1', code: 1001, reason: 'not ours' } as never, []);
    expect(client.logs.size).toBe(0);
    expect(client.status.value.phase).toBe('live');
  });

  it('goes on under its own name where the kernel had spoken unasked', async () => {
    const { client, kernel } = await opened();
    ends.push(client);
    kernel.says([welcome, snapshot, history(0, 0)], { link: '', n: 0 });
    kernel.says([append(0, 2)], { link: '', n: 1 });
    expect(client.status.value.phase).toBe('live');
    kernel.says([append(2, 3)], { n: 2 });
    kernel.says([append(3, 4)], { link: '', n: 3 });
    expect(client.logs.size).toBe(3);
  });

  it('begins anew where the kernel opens one of its own beside what it had said unasked, without a stale moment', async () => {
    const { client, kernel } = await opened();
    ends.push(client);
    const phases = new Set<string>();
    kernel.says([welcome, snapshot, history(0, 0)], { link: '', n: 0 });
    const stop = client.status.subscribe((status) => phases.add(status.phase));
    kernel.says([append(0, 2)], { link: '', n: 1 });
    kernel.says([{ ...welcome, nextSeq: 2 }, snapshot, history(0, 2)], { n: 0 });
    kernel.says([append(2, 3)], { n: 1 });
    stop();
    expect(client.logs.size).toBe(3);
    expect([...phases]).toEqual(['live']);
  });

  it('numbers what it says, and tells now and then what has come', async () => {
    vi.useFakeTimers();
    const { client, kernel } = await opened();
    ends.push(client);
    kernel.says([welcome, snapshot, history(0, 0)]);
    client.command('logs.get', { seq: 1 }).catch(() => {});
    client.command('logs.get', { seq: 2 }).catch(() => {});
    const says = kernel.heard.filter((content) => content.type === 'hub.say');
    expect(says.map((content) => content.n)).toEqual([1, 2]);
    await vi.advanceTimersByTimeAsync(1_200);
    for (let i = 0; i < 20; i++) kernel.says([append(i, i + 1)]);
    const got = kernel.heard.filter((content) => content.type === 'hub.got');
    expect(got.map((content) => content.n)).toEqual([16]);
  });

  it('is stale, not lost, while the kernel is silent, and live again with the first word', async () => {
    vi.useFakeTimers();
    const { client, kernel } = await opened();
    ends.push(client);
    kernel.says([welcome, snapshot, history(0, 0)]);
    await vi.advanceTimersByTimeAsync(16_000);
    expect(client.status.value).toMatchObject({ phase: 'stale', reason: expect.stringContaining('may be running a cell') });
    await vi.advanceTimersByTimeAsync(600_000);
    expect(kernel.opened).toHaveLength(1);
    expect(kernel.said().filter((message) => message.type === 'ping')).toHaveLength(1);
    kernel.says([append(0, 1)]);
    expect(client.status.value.phase).toBe('live');
    await vi.advanceTimersByTimeAsync(10_000);
    expect(kernel.said().filter((message) => message.type === 'ping')).toHaveLength(2);
  });

  it('uses another widget of the page where one has failed', async () => {
    vi.useFakeTimers();
    const { client, kernel } = setUp();
    ends.push(client);
    let isGone = false;
    client.carry({ send: () => !isGone });
    client.carry(kernel.carrier);
    await vi.advanceTimersByTimeAsync(0);
    isGone = true;
    await vi.advanceTimersByTimeAsync(8_000);
    expect(kernel.opened).toHaveLength(1);
    kernel.says([welcome, snapshot, history(0, 0)]);
    expect(client.status.value.phase).toBe('live');
  });
});
