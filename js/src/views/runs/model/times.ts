/** The single repetitions of jobs that are seen, in the measure that is looked at: asked of the orchestrator when they are, since the state does not hold them. */

import { type Signal, signal } from '@preact/signals';
import { type Client, CommandError } from '../../../client';
import type { JobRecord } from '../../../sync/messages';
import { summedOf, WALL } from './measures';

/** Rows that come into view together are asked for together. */
const GATHER_MS = 60;
const MOST_AT_ONCE = 200;
/** Where an answer did not come, it is asked for again after so long, should the row still be seen. */
const AGAIN_MS = 5_000;

interface Known {
  readonly done: number;
  readonly times: readonly number[];
  readonly askedAt: number;
}

export class TimesOfJobs {
  private readonly known = new Map<string, Known>();
  private readonly wanted = new Map<string, number>();
  private readonly changes: Signal<number> = signal(0);
  private timer: ReturnType<typeof setTimeout> | undefined;
  private epoch: string | null = null;
  private measure: string = WALL;
  private isRefused = false;

  constructor(private readonly client: Client) {}

  /** In rising order; empty while they are not known. Follows what is learned later. */
  of(job: JobRecord, measure: string): readonly number[] {
    const done = job.done ?? 0;
    const summed = summedOf(job, measure);
    if (done === 0 || summed === null) return [];
    if (done === 1) return [summed.mean];
    void this.changes.value;
    this.follow(measure);
    const known = this.known.get(job.id);
    if (known?.done === done && (known.times.length > 0 || Date.now() - known.askedAt < AGAIN_MS)) return known.times;
    this.want(job.id, done);
    return known?.times ?? [];
  }

  close(): void {
    clearTimeout(this.timer);
  }

  /** Another life of the orchestrator gives the same ids to other jobs. */
  private follow(measure: string): void {
    const epoch = this.client.epoch.peek();
    if (epoch === this.epoch && measure === this.measure) return;
    this.epoch = epoch;
    this.measure = measure;
    this.known.clear();
    this.wanted.clear();
    this.isRefused = false;
  }

  private want(id: string, done: number): void {
    if (this.isRefused) return;
    this.wanted.set(id, done);
    this.timer ??= setTimeout(() => void this.ask(), GATHER_MS);
  }

  private async ask(): Promise<void> {
    this.timer = undefined;
    const asked = [...this.wanted].slice(-MOST_AT_ONCE);
    this.wanted.clear();
    const askedAt = Date.now();
    for (const [id, done] of asked) this.known.set(id, { done, times: this.known.get(id)?.times ?? [], askedAt });
    const { measure } = this;
    const jobIds = asked.map(([id]) => id);
    try {
      // One that is older than other measures is asked as it knows it.
      const { items } = await this.client.command('job.times', measure === WALL ? { jobIds } : { jobIds, measure });
      if (measure !== this.measure) return;
      for (const [id, done] of asked) this.known.set(id, { done, times: items[id]?.times ?? [], askedAt });
      this.changes.value++;
    } catch (error) {
      if (!(error instanceof CommandError)) throw error;
      // A replay of a log has no runner: its bars stand without dots.
      this.isRefused = error.code === 'unknown-command';
    }
  }
}
