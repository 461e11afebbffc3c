import { batch, type ReadonlySignal, signal } from '@preact/signals';
import type { Completion } from '../../../logs/query';

/** Completions that are shown at once. */
const MAX_SHOWN = 10;

/** The list of completions below the query line, and which of them the keys have come to. */
export class Offers {
  readonly #list = signal<readonly Completion[]>([]);
  readonly #active = signal(-1);

  readonly list: ReadonlySignal<readonly Completion[]> = this.#list;
  /** Index of the active one; -1 where none is. */
  readonly active: ReadonlySignal<number> = this.#active;

  get isOpen(): boolean {
    return this.#list.peek().length > 0;
  }

  /** Show these; where there are none, the list closes. */
  open(completions: readonly Completion[], active = -1): void {
    batch(() => {
      this.#list.value = completions.slice(0, MAX_SHOWN);
      this.#active.value = active;
    });
  }

  close(): void {
    this.open([]);
  }

  /** Make the next one active or the one before, and around at the ends. */
  step(by: 1 | -1): void {
    const { length } = this.#list.peek();
    const active = this.#active.peek();
    this.#active.value = active < 0 ? (by > 0 ? 0 : length - 1) : (active + by + length) % length;
  }

  /** What a key takes: Enter the active one, Tab the first one too where none is active. Null where there is none. */
  taken(key: 'Enter' | 'Tab'): Completion | null {
    const list = this.#list.peek();
    const active = list[this.#active.peek()];
    return active ?? (key === 'Tab' ? list[0] : undefined) ?? null;
  }
}
