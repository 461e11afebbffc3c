// @vitest-environment happy-dom

import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Client } from '../src/client';
import { KeptKey, SignInError, signIn, takeFromAddress } from '../src/links/signIn';
import { FakeSocket, install } from './fake-socket';
import { appState, connects } from './fixtures';

const TOKEN = 'the-secret-token';
const PAGE = 'http://127.0.0.1:1/';

/** Addresses that the opened window was led to, with their links' `rel`. */
function opens(): { opened: { document: Document; opener: unknown; closed: boolean }; led: string[] } {
  const led: string[] = [];
  const inside = document.implementation.createHTMLDocument('');
  inside.addEventListener('click', (event) => {
    event.preventDefault();
    const link = event.target as HTMLAnchorElement;
    led.push(`${link.rel} ${link.getAttribute('href')}`);
  });
  const opened = { document: inside, opener: window as unknown, closed: false };
  vi.spyOn(window, 'open').mockReturnValue(opened as unknown as Window);
  return { opened, led };
}

function connected(): { client: Client; socket: FakeSocket } {
  const client = new Client();
  client.offer({ url: 'ws://127.0.0.1:1/ws', page: PAGE, token: TOKEN, epoch: 'A', nonce: 'n', proof: 'p' });
  const socket = FakeSocket.last();
  connects(socket, appState(), {});
  return { client, socket };
}

const asked = (socket: FakeSocket) => socket.said().filter((message) => message.name === 'session.code');

beforeEach(install);
afterEach(() => {
  vi.restoreAllMocks();
});

describe('Open page', () => {
  it('opens within the click, and leads to the page with a code, without the token, opener and referrer', async () => {
    const { client, socket } = connected();
    const { opened, led } = opens();
    const done = client.openPage();
    expect(vi.mocked(window.open).mock.calls).toEqual([['about:blank', '_blank']]);
    expect(led).toEqual([]);
    socket.hears({ type: 'result', id: asked(socket)[0]?.id, ok: true, value: { code: 'a+b/c' } });
    await done;
    expect(led).toEqual([`noreferrer ${PAGE}?code=a%2Bb%2Fc`]);
    expect(opened.opener).toBeNull();
    expect(JSON.stringify(vi.mocked(window.open).mock.calls)).not.toContain(TOKEN);
  });

  it('leads to the page, which asks for the token, where no code comes', async () => {
    const { client, socket } = connected();
    const { led } = opens();
    const done = client.openPage();
    socket.closes(1006);
    await done;
    expect(led).toEqual([`noreferrer ${PAGE}`]);
  });

  it('leads nowhere where the window was closed meanwhile', async () => {
    const { client, socket } = connected();
    const { opened, led } = opens();
    const done = client.openPage();
    opened.closed = true;
    socket.hears({ type: 'result', id: asked(socket)[0]?.id, ok: true, value: { code: 'x' } });
    await done;
    expect(led).toEqual([]);
  });

  it('tries once more where the window was not given', async () => {
    const { client, socket } = connected();
    vi.spyOn(window, 'open').mockReturnValue(null);
    const done = client.openPage();
    socket.hears({ type: 'result', id: asked(socket)[0]?.id, ok: true, value: { code: 'x' } });
    await done;
    expect(vi.mocked(window.open).mock.calls[1]).toEqual([`${PAGE}?code=x`, '_blank', 'noopener,noreferrer']);
  });

  it('asks for no code on the page itself', async () => {
    const client = new Client();
    client.offer({ url: 'ws://127.0.0.1:1/ws', page: PAGE, token: 'page.1.2.3', epoch: 'A' }, 'page');
    connects(FakeSocket.last(), appState(), {});
    opens();
    await client.openPage();
    expect(window.open).not.toHaveBeenCalled();
    expect(client.hasPage).toBe(false);
  });
});

describe('the key that a page keeps', () => {
  const at = (path: string) => new KeptKey(new URL(path, 'http://127.0.0.1:1/'));

  beforeEach(() => {
    localStorage.clear();
    sessionStorage.clear();
  });

  it('stays for all tabs of an origin that is the server alone', () => {
    at('/').set('k');
    expect(at('/').get()).toBe('k');
    expect({ ...localStorage }).toEqual({ 'autobench-nb/key/': 'k' });
    expect({ ...sessionStorage }).toEqual({});
    at('/').set(null);
    expect(at('/').get()).toBeNull();
    expect({ ...localStorage }).toEqual({});
  });

  it('stays in its tab where a proxy serves others under the same origin', () => {
    at('/user/ada/proxy/8765/').set('k');
    expect({ ...localStorage }).toEqual({});
    expect({ ...sessionStorage }).toEqual({ 'autobench-nb/key/user/ada/proxy/8765/': 'k' });
    expect(at('/user/bob/proxy/8765/').get()).toBeNull();
  });

  it('is held by the page where the browser keeps nothing', () => {
    const forbidden = () => {
      throw new DOMException('forbidden', 'SecurityError');
    };
    vi.spyOn(Storage.prototype, 'getItem').mockImplementation(forbidden);
    vi.spyOn(Storage.prototype, 'setItem').mockImplementation(forbidden);
    vi.spyOn(Storage.prototype, 'removeItem').mockImplementation(forbidden);
    const kept = at('/');
    expect(kept.get()).toBeNull();
    kept.set('k');
    expect(kept.get()).toBe('k');
    kept.set(null);
    expect(kept.get()).toBeNull();
  });
});

describe('the address', () => {
  it.each([
    ['/?code=abc', { code: 'abc', hadToken: false }, '/'],
    ['/?code=abc&q=x#part', { code: 'abc', hadToken: false }, '/?q=x#part'],
    ['/p/?access=secret', { code: null, hadToken: true }, '/p/'],
    ['/?token=secret', { code: null, hadToken: true }, '/'],
    ['/?token=', { code: null, hadToken: true }, '/'],
    ['/?q=x', { code: null, hadToken: false }, '/?q=x'],
  ])('%s is read and holds nothing of it afterwards', (before, found, after) => {
    history.pushState(null, '', before);
    const entries = history.length;
    expect(takeFromAddress()).toEqual(found);
    expect(location.pathname + location.search + location.hash).toBe(after);
    expect(history.length).toBe(entries);
  });
});

describe('signing in', () => {
  const PROXIED = 'http://127.0.0.1:1/user/ada/?code=x#y';
  const answers = (answer: Response | Error) =>
    vi
      .spyOn(globalThis, 'fetch')
      .mockImplementation(() => (answer instanceof Error ? Promise.reject(answer) : Promise.resolve(answer)));

  it('posts what is given beside the page, and never puts it into an address', async () => {
    const fetched = answers(Response.json({ key: 'page.1.2.3' }));
    expect(await signIn(PROXIED, { access: 'a b&c' })).toBe('page.1.2.3');
    const [url, init] = fetched.mock.calls[0] as [URL, RequestInit];
    expect(url.href).toBe('http://127.0.0.1:1/user/ada/login');
    expect(init.method).toBe('POST');
    expect(String(init.body)).toBe('access=a+b%26c');
  });

  it.each([
    [
      'a refusal',
      Response.json({ error: { code: 'wrong-token', message: 'Not the token.' } }, { status: 401 }),
      'Not the token.',
    ],
    ['a proxy that answers', new Response('<html>', { status: 502 }), 'The server answered 502.'],
    ['an answer without a key', Response.json({}), 'The server answered 200.'],
    ['nobody', new TypeError('failed to fetch'), 'The server cannot be reached: is it still running?'],
  ])('says what %s says', async (_, answer, message) => {
    answers(answer);
    await expect(signIn(PROXIED, { code: 'x' })).rejects.toEqual(new SignInError(message));
  });
});
