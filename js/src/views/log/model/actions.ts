import type { GapRow } from '../../../logs/rows/rows';
import { asText, type ExportFormat, exported, FORMATS } from '../../../logs/text/export';
import type { LogEntry } from '../../../sync/messages';
import { count, plural } from '../../shared/format';
import type { PaneModel } from './model';
import { clampContext } from './prefs';
import * as querying from './querying';

/** Lines that one click on a gap fetches at most. */
export const FETCH = 5_000;
const MAX_PINS = 50;
/** Ranges of seqs that a selection is told as at most. */
const MAX_RANGES = 5_000;

/** What a user can do in a pane, by key, click or menu. */
export class Actions {
  constructor(private readonly model: PaneModel) {}

  // ---- moving ----

  /** Make the row `step` rows further down the current one; with `extend` select all up to it. */
  move(step: number, extend = false): void {
    const { model } = this;
    const map = model.rows();
    if (map.lines === 0) return;
    const current = model.current.peek();
    const shown = current !== null && map.shows(current);
    let row = shown ? map.rowOf(current) + step : model.scroll.whole()[step > 0 ? 0 : 1];
    const direction = step > 0 ? 1 : -1;
    row = Math.min(map.total - 1, Math.max(0, row));
    while (row >= 0 && row < map.total && map.row(row).kind === 'gap') row += direction;
    if (row < 0 || row >= map.total) return;
    const at = map.row(row);
    if (at.kind === 'line') this.select(map.store.seq(at.i), extend ? 'extend' : 'one');
  }

  page(direction: 1 | -1, extend = false): void {
    const [first, last] = this.model.scroll.whole();
    this.move(direction * Math.max(1, last - first), extend);
  }

  /** Go to the next or previous match down or up the pane, and around at its ends. */
  match(direction: 1 | -1): void {
    const { model } = this;
    model.rows();
    const { hits, store } = model;
    const { matches } = model.stats.peek();
    if (matches === 0) {
      model.say('No match');
      return;
    }
    const lo = hits.rank(store.lowerBound(model.cleared.peek()));
    const forward = (direction === 1) !== model.newestFirst;
    const current = model.current.peek();
    let rank: number;
    if (current === null) {
      rank = model.newestFirst === (direction === 1) ? lo + matches - 1 : lo;
    } else {
      const i = store.lowerBound(current);
      rank = forward ? hits.rank(store.find(current) >= 0 ? i + 1 : i) : hits.rank(i) - 1;
    }
    if (rank < lo) rank = lo + matches - 1;
    if (rank >= lo + matches) rank = lo;
    this.select(store.seq(hits.at(rank)));
    model.tick();
    const { match } = model.stats.peek();
    model.say(`Match ${count(match)} of ${count(matches)}`, false);
  }

  // ---- choosing lines ----

  select(seq: number, how: 'one' | 'extend' | 'toggle' = 'one'): void {
    const { model } = this;
    const map = model.rows();
    if (how === 'extend' && model.anchorSelection !== null) {
      const from = Math.min(model.anchorSelection, seq);
      const to = Math.max(model.anchorSelection, seq);
      const chosen = new Set<number>();
      const last = map.set.rank(map.store.lowerBound(to + 1));
      for (let rank = map.set.rank(map.store.lowerBound(from)); rank < last; rank++) {
        chosen.add(map.store.seq(map.set.at(rank)));
      }
      model.selected.value = chosen;
    } else if (how === 'toggle') {
      const chosen = new Set(model.selected.peek());
      if (chosen.size === 0 && model.current.peek() !== null) chosen.add(model.current.peek() as number);
      if (!chosen.delete(seq)) chosen.add(seq);
      model.selected.value = chosen;
      model.anchorSelection = seq;
    } else {
      model.anchorSelection = seq;
      if (model.selected.peek().size) model.selected.value = new Set();
    }
    model.current.value = seq;
    model.hold();
    model.show(seq);
    model.wake();
  }

  selectAll(): void {
    const { model } = this;
    const map = model.rows();
    model.selected.value = new Set(Array.from(map.positions(), (i) => map.store.seq(i)));
    model.say(`${plural(map.lines, 'line')} selected`);
  }

  /** Seqs of the selected lines, oldest first; the current line where none is selected. */
  chosen(): number[] {
    const { model } = this;
    const selected = [...model.selected.peek()].sort((a, b) => a - b);
    const current = model.current.peek();
    return selected.length || current === null ? selected : [current];
  }

  toggle(seq: number | null = this.model.current.peek()): void {
    if (seq === null) return;
    const { expanded, scroll } = this.model;
    const open = new Set(expanded.peek());
    if (!open.delete(seq)) {
      open.add(seq);
      // Who opens a line wants to read it.
      this.model.hold();
    }
    // Rows of a grid have no expanded state (ARIA 1.2, row), so it is said.
    this.model.say(open.has(seq) ? 'Line opened' : 'Line closed', false);
    scroll.forget(seq);
    expanded.value = open;
    this.model.wake();
  }

  pin(seq: number | null = this.model.current.peek()): void {
    const { model } = this;
    if (seq === null) return;
    const pins = model.pins.peek();
    if (pins.some((pin) => pin.seq === seq)) {
      model.pins.value = pins.filter((pin) => pin.seq !== seq);
      model.say('Unpinned');
      return;
    }
    const i = model.store.find(seq);
    if (i < 0) return;
    model.pins.value = [...pins, model.store.entry(i)].sort((a, b) => a.seq - b.seq).slice(-MAX_PINS);
    model.say('Pinned');
  }

  /** Go to a pinned line; where the filter hides it, among its neighbours. */
  goToPin(seq: number): void {
    const { model } = this;
    if (model.store.find(seq) < 0) model.say('This line is no longer held; its pin keeps it');
    else if (model.rows().shows(seq)) this.select(seq);
    else this.around(seq);
  }

  /** See a line among its neighbours: every line is shown, matches stay marked. */
  around(seq: number): void {
    const { model } = this;
    model.prefs.set({ mode: 'locate' });
    if (seq < model.cleared.peek()) model.cleared.value = 0;
    model.tick();
    this.select(seq);
  }

  // ---- what is shown ----

  togglePause(): void {
    const { model } = this;
    if (model.paused.peek() === null) {
      model.paused.value = model.store.nextSeq;
      model.say('Paused: new lines wait', false);
    } else {
      const { waiting } = model.stats.peek();
      model.paused.value = null;
      model.say(`Live again, ${plural(waiting, 'line')} waited`, false);
    }
    model.wake();
  }

  toggleFollow(): void {
    const { model } = this;
    if (model.paused.peek() !== null) this.togglePause();
    model.follow(!model.following.peek());
    model.say(model.following.peek() ? 'Following new lines' : 'Not following', false);
  }

  setMode(mode: 'filter' | 'locate'): void {
    this.model.prefs.set({ mode });
    this.model.tick();
    const current = this.model.current.peek();
    if (current !== null && !this.model.following.peek()) this.model.show(current);
  }

  setOrder(order: 'newest' | 'oldest'): void {
    this.model.prefs.set({ order });
    this.model.follow(true);
  }

  setContext(lines: number): void {
    const context = clampContext(lines);
    this.model.prefs.set({ context });
    this.model.say(context ? `${plural(context, 'line')} of context` : 'No context');
  }

  /** Hide what is older than the current line, or all that is there; nothing is deleted. */
  clearToHere(): void {
    const { model } = this;
    const seq = model.current.peek() ?? model.store.nextSeq;
    model.cleared.value = seq;
    model.say(`${plural(model.store.lowerBound(seq), 'line')} hidden, not deleted`);
  }

  undoClear(): void {
    this.model.cleared.value = 0;
    this.model.say('Shown again');
  }

  // ---- the query line ----

  onlyTerm(kind: string, value: string): void {
    this.model.ask(querying.only(this.model.text.peek(), kind, value));
  }

  onlyField(name: string, value: unknown): void {
    this.model.ask(querying.onlyField(this.model.text.peek(), name, value));
  }

  // ---- taking lines away ----

  copy(seqs: readonly number[], format: 'text' | 'json'): void {
    const entries = this.entries(seqs);
    if (entries.length === 0) return;
    const one = entries.length === 1;
    const text = format === 'text' ? entries.map(asText).join('\n') : JSON.stringify(one ? entries[0] : entries, null, 2);
    this.toClipboard(text, `Copied ${plural(entries.length, 'line')}`);
  }

  copyLink(seq: number): void {
    this.toClipboard(permalink(this.model, seq), 'Copied the permalink');
  }

  /** What is shown, or all that is held, as a file. */
  async export(format: ExportFormat, what: 'shown' | 'all' | 'selected'): Promise<void> {
    const { model } = this;
    const { store } = model;
    const { mime, suffix } = FORMATS[format];
    const lines =
      what === 'selected'
        ? this.entries(this.chosen())
        : entriesAt(store, what === 'all' ? range(store.size) : model.rows().positions());
    const parts: string[] = [];
    let since = performance.now();
    for (const part of exported(lines, format)) {
      parts.push(part);
      if (performance.now() - since < 10) continue;
      // A pause for the page: a million lines are some seconds of work.
      await new Promise((resolve) => setTimeout(resolve));
      since = performance.now();
    }
    const url = URL.createObjectURL(new Blob(parts, { type: `${mime};charset=utf-8` }));
    const link = document.createElement('a');
    link.href = url;
    link.download = `autobench-log-${what}-${store.epoch ?? 'rows'}-${store.firstSeq}-${store.nextSeq}.${suffix}`;
    link.click();
    setTimeout(() => URL.revokeObjectURL(url), 10_000);
    model.say(`Exported ${what === 'all' ? 'all lines held' : `the lines ${what}`} as ${FORMATS[format].name}`);
  }

  // ---- what is not here ----

  /** Fetch of a gap the part that is nearest to the lines after it. */
  async fetch(gap: GapRow): Promise<void> {
    const { model } = this;
    if (!gap.fetch || model.fetching.peek().has(gap.to)) return;
    const [from, to] = gap.fetch;
    const since = Math.max(from, to - FETCH);
    model.fetching.value = new Set([...model.fetching.peek(), gap.to]);
    const { size } = model.store;
    try {
      model.store.lend(to - since);
      await model.client.replay(since, to - since);
      if (model.store.size === size) model.say('Nothing more fits into this page');
    } catch (error) {
      model.say(`Not fetched: ${error instanceof Error ? error.message : 'the link was lost'}`);
    } finally {
      const left = new Set(model.fetching.peek());
      left.delete(gap.to);
      model.fetching.value = left;
    }
  }

  /** Have the whole of a line that came over the wire cut. */
  async showWhole(seq: number): Promise<void> {
    const { model } = this;
    try {
      const parts: string[] = [];
      // A long line comes in parts, as many as the server's budget for a client asks for.
      for (let offset: number | null = 0; offset !== null; ) {
        const part = (await model.client.command('logs.get', { seq, offset })) as { message?: unknown; next?: unknown } | null;
        if (typeof part?.message !== 'string') throw new Error('the line is no longer held');
        parts.push(part.message);
        offset = typeof part.next === 'number' && part.next > offset ? part.next : null;
      }
      model.scroll.forget(seq);
      model.wholes.value = new Map([...model.wholes.peek(), [seq, parts.join('')]]);
    } catch (error) {
      model.say(`Not shown: ${error instanceof Error ? error.message : 'the link was lost'}`);
    }
  }

  private entries(seqs: readonly number[]): LogEntry[] {
    const { store, wholes, pins } = this.model;
    return seqs.flatMap((seq) => {
      const i = store.find(seq);
      const entry = i >= 0 ? store.entry(i) : pins.peek().find((pin) => pin.seq === seq);
      const whole = wholes.peek().get(seq);
      if (!entry) return [];
      return [whole === undefined ? entry : { ...entry, message: whole }];
    });
  }

  private toClipboard(text: string, said: string): void {
    navigator.clipboard.writeText(text).then(
      () => this.model.say(said),
      () => this.model.say('The browser did not allow copying'),
    );
  }
}

/** Where a line can be found again: by epoch and seq, never by its place on the screen. */
export function permalink(model: PaneModel, seq: number): string {
  const mark = `#log=${encodeURIComponent(model.store.epoch ?? '')}/${seq}`;
  return `${model.client.page ?? `${location.origin}${location.pathname}`}${mark}`;
}

/** Epoch and seq of a permalink's hash. */
export function readPermalink(hash: string): { epoch: string; seq: number } | null {
  const found = /^#log=([^/]*)\/(\d+)$/.exec(hash);
  return found ? { epoch: decodeURIComponent(found[1] as string), seq: Number(found[2]) } : null;
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

function* entriesAt(store: { entry(i: number): LogEntry }, positions: Iterable<number>): Generator<LogEntry> {
  for (const i of positions) yield store.entry(i);
}

function* range(size: number): Generator<number> {
  for (let i = 0; i < size; i++) yield i;
}
