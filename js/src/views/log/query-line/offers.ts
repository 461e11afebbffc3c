import { batch, type ReadonlySignal, signal } from '@preact/signals';
import type { Completion } from '../../../logs/query';

/** Completions that are shown at once. */
const MAX_SHOWN = 10;

/** The list of completions below the query line, and which of them the keys have come to. */
export class Offers {
  private readonly ownList = signal<readonly Completion[]>([]);
  private readonly ownActive = signal(-1);

  readonly list: ReadonlySignal<readonly Completion[]> = this.ownList;
  /** Index of the active one; -1 where none is. */
  readonly active: ReadonlySignal<number> = this.ownActive;

  get isOpen(): boolean {
    return this.ownList.peek().length > 0;
  }

  /** Show these; where there are none, the list closes. */
  open(completions: readonly Completion[], active = -1): void {
    batch(() => {
      this.ownList.value = completions.slice(0, MAX_SHOWN);
      this.ownActive.value = active;
    });
  }

  close(): void {
    this.open([]);
  }

  /** Make the next one active or the one before, and around at the ends. */
  step(by: 1 | -1): void {
    const { length } = this.ownList.peek();
    const active = this.ownActive.peek();
    this.ownActive.value = active < 0 ? (by > 0 ? 0 : length - 1) : (active + by + length) % length;
  }

  /** What a key takes: Enter the active one, Tab the first one too where none is active. Null where there is none. */
  taken(key: 'Enter' | 'Tab'): Completion | null {
    const list = this.ownList.peek();
    const active = list[this.ownActive.peek()];
    return active ?? (key === 'Tab' ? list[0] : undefined) ?? null;
  }
}
