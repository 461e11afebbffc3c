/** Signs a new window in: with a code that works once, since an address ends up in histories, and a token must not. */

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
