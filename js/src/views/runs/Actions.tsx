import type { JSX } from 'preact';
import type { JobProps } from './JobRow';
import type { Standing } from './model/record';

/** What can be done about a job: its log, and one button. They are always there. */
export function Actions({
  table,
  job,
  line,
  jobs,
  standing,
  name,
  onPick,
}: JobProps & { standing: Standing; name: string }): JSX.Element {
  const busy = table.busy.value;
  return (
    <span role="gridcell" class="ab-run-actions">
      {standing === 'queued' ? (
        jobs.queue[0] !== job.id && (
          <button
            type="button"
            class="ab-link ab-quiet"
            aria-label={`Put ${name} first`}
            disabled={busy.has(`first ${job.id}`)}
            onClick={() => table.first(job)}
          >
            first
          </button>
        )
      ) : onPick === undefined ? null : (
        <button
          type="button"
          class={`ab-link${standing === 'failed' || standing === 'asks' ? '' : ' ab-quiet'}`}
          aria-label={`Show log of ${name}`}
          onClick={() => {
            table.go(line.key);
            onPick(job);
          }}
        >
          {(standing === 'failed' || standing === 'asks') && <span class="ab-run-wide">show </span>}
          log
        </button>
      )}
      <Act table={table} job={job} standing={standing} name={name} />
    </span>
  );
}

function Act({
  table,
  job,
  standing,
  name,
}: Pick<JobProps, 'table' | 'job'> & { standing: Standing; name: string }): JSX.Element {
  const busy = table.busy.value;
  if (standing === 'queued' || standing === 'running' || standing === 'asks') {
    const isEnding = busy.has(`cancel ${job.id}`) || busy.has(`cancel ${job.runId}`);
    return (
      <button
        type="button"
        class="ab-button ab-small ab-run-cancel"
        aria-label={isEnding ? `ending … ${name}` : `Cancel ${name}`}
        disabled={isEnding}
        onClick={() => table.cancel(job)}
      >
        {isEnding ? 'ending …' : 'Cancel'}
      </button>
    );
  }
  const isBusy = busy.has(`retry ${job.id}`);
  const retry = () => table.retry([job.id], name);
  return standing === 'done' ? (
    <button
      type="button"
      class="ab-link ab-quiet ab-run-act"
      aria-label={`Run ${name} again`}
      disabled={isBusy}
      onClick={retry}
    >
      again
    </button>
  ) : (
    <button type="button" class="ab-button ab-small" aria-label={`Retry ${name}`} disabled={isBusy} onClick={retry}>
      Retry
    </button>
  );
}
