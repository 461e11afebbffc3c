import type { JSX } from 'preact';
import { CommandButton } from './CommandButton';
import type { JobProps } from './JobRow';
import type { Standing } from './model/record';
import { useTabIndex } from './tab-stop';

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
  const tabIndex = useTabIndex();
  return (
    <span role="gridcell" class="ab-run-actions">
      {standing === 'queued' ? (
        jobs.queue[0] !== job.id && (
          <CommandButton
            table={table}
            class="ab-link ab-quiet"
            label={`Put ${name} first`}
            busy={[`first ${job.id}`]}
            onClick={() => table.first(job)}
          >
            first
          </CommandButton>
        )
      ) : onPick === undefined ? null : (
        <button
          type="button"
          class={`ab-link${standing === 'failed' || standing === 'asks' ? '' : ' ab-quiet'}`}
          aria-label={`Show log of ${name}`}
          tabIndex={tabIndex}
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
  if (standing === 'queued' || standing === 'running' || standing === 'asks') {
    return (
      <CommandButton
        table={table}
        class="ab-button ab-small ab-run-cancel"
        label={`Cancel ${name}`}
        busy={[`cancel ${job.id}`, `cancel ${job.runId}`]}
        meanwhile="ending …"
        onClick={() => table.cancel(job)}
      >
        Cancel
      </CommandButton>
    );
  }
  const isDone = standing === 'done';
  return (
    <CommandButton
      table={table}
      class={isDone ? 'ab-link ab-quiet ab-run-act' : 'ab-button ab-small'}
      label={isDone ? `Run ${name} again` : `Retry ${name}`}
      busy={[`retry ${job.id}`]}
      onClick={() => table.retry([job.id], name)}
    >
      {isDone ? 'again' : 'Retry'}
    </CommandButton>
  );
}
