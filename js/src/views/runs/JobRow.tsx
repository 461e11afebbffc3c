import type { ComponentChildren, JSX } from 'preact';
import { visible } from '../../logs/text/visible';
import type { JobRecord } from '../../sync/messages';
import { Pill } from '../shared/elements';
import { count, duration, plural } from '../shared/format';
import { Actions } from './Actions';
import { meanCells, repetitionCell, timeCell, totalCell } from './cells';
import { isOnControl } from './controls';
import { Detail } from './Detail';
import type { LineProps } from './LineView';
import type { Line } from './model/layout';
import { nameOf, reasonOf, type Standing, standingOf } from './model/record';
import { IsStop, useTabIndex } from './tab-stop';

export const GLYPHS: Readonly<Record<Standing, string>> = {
  done: '✓',
  failed: '✗',
  cancelled: '⊘',
  running: '◐',
  asks: '⚑',
  queued: '○',
};
const WORDS: Readonly<Record<Standing, string>> = {
  done: 'done',
  failed: 'failed',
  cancelled: 'cancelled',
  running: 'running',
  asks: 'waits for you',
  queued: 'queued',
};

export type JobProps = LineProps & { line: Extract<Line, { kind: 'job' }>; job: JobRecord };

/** One job: how it does, its name, how long it took or how far it is, what can be done; and what more there is when open. */
export function JobRow(props: JobProps): JSX.Element {
  const { table, line, job, row, rowId, isCurrent, onPick } = props;
  const standing = standingOf(job);
  const isOpen = table.open.value.has(job.id);
  const name = visible(nameOf(job));
  const open = () => {
    table.go(line.key);
    table.toggleOpen(job.id);
    // Whoever opens a job wants its lines; whoever shuts it has what is below the table left alone.
    if (!isOpen) onPick?.(job);
  };
  const layoutClass = standing === 'done' ? 'ab-run-done' : standing === 'running' ? 'ab-run-running' : 'ab-run-said';
  const classes = ['ab-run', layoutClass, `ab-run-is-${standing}`];
  if (isOpen) classes.push('ab-run-open');
  if (isCurrent) classes.push('ab-run-current');
  if (line.inFold) classes.push('ab-run-in-fold');
  return (
    <div class={`ab-run-line${isOpen ? ' ab-run-line-open' : ''}`} data-line={line.key} role="presentation">
      <div
        role="row"
        id={rowId}
        aria-level={2}
        aria-rowindex={row}
        aria-expanded={isOpen}
        class={classes.join(' ')}
        onClick={(event) => {
          if (!isOnControl(event)) open();
        }}
      >
        <span role="gridcell" class="ab-run-glyph" title={job.status === 'timeout' ? 'took too long' : WORDS[standing]}>
          <span aria-hidden="true">{job.status === 'timeout' ? '◷' : GLYPHS[standing]}</span>
          <span class="ab-hidden">{WORDS[standing]}</span>
        </span>
        <Name {...props} name={name} isOpen={isOpen} onOpen={open} />
        {timeCell(props, standing)}
        {meanCells(props, standing)}
        {repetitionCell(props, standing)}
        {totalCell(props, standing)}
        <Actions {...props} standing={standing} name={name} />
      </div>
      {isOpen && (
        <IsStop.Provider value={true}>
          <Detail {...props} name={name} standing={standing} />
        </IsStop.Provider>
      )}
    </div>
  );
}

interface NameProps extends JobProps {
  name: string;
  isOpen: boolean;
  onOpen(): void;
}

function Name({ job, name, isOpen, onOpen }: NameProps): JSX.Element {
  const { repeat = 1, errors = 0, warnings = 0, retryOf } = job;
  const said: ComponentChildren[] = [];
  if (errors > 0) said.push(<Pill tone="bad">{plural(errors, 'error')}</Pill>);
  if (warnings > 0) said.push(<Pill tone="warn">{plural(warnings, 'warning')}</Pill>);
  return (
    <span role="gridcell" class="ab-run-name" title={visible(job.command ?? name)}>
      <button
        type="button"
        class="ab-plain ab-run-toggle"
        aria-label={`${name}: ${spoken(job)}`}
        tabIndex={useTabIndex()}
        onClick={onOpen}
      >
        <span class="ab-run-caret" aria-hidden="true">
          {isOpen ? '▾' : '▸'}
        </span>
        <span class="ab-run-name-text">{name}</span>
      </button>
      {repeat > 1 && <span class="ab-run-times ab-faint ab-num">× {count(repeat)}</span>}
      {retryOf && (
        <span class="ab-run-again ab-faint" title={`Does the work of job ${retryOf} again`}>
          again
        </span>
      )}
      {said}
    </span>
  );
}

/** How it stands, in words. */
function spoken(job: JobRecord): string {
  const standing = standingOf(job);
  if (standing === 'failed' || standing === 'cancelled') return `${WORDS[standing]}, ${visible(reasonOf(job))}`;
  if (standing === 'done' && job.meanS != null) return `done, ${duration(job.meanS)} on average`;
  return WORDS[standing];
}
