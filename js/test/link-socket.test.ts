import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { backoffMs, DEFAULT_WS, type LinkStatus } from '../src/links/link';
import { SocketLink } from '../src/links/socket';
import { FakeSocket, install } from './fake-socket';

const INFO = { url: 'ws://127.0.0.1:1/ws', token: 't', epoch: 'e' };

function setUp() {
  const statuses: LinkStatus[] = [];
  const asked = vi.fn();
  const stranger = vi.fn();
  const lost = vi.fn();
  const heard: string[] = [];
  const link = new SocketLink(
    {
      hello: (token) => ({ type: 'hello', payload: { capabilities: [], ...(token === undefined ? {} : { token }) } }),
      message: (text) => heard.push(text),
      stranger,
      lost,
      ask: asked,
      status: (status) => statuses.push(status),
    },
    () => 0.5,
  );
  return { link, statuses, stranger, asked, lost, heard, phase: () => link.status.phase };
}

beforeEach(() => {
  vi.useFakeTimers();
  install();
});
afterEach(() => {
  vi.useRealTimers();
});

describe('backoff', () => {
  it('grows by the factor and stops at the maximum', () => {
    const delays = [1, 2, 3, 20].map((failures) => backoffMs(DEFAULT_WS, failures, () => 0.5));
    expect(delays).toEqual([1_000, 1_800, 3_240, 15_000]);
  });

  it('is spread by the jitter, both ways', () => {
    expect(backoffMs(DEFAULT_WS, 1, () => 0)).toBe(800);
    expect(backoffMs(DEFAULT_WS, 1, () => 0.999_999)).toBe(1_200);
  });
});

describe('SocketLink', () => {
  it('says hello with the token first, and is not live before the welcome', () => {
    const { link, phase } = setUp();
    link.use(INFO);
    const socket = FakeSocket.last();
    socket.opens();
    expect(socket.said()).toEqual([{ type: 'hello', payload: { capabilities: [], token: 't' } }]);
    expect(phase()).toBe('connecting');
    link.welcomed();
    expect(phase()).toBe('live');
  });

  it('says nothing before the server has shown that it is the right one', () => {
    const { link, stranger } = setUp();
    link.use({ ...INFO, nonce: 'a nonce', proof: 'p' });
    const socket = FakeSocket.last();
    expect(socket.url).toBe('ws://127.0.0.1:1/ws?nonce=a%20nonce');
    socket.readyState = 1;
    socket.onopen?.();
    expect(socket.said()).toEqual([]);
    socket.hears({ type: 'proof', proofs: ['of another token', 'p'] });
    expect(socket.said()).toEqual([{ type: 'hello', payload: { capabilities: [], token: 't' } }]);
    expect(stranger).not.toHaveBeenCalled();
  });

  it.each([
    ['another proof', { type: 'proof', proofs: ['q'] }],
    ['no proof', { type: 'proof', proofs: [] }],
    ['a proof that is none', { type: 'proof', proofs: 'p' }],
    ['no list', { type: 'proof' }],
    ['a longer one', { type: 'proof', proofs: ['p '] }],
    ['a list in it', { type: 'proof', proofs: [['p']] }],
    ['a welcome', { type: 'welcome', epoch: 'e', protocol: 1, nextSeq: 0, stateVersion: 0, resumed: false, serverTime: '' }],
    ['another type', { type: 'prove', proofs: ['p'] }],
    ['no object', 'p'],
    ['no JSON', '{"type":"proof","proofs":["p"'],
    ['nothing', ''],
  ])('tells nothing to whom answers with %s, and leaves it alone', (_what, answer) => {
    const { link, stranger, heard } = setUp();
    link.use({ ...INFO, nonce: 'n', proof: 'p' });
    const socket = FakeSocket.last();
    socket.readyState = 1;
    socket.onopen?.();
    socket.hears(answer);
    socket.hears({ type: 'proof', proofs: ['p'] });
    expect(socket.said()).toEqual([]);
    expect(socket.closed).toBe(true);
    expect(stranger).toHaveBeenCalledTimes(1);
    expect(heard).toEqual([]);
    vi.advanceTimersByTime(600_000);
    expect(FakeSocket.all).toHaveLength(1);
  });

  it('tells nothing to whom answers with bytes or not at all', () => {
    const { link } = setUp();
    link.use({ ...INFO, nonce: 'n', proof: 'p' });
    const socket = FakeSocket.last();
    socket.readyState = 1;
    socket.onopen?.();
    vi.advanceTimersByTime(9_000);
    socket.onmessage?.({ data: new ArrayBuffer(4) });
    expect(socket.said()).toEqual([]);
    expect(socket.closed).toBe(true);
  });

  it('sends no token where there is none', () => {
    const { link } = setUp();
    link.use({ url: INFO.url });
    FakeSocket.last().opens();
    expect(FakeSocket.last().said()).toEqual([{ type: 'hello', payload: { capabilities: [] } }]);
  });

  it('gives up a socket that opens and never welcomes', () => {
    const { link, phase } = setUp();
    link.use(INFO);
    FakeSocket.last().opens();
    vi.advanceTimersByTime(10_000);
    expect(phase()).toBe('waiting');
    expect(FakeSocket.all[0]?.closed).toBe(true);
  });

  it('tries again after growing pauses and says how many tries and when', () => {
    const { link } = setUp();
    link.use(INFO);
    FakeSocket.last().closes(1006);
    expect(link.status).toMatchObject({ phase: 'waiting', attempts: 1, nextDelayMs: 1_000 });
    expect(link.status.retryAt).toBe(Date.now() + 1_000);
    vi.advanceTimersByTime(1_000);
    expect(FakeSocket.all).toHaveLength(2);
    FakeSocket.last().closes(1006);
    expect(link.status).toMatchObject({ attempts: 2, nextDelayMs: 1_800 });
  });

  it('asks where the server is after three failures', () => {
    const { link, asked } = setUp();
    link.use(INFO);
    for (let i = 0; i < 3; i++) {
      FakeSocket.last().closes(1006);
      vi.advanceTimersByTime(4_000);
    }
    expect(asked).toHaveBeenCalledTimes(1);
  });

  it('drops a link on which nothing is heard within the timeout of a ping', () => {
    const { link, phase } = setUp();
    link.use(INFO);
    FakeSocket.last().opens();
    link.welcomed();
    vi.advanceTimersByTime(1_500);
    expect(FakeSocket.last().said().at(-1)).toMatchObject({ type: 'ping' });
    vi.advanceTimersByTime(5_000);
    expect(phase()).toBe('waiting');
    expect(link.status.reason).toBe('The server does not answer.');
  });

  it('takes any message for a sign of life, and pings on', () => {
    const { link, phase } = setUp();
    link.use(INFO);
    const socket = FakeSocket.last();
    socket.opens();
    link.welcomed();
    vi.advanceTimersByTime(1_500);
    vi.advanceTimersByTime(100);
    socket.hears('{}');
    vi.advanceTimersByTime(9_900);
    expect(phase()).toBe('live');
    expect(socket.said().filter((message) => message.type === 'ping')).toHaveLength(2);
  });

  it('is never quiet for so long again, where what was quiet was ended twice', () => {
    const { link } = setUp();
    link.use(INFO);
    const live = (): FakeSocket => {
      FakeSocket.last().opens();
      link.welcomed();
      return FakeSocket.last();
    };
    for (let i = 0; i < 2; i++) {
      const socket = live();
      vi.advanceTimersByTime(1_500);
      socket.hears({ type: 'pong', ts: 0 });
      link.alive(performance.now());
      // Ended by what stands between, after 6 s without a word.
      vi.advanceTimersByTime(6_000);
      socket.closes(1006);
      vi.advanceTimersByTime(2_000);
    }
    const socket = live();
    for (let s = 0; s < 30; s++) {
      const pings = socket.said().filter((message) => message.type === 'ping').length;
      vi.advanceTimersByTime(1_000);
      if (socket.said().filter((message) => message.type === 'ping').length === pings) continue;
      socket.hears({ type: 'pong', ts: 0 });
      link.alive(performance.now());
    }
    expect(socket.said().filter((message) => message.type === 'ping').length).toBeGreaterThanOrEqual(9);
    expect(link.status.phase).toBe('live');
  });

  it('counts no heartbeat while a cell blocks the server', () => {
    const { link, phase } = setUp();
    link.use(INFO);
    FakeSocket.last().opens();
    link.welcomed();
    link.busy(true);
    vi.advanceTimersByTime(600_000);
    expect(phase()).toBe('live');
    expect(link.status.busy).toBe(true);
    link.busy(false);
    vi.advanceTimersByTime(5_000);
    expect(phase()).toBe('waiting');
  });

  it('does not try again by itself where it is denied, and says why', () => {
    const { link, asked } = setUp();
    link.use(INFO);
    FakeSocket.last().opens();
    link.bye(1008, 'The token is not right.');
    FakeSocket.last().closes(1006);
    expect(link.status).toMatchObject({ phase: 'denied', reason: 'The token is not right.', retryAt: null });
    expect(asked).toHaveBeenCalledTimes(1);
    link.use(INFO);
    vi.advanceTimersByTime(600_000);
    expect(FakeSocket.all).toHaveLength(1);
    link.use({ ...INFO, token: 'new' });
    expect(FakeSocket.all).toHaveLength(2);
  });

  it('tries again after a bye of a server that closes', () => {
    const { link } = setUp();
    link.use(INFO);
    FakeSocket.last().opens();
    link.welcomed();
    link.bye(1001, 'The orchestrator was closed.');
    FakeSocket.last().closes(1006);
    expect(link.status).toMatchObject({ phase: 'waiting', reason: 'The orchestrator was closed.' });
  });

  it('goes to another place at once when it is told one', () => {
    const { link } = setUp();
    link.use(INFO);
    FakeSocket.last().closes(1006);
    link.use({ ...INFO, url: 'ws://127.0.0.1:2/ws' });
    expect(FakeSocket.last().url).toBe('ws://127.0.0.1:2/ws');
    expect(link.status.phase).toBe('connecting');
  });

  it('tries now when somebody presses the button, and counts anew', () => {
    const { link } = setUp();
    link.use(INFO);
    for (let i = 0; i < 4; i++) {
      FakeSocket.last().closes(1006);
      vi.advanceTimersByTime(6_000);
    }
    const before = FakeSocket.all.length;
    link.reconnect();
    expect(FakeSocket.all.length).toBe(before + 1);
    FakeSocket.last().closes(1006);
    expect(link.status).toMatchObject({ attempts: 1, nextDelayMs: 1_000 });
  });

  it('obeys a server that wants no reconnects', () => {
    const { link, phase } = setUp();
    link.use(INFO);
    FakeSocket.last().opens();
    link.welcomed();
    link.adopt({ ...DEFAULT_WS, reconnectEnabled: false });
    FakeSocket.last().closes(1006);
    expect(phase()).toBe('closed');
    vi.advanceTimersByTime(600_000);
    expect(FakeSocket.all).toHaveLength(1);
  });

  it('leaves no timer and no socket behind when it is closed', () => {
    const { link, phase } = setUp();
    link.use(INFO);
    FakeSocket.last().opens();
    link.welcomed();
    link.close();
    expect(phase()).toBe('closed');
    expect(FakeSocket.last().closed).toBe(true);
    expect(vi.getTimerCount()).toBe(0);
  });
});
