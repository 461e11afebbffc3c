/**
 * The anywidget entry: what the kernel's widgets show. Traits say what to look at; where the server is, and the token,
 * come as a message, and are kept nowhere.
 *
 * `initialize` awaits nothing: after 2 s anywidget would drop all messages of a model without a word.
 */

import { type Signal, signal } from '@preact/signals';
import { Client } from './client';
import type { LinkInfo } from './links/link';
import { sharedRuntime } from './runtime';
import type { LogEntry } from './sync/messages';
import { VIEWS, type ViewProps } from './views';

type End = () => void;
type ModelBuffer = ArrayBuffer | ArrayBufferView;

/** What anywidget gives of a model. */
export interface Model {
  get(name: string): unknown;
  set(name: string, value: unknown): void;
  save_changes(): void;
  send(content: object): void;
  on(event: string, callback: (content: unknown, buffers?: readonly ModelBuffer[]) => void): void;
  off(event: string, callback: (content: unknown, buffers?: readonly ModelBuffer[]) => void): void;
}

/** How long the pane that nobody sees stays. */
const WARM_MS = 100;
/** Messages of the hub that came before there is a view are kept up to so many bytes. */
const EARLY_BYTES = 8_000_000;

/** One model's share of this page. anywidget asks for one for each model. */
export default function widget(): object {
  const rows: Signal<LogEntry[] | null> = signal(null);
  let parts: LogEntry[][] = [];
  let info: LinkInfo | null = null;
  let client: Client | null = null;
  let early: [{ type?: unknown }, readonly ModelBuffer[]][] = [];
  let earlyBytes = 0;

  const onMessage = (content: unknown, buffers: readonly ModelBuffer[] = []): void => {
    const message = content as { type?: unknown } & Record<string, unknown>;
    if (message?.type === 'link' && typeof message.url === 'string') {
      info = message as unknown as LinkInfo;
      client?.offer(info);
      // The kernel's client has found its server again: no pause need be sat out.
      if (message.returned === true) client?.tryLinks();
    } else if (message?.type === 'hub' || message?.type === 'hub.end') {
      if (client !== null) client.hears(message, buffers);
      else keepEarly(message, buffers);
    } else if (message?.type === 'rows') {
      const part = Number(message.part ?? 0);
      const count = Number(message.parts ?? 1);
      if (part === 0) parts = [];
      parts[part] = (message.rows as LogEntry[] | null) ?? [];
      if (message.rows === null) rows.value = null;
      else if (Object.keys(parts).length === count) rows.value = parts.flat();
    }
  };

  const keepEarly = (message: { type?: unknown }, buffers: readonly ModelBuffer[]): void => {
    earlyBytes += buffers.reduce((sum, buffer) => sum + buffer.byteLength, 0);
    if (earlyBytes > EARLY_BYTES) early = [];
    else early.push([message, buffers]);
  };

  return {
    initialize({ model }: { model: Model }): () => void {
      model.on('msg:custom', onMessage);
      return () => model.off('msg:custom', onMessage);
    },

    render({ model, el }: { model: Model; el: HTMLElement }): End | Promise<End> {
      const runtime = sharedRuntime(VIEWS);
      const epoch = text(model, 'epoch');
      const shown = runtime.clientFor(epoch);
      const release = shown.retain();
      client = shown;
      const hasEarly = early.length > 0;
      const unlink = link(model, shown, hasEarly ? null : info);
      for (const [message, buffers] of early) shown.hears(message, buffers);
      early = [];
      const view = text(model, 'view') || 'dashboard';
      const title = text(model, 'title');
      const options = (model.get('options') ?? {}) as Record<string, unknown>;
      const props: ViewProps = {
        client: shown,
        title,
        options,
        storageKey: `${view}/${keyOf(options) ?? title}`,
        rows,
        onShown: (rowsShown) => save(model, 'shown', rowsShown),
        onSelection: (ranges) => save(model, 'chosen', ranges),
        onBack: () => {
          rows.value = null;
          trySend(model, { type: 'live' });
        },
      };
      const show = (): End => {
        const unmount = runtime.mount(el, view, props);
        // What looks for a better link takes a while: a view that has its first lines is drawn before that.
        if (info === null) trySend(model, { type: 'link' });
        else if (hasEarly) shown.offer(info);
        if (view === 'logs') trySend(model, { type: 'ready' });
        return () => {
          unlink();
          unmount();
          release();
        };
      };
      // What has come early is delivered in the next microtask, and the view is drawn of it at once.
      return hasEarly ? Promise.resolve().then(show) : show();
    },
  };
}

/**
 * Draw a pane that nobody sees, and take it away again: the browser compiles a function when it is first called, and the first
 * pane of a page would wait for all of them.
 */
export function warm(): void {
  const client = new Client();
  const entry = { ts: Date.now(), channel: 'app', emoji: '', color: 'blue', level: 'info', message: 'warm 1' } as const;
  client.logs.append({ type: 'logs.append', entries: [{ seq: 0, ...entry }], firstSeq: 0, nextSeq: 1, missed: 0 });
  // The plot draws itself later than the rows, and on a canvas.
  const props: ViewProps = { client, title: '', options: { histogram: false }, storageKey: 'warm' };
  const unmount = sharedRuntime(VIEWS).mount(document.createElement('div'), 'logs', props);
  // What the view does when it has been drawn belongs to it.
  setTimeout(() => {
    unmount();
    client.close();
  }, WARM_MS);
}

/** Have the client linked through this model, and told where the server is. Returns how to end that. */
function link(model: Model, client: Client, info: LinkInfo | null): () => void {
  const ask = (): boolean => trySend(model, { type: 'link' });
  const end = client.onAsk(ask);
  if (info !== null) client.offer(info);
  const drop = client.carry({ send: (content) => trySend(model, content) });
  return () => {
    drop();
    end();
  };
}

/** False where there is no kernel any more: anywidget's model throws then. */
function trySend(model: Model, content: object): boolean {
  try {
    model.send(content);
    return true;
  } catch {
    // What it throws is the host's affair, and differs from one to the next.
    return false;
  }
}

function save(model: Model, trait: string, value: unknown): void {
  try {
    model.set(trait, value);
    model.save_changes();
  } catch {
    // No kernel is there to be told; the view itself is none the worse.
  }
}

function text(model: Model, trait: string): string {
  const value = model.get(trait);
  return typeof value === 'string' ? value : '';
}

/** Views with different keys keep different choices. */
function keyOf(options: Record<string, unknown>): string | null {
  return typeof options.key === 'string' && options.key ? options.key : null;
}
