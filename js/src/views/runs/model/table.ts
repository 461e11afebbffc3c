/** What a reader of the runs has chosen and asked for; the state itself is the client's. */

import { type ReadonlySignal, type Signal, signal } from '@preact/signals';
import { type Client, CommandError } from '../../../client';
import { visible } from '../../../logs/text/visible';
import type { JobRecord, Jobs } from '../../../sync/messages';
import { plural } from '../../shared/format';
import { LastLines } from './last-lines';
import { type Choices, type Sort, shutAtFirst } from './layout';
import { WALL } from './measures';
import { nameOf } from './record';
import { EVERYTHING, type Sought } from './search';
import { TimesOfJobs } from './times';

/** Commands that wait for their answers at once. */
const AT_ONCE = 50;

export class RunsTable {
  private readonly soughtNow: Signal<Sought> = signal(EVERYTHING);
  private readonly sortNow: Signal<Sort> = signal('started');
  private readonly measureNow: Signal<string> = signal(WALL);
  private readonly shutNow: Signal<ReadonlyMap<string, boolean>> = signal(new Map());
  private readonly unfoldedNow: Signal<ReadonlySet<string>> = signal(new Set());
  private readonly openNow: Signal<ReadonlySet<string>> = signal(new Set());
  private readonly busyNow: Signal<ReadonlySet<string>> = signal(new Set());
  private readonly problemNow: Signal<string> = signal('');
  private readonly currentNow: Signal<string | null> = signal(null);
  /** What was typed for jobs that ask, and not sent yet: a row that leaves the view must not lose it. */
  readonly drafts = new Map<string, string>();
  readonly times: TimesOfJobs;
  readonly lastLines: LastLines;
  private isFirst = true;

  constructor(readonly client: Client) {
    this.times = new TimesOfJobs(client);
    this.lastLines = new LastLines(client);
  }

  close(): void {
    this.times.close();
    this.lastLines.close();
  }

  get choices(): Choices {
    return {
      sought: this.soughtNow.value,
      sort: this.sortNow.value,
      measure: this.measureNow.value,
      shut: this.shutNow.value,
      unfolded: this.unfoldedNow.value,
    };
  }

  get sought(): ReadonlySignal<Sought> {
    return this.soughtNow;
  }

  get sort(): ReadonlySignal<Sort> {
    return this.sortNow;
  }

  /** What jobs are compared by. */
  get measure(): ReadonlySignal<string> {
    return this.measureNow;
  }

  /** Ids of the jobs that are open. */
  get open(): ReadonlySignal<ReadonlySet<string>> {
    return this.openNow;
  }

  /** What has been asked for and not been answered, by the key of the action and the id. */
  get busy(): ReadonlySignal<ReadonlySet<string>> {
    return this.busyNow;
  }

  /** Why the last action was refused; empty where it was not. */
  get problem(): ReadonlySignal<string> {
    return this.problemNow;
  }

  /** The key of the line that the keys act on. */
  get current(): ReadonlySignal<string | null> {
    return this.currentNow;
  }

  /** What the first state that is seen decides: runs that are long over are shut. */
  begin(jobs: Jobs): void {
    if (!this.isFirst) return;
    this.isFirst = false;
    this.shutNow.value = new Map([...shutAtFirst(jobs)].map((key) => [key, true]));
  }

  seek(change: Partial<Sought>): void {
    this.soughtNow.value = { ...this.soughtNow.peek(), ...change };
  }

  sortBy(sort: Sort): void {
    this.sortNow.value = sort;
  }

  compareBy(measure: string): void {
    this.measureNow.value = measure;
  }

  shut(key: string, isShut: boolean): void {
    this.shutNow.value = new Map(this.shutNow.peek()).set(key, isShut);
  }

  toggleFold(key: string): void {
    this.unfoldedNow.value = toggled(this.unfoldedNow.peek(), key);
  }

  toggleOpen(id: string): void {
    this.openNow.value = toggled(this.openNow.peek(), id);
  }

  go(key: string | null): void {
    this.currentNow.value = key;
  }

  // ---- what the orchestrator is asked for ----

  cancel(job: JobRecord): void {
    this.act(`cancel ${job.id}`, `${visible(nameOf(job))} was not cancelled`, () =>
      this.client.command('job.cancel', { jobId: job.id }),
    );
  }

  /** Cancel all of these runs that has not ended. */
  cancelRuns(runIds: readonly string[], title: string): void {
    for (const runId of runIds) {
      this.act(`cancel ${runId}`, `${visible(title)} was not cancelled`, () =>
        this.client.command('job.cancel', { jobId: runId }),
      );
    }
  }

  cancelAll(ids: readonly string[]): void {
    this.act(`cancel ${ids[0]}`, `Not all of ${plural(ids.length, 'job')} were cancelled`, async () => {
      // A server takes so many commands of one client at once, and no more.
      for (let i = 0; i < ids.length; i += AT_ONCE) {
        const some = ids.slice(i, i + AT_ONCE);
        await Promise.all(some.map((id) => this.client.command('job.cancel', { jobId: id })));
      }
    });
  }

  retry(ids: readonly string[], what: string, repeat?: number): void {
    const args = repeat === undefined ? { jobIds: [...ids] } : { jobIds: [...ids], repeat };
    this.act(`retry ${ids[0]}`, `${visible(what)} was not started again`, () => this.client.command('job.retry', args), true);
  }

  first(job: JobRecord): void {
    this.act(
      `first ${job.id}`,
      `${visible(nameOf(job))} was not put first`,
      () => this.client.command('job.first', { jobId: job.id }),
      true,
    );
  }

  /** Resolves to whether the text is on its way. */
  async send(job: JobRecord, text: string): Promise<boolean> {
    return this.act(
      `send ${job.id}`,
      `${visible(nameOf(job))} was not sent that`,
      () => this.client.command('job.send', { jobId: job.id, text: `${text}\n` }),
      true,
    );
  }

  /** `isDone`: the answer is all there is to wait for; else the state will say so. */
  private async act(key: string, failed: string, ask: () => Promise<unknown>, isDone = false): Promise<boolean> {
    if (this.busyNow.peek().has(key)) return false;
    this.busyNow.value = new Set([...this.busyNow.peek(), key]);
    try {
      await ask();
      this.problemNow.value = '';
      if (isDone) this.release(key);
      return true;
    } catch (error) {
      if (!(error instanceof CommandError)) throw error;
      this.release(key);
      this.problemNow.value = `${failed}: ${error.message}`;
      return false;
    }
  }

  private release(key: string): void {
    const left = new Set(this.busyNow.peek());
    left.delete(key);
    this.busyNow.value = left;
  }
}

function toggled(set: ReadonlySet<string>, key: string): Set<string> {
  const out = new Set(set);
  if (!out.delete(key)) out.add(key);
  return out;
}
