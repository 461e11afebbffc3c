import type { GapRow } from '../../../logs/rows/rows';
import { type ExportFormat, FORMATS } from '../../../logs/text/export';
import type { LogEntry } from '../../../sync/messages';
import { count, plural } from '../../shared/format';
import type { PaneModel } from './model';
import { permalink } from './permalink';
import type { Choices } from './prefs';
import { clipboardText, type ExportScope, saveFile } from './transfer';

/**
 * What a user can do in a pane, by key, click or menu, where it touches more than one of its parts: what is chosen comes
 * into view, and what is done is said.
 */
export class Actions {
  constructor(private readonly model: PaneModel) {}

  // ---- moving ----

  /** Make the row `step` rows further down the current one; with `extend` select all up to it. */
  move(step: number, extend = false): void {
    const { chosen, view } = this.model;
    const seq = view.seqBeside(chosen.current.peek(), step);
    if (seq !== null) this.select(seq, extend ? 'extend' : 'one');
  }

  page(direction: 1 | -1, extend = false): void {
    this.move(direction * this.model.view.pageRows(), extend);
  }

  /** Go to the next match down the pane or up, and around at its ends. */
  match(direction: 1 | -1): void {
    const { model } = this;
    const seq = model.view.matchBeside(model.chosen.current.peek(), direction);
    if (seq === null) {
      model.announcer.say('No match');
      return;
    }
    this.select(seq);
    model.look();
    const { match, matches } = model.view.stats.peek();
    model.announcer.speak(`Match ${count(match)} of ${count(matches)}`);
  }

  /** See a line among its neighbours: every line is shown, matches stay marked, until one goes back. */
  around(seq: number): void {
    const { asked, announcer } = this.model;
    const isHiding = asked.mode.peek() === 'filter' && asked.query.peek().asked;
    if (isHiding || seq < asked.cleared.peek()) {
      asked.enterContext(seq);
      announcer.speak('In context: every line is shown. Escape goes back');
    }
    this.model.look();
    this.select(seq);
  }

  /** Go back from the context of a line to what was shown before, at that line. False where none was looked at. */
  leaveContext(): boolean {
    const { asked, announcer } = this.model;
    const seq = asked.leaveContext();
    if (seq === null) return false;
    this.model.look();
    if (this.model.view.rows().shows(seq)) this.select(seq);
    announcer.speak('Back from the context');
    return true;
  }

  // ---- choosing lines ----

  select(seq: number, how: 'one' | 'extend' | 'toggle' = 'one'): void {
    const { chosen, view } = this.model;
    const map = view.rows();
    if (how === 'extend') chosen.extend(seq, (from, to) => map.seqsWithin(from, to));
    else if (how === 'toggle') chosen.toggle(seq);
    else chosen.select(seq);
    view.hold();
    view.show(seq);
    this.model.wake();
  }

  selectAll(): void {
    const { chosen, view, announcer } = this.model;
    const map = view.rows();
    const lines = chosen.selectAll(Array.from(map.positions(), (i) => map.store.seq(i)));
    announcer.say(`${plural(lines, 'line')} selected`);
  }

  /** Drop the selection, and where there is none, the current line. */
  dropSelection(): void {
    this.model.chosen.drop();
    this.model.wake();
  }

  /** Open a line, or close it. */
  toggle(seq: number | null = this.model.chosen.current.peek()): void {
    if (seq === null) return;
    const { chosen, view, announcer } = this.model;
    const isOpened = chosen.toggleOpened(seq);
    // Who opens a line wants to read it.
    if (isOpened) view.opened(seq);
    // Rows of a grid have no expanded state (ARIA 1.2, row), so it is said.
    announcer.speak(isOpened ? 'Line opened' : 'Line closed');
    view.forgetHeights(seq);
    this.model.wake();
  }

  /** Pin a line above the rows, or take its pin away. */
  pin(seq: number | null = this.model.chosen.current.peek()): void {
    if (seq === null) return;
    const { chosen, store, announcer } = this.model;
    if (chosen.isPinned(seq)) {
      chosen.unpin(seq);
      announcer.say('Unpinned');
      return;
    }
    const i = store.find(seq);
    if (i < 0) return;
    chosen.pin(store.entry(i));
    announcer.say('Pinned');
  }

  /** Go to a pinned line; where the filter hides it, among its neighbours. */
  goToPin(seq: number): void {
    const { model } = this;
    if (model.store.find(seq) < 0) model.announcer.say('This line is no longer held; its pin keeps it');
    else if (model.view.rows().shows(seq)) this.select(seq);
    else this.around(seq);
  }

  // ---- what is shown ----

  togglePause(): void {
    const { asked, view, store, announcer } = this.model;
    if (asked.paused.peek() === null) {
      asked.pause(store.nextSeq);
      announcer.speak('Paused: new lines wait');
    } else {
      const { waiting } = view.stats.peek();
      asked.resume();
      announcer.speak(`Live again, ${plural(waiting, 'line')} waited`);
    }
  }

  toggleFollow(): void {
    const { asked, view, announcer } = this.model;
    if (asked.paused.peek() !== null) this.togglePause();
    view.follow(!view.following.peek());
    announcer.speak(view.following.peek() ? 'Following new lines' : 'Not following');
  }

  setMode(mode: 'filter' | 'locate'): void {
    const { asked, chosen, view } = this.model;
    asked.setMode(mode);
    this.model.look();
    const current = chosen.current.peek();
    if (current !== null && !view.following.peek()) view.show(current);
  }

  setOrder(order: 'newest' | 'oldest'): void {
    this.model.asked.setOrder(order);
    this.model.view.follow(true);
  }

  setContext(lines: number): void {
    const context = this.model.asked.setContext(lines);
    this.model.announcer.say(context ? `${plural(context, 'line')} of context` : 'No context');
  }

  /** Change how rows look. */
  setChoices(change: Partial<Choices>): void {
    if ('wrap' in change) this.model.view.forgetHeights();
    this.model.asked.prefs.set(change);
    this.model.wake();
  }

  /** Hide what is older than the current line, or all that is there; nothing is deleted. */
  clearToHere(): void {
    const { asked, chosen, store, announcer } = this.model;
    const seq = chosen.current.peek() ?? store.nextSeq;
    asked.clearBefore(seq);
    announcer.say(`${plural(store.lowerBound(seq), 'line')} hidden, not deleted`);
  }

  undoClear(): void {
    this.model.asked.showCleared();
    this.model.announcer.say('Shown again');
  }

  /** Show only the lines with this value of a facet; a pane that only marks matches would not. */
  onlyTerm(kind: string, value: string): void {
    this.model.asked.setMode('filter');
    this.model.asked.askOnly(kind, value);
  }

  onlyField(name: string, value: unknown): void {
    this.model.asked.setMode('filter');
    this.model.asked.askField(name, value);
  }

  // ---- taking lines away ----

  copy(seqs: readonly number[], format: 'text' | 'json'): void {
    const entries = this.entries(seqs);
    if (entries.length === 0) return;
    this.toClipboard(clipboardText(entries, format), `Copied ${plural(entries.length, 'line')}`);
  }

  copyLink(seq: number): void {
    this.toClipboard(permalink(this.model, seq), 'Copied the permalink');
  }

  /** Save what is asked for, selected, or all that is held as a file. */
  async export(format: ExportFormat, scope: ExportScope, bom = false): Promise<void> {
    const { store, view, chosen, announcer } = this.model;
    const lines =
      scope === 'selected' ? this.entries(chosen.lines()) : store.entries(scope === 'all' ? undefined : view.positionsAsked());
    const name = `autobench-log-${scope}-${store.epoch ?? 'rows'}-${store.firstSeq}-${store.nextSeq}`;
    const saved = await saveFile(lines, format, name, bom);
    announcer.say(`Exported ${plural(saved, 'line')} as ${FORMATS[format].name}`);
  }

  // ---- what is not here ----

  /** Fetch what a gap stands for, as far as the server still has it. */
  async fetch(gap: GapRow): Promise<void> {
    const { remote, store, announcer } = this.model;
    try {
      if (!(await remote.fetchGap(gap, store))) announcer.say('Nothing more fits into this page');
    } catch (error) {
      announcer.say(`Not fetched: ${reasonOf(error)}`);
    }
  }

  /** Show the whole of a line that came over the wire cut. */
  async showWhole(seq: number): Promise<void> {
    const { remote, view, announcer } = this.model;
    try {
      await remote.fetchMessage(seq);
      view.forgetHeights(seq);
    } catch (error) {
      announcer.say(`Not shown: ${reasonOf(error)}`);
    }
  }

  /** The lines with these seqs as the pane has them: held or pinned, with the whole message where it was fetched. */
  private entries(seqs: readonly number[]): LogEntry[] {
    const { store, chosen, remote } = this.model;
    return seqs.flatMap((seq) => {
      const i = store.find(seq);
      const entry = i >= 0 ? store.entry(i) : chosen.pins.peek().find((pin) => pin.seq === seq);
      const message = remote.messages.peek().get(seq);
      if (!entry) return [];
      return [message === undefined ? entry : { ...entry, message }];
    });
  }

  private toClipboard(text: string, done: string): void {
    const { announcer } = this.model;
    navigator.clipboard.writeText(text).then(
      () => announcer.say(done),
      () => announcer.say('The browser did not allow copying'),
    );
  }
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : 'the link was lost';
}
