import { batch, effect, untracked } from '@preact/signals';
import type { Client } from '../../../client';
import type { ServerRange } from '../../../logs/rows/rows';
import { type Account, accountOf } from '../../../logs/store/account';
import { LogStore } from '../../../logs/store/store';
import type { LogEntry } from '../../../sync/messages';
import { count } from '../../shared/format';
import { Announcer } from './announcer';
import { Asked } from './asked';
import { Chosen } from './chosen';
import type { LogPaneOptions, PaneHost, Shown } from './host';
import { COUNTS_MS, InView } from './in-view';
import { Panels } from './panels';
import { Prefs } from './prefs';
import { Remote } from './remote';

/**
 * One pane on a store of lines that it may share with others: what is asked, what is in view, what is chosen.
 *
 * The three decide for themselves and are changed by their verbs alone. This class gives them the store to look at, and
 * has them look again before the next picture when something has changed.
 */
export class PaneModel {
  readonly asked: Asked;
  readonly chosen = new Chosen();
  readonly view: InView;
  readonly remote: Remote;
  readonly panels = new Panels();
  readonly announcer = new Announcer();
  #store: LogStore;
  #epoch: string | null;
  #picture = 0;
  #rest = 0;
  readonly #cleanups: (() => void)[] = [];

  constructor(
    readonly client: Client,
    readonly host: PaneHost,
    options: LogPaneOptions,
    clock: () => number = () => performance.now(),
  ) {
    this.#store = client.logs;
    this.#epoch = client.logs.epoch;
    this.remote = new Remote(client);
    this.asked = new Asked(new Prefs(host.storageKey, options), client.logs);
    this.view = new InView(this.asked, client.logs, {
      current: this.chosen.current,
      serverRange: () => this.#serverRange(),
      wake: () => this.wake(),
      clock,
    });
    this.#cleanups.push(
      effect(() => this.#lookAt(host.rows?.value ?? null)),
      effect(() => {
        const store = host.rows?.value ? this.#store : client.logs;
        void store.revision.value;
        this.wake();
      }),
      effect(() => {
        const { asked } = this;
        const { context, order } = asked.prefs.choices.value;
        void [asked.mode.value, context, order, asked.query.value, asked.around.value];
        void [asked.paused.value, asked.cleared.value, client.state.value?.logs];
        this.wake();
      }),
      effect(() => {
        const edit = host.edits?.value;
        if (edit) untracked(() => this.asked.askFromElsewhere(edit));
      }),
    );
    // Lines that are here already are drawn with the pane itself, and not one picture later.
    if (this.#store.size > 0) untracked(() => this.look());
  }

  close(): void {
    for (const cleanup of this.#cleanups) cleanup();
    if (this.#picture) cancelAnimationFrame(this.#picture);
    clearTimeout(this.#rest);
    this.announcer.close();
  }

  /** The lines that are looked at: those of the live log, or of a table. */
  get store(): LogStore {
    return this.#store;
  }

  /** Have the rows made anew before the next picture. */
  wake(): void {
    if (this.#picture) return;
    this.#picture = requestAnimationFrame(() => {
      this.#picture = 0;
      this.look();
    });
  }

  /** Look at what is new now, and not only before the next picture. */
  look(): void {
    if (this.#store.epoch !== this.#epoch && !this.asked.isTable.peek()) {
      this.#epoch = this.#store.epoch;
      this.#forgetPlaces();
      this.chosen.forgetPins();
      this.asked.read();
    }
    this.asked.readWhereTimeMoves();
    const left = this.view.look();
    if (left === 'lines') this.wake();
    else if (left === 'counts') this.#tellCountsLater();
  }

  /** Exactly what is shown, for whoever asks for the same lines elsewhere. */
  shown(): Shown {
    const { asked, store } = this;
    const { context, order } = asked.prefs.now;
    const mode = asked.mode.value;
    const { shown, held, matches } = this.view.stats.value;
    return {
      epoch: store.epoch,
      query: asked.query.value.absolute,
      mode,
      firstSeq: Math.max(asked.cleared.value, store.firstSeq),
      endSeq: asked.paused.value ?? store.nextSeq,
      gaps: store.gaps.map(({ from, to }) => [from, to]),
      order,
      context: mode === 'locate' ? 0 : context,
      count: shown,
      matches,
      text: `${count(shown)} of ${count(held)} shown`,
      rows: asked.isTable.value,
    };
  }

  /** Look at these lines, or with null at the live log again. */
  #lookAt(rows: LogEntry[] | null): void {
    const store = rows ? LogStore.of(rows, this.client.epoch.peek()) : this.client.logs;
    if (store === this.#store) return;
    this.#store = store;
    untracked(() =>
      batch(() => {
        this.view.lookAt(store);
        this.#forgetPlaces();
        this.asked.askOf(store, rows !== null);
      }),
    );
  }

  #forgetPlaces(): void {
    batch(() => {
      this.asked.forgetPlaces();
      this.chosen.forgetPlaces();
      this.view.forgetPlaces();
      this.remote.forgetPlaces();
    });
  }

  /** Facets and histogram get their last numbers even if no line arrives any more. */
  #tellCountsLater(): void {
    if (this.#rest) return;
    this.#rest = window.setTimeout(() => {
      this.#rest = 0;
      this.view.tellCounts();
      if (this.asked.query.peek().moves) this.wake();
    }, COUNTS_MS);
  }

  /** Where the lines are that were ever written. */
  account(): Account {
    return accountOf(this.#store, this.#serverRange());
  }

  /** How many lines the server's ring may hold; null where it holds all that were written, or that is not known. */
  overflowing(): number | null {
    const logs = this.client.state.value?.logs;
    return logs && logs.nextSeq > logs.size && logs.size >= logs.capacity ? logs.capacity : null;
  }

  /** What the server still holds, as its state says. */
  #serverRange(): ServerRange | null {
    const logs = this.client.state.peek()?.logs;
    return logs ? { first: logs.archiveFirst ?? logs.nextSeq - logs.size, next: logs.nextSeq } : null;
  }
}
