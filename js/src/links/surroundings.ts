/** What the page stands in: its address, the Jupyter server that it came from, and what that one and ours answer. */

import { baseUrlOf } from './choice';

/** What the page knows, besides what the kernel says. */
export interface Surroundings {
  readonly href: string;
  readonly baseUrl: string | null;
  /** The status that the Jupyter server's proxy answers with; 0 where nothing comes, 401 where it asks who one is. */
  askProxy(baseUrl: string): Promise<number>;
  /** Why the server or a proxy refuses a socket, which browsers do not tell; null where nothing can be said. */
  askWhy(socketUrl: string): Promise<string | null>;
}

const ANSWER_MS = 5_000;
const SIGNED_OUT = 401;
/** Said where a request is led to a page to sign in, since a hub's cookie has expired; or gets any other page. */
const SIGN_IN = 'A page answers in its place, perhaps one to sign in: reload this page.';

/** Those of this very page. */
export function surroundingsOf(page: Document | undefined, href: string): Surroundings {
  const data = page?.getElementById('jupyter-config-data')?.textContent ?? null;
  return {
    href,
    baseUrl: baseUrlOf(data),
    askProxy: (base) => askProxy(new URL(base, href)),
    askWhy: (url) => askWhy(url, href),
  };
}

/** jupyter-server-proxy tells there what it serves; without it the Jupyter server knows no such place. */
async function askProxy(base: URL): Promise<number> {
  try {
    const answer = await ask(new URL('server-proxy/servers-info', base));
    return isLedAway(answer) ? SIGNED_OUT : answer.status;
  } catch {
    return 0; // no answer at all, or none in time
  }
}

/**
 * A browser hides what a refused socket was answered. A request to the same place is answered the same, and its body can
 * be read where it is of the page's own origin.
 */
async function askWhy(socketUrl: string, href: string): Promise<string | null> {
  const url = new URL(socketUrl);
  url.protocol = url.protocol === 'wss:' ? 'https:' : 'http:';
  if (url.origin !== new URL(href).origin) return null;
  try {
    const answer = await ask(url);
    if (isLedAway(answer)) return SIGN_IN;
    const body: unknown = await answer.json().catch(() => null);
    const message = (body as { error?: { message?: unknown } } | null)?.error?.message;
    // Without "Upgrade" it is answered 400 or 426 where nothing is wrong with it.
    if (typeof message === 'string' && [401, 403, 421, 429].includes(answer.status)) return message;
    if (answer.status >= 500) return `The proxy answered ${answer.status}: nothing listens at the server's port.`;
    return null;
  } catch {
    return null; // no answer at all: the socket's own failure says as much
  }
}

/** Not wherever it is sent on to: that would be another page's answer. */
function ask(url: URL): Promise<Response> {
  return fetch(url, { redirect: 'manual', signal: AbortSignal.timeout(ANSWER_MS) });
}

/** Whether it is no answer of the server's that was asked: a page to sign in stands before it, here or elsewhere. */
function isLedAway({ type, status, headers }: Response): boolean {
  return type === 'opaqueredirect' || (status === 200 && /^text\/html\b/i.test(headers.get('content-type') ?? ''));
}
