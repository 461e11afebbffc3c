import { effect } from '@preact/signals';
import type { PaneModel } from './model';

/** How long the pane rests before it says what it shows; while lines stream, it says so at most once in this time. */
const TELL_MS = 400;
/** Ranges that a selection is told as at most. */
const MAX_RANGES = 5_000;

/** Tell the host what is shown, after a rest, and what is selected. Returns how to end that. */
export function tellHost(model: PaneModel): () => void {
  let timer = 0;
  const { host, asked, chosen, view } = model;
  const cleanups = [
    effect(() => {
      void [view.stats.value, asked.query.value, asked.prefs.choices.value, asked.paused.value, asked.cleared.value];
      if (!host.onShown || timer) return;
      timer = window.setTimeout(() => {
        timer = 0;
        host.onShown?.(model.shown());
      }, TELL_MS);
    }),
    effect(() => {
      void [chosen.current.value, chosen.selected.value];
      host.onSelection?.(ranges(chosen.lines()));
    }),
  ];
  return () => {
    clearTimeout(timer);
    for (const cleanup of cleanups) cleanup();
  };
}

/** Seqs as ranges [first, end) that hold these and nothing else, the newest ones where there are too many. */
export function ranges(seqs: Iterable<number>): [number, number][] {
  const out: [number, number][] = [];
  for (const seq of [...seqs].sort((a, b) => a - b)) {
    const last = out[out.length - 1];
    if (last && last[1] === seq) last[1] = seq + 1;
    else out.push([seq, seq + 1]);
  }
  return out.slice(-MAX_RANGES);
}
