import type { JSX } from 'preact';
import { visible } from '../../logs/text/visible';
import { count, duration, estimate, ordinal, plural } from '../shared/format';
import { Answer } from './Answer';
import type { JobProps } from './JobRow';
import { figure, figureText, ratioText } from './model/figures';
import { type Summed, summedOf, WALL } from './model/measures';
import { leftS, type Progress, progressOf, repetitionText, soFarS } from './model/progress';
import { placeOf } from './model/queue';
import { reasonOf, reasonParts, type Standing, totalS } from './model/record';
import { axisFor } from './model/scale';
import { clockSeconds } from './model/summary';
import { plainText } from './plain-text';
import { Strip } from './Strip';
import { percentText, Track } from './Track';

/** The wide cell: a bar on the run's scale, a track, or in its place what is to be said. */
export function timeCell(props: JobProps, standing: Standing): JSX.Element {
  const { job, line, table, now } = props;
  switch (standing) {
    case 'done': {
      const measure = table.measure.value;
      const summed = summedOf(job, measure);
      const axis = summed === null ? null : line.run.group.single ? axisFor([summed]) : line.run.axis;
      if (summed === null || axis === null) return <span role="gridcell" class="ab-run-time" />;
      const numbers = table.times.of(job, measure);
      return (
        <span role="gridcell" class="ab-run-time ab-run-ruled">
          <Strip mean={summed.mean} numbers={numbers} axis={axis} label={stripLabel(summed, numbers, job.done ?? 0)} />
        </span>
      );
    }
    case 'running': {
      const progress = progressOf(job, now);
      return (
        <span role="gridcell" class="ab-run-time">
          <Track progress={progress} label={`Progress of ${visible(job.name ?? job.id)}`} />
          {(job.reason || job.current) && (
            <span
              class={`ab-run-now ab-mono${job.reason ? ' ab-text-warn' : ''}`}
              title={visible(job.reason || job.current || '')}
            >
              {visible(lastLine(job.reason || job.current || ''))}
            </span>
          )}
        </span>
      );
    }
    default:
      return <Why {...props} standing={standing} />;
  }
}

/** What stands in the place of the bar. */
function Why({ standing, ...props }: JobProps & { standing: Standing }): JSX.Element {
  const { job, jobs, expected } = props;
  if (standing === 'asks') return <Answer {...props} />;
  if (standing === 'queued') {
    const place = placeOf(jobs.queue, job.id);
    const starts = expected.get(job.id)?.startsS ?? null;
    return (
      <span role="gridcell" class="ab-run-why">
        {place > 0 ? `${ordinal(place)} in the queue` : 'in the queue'}
        {starts === null ? '' : starts < 1 ? `, starts ${place > 1 ? 'soon' : 'next'}` : `, starts in ~ ${estimate(starts)}`}
      </span>
    );
  }
  const reason = visible(reasonOf(job));
  if (standing === 'cancelled') {
    return (
      <span role="gridcell" class="ab-run-why">
        {reason === 'cancelled' ? 'Cancelled' : `Cancelled: ${reason}`}
        {job.finishedAt != null && ` at ${clockSeconds(job.finishedAt)}`}
      </span>
    );
  }
  const [fact, more] = reasonParts(reason);
  const during = !more && job.done && (job.repeat ?? 1) > 1 ? ` in repetition ${count(job.done + 1)}` : '';
  const last = plainText(props.table.lastLines.of(job)).trim();
  const isNews = last !== '' && !reason.includes(last) && !last.includes(reason);
  return (
    <span role="gridcell" class="ab-run-why">
      <b>{fact}</b>
      {more}
      {during}
      {isNews && (
        <>
          {/[.?!]$/.test(reason) ? ' ' : '. '}
          Its last line: <span class="ab-mono">{last}</span>
        </>
      )}
    </span>
  );
}

/** The ratio to the fastest (or how far it is), and the mean. */
export function meanCells({ table, job, line, now }: JobProps, standing: Standing): JSX.Element | null {
  const measure = table.measure.value;
  const summed = summedOf(job, measure);
  if (standing === 'running') {
    const progress = progressOf(job, now);
    return (
      <>
        <span role="gridcell" class="ab-run-ratio ab-num ab-text-busy" title={progressTitle(progress, job.repeat ?? 1)}>
          {percentText(progress)}
        </span>
        <span role="gridcell" class="ab-run-mean ab-num">
          {summed !== null ? (
            <Mean {...summed} isGuess />
          ) : (
            <span class="ab-faint">{measure !== WALL ? 'told at its end' : progress === null ? 'progress unknown' : ''}</span>
          )}
        </span>
      </>
    );
  }
  if (standing !== 'done') return null;
  const { best } = line.run;
  const isFirst = best?.id === job.id;
  return (
    <>
      <span
        role="gridcell"
        class={`ab-run-ratio ab-num${isFirst && best.isBest ? ' ab-run-fastest' : ''}`}
        title={best === null || summed === null ? undefined : ratioTitle(isFirst, best.isBest, measure)}
      >
        {best !== null && summed !== null && (isFirst ? '1.00' : ratioText(summed.mean / best.mean))}
      </span>
      <span role="gridcell" class="ab-run-mean ab-num" title={summed === null ? undefined : meanTitle(summed, job.done ?? 0)}>
        {summed !== null ? <Mean {...summed} /> : measure !== WALL && <span class="ab-faint">not measured</span>}
      </span>
    </>
  );
}

interface MeanProps {
  mean: number;
  sd: number | null;
  unit: string | null;
  isGuess?: boolean;
}

export function Mean({ mean, sd, unit: of, isGuess = false }: MeanProps): JSX.Element {
  const { value, sd: spread, unit } = figure(mean, sd, of);
  return (
    <>
      {isGuess && <span class="ab-faint">~ </span>}
      <b>{value}</b>
      <span class="ab-run-sd">
        {spread !== null && (
          <span class="ab-run-spread">
            <i>±</i> {spread}{' '}
          </span>
        )}
        {unit}
      </span>
    </>
  );
}

export function repetitionCell({ job }: JobProps, standing: Standing): JSX.Element {
  const { repeat = 1, done = 0 } = job;
  const text =
    standing === 'done'
      ? count(done)
      : standing === 'queued'
        ? `× ${count(repeat)}`
        : standing === 'running' || standing === 'asks'
          ? repetitionText(job)
          : `${count(done)} of ${count(repeat)}`;
  const title = standing === 'queued' ? 'How often it is to be repeated' : 'Repetitions that were measured';
  return (
    <span role="gridcell" class="ab-run-repeat ab-num" title={title}>
      {text}
    </span>
  );
}

/** What it took, what is left, or about how long it will take. Guesses carry a tilde. */
export function totalCell({ job, now, expected }: JobProps, standing: Standing): JSX.Element {
  return (
    <span role="gridcell" class="ab-run-total ab-num" title={TOTALS[standing]}>
      {totalOf()}
    </span>
  );

  function totalOf(): JSX.Element | string {
    if (standing === 'queued') {
      const takes = expected.get(job.id)?.takesS ?? null;
      return takes === null ? 'not known yet' : `~ ${estimate(takes)}`;
    }
    if (standing === 'running' || standing === 'asks') {
      const left = standing === 'asks' ? null : leftS(job, now);
      if (left !== null) {
        return (
          <>
            <b>~ {estimate(left)}</b> left
          </>
        );
      }
      const soFar = soFarS(job, now);
      if (soFar === null) return '';
      return (
        <>
          <b>{estimate(soFar)}</b> so far
        </>
      );
    }
    const total = totalS(job);
    return total === null ? '' : duration(total);
  }
}

/** What the last figure of a row is. */
const TOTALS: Readonly<Record<Standing, string>> = {
  queued: 'About how long it will take, from what others of its run have taken',
  running: 'About what is left, or how long it has run',
  asks: 'How long it has run',
  done: 'From its start to its end, with warm-ups',
  failed: 'From its start to its end, with warm-ups',
  cancelled: 'From its start to its end, with warm-ups',
};

/** Of what the per cent are: what a job prints of itself is of its repetition alone. */
export function progressTitle(progress: Progress | null, repeat: number): string | undefined {
  if (progress === null) return undefined;
  const whole = repeat > 1 ? `all ${count(repeat)} repetitions` : 'the job';
  return progress.isEstimate ? `Of ${whole}, by what past repetitions took` : `Of ${whole}`;
}

function ratioTitle(isFirst: boolean, isBest: boolean, measure: string): string {
  const [word, best] = measure === WALL ? ['long', 'fastest'] : ['much', isBest ? 'best' : 'least'];
  return isFirst ? `The ${best} of its run` : `So many times as ${word} as the ${best} of its run`;
}

function meanTitle({ sd }: Summed, done: number): string {
  return sd === null ? 'Measured once' : `Mean and standard deviation of ${plural(done, 'repetition')}`;
}

function stripLabel({ mean, sd, unit }: Summed, numbers: readonly number[], done: number): string {
  const head = `${figureText(mean, sd, unit)} on average`;
  if (numbers.length < 2) return head;
  const [least, most] = [numbers[0] as number, numbers[numbers.length - 1] as number];
  const range = `from ${figureText(least, null, unit)} to ${figureText(most, null, unit)}`;
  const some = numbers.length < done ? `, ${count(numbers.length)} of ${count(done)} repetitions drawn` : '';
  return `${head}, ${range}${some}`;
}

/** Of a picture of several lines the last one that says something. */
export function lastLine(text: string): string {
  const lines = text.split('\n').filter((line) => line.trim());
  return lines[lines.length - 1] ?? '';
}
