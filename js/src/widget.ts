/**
 * The anywidget entry: what the kernel's widgets show. Traits say what to look at; where the server is, and the token,
 * come as a message, and go no further than this tab's sessionStorage.
 *
 * `initialize` awaits nothing: after 2 s anywidget would drop all messages of a model without a word.
 */

import { type Signal, signal } from '@preact/signals';
import type { Client } from './client';
import type { LinkInfo } from './links/link';
import { sharedRuntime } from './runtime';
import type { LogEntry } from './sync/messages';
import { VIEWS, type ViewProps } from './views';

/** What anywidget gives of a model. */
export interface Model {
  get(name: string): unknown;
  set(name: string, value: unknown): void;
  save_changes(): void;
  send(content: object): void;
  on(event: string, callback: (content: unknown) => void): void;
  off(event: string, callback: (content: unknown) => void): void;
}

/** How long the kernel may take to say where the server is, before we say that it does not. */
const ASK_MS = 6_000;
const GONE = 'The kernel that made this view is gone.';
const SILENT = 'The kernel does not say where the server is: it may be running a cell, or be another one by now.';

/** One model's share of this page. anywidget asks for one for each model. */
export default function widget(): object {
  const rows: Signal<LogEntry[] | null> = signal(null);
  let parts: LogEntry[][] = [];
  let info: LinkInfo | null = null;
  const listeners = new Set<(info: LinkInfo) => void>();

  const onMessage = (content: unknown): void => {
    const message = content as { type?: unknown } & Record<string, unknown>;
    if (message?.type === 'link' && typeof message.url === 'string') {
      info = message as unknown as LinkInfo;
      store(info);
      for (const listener of listeners) listener(info);
    } else if (message?.type === 'rows') {
      const part = Number(message.part ?? 0);
      const count = Number(message.parts ?? 1);
      if (part === 0) parts = [];
      parts[part] = (message.rows as LogEntry[] | null) ?? [];
      if (message.rows === null) rows.value = null;
      else if (Object.keys(parts).length === count) rows.value = parts.flat();
    }
  };

  return {
    initialize({ model }: { model: Model }): () => void {
      model.on('msg:custom', onMessage);
      return () => model.off('msg:custom', onMessage);
    },

    render({ model, el }: { model: Model; el: HTMLElement }): () => void {
      const runtime = sharedRuntime(VIEWS);
      const epoch = text(model, 'epoch');
      const client = runtime.clientFor(epoch);
      const release = client.retain();
      const stopAsking = askKernel(model, client, () => info ?? load(epoch), listeners);
      const view = text(model, 'view') || 'dashboard';
      const title = text(model, 'title');
      const options = (model.get('options') ?? {}) as Record<string, unknown>;
      const props: ViewProps = {
        client,
        title,
        options,
        storageKey: `${view}/${keyOf(options) ?? title}`,
        rows,
        onShown: (shown) => save(model, 'shown', shown),
        onSelection: (ranges) => save(model, 'chosen', ranges),
        onBack: () => {
          rows.value = null;
          trySend(model, { type: 'live' });
        },
      };
      const unmount = runtime.mount(el, view, props);
      if (view === 'logs') trySend(model, { type: 'ready' });
      return () => {
        stopAsking();
        unmount();
        release();
      };
    },
  };
}

/** Have the client told where the server is, now and whenever it asks. Returns how to end that. */
function askKernel(
  model: Model,
  client: Client,
  known: () => LinkInfo | null,
  listeners: Set<(info: LinkInfo) => void>,
): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const offer = (info: LinkInfo): void => {
    clearTimeout(timer);
    timer = undefined;
    client.offer(info);
  };
  const ask = (): void => {
    if (!trySend(model, { type: 'link' })) {
      client.gone(GONE);
      return;
    }
    timer ??= setTimeout(() => {
      timer = undefined;
      client.gone(SILENT);
    }, ASK_MS);
  };
  listeners.add(offer);
  const end = client.onAsk(ask);
  const info = known();
  if (info !== null) offer(info);
  else ask();
  return () => {
    clearTimeout(timer);
    listeners.delete(offer);
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

const storageKey = (epoch: string): string => `autobench-nb/link/${epoch}`;

/** So that a reload finds the server while the kernel is busy with a cell. */
function store(info: LinkInfo): void {
  if (!info.epoch) return;
  try {
    sessionStorage.setItem(storageKey(info.epoch), JSON.stringify(info));
  } catch {
    // Storage is full or forbidden: after a reload the kernel is asked.
  }
}

function load(epoch: string): LinkInfo | null {
  try {
    const info: unknown = JSON.parse(sessionStorage.getItem(storageKey(epoch)) ?? 'null');
    return typeof (info as LinkInfo | null)?.url === 'string' ? (info as LinkInfo) : null;
  } catch {
    // Not ours, or forbidden.
    return null;
  }
}
