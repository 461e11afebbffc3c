/** The standalone page: the dashboard of the server that served it, or the form that asks for the token. */

import { effect, untracked } from '@preact/signals';
import { h, render } from 'preact';
import './page.css';
import type { Client } from './client';
import { KeptKey, SignInError, signIn, takeFromAddress } from './links/signIn';
import { sharedRuntime } from './runtime';
import { VIEWS, type ViewProps } from './views';
import { SignInForm } from './views/link/SignInForm';

const TOKEN_IN_ADDRESS =
  'A token in an address stays in histories, so it was not taken from there. Give it here; and where others can read ' +
  'what you typed, take a new one.';
const ENDED = 'The server does not know this page any more: its token is another one, or weeks have passed.';

/** `ws://host/base/ws` beside the page, whatever path a proxy has put before it. */
export function socketUrl(page: string): string {
  const url = new URL('ws', page.replace(/[?#].*$/, ''));
  url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:';
  return url.href;
}

/** What the page's element shows: the form until it is signed in, then the dashboard. */
class StandalonePage {
  private readonly runtime = sharedRuntime(VIEWS);
  private readonly url = socketUrl(location.href);
  private readonly kept = new KeptKey(new URL('.', location.href));
  private readonly client: Client;
  private unmount: () => void = () => {};

  constructor(private readonly el: HTMLElement) {
    this.client = this.runtime.clientFor(this.url);
    this.client.retain();
    this.showInTitle();
    effect(() => {
      if (this.client.status.value.phase !== 'denied') return;
      this.kept.set(null);
      untracked(() => this.ask(ENDED));
    });
  }

  /** With what stands in the address, or with what was kept, or ask. */
  async begin(): Promise<void> {
    const { code, hadToken } = takeFromAddress();
    let problem = hadToken ? TOKEN_IN_ADDRESS : '';
    if (code !== null) {
      try {
        this.kept.set(await signIn(location.href, { code }));
      } catch (error) {
        if (!(error instanceof SignInError)) throw error;
        problem = error.message;
      }
    }
    if (this.kept.get() === null && problem === '') await this.tryWithout();
    if (this.kept.get() === null) this.ask(problem);
    else this.enter();
  }

  /** A page that came through a proxy may be let in by it, as from the launcher of a Jupyter server. */
  private async tryWithout(): Promise<void> {
    if (location.pathname === '/') return;
    try {
      this.kept.set(await signIn(location.href, {}));
    } catch (error) {
      if (!(error instanceof SignInError)) throw error;
    }
  }

  private ask(problem: string): void {
    this.unmount();
    const onToken = async (access: string): Promise<void> => {
      this.kept.set(await signIn(location.href, { access }));
      this.enter();
    };
    render(h(SignInForm, { name: location.host, problem, onToken }), this.el);
    this.unmount = () => render(null, this.el);
  }

  private enter(): void {
    this.unmount();
    const { client, url } = this;
    const props: ViewProps = { client, title: location.host, options: { height: '100%' }, storageKey: 'page' };
    this.unmount = this.runtime.mount(this.el, 'dashboard', props);
    client.offer({ url, page: location.href, token: this.kept.get() ?? '' }, 'page');
  }

  private showInTitle(): void {
    const title = document.title;
    const { client } = this;
    effect(() => {
      const jobs = client.state.value?.jobs;
      const active = jobs ? jobs.running.length + jobs.queue.length : 0;
      const live = client.status.value.phase === 'live';
      document.title = `${live ? '' : '⚠ '}${active ? `(${active}) ` : ''}${title}`;
    });
  }
}

const root = typeof document === 'undefined' ? null : document.getElementById('autobench');
if (root !== null) void new StandalonePage(root).begin();
