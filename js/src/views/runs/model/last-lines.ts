/** The last lines that a job printed, as far as this page holds them. */

import { effect, type Signal, signal } from '@preact/signals';
import type { Client } from '../../../client';
import type { LogColumns } from '../../../logs/store/columns';
import type { JobRecord } from '../../../sync/messages';

/** So far back it is looked for: further, a job that is silent would cost too much. */
const MOST_LOOKED_AT = 50_000;

export interface LastLine {
  readonly seq: number;
  readonly ts: number;
  readonly level: number;
  readonly message: string;
}

/** What the job printed; `all`: what was said about it, too. */
export function lastLines(logs: LogColumns, jobId: string, most: number, all = false): LastLine[] {
  const code = logs.names('job').indexOf(jobId);
  const narration = logs.names('channel').indexOf('job');
  const found: LastLine[] = [];
  if (code <= 0) return found;
  const end = Math.max(0, logs.size - MOST_LOOKED_AT);
  for (let i = logs.size - 1; i >= end && found.length < most; i--) {
    if (logs.code('job', i) !== code) continue;
    if (!all && narration > 0 && logs.code('channel', i) === narration) continue;
    found.push({ seq: logs.seq(i), ts: logs.ts(i), level: logs.level(i), message: logs.message(i) });
  }
  return found.reverse();
}

/** A line that is not held yet is looked for again so long after the log has changed, in ms. */
const LOOK_MS = 300;
/** And no more often than so: a job that prints nothing has no last line. */
const MOST_LOOKS = 20;

/** The last line of each job that has ended and is seen. */
export class LastLines {
  private readonly known = new Map<string, string>();
  private readonly missing = new Map<string, number>();
  private readonly changes: Signal<number> = signal(0);
  private timer: ReturnType<typeof setTimeout> | undefined;
  private readonly end: () => void;
  private epoch: string | null = null;

  constructor(private readonly client: Client) {
    this.end = effect(() => {
      void client.logs.revision.value;
      if (this.missing.size > 0) this.timer ??= setTimeout(() => this.lookAgain(), LOOK_MS);
    });
  }

  /** Empty where none is held. Follows what comes later. */
  of(job: JobRecord): string {
    void this.changes.value;
    const epoch = this.client.epoch.peek();
    if (epoch !== this.epoch) {
      this.epoch = epoch;
      this.known.clear();
      this.missing.clear();
    }
    const known = this.known.get(job.id);
    if (known !== undefined) return known;
    if (!this.missing.has(job.id)) this.look(job.id, 0);
    return this.known.get(job.id) ?? '';
  }

  close(): void {
    clearTimeout(this.timer);
    this.end();
  }

  private look(id: string, looks: number): boolean {
    const line = lastLines(this.client.logs, id, 1)[0]?.message;
    if (line === undefined) {
      this.missing.set(id, looks + 1);
      return false;
    }
    this.missing.delete(id);
    this.known.set(id, line);
    return true;
  }

  private lookAgain(): void {
    this.timer = undefined;
    let isNews = false;
    for (const [id, looks] of [...this.missing]) if (looks < MOST_LOOKS) isNews = this.look(id, looks) || isNews;
    if (isNews) this.changes.value++;
  }
}
