/**
 * The views' code, once a page. Each view names the model that holds it; where that model is not here (its cell's output was
 * cleared in a host that forgets models with it), the kernel is asked for the text.
 */

import type { Model } from '../widget';

/** What anywidget gives of a model, with the way to the other models of the page. */
export interface HostModel extends Model {
  readonly widget_manager?: { get_model(id: string): Promise<Pick<Model, 'get'>> };
}

/** What the bundle's module makes for each model. */
export interface Entry {
  initialize(context: { model: Model }): () => void;
  render(context: object): (() => void) | Promise<() => void>;
}

export interface Bundle {
  /** Makes what serves one model. */
  make(): Entry;
  /** Its styles, one sheet for all views of the page. */
  sheet(): CSSStyleSheet;
  /** Have the browser ready for the first view, where there was none yet. */
  warm(): void;
}

interface BundleText {
  readonly code: string;
  readonly styles: string;
}

/** How long the kernel may take to give the text. A kernel that runs a cell answers when the cell has ended. */
const ASK_MS = 30_000;
const REGISTRY = Symbol.for('autobench-nb/bundles');
const PREFIX = /^IPY_MODEL_/;

/** The bundle of a build, which the first view that asks for it imports for all. Rejects where it cannot be had. */
export async function pageBundle(
  build: string,
  model: HostModel,
  importText: (code: string) => Promise<unknown>,
): Promise<Bundle> {
  const all = globalThis as unknown as Record<symbol, Map<string, Promise<Bundle>> | undefined>;
  all[REGISTRY] ??= new Map();
  const bundles = all[REGISTRY];
  const shared = bundles.get(build);
  if (shared !== undefined) {
    try {
      return await shared;
    } catch {
      // The view that tried may have had no kernel any more; this one may have.
    }
  }
  const own = load(model, importText);
  bundles.set(build, own);
  try {
    return await own;
  } catch (error) {
    if (bundles.get(build) === own) bundles.delete(build);
    throw error;
  }
}

async function load(model: HostModel, importText: (code: string) => Promise<unknown>): Promise<Bundle> {
  const { code, styles } =
    textOf({ code: model.get('code'), styles: model.get('styles') }) ?? (await ofModel(model)) ?? (await ofKernel(model));
  const module = (await importText(code)) as { default: () => Entry; warm?: () => void };
  let isUsed = false;
  let made: CSSStyleSheet | undefined;
  const sheet = (): CSSStyleSheet => {
    if (made === undefined) {
      made = new CSSStyleSheet();
      made.replaceSync(styles);
    }
    return made;
  };
  const make = (): Entry => {
    isUsed = true;
    return module.default();
  };
  const warm = (): void => {
    if (!isUsed) module.warm?.();
  };
  return { make, sheet, warm };
}

async function ofModel(model: HostModel): Promise<BundleText | null> {
  const name = model.get('bundle');
  if (typeof name !== 'string' || model.widget_manager === undefined) return null;
  try {
    const holder = await model.widget_manager.get_model(name.replace(PREFIX, ''));
    return textOf({ code: holder.get('code'), styles: holder.get('styles') });
  } catch {
    // No such model here. What a host throws then differs from one to the next.
    return null;
  }
}

function ofKernel(model: HostModel): Promise<BundleText> {
  return new Promise((resolve, reject) => {
    const hear = (content: unknown): void => {
      const found = (content as { type?: unknown })?.type === 'bundle' ? textOf(content as object) : null;
      if (found === null) return;
      end();
      resolve(found);
    };
    const fail = (fact: string): void => {
      end();
      reject(new Error(fact));
    };
    const timer = setTimeout(() => fail('The kernel does not answer.'), ASK_MS);
    const end = (): void => {
      clearTimeout(timer);
      model.off('msg:custom', hear);
    };
    model.on('msg:custom', hear);
    try {
      model.send({ type: 'bundle' });
    } catch {
      // As above: without a kernel a model throws, whatever it throws.
      fail('The kernel that made this view is gone.');
    }
  });
}

function textOf(found: { code?: unknown; styles?: unknown }): BundleText | null {
  const { code, styles } = found;
  return typeof code === 'string' && code !== '' && typeof styles === 'string' ? { code, styles } : null;
}
