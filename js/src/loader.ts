/**
 * The `_esm` of every view: small, since a notebook saves it with each of them. The code itself stands in a notebook
 * once, in a model of its own; see `loader/page-bundle.ts`.
 */

import { importText } from './loader/import-text';
import { pageBundle } from './loader/page-bundle';
import { loadingView } from './loader/view';

declare const __BUILD__: string | undefined;

const BUILD = typeof __BUILD__ === 'string' ? __BUILD__ : 'development';

/** One model's share of this page. anywidget asks for one for each model. */
export default function widget(): object {
  return loadingView((model) => pageBundle(BUILD, model, importText));
}
