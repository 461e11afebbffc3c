import { batch, type ReadonlySignal, signal } from '@preact/signals';
import { ContextRows } from '../../../logs/filter/context';
import { FacetIndex } from '../../../logs/filter/facets';
import { AllRows, FilterIndex, type RowSet } from '../../../logs/filter/filter';
import { type Bins, Histogram } from '../../../logs/filter/histogram';
import { type GapRow, gapRows, RowMap, type ServerRange } from '../../../logs/rows/rows';
import type { Facet } from '../../../logs/store/columns';
import type { LogStore } from '../../../logs/store/store';
import { PLAIN, type Stamp, stampOf } from '../../../logs/text/time';
import type { Asked } from './asked';
import { type Compiled, testAfterTables } from './compile';
import { nextMatch, rowBeside } from './navigation';
import { type Drawn, ROW_HEIGHT, Scroll } from './scroll';
import { countRows, NO_STATS, type Stats } from './stats';

/** Time for looking at lines in one task, in ms; well below what a reader feels. */
const FILTER_MS = 6;
const FACET_MS = 4;
/** How often facets and histogram are drawn anew while lines arrive, in ms. */
export const COUNTS_MS = 250;

export type Edge = 'top' | 'bottom';

/** What an `InView` needs to know of what is around it. */
export interface Surroundings {
  /** The current line, whose place among the matches is told. */
  readonly current: ReadonlySignal<number | null>;
  /** What the server still holds; null where that is not known. */
  serverRange(): ServerRange | null;
  /** Have `look` called before the next picture. */
  wake(): void;
  /** Milliseconds that only ever grow. */
  clock(): number;
}

/** What is left to do after a look: lines to look at, or only counts to tell once they have rested. */
export type Left = 'lines' | 'counts' | null;

/**
 * What of the lines that are asked for is in view: the rows, where the reader stands among them, and how many there are.
 *
 * The view stands still while lines come and go, unless it follows the end at which they appear.
 */
export class InView {
  readonly #drawn = signal<Drawn | null>(null);
  readonly #stats = signal<Stats>(NO_STATS);
  readonly #following = signal(true);
  readonly #stamp = signal<Stamp>(PLAIN);
  readonly #counted = signal(0);
  readonly #height = signal(400);
  readonly #scroll = new Scroll();
  #hits: FilterIndex;
  #facets: FacetIndex;
  #histogram: Histogram;
  #context: ContextRows | null = null;
  /** The query that the indexes were last given. */
  #query: Compiled | null = null;
  /** The first line that the reader has not seen; null while the view follows. */
  #unreadFrom: number | null = null;
  /** The line that was opened last, until it is known how tall it is. */
  #opened: number | null = null;
  #countedAt = 0;

  /** The rows to draw; null before the first look. */
  readonly drawn: ReadonlySignal<Drawn | null> = this.#drawn;
  readonly stats: ReadonlySignal<Stats> = this.#stats;
  /** Whether the view goes with the end at which lines appear. */
  readonly following: ReadonlySignal<boolean> = this.#following;
  /** How much of the date the times need: lines of today alone are told by the clock. */
  readonly stamp: ReadonlySignal<Stamp> = this.#stamp;
  /** Raised when facets and histogram are worth drawing anew. */
  readonly counted: ReadonlySignal<number> = this.#counted;
  /** Height of the rows' view in px. */
  readonly height: ReadonlySignal<number> = this.#height;

  constructor(
    private readonly asked: Asked,
    private store: LogStore,
    private readonly around: Surroundings,
  ) {
    this.#hits = new FilterIndex(store);
    this.#facets = new FacetIndex(this.#hits);
    this.#histogram = new Histogram(this.#facets);
  }

  /** The end at which new lines appear. */
  get edge(): Edge {
    return this.asked.newestFirst ? 'top' : 'bottom';
  }

  // ---- which rows there are ----

  /** Look at the lines of another store from now on. */
  lookAt(store: LogStore): void {
    this.store = store;
    this.#hits = new FilterIndex(store);
    this.#facets = new FacetIndex(this.#hits);
    this.#histogram = new Histogram(this.#facets);
    this.#context = null;
    this.#query = null;
  }

  /** Look at what is new for some ms, and say what to draw. */
  look(): Left {
    const { clock } = this.around;
    this.#takeQuery();
    const now = clock();
    const found = this.#hits.work(FILTER_MS, clock);
    const counted = this.#facets.work(FACET_MS, clock);
    const map = this.#mapRows();
    batch(() => {
      this.#stamp.value = stampOf(this.#histogram.extent(), Date.now());
      this.#drawn.value = this.#scroll.update(map, this.#followedEdge());
      this.#stats.value = this.#count(map);
      if (now - this.#countedAt >= COUNTS_MS || (found && counted && this.#countedAt === 0)) this.tellCounts(now);
    });
    if (!found || !counted) return 'lines';
    return now > this.#countedAt ? 'counts' : null;
  }

  /** Say that facets and histogram are worth drawing anew. */
  tellCounts(now = this.around.clock()): void {
    this.#countedAt = now;
    this.#counted.value++;
  }

  /** The rows as they are now: those of the last picture, or new ones where store or query have changed since. */
  rows(): RowMap {
    if (this.#query !== this.asked.query.peek()) this.look();
    const drawn = this.#drawn.peek();
    if (drawn && drawn.map.store === this.store && drawn.revision === this.store.revision.peek()) return drawn.map;
    this.#hits.work(FILTER_MS, this.around.clock);
    const map = this.#mapRows();
    this.#drawn.value = this.#scroll.update(map, null);
    return map;
  }

  /**
   * Positions of the lines that are asked for, oldest first: in locate mode the matches, else what is shown.
   *
   * It looks at every line that has not been looked at yet, since whoever takes lines away takes all of them.
   */
  positionsAsked(): Iterable<number> {
    this.#takeQuery();
    this.#hits.work();
    const { window, set } = this.#mapRows();
    const isLocating = this.asked.mode.peek() === 'locate' && this.asked.query.peek().asked;
    return new RowMap(this.store, isLocating ? this.#hits : set, [], window).positions();
  }

  /** Whether the line at this position of the store matches the query. */
  isMatch(i: number): boolean {
    return this.#hits.has(i);
  }

  /** Lines by a facet's value: by level index (0..4), or by dictionary code. */
  counts(facet: Facet): Uint32Array {
    return this.#facets.counts(facet);
  }

  /** First and last time of the lines looked at, in ms; null where there is none. */
  extent(): readonly [number, number] | null {
    return this.#histogram.extent();
  }

  /** Lines over time within [from, to] ms, in at most `most` bins. */
  bins(from: number, to: number, most: number): Bins {
    return this.#histogram.bins(from, to, most);
  }

  #takeQuery(): void {
    const query = this.asked.query.peek();
    if (this.#query === query) return;
    this.#query = query;
    this.#hits.use(testAfterTables(query), query.parts.codes);
    this.#facets.use(query.parts);
  }

  #mapRows(): RowMap {
    const after = this.asked.cleared.peek();
    const before = this.asked.paused.peek() ?? Number.POSITIVE_INFINITY;
    const { store } = this;
    const gaps = this.asked.isTable.peek() ? [] : gapRows(store.gaps, this.around.serverRange(), after, before);
    if (after > 0 && after > store.firstSeq) gaps.unshift(clearedRow(after, store));
    return new RowMap(store, this.#rowSet(), gaps, { after, before, newestFirst: this.asked.newestFirst });
  }

  /** Which lines are shown, before clearing and pausing. */
  #rowSet(): RowSet {
    const { context } = this.asked.prefs.choices.peek();
    const { asked, test } = this.asked.query.peek();
    const isLocating = this.asked.mode.peek() === 'locate' && (asked || this.asked.around.peek() !== null);
    if (isLocating || test === null) return new AllRows(this.store);
    if (context === 0 || !asked) return this.#hits;
    if (this.#context?.lines !== context) this.#context = new ContextRows(this.#hits, context);
    this.#context.sync();
    return this.#context;
  }

  #count(map: RowMap): Stats {
    return countRows(map, this.#hits, {
      asked: this.asked.query.peek().asked,
      muted: map.set instanceof AllRows ? 0 : this.#facets.muted,
      current: this.around.current.peek(),
      unreadFrom: this.#unreadFrom,
      paused: this.asked.paused.peek(),
    });
  }

  // ---- where the reader stands ----

  /** The thumb went from one scrollTop to another: by the reader, since what the pane does itself is told apart. */
  scrolled(from: number, to: number): void {
    this.rows();
    const drawn = this.#scroll.thumbMoved(from, to);
    if (!drawn) return;
    batch(() => {
      this.#drawn.value = drawn;
      this.#noteEdge(to < from === this.asked.newestFirst);
    });
  }

  /** Bring the line with this seq into view. */
  show(seq: number): void {
    const drawn = this.#scroll.reveal(this.rows().rowOf(seq));
    if (!drawn) return;
    batch(() => {
      this.#drawn.value = drawn;
      this.#noteEdge(false);
    });
  }

  /** Let go of the followed end, so that new lines do not carry off what is looked at. */
  hold(): void {
    if (!this.#following.peek()) return;
    this.#following.value = false;
    this.#unreadFrom = this.store.nextSeq;
  }

  /** Go to an end; at the one where lines appear, follow. */
  goTo(edge: Edge): void {
    const map = this.rows();
    batch(() => {
      this.#drawn.value = this.#scroll.update(map, edge);
      this.#noteEdge(true);
    });
    this.around.wake();
  }

  follow(on: boolean): void {
    this.#following.value = on;
    this.#unreadFrom = on ? null : this.store.nextSeq;
    if (on) this.goTo(this.edge);
    this.around.wake();
  }

  /** Whether the view is at an end of its rows. */
  isAt(edge: Edge): boolean {
    return this.#scroll.isAt(edge);
  }

  /** The seq of the line `step` rows further down than `current`, or than what is wholly in view; null where none is. */
  seqBeside(current: number | null, step: number): number | null {
    return rowBeside(this.rows(), current, step, this.#scroll.whole());
  }

  /** How many rows a page is. */
  pageRows(): number {
    const [first, last] = this.#scroll.whole();
    return Math.max(1, last - first);
  }

  /** The seq of the next match down or up from `current`, and around at the ends; null where nothing matches. */
  matchBeside(current: number | null, direction: 1 | -1): number | null {
    this.rows();
    const { matches } = this.#stats.peek();
    const after = this.asked.cleared.peek();
    return nextMatch(this.store, this.#hits, { after, matches, current, direction, newestFirst: this.asked.newestFirst });
  }

  /** Forget where the reader was: other rows are shown. */
  forgetPlaces(): void {
    this.#following.value = true;
    this.#unreadFrom = null;
    this.#scroll.forgetHeights();
  }

  #followedEdge(): Edge | null {
    return this.#following.peek() && this.asked.paused.peek() === null ? this.edge : null;
  }

  /** The reader left the followed end, or, if the move was towards it, came back to it. */
  #noteEdge(towards: boolean): void {
    const at = this.#scroll.isAt(this.edge);
    if (at === this.#following.peek() || (at && !towards)) return;
    this.#following.value = at;
    this.#unreadFrom = at ? null : this.store.nextSeq;
    this.around.wake();
  }

  // ---- how tall things are, in px ----

  /** Rows were drawn with these heights, by seq. */
  measured(found: ReadonlyMap<number, number>): void {
    if (!this.#scroll.measure(found)) return;
    const map = this.rows();
    this.#drawn.value = this.#scroll.update(map, this.#followedEdge());
    const opened = this.#opened;
    if (opened === null || !found.has(opened)) return;
    this.#opened = null;
    this.show(opened);
  }

  /** A line was opened: all of it comes into view as soon as it is known how tall it is. */
  opened(seq: number): void {
    this.#opened = seq;
    this.hold();
  }

  /** The row of this line, or every row, is of another height now. */
  forgetHeights(seq?: number): void {
    this.#scroll.forgetHeights(seq);
  }

  resized(height: number): void {
    this.#height.value = Math.max(ROW_HEIGHT, height);
    this.#scroll.resize(this.#height.peek());
    this.around.wake();
  }
}

function clearedRow(after: number, store: LogStore): GapRow {
  return { from: 0, to: after, kind: 'cleared', count: store.lowerBound(after), fetch: null };
}
