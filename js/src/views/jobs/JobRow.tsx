import type { JSX } from 'preact';
import { visible } from '../../logs/text/visible';
import type { JobRecord } from '../../sync/messages';
import { Pill } from '../shared/elements';
import { count, plural } from '../shared/format';
import { barOf, GLYPHS, isBad, isOver } from './jobs';

const READ_ONLY = 'You came in with a read-only token: you may look, and not command.';

interface Props {
  job: JobRecord;
  fact: string;
  time: string;
  position: number;
  total: number;
  isCancelling: boolean;
  /** Whether this viewer may look and not command. */
  isReadOnly: boolean;
  onPick: ((job: JobRecord) => void) | undefined;
  onCancel: (job: JobRecord) => void;
}

/** One job: how it does, its name, how far it is, what came out, and how long it took or will take. */
export function JobRow({
  job,
  fact: said,
  time,
  position,
  total,
  isCancelling,
  isReadOnly,
  onPick,
  onCancel,
}: Props): JSX.Element {
  const fact = visible(said);
  const name = visible(job.name ?? job.command ?? job.id);
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
      <JobName job={job} name={name} fact={fact} isPickable={onPick !== undefined} />
      <JobBar job={job} name={name} />
      <span class={`ab-run-fact ab-num${isBad(job) ? ' ab-bad' : ''}`} title={fact}>
        {fact}
      </span>
      <span class="ab-run-end ab-num">
        <span class="ab-run-time">{time}</span>
        {!isOver(job) && (
          <button
            type="button"
            class="ab-run-cancel"
            disabled={isCancelling || isReadOnly}
            title={isReadOnly ? READ_ONLY : undefined}
            aria-label={isReadOnly ? `Cancel ${name}. ${READ_ONLY}` : `Cancel ${name}`}
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

interface NameProps {
  job: JobRecord;
  name: string;
  fact: string;
  isPickable: boolean;
}

function JobName({ job, name, fact, isPickable }: NameProps): JSX.Element {
  const label = `${name}: ${job.status}, ${fact}`;
  const { repeat = 1, errors = 0, warnings = 0 } = job;
  return (
    <span class="ab-run-name">
      <button
        type="button"
        class="ab-plain"
        title={`${visible(job.command ?? name)}${isPickable ? '\nShow its log' : ''}`}
        aria-label={isPickable ? `${label}. Show its log` : label}
        disabled={!isPickable}
      >
        {name}
      </button>
      {repeat > 1 && <span class="ab-faint"> × {count(repeat)}</span>}
      {errors > 0 && <Pill tone="bad">{plural(errors, 'error')}</Pill>}
      {warnings > 0 && <Pill tone="warn">{plural(warnings, 'warning')}</Pill>}
    </span>
  );
}

function JobBar({ job, name }: { job: JobRecord; name: string }): JSX.Element {
  const { done, now, bad } = barOf(job);
  return (
    <span class="ab-bar" role="progressbar" aria-label={name} aria-valuenow={Math.round((done + now) * 100)}>
      <i class="ab-bar-done" style={{ width: `${done * 100}%` }} />
      <i class="ab-bar-now" style={{ width: `${now * 100}%` }} />
      <i class="ab-bar-bad" style={{ width: `${bad * 100}%` }} />
    </span>
  );
}
