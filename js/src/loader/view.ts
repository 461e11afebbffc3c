/**
 * A view whose code is not here yet. `initialize` awaits nothing, since after 2 s anywidget would drop all messages of a
 * model without a word: what the kernel says meanwhile is kept, and told to the code when it has come.
 */

import type { Model } from '../widget';
import type { Bundle, Entry, HostModel } from './page-bundle';

/** A message with its buffers. */
type Heard = Parameters<Parameters<Model['on']>[1]>;

interface RenderContext {
  readonly model: HostModel;
  readonly el: HTMLElement;
  readonly signal?: AbortSignal;
}

/** The page is made ready for the first view when it has nothing else to do, or after so long. */
const WARM_MS = 2_000;

export function loadingView(load: (model: HostModel) => Promise<Bundle>): object {
  let loaded: Promise<{ entry: Entry; bundle: Bundle }> | undefined;
  return {
    initialize({ model }: { model: HostModel }): () => void {
      if (typeof model.get('code') === 'string') return early(load(model));
      const heard: Heard[] = [];
      const keep = (...message: Heard): void => void heard.push(message);
      let end = (): void => model.off('msg:custom', keep);
      let isOver = false;
      model.on('msg:custom', keep);
      loaded = load(model).then((bundle) => {
        const entry = bundle.make();
        if (!isOver) {
          const forget = end;
          end = entry.initialize({ model: replaying(model, heard) });
          forget();
        }
        return { entry, bundle };
      });
      // Told where it is shown; a model that nobody shows has nobody to tell.
      loaded.catch(() => {});
      return () => {
        isOver = true;
        end();
      };
    },

    async render(context: RenderContext): Promise<() => void> {
      const { el } = context;
      try {
        const { entry, bundle } = await (loaded as NonNullable<typeof loaded>);
        if (context.signal?.aborted) return () => {};
        adopt(el.getRootNode(), bundle.sheet());
        return await entry.render(context);
      } catch (error) {
        el.textContent = `AutoBench cannot show this view: ${(error as Error).message} Run the cell again.`;
        return () => el.replaceChildren();
      }
    },
  };
}

/** The model that holds the code: it is imported before there is a view, so that the first one need not wait for it. */
function early(loading: Promise<Bundle>): () => void {
  // Where it fails the first view tries again, and says why.
  loading
    .then((bundle) => {
      adopt(document, bundle.sheet());
      whenIdle(() => bundle.warm());
    })
    .catch(() => {});
  return () => {};
}

function whenIdle(act: () => void): void {
  if (typeof requestIdleCallback === 'function') requestIdleCallback(act, { timeout: WARM_MS });
  else setTimeout(act, WARM_MS);
}

/** The model, for a listener that comes late: it hears first what was said before. */
function replaying(model: HostModel, heard: readonly Heard[]): Model {
  return {
    get: (name) => model.get(name),
    set: (name, value) => model.set(name, value),
    save_changes: () => model.save_changes(),
    send: (content) => model.send(content),
    on(event, callback) {
      model.on(event, callback);
      if (event === 'msg:custom') for (const message of heard) callback(...message);
    },
    off: (event, callback) => model.off(event, callback),
  };
}

/** Put the styles where the view stands: into the document, or into the shadow root that a host has put it in. Once. */
function adopt(root: Node, sheet: CSSStyleSheet): void {
  const place = root instanceof ShadowRoot ? root : document;
  if (!place.adoptedStyleSheets.includes(sheet)) place.adoptedStyleSheets = [...place.adoptedStyleSheets, sheet];
}
