import type { JSX } from 'preact';
import { visible } from '../../logs/text/visible';
import type { JobRecord } from '../../sync/messages';
import { get, type Rec } from '../../sync/read';
import { count, duration, estimate, plural } from '../shared/format';
import { CommandButton } from './CommandButton';
import { Mean } from './cells';
import { isOnControl } from './controls';
import { GLYPHS } from './JobRow';
import type { LineProps } from './LineView';
import { figureText, ratioText } from './model/figures';
import type { Fold } from './model/folding';
import type { Line } from './model/layout';
import { meanIn } from './model/measures';
import { leftS, type Progress, progressOf } from './model/progress';
import { reasonParts, totalS } from './model/record';
import { meanOf, sdOf } from './model/stats';
import { Strip } from './Strip';
import { percentText, Track } from './Track';
import { useTabIndex } from './tab-stop';

type FoldProps = LineProps & { line: Extract<Line, { kind: 'fold' }> };

/** Several jobs of a run as one row. */
export function FoldRow(props: FoldProps): JSX.Element {
  const { table, line, row, rowId, isCurrent } = props;
  const { fold, isUnfolded, run } = line;
  const { standing, ids } = fold;
  const words = wordsOf(props);
  const tabIndex = useTabIndex();
  const show = () => {
    table.go(line.key);
    table.toggleFold(line.key);
  };
  const layoutClass = standing === 'done' ? 'ab-run-done' : standing === 'running' ? 'ab-run-running' : 'ab-run-said';
  return (
    <div
      role="row"
      id={rowId}
      data-line={line.key}
      aria-level={2}
      aria-rowindex={row}
      aria-expanded={isUnfolded}
      class={`ab-run ab-run-fold ${layoutClass} ab-run-is-${standing}${isCurrent ? ' ab-run-current' : ''}`}
      onClick={(event) => {
        if (!isOnControl(event)) show();
      }}
    >
      <span role="gridcell" class="ab-run-glyph" aria-hidden="true">
        {GLYPHS[standing]}
      </span>
      <span role="gridcell" class="ab-run-name">
        <button type="button" class="ab-plain ab-run-toggle" tabIndex={tabIndex} onClick={show}>
          <span class="ab-run-caret" aria-hidden="true">
            {isUnfolded ? '▾' : '▸'}
          </span>
          <span class="ab-run-name-text">{words}</span>
        </button>
      </span>
      <FoldCells {...props} />
      <span role="gridcell" class="ab-run-repeat ab-num" title="So many jobs of all that were asked for">
        {`${count(ids.length)} of ${count(run.asked)}`}
      </span>
      <span role="gridcell" class="ab-run-total ab-num" title={TOTALS[standing]}>
        {totalText(props)}
      </span>
      <span role="gridcell" class="ab-run-actions">
        <button
          type="button"
          class={`ab-link${standing === 'failed' ? '' : ' ab-quiet'}`}
          tabIndex={tabIndex}
          aria-label={`${isUnfolded ? 'Hide' : 'Show'} ${words}`}
          onClick={show}
        >
          {isUnfolded ? 'hide' : 'show'}
          {!isUnfolded && <span class="ab-run-how-many"> {count(ids.length)}</span>}
        </button>
        <FoldAct {...props} />
      </span>
    </div>
  );
}

function wordsOf({ line }: FoldProps): string {
  const { standing, ids } = line.fold;
  switch (standing) {
    case 'failed':
      return `${count(ids.length)} jobs, one reason`;
    default:
      return `${plural(ids.length, 'job')} ${standing}`;
  }
}

const members = new WeakMap<Fold, JobRecord[]>();

/** Looked up once: they may be ten thousand, and a fold is made anew with each state. */
function membersOf({ jobs, line: { fold } }: FoldProps): readonly JobRecord[] {
  const known = members.get(fold);
  if (known !== undefined) return known;
  const items = jobs.items as Rec<JobRecord>;
  const found: JobRecord[] = [];
  for (const id of fold.ids) {
    const job = get(items, id);
    if (job !== undefined) found.push(job);
  }
  members.set(fold, found);
  return found;
}

function FoldCells(props: FoldProps): JSX.Element {
  const { line, now } = props;
  const { standing, reason, inCommon } = line.fold;
  if (standing === 'failed') {
    const [fact, more] = reasonParts(visible(reason));
    return (
      <span role="gridcell" class="ab-run-why">
        <b>{fact}</b>
        {more}
        {inCommon && (
          <>
            {'. All have '}
            <span class="ab-mono">{visible(inCommon)}</span>
          </>
        )}
      </span>
    );
  }
  if (standing === 'done') return <DoneCells {...props} />;
  if (standing === 'running') {
    const progress = together(membersOf(props).map((job) => progressOf(job, now)));
    return (
      <>
        <span role="gridcell" class="ab-run-time">
          <Track progress={progress} label={`Progress of ${wordsOf(props)}`} />
        </span>
        <span role="gridcell" class="ab-run-ratio ab-num ab-text-busy" title="Of these jobs, on average">
          {percentText(progress)}
        </span>
        <span role="gridcell" class="ab-run-mean ab-faint">
          {progress === null ? 'progress unknown' : ''}
        </span>
      </>
    );
  }
  return (
    <span role="gridcell" class="ab-run-why">
      {standing === 'queued' && queuedText(props)}
    </span>
  );
}

/** All of them on the axis of the run, a dot for each job's mean. */
function DoneCells(props: FoldProps): JSX.Element {
  const { run } = props.line;
  const measure = props.table.measure.value;
  const means: number[] = [];
  for (const job of membersOf(props)) {
    const mean = meanIn(job, measure);
    if (mean !== null) means.push(mean);
  }
  if (means.length === 0 || run.axis === null) return <span role="gridcell" class="ab-run-why" />;
  means.sort((a, b) => a - b);
  const { unit } = run.axis;
  const mean = meanOf(means);
  const sd = sdOf(means);
  return (
    <>
      <span role="gridcell" class="ab-run-time ab-run-ruled">
        <Strip
          mean={mean}
          numbers={means}
          axis={run.axis}
          isFold
          label={`${figureText(mean, sd, unit)}, each dot the mean of a job`}
        />
      </span>
      <span role="gridcell" class="ab-run-ratio ab-num" title="So many times as much as 1.00, by the mean of these jobs">
        {run.best !== null && ratioText(mean / run.best.mean)}
      </span>
      <span role="gridcell" class="ab-run-mean ab-num" title={`Mean and standard deviation of ${plural(means.length, 'job')}`}>
        <Mean mean={mean} sd={sd} unit={unit} />
      </span>
    </>
  );
}

/** What the last figure of several jobs is. */
const TOTALS: Readonly<Record<Fold['standing'], string>> = {
  queued: 'About how long they will take one after the other',
  running: 'About what is left of the longest',
  asks: 'The sum of what they took',
  done: 'The sum of what they took, with warm-ups',
  failed: 'The sum of what they took, with warm-ups',
  cancelled: 'The sum of what they took, with warm-ups',
};

function queuedText({ line, jobs, expected }: FoldProps): string {
  const next = line.fold.ids.find((id) => expected.get(id)?.startsS != null) ?? '';
  const starts = expected.get(next)?.startsS ?? null;
  const runId = get(jobs.items as Rec<JobRecord>, line.fold.ids[0] as string)?.runId ?? '';
  const parallel = get(jobs.runs as Rec<{ parallel?: number }> | undefined, runId)?.parallel ?? 1;
  const when = starts === null ? '' : starts < 1 ? 'the next starts soon' : `the next starts in ~ ${estimate(starts)}`;
  return [when, parallel > 1 ? `${count(parallel)} at a time` : 'one at a time'].filter(Boolean).join(', ');
}

function totalText(props: FoldProps): string | JSX.Element {
  const { standing } = props.line.fold;
  const all = membersOf(props);
  if (standing === 'running') {
    const left = all.map((job) => leftS(job, props.now));
    if (left.some((one) => one === null)) return '';
    return (
      <>
        <b>~ {estimate(Math.max(...(left as number[])))}</b> left
      </>
    );
  }
  if (standing === 'queued') {
    const takes = all.map((job) => props.expected.get(job.id)?.takesS ?? null);
    return takes.some((one) => one === null)
      ? 'not known yet'
      : `~ ${estimate((takes as number[]).reduce((a, b) => a + b, 0))}`;
  }
  return duration(all.reduce((sum, job) => sum + (totalS(job) ?? 0), 0));
}

/** What several jobs have done as one; null where of any of them nobody knows. */
function together(parts: readonly (Progress | null)[]): Progress | null {
  if (parts.length === 0 || parts.some((one) => one === null)) return null;
  const known = parts as readonly Progress[];
  return {
    done: meanOf(known.map((one) => one.done)),
    inFlight: meanOf(known.map((one) => one.inFlight)),
    isEstimate: known.some((one) => one.isEstimate),
  };
}

function FoldAct(props: FoldProps): JSX.Element | null {
  const { table, line } = props;
  const { standing, ids } = line.fold;
  const words = wordsOf(props);
  if (standing === 'failed') {
    return (
      <CommandButton
        table={table}
        class="ab-button ab-small"
        label={`Retry ${words}`}
        busy={[`retry ${ids[0]}`]}
        onClick={() => table.retry(ids, words)}
      >
        Retry {count(ids.length)}
      </CommandButton>
    );
  }
  if (standing !== 'running' && standing !== 'queued') return null;
  return (
    <CommandButton
      table={table}
      class="ab-button ab-small ab-run-cancel"
      label={`Cancel ${words}`}
      busy={[`cancel ${ids[0]}`]}
      meanwhile="ending …"
      onClick={() => table.cancelAll(ids)}
    >
      Cancel
    </CommandButton>
  );
}
