/** What a reader of recipes' runs has chosen and asked for; the state itself is the client's. */

import { type ReadonlySignal, type Signal, signal } from '@preact/signals';
import { type Client, CommandError } from '../../../client';
import type { Commands } from '../../../sync/messages';

const READ_ONLY = 'You came in with a read-only token: you may look, and not command.';
const LOST = 'There is no link to the orchestrator now: what is shown is from before.';

/** Commands that wait for their answers at once. */
const AT_ONCE = 50;

/** What became of the last thing that was asked for. */
export interface Said {
  readonly text: string;
  readonly isProblem: boolean;
}

export class RecipeFace {
  private readonly runNow: Signal<string | null> = signal(null);
  private readonly nodeNow: Signal<string | null> = signal(null);
  private readonly cellNow: Signal<string | null> = signal(null);
  private readonly metricNow: Signal<string | null> = signal(null);
  private readonly shutNow: Signal<ReadonlySet<string>> = signal(new Set());
  private readonly busyNow: Signal<ReadonlySet<string>> = signal(new Set());
  private readonly saidNow: Signal<Said | null> = signal(null);

  constructor(readonly client: Client) {}

  /** The run that was chosen; null where the face shows what it thinks best. */
  get run(): ReadonlySignal<string | null> {
    return this.runNow;
  }

  /** The key of the node that was chosen. */
  get node(): ReadonlySignal<string | null> {
    return this.nodeNow;
  }

  /** The planned step that was chosen among the cells of its matrix. */
  get cell(): ReadonlySignal<string | null> {
    return this.cellNow;
  }

  get metric(): ReadonlySignal<string | null> {
    return this.metricNow;
  }

  /** The runs whose pictures are shut. */
  get shut(): ReadonlySignal<ReadonlySet<string>> {
    return this.shutNow;
  }

  /** What has been asked for and not been answered. */
  get busy(): ReadonlySignal<ReadonlySet<string>> {
    return this.busyNow;
  }

  get said(): ReadonlySignal<Said | null> {
    return this.saidNow;
  }

  choose(run: string): void {
    if (this.runNow.peek() === run) return;
    this.runNow.value = run;
    this.nodeNow.value = this.cellNow.value = this.metricNow.value = null;
  }

  chooseNode(node: string | null): void {
    this.nodeNow.value = node;
    this.cellNow.value = null;
  }

  chooseCell(node: string, cell: string): void {
    this.nodeNow.value = node;
    this.cellNow.value = this.cellNow.peek() === cell ? null : cell;
  }

  chooseMetric(metric: string): void {
    this.metricNow.value = metric;
  }

  toggle(run: string): void {
    const shut = new Set(this.shutNow.peek());
    if (!shut.delete(run)) shut.add(run);
    this.shutNow.value = shut;
  }

  /** Why nothing at all can be asked for now; empty where it can. */
  get hindrance(): string {
    if (this.client.readOnly.value) return READ_ONLY;
    return this.client.status.value.phase === 'live' ? '' : LOST;
  }

  /** Ask the orchestrator for something; what becomes of it is said. `what`: "Pause compressors". */
  ask<Name extends keyof Commands>(key: string, what: string, name: Name, args: Commands[Name]['args']): Promise<void> {
    return this.act(key, what, () => this.client.command(name, args));
  }

  /** Cancel some jobs; what becomes of it is said. */
  cancelJobs(key: string, what: string, ids: readonly string[]): Promise<void> {
    return this.act(key, what, async () => {
      // A server takes so many commands of one client at once, and no more.
      for (let i = 0; i < ids.length; i += AT_ONCE) {
        const some = ids.slice(i, i + AT_ONCE);
        await Promise.all(some.map((jobId) => this.client.command('job.cancel', { jobId })));
      }
    });
  }

  private async act(key: string, what: string, ask: () => Promise<unknown>): Promise<void> {
    if (this.busyNow.peek().has(key)) return;
    this.busyNow.value = new Set([...this.busyNow.peek(), key]);
    try {
      const came = !isLate(await ask());
      this.saidNow.value = {
        text: came ? `${what}: done.` : `${what}: too late, it is so already or is over.`,
        isProblem: !came,
      };
    } catch (error) {
      if (!(error instanceof CommandError)) throw error;
      this.saidNow.value = { text: `${what}: ${error.message}`, isProblem: true };
    } finally {
      const left = new Set(this.busyNow.peek());
      left.delete(key);
      this.busyNow.value = left;
    }
  }
}

/** A command that has changed nothing. */
function isLate(found: unknown): boolean {
  if (typeof found !== 'object' || found === null) return false;
  const { changed, cancelled, moved } = found as { changed?: boolean; cancelled?: boolean; moved?: boolean };
  return changed === false || cancelled === false || moved === false;
}
