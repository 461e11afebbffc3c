import { type ReadonlySignal, signal } from '@preact/signals';
import type { LogEntry } from '../../../sync/messages';

const MAX_PINS = 50;
const NONE: ReadonlySet<number> = new Set();

/** Which lines the reader has chosen, by seq: the current one, the selected ones, those opened and those pinned. */
export class Chosen {
  private readonly ownCurrent = signal<number | null>(null);
  private readonly ownSelected = signal<ReadonlySet<number>>(NONE);
  private readonly ownOpened = signal<ReadonlySet<number>>(NONE);
  private readonly ownPins = signal<readonly LogEntry[]>([]);
  /** The line from which a selection extends. */
  private anchor: number | null = null;

  /** The line that keys act on. */
  readonly current: ReadonlySignal<number | null> = this.ownCurrent;
  readonly selected: ReadonlySignal<ReadonlySet<number>> = this.ownSelected;
  /** Lines whose state is not the usual one: opened, or where tracebacks stand open by themselves, closed. */
  readonly opened: ReadonlySignal<ReadonlySet<number>> = this.ownOpened;
  /** Pinned lines by seq; a pin keeps its line. */
  readonly pins: ReadonlySignal<readonly LogEntry[]> = this.ownPins;

  /** Make a line the current one, and drop the selection. */
  select(seq: number): void {
    this.anchor = seq;
    if (this.ownSelected.peek().size) this.ownSelected.value = NONE;
    this.ownCurrent.value = seq;
  }

  /** Take a line into the selection or out of it; the first one takes the line along that was current before. */
  toggle(seq: number): void {
    const next = new Set(this.ownSelected.peek());
    const current = this.ownCurrent.peek();
    if (next.size === 0 && current !== null) next.add(current);
    if (!next.delete(seq)) next.add(seq);
    this.ownSelected.value = next;
    this.anchor = seq;
    this.ownCurrent.value = seq;
  }

  /** Select from the line where the selection began to this one; `within` gives the seqs shown from one to another. */
  extend(seq: number, within: (from: number, to: number) => Iterable<number>): void {
    if (this.anchor === null) {
      this.select(seq);
      return;
    }
    this.ownSelected.value = new Set(within(Math.min(this.anchor, seq), Math.max(this.anchor, seq)));
    this.ownCurrent.value = seq;
  }

  /** Select exactly these lines; how many they are. */
  selectAll(seqs: Iterable<number>): number {
    this.ownSelected.value = new Set(seqs);
    return this.ownSelected.peek().size;
  }

  /** Drop the selection, and where there is none, the current line. */
  drop(): void {
    if (this.ownSelected.peek().size) this.ownSelected.value = NONE;
    else this.ownCurrent.value = null;
  }

  /** Seqs of the selected lines, oldest first; that of the current line where none is selected. */
  lines(): number[] {
    const selected = [...this.ownSelected.peek()].sort((a, b) => a - b);
    const current = this.ownCurrent.peek();
    return selected.length || current === null ? selected : [current];
  }

  /** Turn the usual state of a line over. True where it now differs from it. */
  toggleOpened(seq: number): boolean {
    const next = new Set(this.ownOpened.peek());
    const isOpened = !next.delete(seq);
    if (isOpened) next.add(seq);
    this.ownOpened.value = next;
    return isOpened;
  }

  isPinned(seq: number): boolean {
    return this.ownPins.peek().some((pin) => pin.seq === seq);
  }

  /** Keep a line above the rows; the oldest pins give way. */
  pin(entry: LogEntry): void {
    this.ownPins.value = [...this.ownPins.peek(), entry].sort((a, b) => a.seq - b.seq).slice(-MAX_PINS);
  }

  unpin(seq: number): void {
    this.ownPins.value = this.ownPins.peek().filter((pin) => pin.seq !== seq);
  }

  /** Forget all but the pins: other rows are shown. */
  forgetPlaces(): void {
    this.ownCurrent.value = null;
    this.ownSelected.value = NONE;
    this.ownOpened.value = NONE;
  }

  /** Forget the pins as well: this is another epoch. */
  forgetPins(): void {
    this.ownPins.value = [];
  }
}
