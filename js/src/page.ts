/** The standalone page: the dashboard of the server that served it. Its cookie, not a token, lets it in. */

import { effect } from '@preact/signals';
import './page.css';
import { sharedRuntime } from './runtime';
import { VIEWS, type ViewProps } from './views';

/** `ws://host/base/ws` beside the page, whatever path a proxy has put before it. */
export function socketUrl(page: string): string {
  const url = new URL('ws', page.replace(/[?#].*$/, ''));
  url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:';
  return url.href;
}

function start(el: HTMLElement): void {
  const runtime = sharedRuntime(VIEWS);
  const url = socketUrl(location.href);
  const client = runtime.clientFor(url);
  client.retain();
  const title = document.title;
  const props: ViewProps = { client, title: location.host, options: { height: '100%' }, storageKey: 'page' };
  runtime.mount(el, 'dashboard', props);
  client.offer({ url, page: location.href });
  effect(() => {
    const jobs = client.state.value?.jobs;
    const active = jobs ? jobs.running.length + jobs.queue.length : 0;
    const live = client.status.value.phase === 'live';
    document.title = `${live ? '' : '⚠ '}${active ? `(${active}) ` : ''}${title}`;
  });
}

const root = typeof document === 'undefined' ? null : document.getElementById('autobench');
if (root !== null) start(root);
