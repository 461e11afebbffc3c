import { batch, computed, type ReadonlySignal, signal } from '@preact/signals';
import { onlyField, solo, withTimeRange } from '../../../logs/query';
import type { LogStore } from '../../../logs/store/store';
import { type Compiled, compile, EVERYTHING, type QueryError } from './compile';
import { clampContext, type Prefs } from './prefs';

/** How often a query with a relative time is read anew, in ms. */
const MOVING_MS = 5_000;

/** A line that is looked at among its neighbours, and what was cleared before. */
export interface Around {
  readonly seq: number;
  readonly cleared: number;
}

/**
 * What a pane is asked to show: the query, from where on (cleared), up to where (paused), and the reader's choices of how.
 *
 * Everything here is a fact of the reader's making; no line that arrives changes any of it.
 */
export class Asked {
  readonly #text = signal('');
  readonly #query = signal<Compiled>(EVERYTHING);
  readonly #error = signal<QueryError | null>(null);
  readonly #paused = signal<number | null>(null);
  readonly #cleared = signal(0);
  readonly #isTable = signal(false);
  readonly #around = signal<Around | null>(null);
  /** The query of the live log, while rows of a table are shown. */
  #liveText = '';
  #readAt = 0;

  /** What stands in the query line. */
  readonly text: ReadonlySignal<string> = this.#text;
  /** The last query that could be read: while the line cannot be, it is the one that counts. */
  readonly query: ReadonlySignal<Compiled> = this.#query;
  /** Why the query line cannot be read; null where it can. */
  readonly error: ReadonlySignal<QueryError | null> = this.#error;
  /** Lines from this seq on wait; null while the pane is live. */
  readonly paused: ReadonlySignal<number | null> = this.#paused;
  /** Lines below this seq are hidden. */
  readonly cleared: ReadonlySignal<number> = this.#cleared;
  /** Whether the rows of a table are asked for, and not the live log. */
  readonly isTable: ReadonlySignal<boolean> = this.#isTable;

  /** The line that is looked at among its neighbours, where every line is shown for it; null elsewhere. */
  readonly around: ReadonlySignal<Around | null> = this.#around;
  /** What the query does now: while a line is looked at in its context, every line is shown, whatever is chosen. */
  readonly mode: ReadonlySignal<'filter' | 'locate'> = computed(() =>
    this.#around.value ? 'locate' : this.prefs.choices.value.mode,
  );

  /** `now` gives ms since 1970. */
  constructor(
    readonly prefs: Prefs,
    private store: LogStore,
    private readonly now: () => number = Date.now,
  ) {
    this.#text.value = prefs.choices.peek().query;
    this.read();
  }

  get newestFirst(): boolean {
    return this.prefs.now.order === 'newest';
  }

  /** Whether the plumbing's lines are muted, unless the query names channels. */
  get mutesPlumbing(): boolean {
    return !this.#isTable.value && !this.prefs.choices.value.plumbing;
  }

  // ---- the query ----

  /**
   * Take another query. One that cannot be read changes nothing of what is shown, and is not kept.
   *
   * Whoever asks for other lines has left the context of the line before.
   */
  ask(text: string): void {
    if (text !== this.#text.peek()) this.leaveContext();
    this.#text.value = text;
    this.read();
    if (this.#error.peek() === null && !this.#isTable.peek()) this.prefs.set({ query: text });
  }

  /**
   * Take a query from elsewhere: somebody clicked on a job to see its lines, and nothing of how the pane is set may hide
   * them. The query before it is among those that were asked.
   */
  askFromElsewhere(edit: (text: string) => string): void {
    batch(() => {
      this.prefs.remember(this.#text.peek());
      this.ask(edit(this.#text.peek()));
      this.setMode('filter');
      this.resume();
      this.showCleared();
    });
  }

  /** Show only the lines with this value of a facet; all values again where it is the only one already. */
  askOnly(facet: string, value: string): void {
    this.ask(solo(this.#text.peek(), facet, value));
  }

  /** Show only the lines that have this value in a field of their own. */
  askField(name: string, value: unknown): void {
    this.ask(onlyField(this.#text.peek(), name, value));
  }

  /** Show only the lines from `from` on and before `to`, in ms since 1970; null is open, both null is every time. */
  askTimes(from: number | null, to: number | null): void {
    this.ask(withTimeRange(this.#text.peek(), from, to));
  }

  /** Read the query again: what it is bound to is another, or time has passed. */
  read(): void {
    const next = compile(this.#text.peek(), this.store, this.now(), this.mutesPlumbing);
    this.#readAt = this.now();
    batch(() => {
      this.#error.value = next.error;
      if (next.error === null) this.#query.value = next;
    });
  }

  /** Read a query with a relative time again, where the last time is long enough ago. */
  readWhereTimeMoves(): void {
    if (this.#query.peek().moves && this.now() - this.#readAt > MOVING_MS) this.read();
  }

  /** Ask of another store: of a table, where the query of the live log must hide nothing, or of the live log again. */
  askOf(store: LogStore, isTable: boolean): void {
    this.store = store;
    if (isTable && !this.#isTable.peek()) this.#liveText = this.#text.peek();
    this.#text.value = isTable ? '' : this.#liveText;
    this.#isTable.value = isTable;
    this.forgetPlaces();
    this.read();
  }

  // ---- from where to where ----

  /** Have lines from this seq on wait. */
  pause(seq: number): void {
    this.#paused.value = seq;
  }

  resume(): void {
    this.#paused.value = null;
  }

  /** Hide the lines below this seq; they are not deleted. */
  clearBefore(seq: number): void {
    this.leaveContext();
    this.#cleared.value = seq;
  }

  showCleared(): void {
    this.#cleared.value = 0;
  }

  /** Forget seqs: they were those of another epoch or of other rows. */
  forgetPlaces(): void {
    this.#around.value = null;
    this.#paused.value = null;
    this.#cleared.value = 0;
  }

  // ---- how ----

  setMode(mode: 'filter' | 'locate'): void {
    batch(() => {
      this.leaveContext();
      this.prefs.set({ mode });
    });
  }

  /** Show every line, for this one to be seen among its neighbours, until `leaveContext`. */
  enterContext(seq: number): void {
    batch(() => {
      this.#around.value = { seq, cleared: this.#around.peek()?.cleared ?? this.#cleared.peek() };
      this.#cleared.value = 0;
    });
  }

  /** Go back from the context of a line to what was shown before; which line it was, null where it was none. */
  leaveContext(): number | null {
    const around = this.#around.peek();
    if (around === null) return null;
    batch(() => {
      this.#around.value = null;
      this.#cleared.value = around.cleared;
    });
    return around.seq;
  }

  /** Show the plumbing's lines, or mute them again. */
  setPlumbing(on: boolean): void {
    this.prefs.set({ plumbing: on });
    this.read();
  }

  setOrder(order: 'newest' | 'oldest'): void {
    this.prefs.set({ order });
  }

  /** Show so many lines around each match; how many it has become. */
  setContext(lines: number): number {
    const context = clampContext(lines);
    this.prefs.set({ context });
    return context;
  }
}
