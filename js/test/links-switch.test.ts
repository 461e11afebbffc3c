import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Client } from '../src/client';
import type { Surroundings } from '../src/links/surroundings';
import { FakeKernel } from './fake-kernel';
import { FakeSocket, install } from './fake-socket';
import { appState, entries, history } from './fixtures';

const INFO = {
  url: 'ws://127.0.0.1:40123/ws',
  page: 'http://127.0.0.1:40123/',
  token: 't',
  epoch: 'A',
  nonce: 'n',
  proof: 'p',
};
const HUB = 'https://hub.example/user/me/lab';
const LAB = 'http://localhost:8888/lab';

function setUp(href = LAB, change: Partial<Surroundings> = {}) {
  const surroundings: Surroundings = {
    href,
    baseUrl: href === HUB ? '/user/me/' : '/',
    askProxy: async () => 404,
    askWhy: async () => null,
    ...change,
  };
  const client = new Client(() => {}, surroundings);
  const kernel = new FakeKernel(client);
  return { client, kernel, state: (kind: string) => client.links.value.find((link) => link.kind === kind) };
}

const settle = (ms = 0) => vi.advanceTimersByTimeAsync(ms);
const welcome = (change: object = {}) => {
  const plain = { type: 'welcome', protocol: 1, epoch: 'A', serverTime: 'now', stateVersion: 1, nextSeq: 0, resumed: false };
  return { ...plain, ...change };
};
const snapshot = (version = 1) => {
  const data = appState({ version });
  return { type: 'state.snapshot', stateVersion: version, data, epoch: 'A', reason: 'connect' };
};
const patch = (from: number, to: number, status: string) => ({
  type: 'state.patch',
  fromVersion: from,
  toVersion: to,
  patch: [
    { op: 'replace', path: '/meta/status', value: status },
    { op: 'replace', path: '/version', value: to },
  ],
});
const append = (from: number, to: number) => {
  return { type: 'logs.append', entries: entries(from, to), firstSeq: from, nextSeq: to, missed: 0 };
};

/** The first picture by widget messages, with `lines` lines. */
async function pictured(set: ReturnType<typeof setUp>, lines = 3): Promise<void> {
  set.client.carry(set.kernel.carrier);
  await settle();
  set.kernel.says([welcome({ nextSeq: lines }), snapshot(), history(0, lines)]);
}

const seqs = (client: Client) => Array.from({ length: client.logs.size }, (_, i) => client.logs.seq(i));

beforeEach(() => {
  vi.useFakeTimers();
  install();
});
afterEach(() => {
  vi.useRealTimers();
});

describe('the first picture', () => {
  it('comes by widget message, before anything is known of a server', async () => {
    const set = setUp(HUB);
    await pictured(set);
    expect(set.client.status.value).toMatchObject({ phase: 'live', link: 'comm' });
    expect(set.client.state.value?.version).toBe(1);
    expect(set.kernel.said()).toMatchObject([{ type: 'hello' }]);
    expect(JSON.stringify(set.kernel.heard)).not.toContain('token');
  });
});

describe('a page that is not on loopback', () => {
  it('opens no socket to its own machine, and shows its token to nobody there', async () => {
    const set = setUp(HUB);
    set.client.offer(INFO);
    await pictured(set);
    await settle(120_000);
    set.client.reconnect();
    set.client.want('direct');
    set.kernel.ends(1001, 'closing');
    await settle(120_000);
    expect(FakeSocket.all).toEqual([]);
    expect(set.state('direct')).toMatchObject({ able: false, state: 'not this machine' });
  });

  it('says of the proxy that it is not installed, and how to get it', async () => {
    const set = setUp(HUB);
    set.client.offer(INFO);
    await pictured(set);
    await settle();
    expect(set.state('proxy')).toMatchObject({
      state: 'not installed',
      reason: 'the Jupyter server answered 404',
      remedy: 'pip install jupyter-server-proxy',
    });
    expect(set.client.hasPage).toBe(false);
  });

  it('goes through the proxy where there is one, and opens the page through it', async () => {
    const set = setUp(HUB, { askProxy: async () => 200 });
    set.client.offer(INFO);
    await pictured(set);
    await settle();
    const socket = FakeSocket.last();
    expect(socket.url).toBe('wss://hub.example/user/me/proxy/40123/ws?nonce=n');
    socket.opens();
    socket.hears(welcome({ nextSeq: 3, resumed: true }));
    expect(set.client.status.value).toMatchObject({ phase: 'live', link: 'proxy' });
    expect(set.client.page).toBe('https://hub.example/user/me/proxy/40123/');
  });

  it('tries the address that keeps its prefix after the other one', async () => {
    const set = setUp(HUB, { askProxy: async () => 200 });
    set.client.offer(INFO);
    await settle();
    FakeSocket.last().closes(1006);
    await settle(2_000);
    expect(FakeSocket.last().url).toBe('wss://hub.example/user/me/proxy/absolute/40123/ws?nonce=n');
  });

  it('asks again whether there is a proxy when somebody says so', async () => {
    let status = 404;
    const set = setUp(HUB, { askProxy: async () => status });
    set.client.offer(INFO);
    await pictured(set);
    await settle();
    status = 200;
    set.client.tryLinks();
    await settle();
    expect(FakeSocket.all).toHaveLength(1);
  });

  it('says why a socket was refused, which browsers hide', async () => {
    const why = 'This server does not answer to that host name: add it to AUTOBENCH_ALLOWED_HOSTS.';
    const set = setUp(HUB, { askProxy: async () => 200, askWhy: async () => why });
    set.client.offer(INFO);
    await settle();
    FakeSocket.last().closes(1006);
    await settle();
    expect(set.client.status.value.reason).toBe(why);
    expect(set.state('proxy')).toMatchObject({ state: 'failed', reason: why });
  });
});

describe('a link that was given up', () => {
  it('still says why in the menu, also where that was found out between two tries', async () => {
    let answer = (_why: string): void => {};
    const set = setUp(HUB, {
      askProxy: async () => 200,
      askWhy: () =>
        new Promise((resolve) => {
          answer = resolve;
        }),
    });
    await pictured(set);
    set.client.offer(INFO);
    await settle();
    for (let tries = 1; tries <= 3; tries++) {
      expect(FakeSocket.all).toHaveLength(tries);
      FakeSocket.last().closes(1006);
      await settle(4_000);
      if (tries === 2) answer('The proxy answered 502.');
      await settle();
    }
    expect(set.state('proxy')).toMatchObject({ state: 'failed', reason: 'The proxy answered 502.' });
    expect(set.client.status.value).toMatchObject({ link: 'comm' });
  });
});

describe('a better link', () => {
  it('takes over where it resumes: nothing is lost, doubled or shown as stale, though the other one went on', async () => {
    const set = setUp();
    await pictured(set);
    const phases: string[] = [];
    const pictures: unknown[] = [];
    const stop = [
      set.client.status.subscribe((status) => phases.push(`${status.phase} ${status.link}`)),
      set.client.state.subscribe((state) => pictures.push(state?.meta.status)),
    ];
    set.client.offer(INFO);
    const socket = FakeSocket.last();
    socket.opens();
    expect(socket.said()[0]).toMatchObject({ payload: { resume: { epoch: 'A', stateVersion: 1, nextSeq: 3 } } });
    // Meanwhile the other link goes on; then the better one begins where the hello said.
    set.kernel.says([patch(1, 2, 'two'), append(3, 5)]);
    socket.hears(welcome({ stateVersion: 2, nextSeq: 5, resumed: true }));
    set.kernel.says([patch(2, 3, 'late'), append(5, 6)]);
    socket.hears(patch(1, 3, 'three'));
    socket.hears(append(3, 7));
    expect(set.client.state.value).toMatchObject({ version: 3, meta: { status: 'three' } });
    expect(seqs(set.client)).toEqual([0, 1, 2, 3, 4, 5, 6]);
    expect(set.client.logs.missed).toBe(0);
    expect(pictures).toEqual(['ready', 'two', 'three']);
    expect(new Set(phases)).toEqual(new Set(['live comm', 'live direct']));
    expect(set.kernel.heard.at(-1)).toMatchObject({ type: 'hub.close' });
    for (const end of stop) end();
  });

  it('shows nothing older than what was seen, where the other link was faster than its welcome', async () => {
    const set = setUp();
    await pictured(set);
    const phases = new Set<string>();
    const pictures: unknown[] = [];
    set.client.offer(INFO);
    const socket = FakeSocket.last();
    socket.opens();
    const stop = [
      set.client.status.subscribe((status) => phases.add(status.phase)),
      set.client.state.subscribe((state) => pictures.push(state?.meta.status)),
    ];
    set.kernel.says([patch(1, 2, 'two'), patch(2, 4, 'four')]);
    socket.hears(welcome({ stateVersion: 2, nextSeq: 3, resumed: true }));
    socket.hears(patch(1, 2, 'two'));
    socket.hears(patch(2, 4, 'four'));
    socket.hears(patch(4, 5, 'five'));
    for (const end of stop) end();
    expect(pictures).toEqual(['ready', 'two', 'four', 'four', 'five']);
    expect([...phases]).toEqual(['live']);
  });

  it('is none without our own welcome, nor with that of another orchestrator', async () => {
    const set = setUp();
    await pictured(set);
    set.client.offer(INFO);
    const socket = FakeSocket.last();
    socket.opens();
    socket.hears({ type: 'state.patch', fromVersion: 1, toVersion: 2, patch: [] });
    expect(set.client.status.value).toMatchObject({ phase: 'live', link: 'comm' });
    socket.hears(welcome({ epoch: 'of a stranger', stateVersion: 9 }));
    expect(set.client.status.value).toMatchObject({ phase: 'live', link: 'comm' });
    expect(set.client.epoch.value).toBe('A');
    expect(set.state('direct')).toMatchObject({ state: 'refused', reason: 'another orchestrator answers there' });
    expect(socket.closed).toBe(true);
    await settle(120_000);
    expect(FakeSocket.all).toHaveLength(1);
  });

  it('is none where the only one leads to another orchestrator: that is said, and goes on when the kernel knows better', async () => {
    const set = setUp(HUB);
    set.client.offer(INFO);
    set.client.carry(set.kernel.carrier);
    await settle(100);
    set.kernel.says([welcome({ epoch: 'of its successor' })]);
    await settle(100);
    expect(set.client.status.value).toMatchObject({
      phase: 'closed',
      reason: 'The server is gone: another orchestrator answers there.',
    });
    await settle(60_000);
    expect(set.kernel.opened).toHaveLength(1);
    set.client.reconnect();
    set.client.offer({ ...INFO, epoch: 'of its successor' });
    await settle(100);
    set.kernel.says([welcome({ epoch: 'of its successor' })]);
    await settle();
    expect(set.client.status.value).toMatchObject({ phase: 'live', link: 'comm' });
  });

  it('is left alone after three failures while another one does', async () => {
    const set = setUp();
    await pictured(set);
    set.client.offer(INFO);
    for (let i = 0; i < 5; i++) {
      FakeSocket.last().closes(1006);
      await settle(16_000);
    }
    expect(FakeSocket.all).toHaveLength(3);
    expect(set.client.status.value.link).toBe('comm');
    set.client.tryLinks();
    expect(FakeSocket.all).toHaveLength(4);
  });

  it('leaves a command its answer on the link that it went by', async () => {
    const set = setUp();
    await pictured(set);
    const answer = set.client.command('job.cancel', { jobId: 'j' });
    set.client.offer(INFO);
    FakeSocket.last().opens();
    FakeSocket.last().hears(welcome({ nextSeq: 3, resumed: true }));
    const id = set.kernel.said().at(-1)?.id;
    set.kernel.says([{ type: 'result', id, ok: true, value: { cancelled: true } }]);
    await expect(answer).resolves.toEqual({ cancelled: true });
    expect(set.kernel.heard.at(-1)).toMatchObject({ type: 'hub.close' });
  });
});

describe('when the link dies', () => {
  it('another takes over, and goes on where it was', async () => {
    const set = setUp();
    await pictured(set);
    set.client.offer(INFO);
    const socket = FakeSocket.last();
    socket.opens();
    socket.hears(welcome({ nextSeq: 3, resumed: true }));
    socket.hears(patch(1, 2, 'two'));
    const first = set.kernel.link;
    socket.closes(1006);
    await settle();
    expect(set.kernel.link).not.toBe(first);
    expect(set.kernel.said()[0]).toMatchObject({ payload: { resume: { epoch: 'A', stateVersion: 2, nextSeq: 3 } } });
    set.kernel.says([welcome({ stateVersion: 2, nextSeq: 3, resumed: true }), patch(2, 2, 'two')]);
    expect(set.client.status.value).toMatchObject({ phase: 'live', link: 'comm' });
    // The better one is tried again, and takes over again.
    await settle(2_000);
    FakeSocket.last().opens();
    FakeSocket.last().hears(welcome({ stateVersion: 2, nextSeq: 3, resumed: true }));
    expect(set.client.status.value).toMatchObject({ phase: 'live', link: 'direct' });
  });

  it('is said to be the kernel where its channel has failed, and no port is tried that somebody else may have', async () => {
    const set = setUp();
    await pictured(set);
    set.client.offer(INFO);
    FakeSocket.last().opens();
    FakeSocket.last().hears(welcome({ nextSeq: 3, resumed: true }));
    set.kernel.isGone = true;
    FakeSocket.last().closes(1006);
    await settle(120_000);
    expect(set.client.status.value).toMatchObject({ phase: 'gone', reason: 'The kernel that made this view is gone.' });
    expect(FakeSocket.all).toHaveLength(1);
  });

  it('is said to be the server where it ended, and widget messages wait for the next one', async () => {
    const set = setUp(HUB);
    await pictured(set);
    set.kernel.ends(1001, 'No server of the orchestrator runs: bench.serve() starts one.');
    await settle();
    expect(set.client.status.value).toMatchObject({ phase: 'waiting', reason: expect.stringContaining('bench.serve()') });
    await settle(2_000);
    expect(set.kernel.opened).toHaveLength(2);
  });
});

describe('who chooses a link', () => {
  it('gets it as soon as it is live, and the best again when that is taken back', async () => {
    const set = setUp();
    set.client.carry(set.kernel.carrier);
    set.client.offer(INFO);
    await settle();
    FakeSocket.last().opens();
    FakeSocket.last().hears(welcome());
    FakeSocket.last().hears(snapshot());
    FakeSocket.last().hears(history(0, 0));
    expect(set.client.status.value.link).toBe('direct');
    set.client.want('comm');
    await settle();
    expect(set.client.status.value).toMatchObject({ phase: 'live', link: 'direct' });
    set.kernel.says([welcome({ resumed: true }), patch(1, 1, '')]);
    expect(set.client.status.value).toMatchObject({ phase: 'live', link: 'comm' });
    expect(FakeSocket.last().closed).toBe(true);
    set.client.want(null);
    FakeSocket.last().opens();
    FakeSocket.last().hears(welcome({ resumed: true }));
    expect(set.client.status.value).toMatchObject({ phase: 'live', link: 'direct' });
  });
});
