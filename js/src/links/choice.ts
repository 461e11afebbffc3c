/** Which link to use: decided here, without I/O, from what is known of the page and of the tries so far. */

import { LINK_KINDS, type LinkInfo, type LinkKind } from './link';

/** What is known of this page and of what stands between it and the kernel. */
export interface Facts {
  /** The page's own address. */
  readonly href: string;
  /** The Jupyter server's base URL, with slashes around it; null where this is no page of one. */
  readonly baseUrl: string | null;
  /** Where the server is; null before the kernel has said so. */
  readonly info: LinkInfo | null;
  /** The page is the server's own: there is no kernel between them. */
  readonly isOwnPage: boolean;
  /** The direct link has been live: what listens at the server's address is the server. */
  readonly isHere: boolean;
  /** What the Jupyter server's proxy answered: an HTTP status, 0 where nothing came, null while it was not asked. */
  readonly proxyStatus: number | null;
  /** Whether a widget's channel to the kernel is there. */
  readonly hasCarrier: boolean;
}

/** Whether and where one link can be tried, in words for people too. */
export interface Reach {
  /** The addresses to try in turn; null where it cannot be tried. Widget messages have none, and an empty list. */
  readonly urls: readonly string[] | null;
  /** One or two words. */
  readonly state: string;
  /** Why it is not tried; empty where it can be. */
  readonly reason: string;
  /** A command that would help, or null. */
  readonly remedy: string | null;
}

export type Reaches = Readonly<Record<LinkKind, Reach>>;

/** What has become of one link so far. */
export interface Attempt {
  /** Our own welcome has come, and it stands. */
  readonly live: boolean;
  /** Failed tries since. */
  readonly failures: number;
  /** It will not do: another orchestrator answered, or it was refused. */
  readonly hopeless: boolean;
}

export interface Decision {
  /** The links that are to be open, or tried. */
  readonly open: readonly LinkKind[];
  /** The one that feeds the mirror; null while none is live. */
  readonly feed: LinkKind | null;
}

/** A better link that failed so often is left alone while another one does: nobody likes a console full of errors. */
export const GIVE_UP_AFTER = 3;
export const PROXY_COMMAND = 'pip install jupyter-server-proxy';

const UNREACHABLE = { urls: null, remedy: null } as const;
const UNKNOWABLE: Reach = {
  ...UNREACHABLE,
  state: 'not known',
  reason: 'the kernel has not said by what its server is to be known: run the cell again',
};

export function reaches(facts: Facts): Reaches {
  return { direct: direct(facts), proxy: proxy(facts), comm: comm(facts) };
}

function direct({ href, info, isOwnPage }: Facts): Reach {
  if (isOwnPage && isProxied(href)) return { ...UNREACHABLE, state: 'not used', reason: 'this page came through a proxy' };
  if (!isOwnPage && !isLoopback(href)) {
    const reason = isElsewhere(info)
      ? `the server is at ${hostOf(info.url)}: a page that is not on the kernel’s machine does not dial it`
      : 'this page is not on the kernel’s machine: its loopback is another one’s';
    return { ...UNREACHABLE, state: 'not this machine', reason };
  }
  if (info === null) return { ...UNREACHABLE, state: 'not known', reason: 'the kernel has not said yet where its server is' };
  if (!isOwnPage && !isKnowable(info)) return UNKNOWABLE;
  return { urls: [info.url], state: 'possible', reason: '', remedy: null };
}

function proxy({ href, baseUrl, info, isOwnPage, proxyStatus }: Facts): Reach {
  if (isOwnPage) {
    if (info !== null && isProxied(href)) return { urls: [info.url], state: 'possible', reason: '', remedy: null };
    return { ...UNREACHABLE, state: 'not needed', reason: 'this page comes from the server itself' };
  }
  if (baseUrl === null || !/^https?:/.test(href))
    return { ...UNREACHABLE, state: 'not there', reason: 'this page is not one of a Jupyter server' };
  if (info === null) return { ...UNREACHABLE, state: 'not known', reason: 'the kernel has not said yet where its server is' };
  if (!isKnowable(info)) return UNKNOWABLE;
  if (proxyStatus === null) return { ...UNREACHABLE, state: 'asking', reason: 'the Jupyter server is being asked' };
  if (proxyStatus === 404) {
    return { urls: null, state: 'not installed', reason: 'the Jupyter server answered 404', remedy: PROXY_COMMAND };
  }
  if (proxyStatus === 401) {
    return { ...UNREACHABLE, state: 'signed out', reason: 'Jupyter asks who you are: reload the page and sign in' };
  }
  if (proxyStatus !== 200) {
    const answer = proxyStatus === 0 ? 'did not answer' : `answered ${proxyStatus}`;
    return { ...UNREACHABLE, state: 'refused', reason: `the Jupyter server ${answer}` };
  }
  const through = pathThrough(info.url, baseUrl);
  if (through !== null) return { urls: [socketOf(new URL(through, href))], state: 'possible', reason: '', remedy: null };
  const port = portOf(info.url);
  if (port === null) return { ...UNREACHABLE, state: 'no port', reason: `${info.url} names no port that could be proxied` };
  // The second keeps its prefix on the way, which some front ends need.
  const urls = ['proxy/', 'proxy/absolute/'].map((way) => socketOf(new URL(`${baseUrl}${way}${port}/ws`, href)));
  return { urls, state: 'possible', reason: '', remedy: null };
}

function comm({ hasCarrier, isOwnPage }: Facts): Reach {
  if (isOwnPage) return { ...UNREACHABLE, state: 'not there', reason: 'there is no notebook around this page' };
  if (!hasCarrier) return { ...UNREACHABLE, state: 'gone', reason: 'the kernel that made this view is gone' };
  return { urls: [], state: 'possible', reason: '', remedy: null };
}

/**
 * Which links to have open, and which of them feeds the mirror: the best that is live. What is better than that is tried;
 * what is worse is closed, and opened again when that one dies. `wanted`, where somebody has chosen, is the best.
 */
export function decide(
  reach: Reaches,
  attempts: Readonly<Record<LinkKind, Attempt>>,
  wanted: LinkKind | null = null,
): Decision {
  const order = wanted === null ? LINK_KINDS : [wanted, ...LINK_KINDS.filter((kind) => kind !== wanted)];
  const able = order.filter((kind) => reach[kind].urls !== null && !attempts[kind].hopeless);
  const feed = able.find((kind) => attempts[kind].live) ?? null;
  if (feed === null) return { open: able, feed };
  const better = able.slice(0, able.indexOf(feed));
  return { open: [...better.filter((kind) => attempts[kind].failures < GIVE_UP_AFTER), feed], feed };
}

/** Where the standalone page can be opened from here: at its own address, or through the proxy; null where neither is. */
export function pageAddress(facts: Facts): string | null {
  const { info, href, baseUrl, isHere } = facts;
  if (info?.page === undefined) return null;
  // Not where the page's own machine may only look like the kernel's, as behind `ssh -L`.
  if (isHere && reaches(facts).direct.urls !== null) return info.page;
  const port = portOf(info.url);
  if (reaches(facts).proxy.urls === null || port === null || baseUrl === null) return null;
  return new URL(pathThrough(info.page, baseUrl) ?? `${baseUrl}proxy/${port}/`, href).href;
}

/** The token is given only to who is known to be the server; without a token nothing is given. */
function isKnowable({ token, nonce, proof }: LinkInfo): boolean {
  return !token || (nonce !== undefined && proof !== undefined);
}

/** Whether a page of this address comes from the machine that the browser runs on. */
export function isLoopback(href: string): boolean {
  let host: string;
  try {
    const url = new URL(href);
    if (url.protocol !== 'http:' && url.protocol !== 'https:') return false;
    host = url.hostname;
  } catch {
    return false; // about:blank, a frame without an address
  }
  return host === 'localhost' || host.endsWith('.localhost') || host === '[::1]' || /^127(\.\d{1,3}){3}$/.test(host);
}

/** The base URL in the text of a page's `jupyter-config-data`; null where it has none. */
export function baseUrlOf(configData: string | null): string | null {
  let base: unknown;
  try {
    base = (JSON.parse(configData ?? 'null') as { baseUrl?: unknown } | null)?.baseUrl;
  } catch {
    return null; // not Jupyter's
  }
  if (typeof base !== 'string') return null;
  // It may be a path, or a whole address.
  const path = /^[a-z]+:\/\//i.test(base) ? new URL(base).pathname : base;
  return `/${path.replace(/^\/+|\/+$/g, '')}/`.replace(/^\/\/$/, '/');
}

/** Whether the server's own page, which it has at its root, stands elsewhere here. */
function isProxied(href: string): boolean {
  return new URL(href).pathname !== '/';
}

/** The path of an address that leads through this page's own Jupyter server, as the kernel of a client has it; else null. */
function pathThrough(url: string, baseUrl: string): string | null {
  const path = URL.canParse(url) ? new URL(url).pathname : '';
  return path.startsWith(`${baseUrl}proxy/`) ? path : null;
}

/** Whether it is a client's server, on some other machine than the kernel's. */
function isElsewhere(info: LinkInfo | null): info is LinkInfo {
  return info?.via === 'client' && !isLoopback(info.url.replace(/^ws/, 'http'));
}

function hostOf(url: string): string {
  return URL.canParse(url) ? new URL(url).host : url;
}

function portOf(url: string): string | null {
  try {
    const { port, protocol } = new URL(url);
    return port || (protocol === 'wss:' ? '443' : '80');
  } catch {
    return null;
  }
}

function socketOf(url: URL): string {
  url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:';
  return url.href;
}
