import { describe, expect, it } from 'vitest';
import {
  type Attempt,
  baseUrlOf,
  decide,
  type Facts,
  GIVE_UP_AFTER,
  isLoopback,
  pageAddress,
  type Reaches,
  reaches,
} from '../src/links/choice';
import type { LinkInfo, LinkKind } from '../src/links/link';

const HUB: Facts = {
  href: 'https://hub.example/user/me/lab/tree/a.ipynb',
  baseUrl: '/user/me/',
  info: { url: 'ws://127.0.0.1:40123/ws', page: 'http://127.0.0.1:40123/', token: 't', epoch: 'A', nonce: 'n', proof: 'p' },
  isOwnPage: false,
  isHere: false,
  proxyStatus: 200,
  hasCarrier: true,
};
const LOCAL: Facts = { ...HUB, href: 'http://localhost:8888/lab', baseUrl: '/' };
const IDLE: Attempt = { live: false, failures: 0, hopeless: false };
const FRESH: Record<LinkKind, Attempt> = { direct: IDLE, proxy: IDLE, comm: IDLE };
const LIVE: Attempt = { ...IDLE, live: true };
const all: Reaches = reaches(LOCAL);

describe('where a page is', () => {
  it.each([
    ['http://localhost:8888/lab', true],
    ['http://127.0.0.1:8888/', true],
    ['http://127.9.8.7/', true],
    ['https://[::1]:8888/', true],
    ['http://lab.localhost:8888/', true],
    ['https://hub.example/', false],
    ['http://127.0.0.1.example/', false],
    ['http://localhost.example/', false],
    ['http://127.1.example:80/', false],
    ['http://192.168.1.5:8888/', false],
    ['http://0.0.0.0:8888/', false],
    ['vscode-webview://localhost/', false],
    ['file:///home/me/127.0.0.1/a.html', false],
    ['about:srcdoc', false],
    ['', false],
  ])('%s on loopback: %s', (href, expected) => {
    expect(isLoopback(href)).toBe(expected);
  });

  it.each([
    ['{"baseUrl": "/"}', '/'],
    ['{"baseUrl": "/user/me/"}', '/user/me/'],
    ['{"baseUrl": "user/me"}', '/user/me/'],
    ['{"baseUrl": "//user/me//"}', '/user/me/'],
    ['{"baseUrl": "https://hub.example/user/me/"}', '/user/me/'],
    ['{"baseUrl": ""}', '/'],
    ['{"baseUrl": 7}', null],
    ['{}', null],
    ['[]', null],
    ['null', null],
    ['no json', null],
    [null, null],
  ])('the base URL of %s is %s', (text, expected) => {
    expect(baseUrlOf(text)).toBe(expected);
  });
});

describe('what can be reached', () => {
  it('is the loopback from a page on loopback alone', () => {
    expect(reaches(LOCAL).direct.urls).toEqual(['ws://127.0.0.1:40123/ws']);
    expect(reaches(HUB).direct).toMatchObject({ urls: null, state: 'not this machine' });
  });

  it('says of a client’s server on another machine where that is', () => {
    const info = { ...(HUB.info as LinkInfo), via: 'client' as const };
    expect(reaches({ ...HUB, info }).direct.reason).toContain('its loopback is another one’s');
    const far = { ...info, url: 'ws://lab7:40123/ws' };
    expect(reaches({ ...HUB, info: far }).direct).toMatchObject({ urls: null, state: 'not this machine' });
    expect(reaches({ ...HUB, info: far }).direct.reason).toMatch(/^the server is at lab7:40123:/);
    expect(reaches({ ...LOCAL, info: far }).direct.urls).toEqual([far.url]);
    expect(reaches({ ...HUB, info: far }).comm.urls).toEqual([]);
  });

  it('is never the loopback of a page of a hub, VS Code or Colab, whatever the kernel says', () => {
    for (const href of [HUB.href, 'vscode-webview://0a1b/index.html', 'https://x.googleusercontent.com/', 'about:srcdoc']) {
      for (const url of ['ws://127.0.0.1:1/ws', 'ws://localhost:1/ws', 'ws://[::1]:1/ws']) {
        expect(reaches({ ...HUB, href, info: { url, token: 't' } }).direct.urls).toBeNull();
      }
    }
  });

  it.each([
    ['/', 'http://localhost:8888/lab', 'ws://localhost:8888/proxy/40123/ws'],
    ['/user/me/', 'https://hub.example/user/me/lab', 'wss://hub.example/user/me/proxy/40123/ws'],
    ['/a b/', 'https://hub.example:8443/x', 'wss://hub.example:8443/a%20b/proxy/40123/ws'],
  ])('is the proxy under the base URL %s, with and without its prefix', (baseUrl, href, url) => {
    const { urls } = reaches({ ...HUB, baseUrl, href }).proxy;
    expect(urls).toEqual([url, url.replace('/proxy/', '/proxy/absolute/')]);
  });

  it('is the proxy by the address that a client in the kernel has, where that is of the same Jupyter server', () => {
    const page = 'http://127.0.0.1:8000/user/me/proxy/40123/';
    const through = { ...HUB.info, url: 'ws://127.0.0.1:8000/user/me/proxy/40123/ws', page };
    const facts = { ...HUB, info: through, baseUrl: '/user/me/', href: 'https://hub.example/user/me/lab' };
    expect(reaches(facts).proxy.urls).toEqual(['wss://hub.example/user/me/proxy/40123/ws']);
    expect(pageAddress(facts)).toBe('https://hub.example/user/me/proxy/40123/');
    expect(reaches({ ...facts, baseUrl: '/user/you/' }).proxy.urls?.[0]).toBe('wss://hub.example/user/you/proxy/8000/ws');
  });

  it.each([
    [404, 'not installed', 'the Jupyter server answered 404', 'pip install jupyter-server-proxy'],
    [403, 'refused', 'the Jupyter server answered 403', null],
    [0, 'refused', 'the Jupyter server did not answer', null],
    [null, 'asking', 'the Jupyter server is being asked', null],
    [401, 'signed out', 'Jupyter asks who you are: reload the page and sign in', null],
  ])('is no proxy that answers %s, and says so with its remedy', (proxyStatus, state, reason, remedy) => {
    expect(reaches({ ...HUB, proxyStatus }).proxy).toEqual({ urls: null, state, reason, remedy });
  });

  it.each([['nonce'], ['proof']] as const)('is none that would be given the token without the kernel’s %s', (missing) => {
    const info = { ...LOCAL.info, [missing]: undefined } as Facts['info'];
    for (const kind of ['direct', 'proxy'] as const) {
      expect(reaches({ ...LOCAL, info })[kind]).toMatchObject({ urls: null, state: 'not known' });
      expect(reaches({ ...LOCAL, info: { ...info, url: 'ws://127.0.0.1:1/ws', token: '' } })[kind].urls).not.toBeNull();
    }
  });

  it('is the kernel by widget messages wherever a widget is', () => {
    expect(reaches({ ...HUB, baseUrl: null, info: null }).comm.urls).toEqual([]);
    expect(reaches({ ...HUB, hasCarrier: false }).comm.urls).toBeNull();
  });

  it('is from the server’s own page the socket beside it, which a proxy may have led through', () => {
    const own = { ...HUB, isOwnPage: true, baseUrl: null, hasCarrier: false };
    const info = { url: 'wss://hub.example/user/me/proxy/40123/ws' };
    const proxied = reaches({ ...own, href: 'https://hub.example/user/me/proxy/40123/', info });
    expect(proxied.proxy.urls).toEqual([info.url]);
    expect(proxied.direct.urls).toBeNull();
    const plain = reaches({ ...own, href: 'http://bench.example:8765/', info: { url: 'ws://bench.example:8765/ws' } });
    expect(plain.direct.urls).toEqual(['ws://bench.example:8765/ws']);
    expect(plain.comm.urls).toBeNull();
  });
});

describe('the choice', () => {
  it('tries all that can be had while none is live', () => {
    expect(decide(all, FRESH)).toEqual({ open: ['direct', 'proxy', 'comm'], feed: null });
    expect(decide(reaches({ ...HUB, proxyStatus: 404 }), FRESH)).toEqual({ open: ['comm'], feed: null });
  });

  it('feeds from the best that is live, tries what is better, and closes what is worse', () => {
    expect(decide(all, { ...FRESH, comm: LIVE })).toEqual({ open: ['direct', 'proxy', 'comm'], feed: 'comm' });
    expect(decide(all, { ...FRESH, comm: LIVE, proxy: LIVE })).toEqual({ open: ['direct', 'proxy'], feed: 'proxy' });
    expect(decide(all, { ...FRESH, direct: LIVE })).toEqual({ open: ['direct'], feed: 'direct' });
  });

  it('leaves a better one alone that keeps failing, until the one in use dies', () => {
    const direct = { ...IDLE, failures: GIVE_UP_AFTER };
    expect(decide(all, { ...FRESH, direct, comm: LIVE }).open).toEqual(['proxy', 'comm']);
    expect(decide(all, { ...FRESH, direct }).open).toEqual(['direct', 'proxy', 'comm']);
  });

  it('never opens what will not do', () => {
    const hopeless = { ...IDLE, hopeless: true };
    expect(decide(all, { ...FRESH, direct: hopeless })).toEqual({ open: ['proxy', 'comm'], feed: null });
  });

  it('takes what somebody wants where it can be had, and the best of the others until it is live', () => {
    const attempts = { ...FRESH, direct: LIVE };
    expect(decide(all, attempts, 'comm')).toEqual({ open: ['comm', 'direct'], feed: 'direct' });
    expect(decide(all, { ...attempts, comm: LIVE }, 'comm')).toEqual({ open: ['comm'], feed: 'comm' });
    expect(decide(reaches({ ...LOCAL, hasCarrier: false }), attempts, 'comm')).toEqual({ open: ['direct'], feed: 'direct' });
  });

  it('never feeds from what is not live, nor leaves the feed closed, whatever the tries were', () => {
    const states = [IDLE, LIVE, { ...IDLE, failures: 5 }, { ...IDLE, hopeless: true }];
    for (const direct of states)
      for (const proxy of states)
        for (const comm of states)
          for (const wanted of [null, 'direct', 'proxy', 'comm'] as const) {
            const attempts = { direct, proxy, comm };
            const { open, feed } = decide(all, attempts, wanted);
            if (feed !== null) expect(open).toContain(feed);
            if (feed !== null) expect(attempts[feed].live).toBe(true);
            const anyLive = Object.values(attempts).some((attempt) => attempt.live);
            expect(feed !== null).toBe(anyLive);
          }
  });
});

describe('the page of its own', () => {
  it('is opened at its address from this machine, through the proxy from another, and nowhere without', () => {
    expect(pageAddress({ ...LOCAL, isHere: true })).toBe('http://127.0.0.1:40123/');
    expect(pageAddress(HUB)).toBe('https://hub.example/user/me/proxy/40123/');
    expect(pageAddress({ ...HUB, proxyStatus: 404 })).toBeNull();
    expect(pageAddress({ ...HUB, info: null })).toBeNull();
  });

  it('is not opened at an address of this machine where the server has not been found, as behind ssh -L', () => {
    expect(pageAddress({ ...LOCAL, proxyStatus: 404 })).toBeNull();
    expect(pageAddress(LOCAL)).toBe('http://localhost:8888/proxy/40123/');
  });
});
