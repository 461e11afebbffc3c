import { type ReadonlySignal, signal } from '@preact/signals';
import type { LogEntry } from '../../../sync/messages';

const MAX_PINS = 50;
const NONE: ReadonlySet<number> = new Set();

/** Which lines the reader has chosen, by seq: the current one, the selected ones, those opened and those pinned. */
export class Chosen {
  readonly #current = signal<number | null>(null);
  readonly #selected = signal<ReadonlySet<number>>(NONE);
  readonly #opened = signal<ReadonlySet<number>>(NONE);
  readonly #pins = signal<readonly LogEntry[]>([]);
  /** The line from which a selection extends. */
  #anchor: number | null = null;

  /** The line that keys act on. */
  readonly current: ReadonlySignal<number | null> = this.#current;
  readonly selected: ReadonlySignal<ReadonlySet<number>> = this.#selected;
  /** Lines whose state is not the usual one: opened, or where tracebacks stand open by themselves, closed. */
  readonly opened: ReadonlySignal<ReadonlySet<number>> = this.#opened;
  /** Pinned lines by seq; a pin keeps its line. */
  readonly pins: ReadonlySignal<readonly LogEntry[]> = this.#pins;

  /** Make a line the current one, and drop the selection. */
  select(seq: number): void {
    this.#anchor = seq;
    if (this.#selected.peek().size) this.#selected.value = NONE;
    this.#current.value = seq;
  }

  /** Take a line into the selection or out of it; the first one takes the line along that was current before. */
  toggle(seq: number): void {
    const next = new Set(this.#selected.peek());
    const current = this.#current.peek();
    if (next.size === 0 && current !== null) next.add(current);
    if (!next.delete(seq)) next.add(seq);
    this.#selected.value = next;
    this.#anchor = seq;
    this.#current.value = seq;
  }

  /** Select from the line where the selection began to this one; `within` gives the seqs shown from one to another. */
  extend(seq: number, within: (from: number, to: number) => Iterable<number>): void {
    if (this.#anchor === null) {
      this.select(seq);
      return;
    }
    this.#selected.value = new Set(within(Math.min(this.#anchor, seq), Math.max(this.#anchor, seq)));
    this.#current.value = seq;
  }

  /** Select exactly these lines; how many they are. */
  selectAll(seqs: Iterable<number>): number {
    this.#selected.value = new Set(seqs);
    return this.#selected.peek().size;
  }

  /** Drop the selection, and where there is none, the current line. */
  drop(): void {
    if (this.#selected.peek().size) this.#selected.value = NONE;
    else this.#current.value = null;
  }

  /** Seqs of the selected lines, oldest first; that of the current line where none is selected. */
  lines(): number[] {
    const selected = [...this.#selected.peek()].sort((a, b) => a - b);
    const current = this.#current.peek();
    return selected.length || current === null ? selected : [current];
  }

  /** Open a line that is usually closed or close one that is usually open, and back. True where it is not as usual now. */
  toggleOpened(seq: number): boolean {
    const next = new Set(this.#opened.peek());
    const isOpened = !next.delete(seq);
    if (isOpened) next.add(seq);
    this.#opened.value = next;
    return isOpened;
  }

  isPinned(seq: number): boolean {
    return this.#pins.peek().some((pin) => pin.seq === seq);
  }

  /** Keep a line above the rows; the oldest pins give way. */
  pin(entry: LogEntry): void {
    this.#pins.value = [...this.#pins.peek(), entry].sort((a, b) => a.seq - b.seq).slice(-MAX_PINS);
  }

  unpin(seq: number): void {
    this.#pins.value = this.#pins.peek().filter((pin) => pin.seq !== seq);
  }

  /** Forget all but the pins: other rows are shown. */
  forgetPlaces(): void {
    this.#anchor = null;
    this.#current.value = null;
    this.#selected.value = NONE;
    this.#opened.value = NONE;
  }

  /** Forget the pins as well: this is another epoch. */
  forgetPins(): void {
    this.#pins.value = [];
  }
}
