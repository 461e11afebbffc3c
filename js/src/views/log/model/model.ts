import { batch, effect, type Signal, signal, untracked } from '@preact/signals';
import type { Client } from '../../../client';
import { ContextRows } from '../../../logs/filter/context';
import { FacetIndex } from '../../../logs/filter/facets';
import { AllRows, FilterIndex, type RowSet } from '../../../logs/filter/filter';
import { Histogram } from '../../../logs/filter/histogram';
import { type GapRow, gapRows, RowMap, type ServerRange } from '../../../logs/rows/rows';
import type { Predicate } from '../../../logs/store/columns';
import { LogStore } from '../../../logs/store/store';
import { type Dates, datesOf } from '../../../logs/text/time';
import type { LogEntry } from '../../../sync/messages';
import { count } from '../../shared/format';
import { Prefs } from './prefs';
import { type Compiled, compile, EVERYTHING } from './querying';
import { type Drawn, ROW_HEIGHT, Scroll } from './scroll';
import { countRows, NO_STATS, type Stats } from './stats';
import type { LogPaneOptions, PaneHost, Shown } from './types';

/** Time for looking at lines in one task, in ms; well below what a reader feels. */
const FILTER_MS = 6;
const FACET_MS = 4;
/** How often facets and histogram are drawn anew while lines arrive, in ms. */
const SLOW_MS = 250;
/** How often a query with a relative time is looked at anew, in ms. */
const MOVING_MS = 5_000;

/** One pane's view of a store that it may share with others: query, order, pause, place and choices are its own. */
export class PaneModel {
  readonly prefs: Prefs;
  readonly text: Signal<string>;
  readonly compiled: Signal<Compiled>;
  readonly paused = signal<number | null>(null);
  readonly cleared = signal(0);
  readonly following = signal(true);
  readonly current = signal<number | null>(null);
  readonly selected: Signal<ReadonlySet<number>> = signal(new Set<number>());
  readonly expanded: Signal<ReadonlySet<number>> = signal(new Set<number>());
  readonly pins: Signal<readonly LogEntry[]> = signal([]);
  readonly wholes: Signal<ReadonlyMap<number, string>> = signal(new Map<number, string>());
  readonly fetching: Signal<ReadonlySet<number>> = signal(new Set<number>());
  /** Whether the pane shows rows that were chosen elsewhere. */
  readonly chosen = signal(false);
  readonly drawn = signal<Drawn | null>(null);
  readonly stats = signal<Stats>(NO_STATS);
  /** In a narrow pane the facets lie over the rows while this is true. */
  readonly facetsOver = signal(false);
  /** How much of the date the times need: lines of today alone are told by the clock. */
  readonly dates: Signal<Dates> = signal('none');
  /** Raised when facets and histogram are worth drawing anew. */
  readonly slow = signal(0);
  /** What a screen reader is told. */
  readonly said = signal('');
  /** What the pane tells for a moment: "Copied 3 lines". */
  readonly notice = signal('');
  /** Height of the rows' view in px. */
  readonly height = signal(400);
  readonly scroll = new Scroll();
  store: LogStore;
  hits: FilterIndex;
  facets: FacetIndex;
  histogram: Histogram;
  anchorSelection: number | null = null;
  /** What was asked of the live log before other rows were shown. */
  private asked = '';
  private context: ContextRows | null = null;
  private unreadFrom: number | null = null;
  private scheduled = 0;
  private slowAt = 0;
  private movedAt = 0;
  private epoch: string | null = null;
  /** Whether something else is asked than when the rows were last made. */
  private outdated = false;
  private noticeTimer = 0;
  private readonly ends: (() => void)[] = [];

  constructor(
    readonly client: Client,
    readonly host: PaneHost,
    options: LogPaneOptions,
    private readonly clock: () => number = () => performance.now(),
  ) {
    this.prefs = new Prefs(host.storageKey, options);
    this.text = signal(this.prefs.now.query);
    this.compiled = signal(EVERYTHING);
    this.store = client.logs;
    this.epoch = this.store.epoch;
    this.hits = new FilterIndex(this.store);
    this.facets = new FacetIndex(this.hits);
    this.histogram = new Histogram(this.facets);
    this.ends.push(
      effect(() => {
        this.choose(host.rows?.value ?? null);
      }),
      effect(() => {
        const store = host.rows?.value ? this.store : client.logs;
        void store.revision.value;
        this.wake();
      }),
      effect(() => {
        const { mode, context, order } = this.prefs.choices.value;
        void [mode, context, order, this.paused.value, this.cleared.value, client.state.value?.logs];
        this.wake();
      }),
    );
    this.recompile();
    this.ends.push(
      effect(() => {
        const edit = host.edits?.value;
        if (edit) untracked(() => this.ask(edit(this.text.peek())));
      }),
    );
  }

  close(): void {
    for (const end of this.ends) end();
    if (this.scheduled) cancelAnimationFrame(this.scheduled);
    clearTimeout(this.laterTimer);
    clearTimeout(this.noticeTimer);
  }

  get newestFirst(): boolean {
    return this.prefs.now.order === 'newest';
  }

  /** The end at which new lines appear. */
  get edge(): 'top' | 'bottom' {
    return this.newestFirst ? 'top' : 'bottom';
  }

  // ---- the query ----

  /** The query line says something else. A query that cannot be read changes nothing of what is shown. */
  ask(text: string): void {
    this.text.value = text;
    this.recompile();
    if (this.compiled.value.error === null && !this.chosen.peek()) this.prefs.set({ query: text });
  }

  private recompile(): void {
    const before = this.compiled.peek();
    const next = compile(this.text.peek(), this.store, Date.now());
    this.movedAt = this.clock();
    if (next.error !== null) {
      this.compiled.value = { ...before, error: next.error };
      return;
    }
    this.compiled.value = next;
    this.outdated = true;
    this.hits.use(afterTables(next), next.parts.codes);
    this.facets.use(next.parts);
    this.wake();
  }

  // ---- what is looked at ----

  /** Look at these lines, or with null at the live log again. */
  private choose(rows: LogEntry[] | null): void {
    const store = rows ? LogStore.of(rows, this.client.epoch.peek()) : this.client.logs;
    if (store === this.store) return;
    this.store = store;
    this.hits = new FilterIndex(store);
    this.facets = new FacetIndex(this.hits);
    this.histogram = new Histogram(this.facets);
    this.context = null;
    untracked(() => {
      // What was asked of the live log must hide nothing of the rows that are to be shown exactly.
      if (rows !== null && !this.chosen.peek()) this.asked = this.text.peek();
      this.text.value = rows === null ? this.asked : '';
      this.chosen.value = rows !== null;
      this.forgetPlaces();
      this.recompile();
    });
  }

  private forgetPlaces(): void {
    batch(() => {
      this.paused.value = null;
      this.cleared.value = 0;
      this.following.value = true;
      this.current.value = null;
      this.selected.value = new Set();
      this.expanded.value = new Set();
      this.wholes.value = new Map();
    });
    this.unreadFrom = null;
    this.scroll.forget();
  }

  /** Have the rows made anew before the next picture. */
  wake(): void {
    if (this.scheduled) return;
    this.scheduled = requestAnimationFrame(() => {
      this.scheduled = 0;
      this.tick();
    });
  }

  /** Look at what is new, and say what to draw. */
  tick(): void {
    if (this.store.epoch !== this.epoch && !this.chosen.peek()) {
      this.epoch = this.store.epoch;
      this.forgetPlaces();
      this.pins.value = [];
      this.recompile();
    }
    const now = this.clock();
    if (this.compiled.peek().moves && now - this.movedAt > MOVING_MS) this.recompile();
    this.outdated = false;
    const found = this.hits.work(FILTER_MS, this.clock);
    const counted = this.facets.work(FACET_MS, this.clock);
    const map = this.rowMap();
    const following = this.following.peek() && this.paused.peek() === null;
    batch(() => {
      this.dates.value = datesOf(this.histogram.extent(), Date.now());
      this.drawn.value = this.scroll.update(map, following ? this.edge : null);
      this.stats.value = this.count(map);
      if (now - this.slowAt >= SLOW_MS || (found && counted && this.slowAt === 0)) {
        this.slowAt = now;
        this.slow.value++;
      }
    });
    if (!found || !counted) this.wake();
    else if (now - this.slowAt > 0) this.later();
  }

  private laterTimer = 0;

  /** Facets and histogram get their last numbers even if no line arrives any more. */
  private later(): void {
    if (this.laterTimer) return;
    this.laterTimer = window.setTimeout(() => {
      this.laterTimer = 0;
      this.slowAt = this.clock();
      this.slow.value++;
      if (this.compiled.peek().moves) this.wake();
    }, SLOW_MS);
  }

  /** Which lines are shown, before clearing and pausing. */
  private rowSet(): RowSet {
    const { mode, context } = this.prefs.choices.peek();
    if (mode === 'locate' || this.compiled.peek().test === null) return new AllRows(this.store);
    if (context === 0) return this.hits;
    if (this.context?.lines !== context) this.context = new ContextRows(this.hits, context);
    this.context.sync();
    return this.context;
  }

  rowMap(): RowMap {
    const after = this.cleared.peek();
    const before = this.paused.peek() ?? Number.POSITIVE_INFINITY;
    const gaps = this.chosen.peek() ? [] : gapRows(this.store.gaps, this.serverRange(), after, before);
    if (after > 0 && after > this.store.firstSeq) gaps.unshift(clearedRow(after, this.store));
    return new RowMap(this.store, this.rowSet(), gaps, { after, before, newestFirst: this.newestFirst });
  }

  /** What the server still holds, as its state says. */
  private serverRange(): ServerRange | null {
    const logs = this.client.state.peek()?.logs;
    return logs ? { first: logs.nextSeq - logs.size, next: logs.nextSeq } : null;
  }

  private count(map: RowMap): Stats {
    return countRows(map, this.hits, {
      asked: this.compiled.peek().test !== null,
      current: this.current.peek(),
      unreadFrom: this.unreadFrom,
      paused: this.paused.peek(),
    });
  }

  // ---- moving ----

  /** The rows as they are now: those of the last picture, or new ones where store or query have changed since. */
  rows(): RowMap {
    if (this.outdated) this.tick();
    const drawn = this.drawn.peek();
    if (drawn && drawn.map.store === this.store && drawn.revision === this.store.revision.peek()) return drawn.map;
    this.hits.work(FILTER_MS, this.clock);
    const map = this.rowMap();
    this.drawn.value = this.scroll.update(map, null);
    return map;
  }

  /** The thumb moved: by the reader, since what the pane does itself is told apart by the view. */
  scrolled(from: number, to: number): void {
    this.rows();
    const drawn = this.scroll.thumbMoved(from, to);
    if (!drawn) return;
    batch(() => {
      this.drawn.value = drawn;
      this.noteEdge(to < from === this.newestFirst);
    });
  }

  /** Bring the line with this seq into view. */
  show(seq: number): void {
    const drawn = this.scroll.reveal(this.rows().rowOf(seq));
    if (!drawn) return;
    batch(() => {
      this.drawn.value = drawn;
      this.noteEdge(false);
    });
  }

  /** Let go of the followed end, so that new lines do not carry off what is looked at. */
  hold(): void {
    if (!this.following.peek()) return;
    this.following.value = false;
    this.unreadFrom = this.store.nextSeq;
  }

  /** Go to an end; at the one where lines appear, follow. */
  goTo(edge: 'top' | 'bottom'): void {
    const map = this.rows();
    batch(() => {
      this.drawn.value = this.scroll.update(map, edge);
      this.noteEdge(true);
    });
    this.wake();
  }

  follow(on: boolean): void {
    this.following.value = on;
    this.unreadFrom = on ? null : this.store.nextSeq;
    if (on) this.goTo(this.edge);
    this.wake();
  }

  /** Rows were drawn with these heights. */
  measured(found: ReadonlyMap<number, number>): void {
    if (!this.scroll.measure(found)) return;
    const map = this.rows();
    const following = this.following.peek() && this.paused.peek() === null;
    this.drawn.value = this.scroll.update(map, following ? this.edge : null);
  }

  resized(height: number): void {
    this.scroll.view = this.height.value = Math.max(ROW_HEIGHT, height);
    this.wake();
  }

  /** The reader left the followed end, or, if the move was towards it, came back to it. */
  private noteEdge(towards: boolean): void {
    const at = this.scroll.at(this.edge);
    if (at === this.following.peek() || (at && !towards)) return;
    this.following.value = at;
    this.unreadFrom = at ? null : this.store.nextSeq;
    this.wake();
  }

  // ---- telling ----

  /** Say something to a screen reader, and for a moment to everyone. */
  say(text: string, show = true): void {
    this.said.value = text;
    if (!show) return;
    this.notice.value = text;
    clearTimeout(this.noticeTimer);
    this.noticeTimer = window.setTimeout(() => {
      this.notice.value = '';
    }, 2_500);
  }

  /** Exactly what is shown, for whoever wants the same lines elsewhere. */
  shown(): Shown {
    const { mode, context, order } = this.prefs.now;
    const stats = this.stats.value;
    return {
      epoch: this.store.epoch,
      query: mode === 'locate' ? '' : this.compiled.value.absolute,
      firstSeq: Math.max(this.cleared.value, this.store.firstSeq),
      endSeq: this.paused.value ?? this.store.nextSeq,
      gaps: this.store.gaps.map(({ from, to }) => [from, to]),
      order,
      context: mode === 'locate' ? 0 : context,
      count: stats.shown,
      text: `${count(stats.shown)} of ${count(stats.held)} shown`,
      rows: this.chosen.value,
    };
  }
}

/** What is still to be asked of lines that the tables let pass. */
function afterTables({ test, parts }: Compiled): Predicate | null {
  if (test === null) return null;
  const { time } = parts.by;
  const { rest } = parts;
  if (time && rest) return (i) => time(i) && rest(i);
  return time ?? rest;
}

function clearedRow(after: number, store: LogStore): GapRow {
  return { from: 0, to: after, kind: 'cleared', count: store.lowerBound(after), fetch: null };
}
