import { useComputed, useSignal } from '@preact/signals';
import type { JSX } from 'preact';
import { useRef } from 'preact/hooks';
import type { Client } from '../../client';
import { CommandError } from '../../client';
import type { JobRecord } from '../../sync/messages';
import { get } from '../../sync/read';
import { count, plural } from '../shared/format';
import { useNow } from '../shared/hooks';
import { Empty, Pill } from '../shared/parts';
import { VirtualRows } from '../shared/VirtualRows';
import { barOf, factOf, firstActive, GLYPHS, isBad, isOver, jobOrder, timeOf } from './jobs';

const ROW = 26;
/** So many rows are shown before the list scrolls. */
const ROWS = 8;

interface Props {
  client: Client;
  /** Show the log of this job. */
  onPick?: (job: JobRecord) => void;
}

/** The runs in the order in which they were made: what is done, what is going on, what comes. */
export function JobsView({ client, onPick }: Props): JSX.Element | null {
  const jobs = useComputed(() => client.state.value?.jobs).value;
  const now = useNow(1_000, jobs !== undefined && jobs.running.length > 0);
  const problem = useSignal('');
  const cancelling = useSignal<ReadonlySet<string>>(new Set());
  const started = useRef<number | null>(null);
  if (jobs === undefined) return null;
  const order = jobOrder(jobs.items);
  if (order.length === 0) {
    return (
      <Empty title="Nothing has run yet." code={'run = bench.run(["gzip -9c data.log | wc -c"], repeat=5)'}>
        Start something from a cell:
      </Empty>
    );
  }
  // What goes on is in view at first, with a row before it.
  started.current ??= Math.max(0, firstActive(jobs.items, order) - 1);
  const cancel = (job: JobRecord) => {
    cancelling.value = new Set([...cancelling.peek(), job.id]);
    client.command('job.cancel', { jobId: job.id }).then(
      () => {
        problem.value = '';
      },
      (error: unknown) => {
        if (!(error instanceof CommandError)) throw error;
        const rest = new Set(cancelling.peek());
        rest.delete(job.id);
        cancelling.value = rest;
        problem.value = `${job.name ?? job.id} was not cancelled: ${error.message}`;
      },
    );
  };
  return (
    <div class="ab-runs">
      <VirtualRows
        class="ab-runs-list"
        count={order.length}
        rowHeight={ROW}
        maxHeight={ROW * ROWS}
        start={started.current}
        attributes={{ role: 'list', 'aria-label': plural(order.length, 'run') }}
        row={(i) => {
          const id = order[i] as string;
          const job = get(jobs.items, id);
          if (job === undefined) return null;
          const place = job.status === 'queued' ? jobs.queue.indexOf(id) + 1 : 0;
          return (
            <Run
              key={id}
              job={job}
              fact={factOf(job, place)}
              time={timeOf(job, now.value)}
              position={i + 1}
              total={order.length}
              isCancelling={cancelling.value.has(id)}
              onPick={onPick}
              onCancel={cancel}
            />
          );
        }}
      />
      {problem.value && (
        <p class="ab-problem" role="alert">
          {problem.value}
        </p>
      )}
    </div>
  );
}

interface RunProps {
  job: JobRecord;
  fact: string;
  time: string;
  position: number;
  total: number;
  isCancelling: boolean;
  onPick: ((job: JobRecord) => void) | undefined;
  onCancel: (job: JobRecord) => void;
}

function Run({ job, fact, time, position, total, isCancelling, onPick, onCancel }: RunProps): JSX.Element {
  const { done, now, bad } = barOf(job);
  const name = job.name ?? job.command ?? job.id;
  const over = isOver(job);
  const told = `${name}: ${job.status}, ${fact}`;
  return (
    <div
      role="listitem"
      aria-posinset={position}
      aria-setsize={total}
      class={`ab-run ab-run-${job.status}${onPick ? ' ab-pickable' : ''}`}
      onClick={onPick && (() => onPick(job))}
    >
      <span class="ab-run-glyph" aria-hidden="true">
        {GLYPHS[job.status] ?? '·'}
      </span>
      <span class="ab-run-name">
        <button
          type="button"
          class="ab-plain"
          title={`${job.command ?? name}${onPick ? '\nShow its log' : ''}`}
          aria-label={onPick ? `${told}. Show its log` : told}
          disabled={!onPick}
        >
          {name}
        </button>
        {(job.repeat ?? 1) > 1 && <span class="ab-faint"> × {count(job.repeat ?? 1)}</span>}
        {(job.errors ?? 0) > 0 && <Pill tone="bad">{plural(job.errors ?? 0, 'error')}</Pill>}
        {(job.warnings ?? 0) > 0 && <Pill tone="warn">{plural(job.warnings ?? 0, 'warning')}</Pill>}
      </span>
      <span class="ab-bar" role="progressbar" aria-label={name} aria-valuenow={Math.round((done + now) * 100)}>
        <i class="ab-bar-done" style={{ width: `${done * 100}%` }} />
        <i class="ab-bar-now" style={{ width: `${now * 100}%` }} />
        <i class="ab-bar-bad" style={{ width: `${bad * 100}%` }} />
      </span>
      <span class={`ab-run-fact ab-num${isBad(job) ? ' ab-bad' : ''}`} title={fact}>
        {fact}
      </span>
      <span class="ab-run-end ab-num">
        <span class="ab-run-time">{time}</span>
        {!over && (
          <button
            type="button"
            class="ab-run-cancel"
            disabled={isCancelling}
            aria-label={`Cancel ${name}`}
            onClick={(event) => {
              event.stopPropagation();
              onCancel(job);
            }}
          >
            {isCancelling ? 'ending …' : 'Cancel'}
          </button>
        )}
      </span>
    </div>
  );
}
