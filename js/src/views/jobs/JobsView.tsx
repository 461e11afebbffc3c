import { type ReadonlySignal, useComputed, useSignal } from '@preact/signals';
import type { JSX } from 'preact';
import { useRef } from 'preact/hooks';
import { type Client, CommandError } from '../../client';
import { visible } from '../../logs/text/visible';
import type { JobRecord } from '../../sync/messages';
import { get } from '../../sync/read';
import { Empty } from '../shared/elements';
import { plural } from '../shared/format';
import { useNow } from '../shared/hooks';
import { VirtualRows } from '../shared/VirtualRows';
import { JobRow } from './JobRow';
import { factOf, firstActive, jobOrder, timeOf } from './jobs';

const ROW = 26;
/** So many rows are shown before the list scrolls. */
const ROWS = 8;

interface Props {
  client: Client;
  /** Show the log of this job. */
  onPick?: (job: JobRecord) => void;
}

/** The jobs in the order in which they were made: what is done, what is going on, what comes. */
export function JobsView({ client, onPick }: Props): JSX.Element | null {
  const jobs = useComputed(() => client.state.value?.jobs).value;
  const seen = client.lastSeen.value;
  const now = useNow(1_000, jobs !== undefined && jobs.running.length > 0 && seen === null);
  const { cancel, cancelling, problem } = useCancel(client);
  const start = useRef<number | null>(null);
  if (jobs === undefined) return null;
  const order = jobOrder(jobs.items);
  if (order.length === 0) {
    return (
      <Empty title="Nothing has run yet." code={'run = bench.run(["gzip -9c data.log | wc -c"], repeat=5)'}>
        Start something from a cell:
      </Empty>
    );
  }
  // The list begins one row above the first job that waits or runs.
  start.current ??= Math.max(0, firstActive(jobs.items, order) - 1);
  const row = (i: number) => {
    const id = order[i] as string;
    const job = get(jobs.items, id);
    if (job === undefined) return null;
    const place = job.status === 'queued' ? jobs.queue.indexOf(id) + 1 : 0;
    return (
      <JobRow
        key={id}
        job={job}
        fact={factOf(job, place)}
        time={timeOf(job, seen ?? now.value)}
        position={i + 1}
        total={order.length}
        isCancelling={cancelling.value.has(id)}
        isReadOnly={client.readOnly.value}
        onPick={onPick}
        onCancel={cancel}
      />
    );
  };
  return (
    <div class="ab-runs">
      <VirtualRows
        class="ab-runs-list"
        count={order.length}
        rowHeight={ROW}
        maxHeight={ROW * ROWS}
        start={start.current}
        attributes={{ role: 'list', 'aria-label': plural(order.length, 'run') }}
        row={row}
      />
      {problem.value && (
        <p class="ab-problem" role="alert">
          {problem.value}
        </p>
      )}
    </div>
  );
}

interface Cancel {
  cancel(job: JobRecord): void;
  /** Jobs that have been asked to end. */
  readonly cancelling: ReadonlySignal<ReadonlySet<string>>;
  /** Why the last one was not cancelled; empty where it was. */
  readonly problem: ReadonlySignal<string>;
}

function useCancel(client: Client): Cancel {
  const problem = useSignal('');
  const cancelling = useSignal<ReadonlySet<string>>(new Set());
  const cancel = (job: JobRecord) => {
    cancelling.value = new Set([...cancelling.peek(), job.id]);
    client.command('job.cancel', { jobId: job.id }).then(
      () => {
        problem.value = '';
      },
      (error: unknown) => {
        if (!(error instanceof CommandError)) throw error;
        const left = new Set(cancelling.peek());
        left.delete(job.id);
        cancelling.value = left;
        problem.value = `${visible(job.name ?? job.id)} was not cancelled: ${error.message}`;
      },
    );
  };
  return { cancel, cancelling, problem };
}
