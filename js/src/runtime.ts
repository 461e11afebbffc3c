/**
 * Every widget of a notebook imports its own copy of this bundle, and signals of one copy do not wake views of another.
 * So the first copy of a build serves all: the others find it on `globalThis` and hand over to it.
 */

import { type ComponentType, h, render } from 'preact';
import type { Client } from './client';
import { clientFor } from './client';

declare const __BUILD__: string | undefined;

/** The same for the same sources: a notebook may hold views of two releases. */
export const BUILD = typeof __BUILD__ === 'string' ? __BUILD__ : 'development';

const REGISTRY = Symbol.for('autobench-nb/1');

export interface Runtime {
  readonly build: string;
  clientFor(key: string): Client;
  /** Show something within an element; returns how to take it away. */
  mount(el: Element, name: string, props: object): () => void;
}

// biome-ignore lint/suspicious/noExplicitAny: what a view takes is between it and who mounts it
type Views = Readonly<Record<string, ComponentType<any>>>;

/** The runtime that serves this page's copies of this build; `views` is what it can mount where it is the first. */
export function sharedRuntime(views: Views): Runtime {
  const all = globalThis as unknown as Record<symbol, Map<string, Runtime> | undefined>;
  all[REGISTRY] ??= new Map();
  let runtime = all[REGISTRY].get(BUILD);
  if (runtime === undefined) {
    runtime = { build: BUILD, clientFor, mount: (el, name, props) => mount(views, el, name, props) };
    all[REGISTRY].set(BUILD, runtime);
  }
  return runtime;
}

function mount(views: Views, el: Element, name: string, props: object): () => void {
  const view = views[name] as ComponentType<object> | undefined;
  if (view === undefined) throw new Error(`AutoBench has no view ${JSON.stringify(name)}.`);
  render(h(view, props), el);
  return () => render(null, el);
}
