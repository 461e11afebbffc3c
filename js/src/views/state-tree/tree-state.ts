import { computed, type ReadonlySignal, signal } from '@preact/signals';
import { join } from '../../sync/pointer';
import { at } from '../../sync/read';
import { ancestors, isNode, rowsOf, type TreeItem } from './tree';

/** What of a state's tree is open, and which of its rows is the current one. */
export class TreeState {
  readonly #open = signal<ReadonlySet<string>>(new Set(['/meta', '/jobs']));
  readonly #current = signal<string | null>(null);

  /** The rows that are to be seen, from the top. */
  readonly rows: ReadonlySignal<readonly TreeItem[]>;
  /** Index of the current row; -1 where it is none of the rows. */
  readonly active: ReadonlySignal<number>;

  constructor(private readonly state: ReadonlySignal<unknown>) {
    this.rows = computed(() => rowsOf(state.value, this.#open.value));
    this.active = computed(() => this.rows.value.findIndex((row) => row.id === this.#current.value));
  }

  get activeRow(): TreeItem | undefined {
    return this.rows.peek()[this.active.peek()];
  }

  /** Open a row or fold it; what has nothing inside stays as it is. */
  toggle(row: TreeItem, to = !row.isOpen): void {
    if (row.kind === 'leaf' || row.isOpen === to) return;
    const next = new Set(this.#open.peek());
    if (to) next.add(row.id);
    else next.delete(row.id);
    this.#open.value = next;
  }

  foldAll(): void {
    this.#open.value = new Set();
  }

  choose(row: TreeItem): void {
    this.#current.value = row.id;
  }

  /** Make the row with this index the current one; beyond the ends, the first or the last. */
  moveTo(i: number): void {
    const rows = this.rows.peek();
    const row = rows[Math.max(0, Math.min(rows.length - 1, i))];
    if (row) this.choose(row);
  }

  /** Make the row so many rows further down the current one. */
  move(step: number): void {
    const active = this.active.peek();
    this.moveTo(active < 0 && step < 0 ? 0 : active + step);
  }

  /** Go to the row that the current one is inside of. */
  moveToParent(): void {
    const rows = this.rows.peek();
    const active = this.active.peek();
    const { depth } = rows[active] as TreeItem;
    for (let i = active - 1; i >= 0; i--) {
      if ((rows[i] as TreeItem).depth < depth) {
        this.moveTo(i);
        return;
      }
    }
  }

  /** Open what is around a place, and make it the current one. */
  reveal(parts: readonly string[]): void {
    const state = this.state.peek();
    const own = isNode(at(state, parts)) ? [join(parts)] : [];
    this.#open.value = new Set([...this.#open.peek(), ...ancestors(state, parts), ...own]);
    this.#current.value = join(parts);
  }
}
