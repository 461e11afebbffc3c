import { type ReadonlySignal, signal } from '@preact/signals';
import type { Client } from '../../../client';
import type { GapRow } from '../../../logs/rows/rows';
import type { LogStore } from '../../../logs/store/store';

/** Lines that one click on a gap fetches at most. */
export const MAX_FETCHED = 5_000;

/** What the pane gets from the server because its reader asks for it: lines that this page let go, and whole messages. */
export class Remote {
  readonly #fetching = signal<ReadonlySet<number>>(new Set());
  readonly #messages = signal<ReadonlyMap<number, string>>(new Map());

  /** Ends of the gaps whose lines are on their way. */
  readonly fetching: ReadonlySignal<ReadonlySet<number>> = this.#fetching;
  /** Whole messages, by seq, of lines that came over the wire cut. */
  readonly messages: ReadonlySignal<ReadonlyMap<number, string>> = this.#messages;

  constructor(private readonly client: Pick<Client, 'replay' | 'command'>) {}

  /** Fetch the part of a gap that is nearest to the lines after it. False where no line came. */
  async fetchGap(gap: GapRow, store: LogStore): Promise<boolean> {
    if (!gap.fetch || this.#fetching.peek().has(gap.to)) return true;
    const [from, to] = gap.fetch;
    const since = Math.max(from, to - MAX_FETCHED);
    this.#fetching.value = new Set([...this.#fetching.peek(), gap.to]);
    const { size } = store;
    try {
      store.allowBeyond(to - since);
      await this.client.replay(since, to - since);
      return store.size !== size;
    } finally {
      const left = new Set(this.#fetching.peek());
      left.delete(gap.to);
      this.#fetching.value = left;
    }
  }

  /** Fetch the whole message of a line. Throws where the server no longer holds it or the link is lost. */
  async fetchMessage(seq: number): Promise<void> {
    const parts: string[] = [];
    // A long line comes in parts, as many as the server's budget for a client asks for.
    for (let offset: number | null = 0; offset !== null; ) {
      const part = (await this.client.command('logs.get', { seq, offset })) as { message?: unknown; next?: unknown } | null;
      if (typeof part?.message !== 'string') throw new Error('the line is no longer held');
      parts.push(part.message);
      offset = typeof part.next === 'number' && part.next > offset ? part.next : null;
    }
    this.#messages.value = new Map([...this.#messages.peek(), [seq, parts.join('')]]);
  }

  /** Forget the messages: their seqs are those of another epoch or of other rows. */
  forgetPlaces(): void {
    this.#messages.value = new Map();
  }
}
