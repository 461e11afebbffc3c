/** Fetches the log's past in batches, the newest first, once the page has something to show. */

import type { LogStore } from './logs/store/store';
import type { LogsSlice } from './sync/messages';

/** Entries a batch: small enough that the page stays quick between two. */
export const BATCH = 2_000;
/** Between two batches. */
const PAUSE_MS = 30;

export class Backfill {
  private running = 0;

  constructor(
    private readonly logs: LogStore,
    private readonly slice: () => LogsSlice | undefined,
    /** Ask for entries; true when the answer has come. */
    private readonly replay: (sinceSeq: number, limit: number) => Promise<boolean>,
  ) {}

  /** Forget what was going on. */
  stop(): void {
    this.running++;
  }

  /** Go on from the oldest line held, until the server has no older one or the page holds what it may. */
  async start(): Promise<void> {
    const mine = ++this.running;
    let before = this.logs.firstSeq;
    while (mine === this.running) {
      const slice = this.slice();
      if (slice === undefined) return;
      const oldest = slice.nextSeq - slice.size;
      const limit = Math.min(BATCH, this.logs.free, before - oldest);
      if (limit <= 0) return;
      if (!(await this.replay(before - limit, limit))) return;
      // The server may hide lines (channels, levels): the position moves even where none came.
      before -= limit;
      await new Promise((go) => setTimeout(go, PAUSE_MS));
    }
  }
}
