// @vitest-environment happy-dom

import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Client } from '../src/client';
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
  client.offer({ url: 'ws://127.0.0.1:1/ws', page: PAGE, token: TOKEN, epoch: 'A' });
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
    client.offer({ url: 'ws://127.0.0.1:1/ws', page: PAGE, epoch: 'A' });
    connects(FakeSocket.last(), appState(), {});
    opens();
    await client.openPage();
    expect(window.open).not.toHaveBeenCalled();
    expect(client.hasPage).toBe(false);
  });
});
