/**
 * Signs in: a new window with a code that works once, and the page with a key that only its own server takes.
 *
 * An address ends up in histories, and a cookie goes to every port of the host: neither ever holds what lets one in.
 */

/**
 * Open `page` in a window of its own, signed in by a code. Where none comes, the page itself asks for the token.
 *
 * The window opens at once, while the click still counts (a blocker would stop it later), and is led to the page when
 * the code is there. It is led from within: so the page learns neither its opener nor where the link stood.
 */
export async function openSignedIn(page: string, newCode: () => Promise<string>): Promise<void> {
  const opened = window.open('about:blank', '_blank');
  if (opened !== null) opened.opener = null;
  const address = await newCode().then(
    (code) => `${page}?code=${encodeURIComponent(code)}`,
    () => page,
  );
  if (opened === null) window.open(address, '_blank', 'noopener,noreferrer');
  else if (!opened.closed) follow(opened.document, address);
}

function follow(document: Document, address: string): void {
  const link = document.createElement('a');
  link.href = address;
  link.rel = 'noreferrer';
  document.body.append(link);
  link.click();
}

/** The server did not take what was given; the message is for people. */
export class SignInError extends Error {
  override readonly name = 'SignInError';
}

/** Give the server at `page` the token, a code of a link, or nothing, where a proxy may let us in. Resolves to the key that the page is to keep. */
export async function signIn(page: string, given: { access?: string; code?: string }): Promise<string> {
  let answer: Response;
  try {
    answer = await fetch(new URL('login', page), { method: 'POST', body: new URLSearchParams(given) });
  } catch {
    throw new SignInError('The server cannot be reached: is it still running?');
  }
  const said = (await answer.json().catch(() => ({}))) as { key?: unknown; error?: { message?: unknown } };
  if (answer.ok && typeof said.key === 'string') return said.key;
  const message = said.error?.message;
  throw new SignInError(typeof message === 'string' ? message : `The server answered ${answer.status}.`);
}

/**
 * Where a page keeps its key. The browser's storage belongs to an origin, port included. A page that does not stand at
 * the root shares its origin with what else a proxy serves there: it keeps the key in its tab alone.
 */
export class KeptKey {
  private readonly name: string;
  private held: string | null = null;

  constructor(private readonly page: URL) {
    this.name = `autobench-nb/key${page.pathname}`;
  }

  get(): string | null {
    try {
      return this.store.getItem(this.name) ?? this.held;
    } catch {
      return this.held; // Storage is forbidden: it is kept as long as the page is.
    }
  }

  set(key: string | null): void {
    this.held = key;
    try {
      if (key === null) this.store.removeItem(this.name);
      else this.store.setItem(this.name, key);
    } catch {
      // As above, or full.
    }
  }

  private get store(): Storage {
    return this.page.pathname === '/' ? localStorage : sessionStorage;
  }
}

/** What somebody wrote into the page's address to be let in; it is taken out of the address. */
export function takeFromAddress(): { code: string | null; hadToken: boolean } {
  const query = new URLSearchParams(location.search);
  const found = { code: query.get('code'), hadToken: query.has('access') || query.has('token') };
  if (found.code === null && !found.hadToken) return found;
  for (const name of ['code', 'access', 'token']) query.delete(name);
  const rest = query.size ? `?${query}` : '';
  history.replaceState(history.state, '', `${location.pathname}${rest}${location.hash}`);
  return found;
}
