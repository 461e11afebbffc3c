/** Links to a line: by epoch and seq, never by its place on the screen. */

import { effect } from '@preact/signals';
import type { Actions } from './actions';
import type { PaneModel } from './model';

/** Lines that are fetched around one that this page does not hold. */
const AROUND = 100;

/** Where a line can be found again. */
export function permalink(model: PaneModel, seq: number): string {
  const hash = `#log=${encodeURIComponent(model.store.epoch ?? '')}/${seq}`;
  return `${model.client.page ?? `${location.origin}${location.pathname}`}${hash}`;
}

/** Epoch and seq of a permalink's hash; null where it is none. */
export function readPermalink(hash: string): { epoch: string; seq: number } | null {
  const found = /^#log=([^/]*)\/(\d+)$/.exec(hash);
  return found ? { epoch: decodeURIComponent(found[1] as string), seq: Number(found[2]) } : null;
}

/** Go to the line of the page's hash, now and when the hash changes. Returns how to end that. */
export function followHash(model: PaneModel, actions: Actions): () => void {
  let done = '';
  const go = () => {
    const link = readPermalink(location.hash);
    const { store } = model;
    if (!link || done === location.hash || model.asked.isTable.peek()) return;
    if (store.size === 0 || store.epoch !== link.epoch || link.seq >= store.nextSeq) return;
    done = location.hash;
    if (store.find(link.seq) >= 0) {
      actions.around(link.seq);
      return;
    }
    void model.client.replay(Math.max(0, link.seq - AROUND), 2 * AROUND).then(() => {
      if (store.find(link.seq) >= 0) actions.around(link.seq);
      else model.announcer.say(`Line ${link.seq} is no longer held`);
    });
  };
  const end = effect(() => {
    void model.client.logs.revision.value;
    queueMicrotask(go);
  });
  addEventListener('hashchange', go);
  return () => {
    end();
    removeEventListener('hashchange', go);
  };
}
