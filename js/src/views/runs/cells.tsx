import type { JSX } from 'preact';
import { visible } from '../../logs/text/visible';
import { count, duration, estimate, ordinal } from '../shared/format';
import { Answer } from './Answer';
import type { JobProps } from './JobRow';
import { figure, figureText, ratioText } from './model/figures';
import { leftS, progressOf, repetitionText, soFarS } from './model/progress';
import { placeOf } from './model/queue';
import { reasonOf, reasonParts, type Standing, totalS } from './model/record';
import { clockSeconds } from './model/summary';
import { plainText } from './plain-text';
import { Strip } from './Strip';
import { percentText, Track } from './Track';

/** The wide cell: a bar on the run's scale, a track, or in its place what is to be said. */
export function timeCell(props: JobProps, standing: Standing): JSX.Element {
  const { job, line, table, now } = props;
  switch (standing) {
    case 'done': {
      if (job.meanS == null) return <span role="gridcell" class="ab-run-time" />;
      const end = line.run.group.single ? (job.maxS ?? job.meanS) : line.run.slowestS;
      const times = table.times.of(job);
      return (
        <span role="gridcell" class="ab-run-time ab-run-ruled">
          <Strip mean={job.meanS} times={times} end={end} label={stripLabel(job.meanS, job.sdS, times, job.done ?? 0)} />
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
        {starts === null ? '' : starts < 1 ? ', starts next' : `, starts in ~ ${estimate(starts)}`}
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
export function meanCells({ job, line, now }: JobProps, standing: Standing): JSX.Element | null {
  if (standing === 'running') {
    const progress = progressOf(job, now);
    return (
      <>
        <span role="gridcell" class="ab-run-ratio ab-num ab-text-busy">
          {percentText(progress)}
        </span>
        <span role="gridcell" class="ab-run-mean ab-num">
          {job.meanS != null ? (
            <Mean mean={job.meanS} sd={job.sdS} isGuess />
          ) : (
            <span class="ab-faint">{progress === null ? 'progress unknown' : ''}</span>
          )}
        </span>
      </>
    );
  }
  if (standing !== 'done') return null;
  const { fastestS, fastestId } = line.run;
  const isFastest = fastestId === job.id;
  return (
    <>
      <span role="gridcell" class={`ab-run-ratio ab-num${isFastest ? ' ab-run-fastest' : ''}`}>
        {fastestS !== null && job.meanS != null && (isFastest ? '1.00' : ratioText(job.meanS / fastestS))}
      </span>
      <span role="gridcell" class="ab-run-mean ab-num">
        {job.meanS != null && <Mean mean={job.meanS} sd={(job.done ?? 0) > 1 ? job.sdS : null} />}
      </span>
    </>
  );
}

interface MeanProps {
  mean: number;
  sd: number | null | undefined;
  isGuess?: boolean;
}

export function Mean({ mean, sd, isGuess = false }: MeanProps): JSX.Element {
  const { value, sd: spread, unit } = figure(mean, sd);
  return (
    <>
      {isGuess && <span class="ab-faint">~ </span>}
      <b>{value}</b>
      <span class="ab-run-sd">
        {spread !== null && (
          <>
            <i>±</i> {spread}{' '}
          </>
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
  return (
    <span role="gridcell" class="ab-run-repeat ab-num">
      {text}
    </span>
  );
}

/** What it took, what is left, or about how long it will take. Guesses carry a tilde. */
export function totalCell({ job, now, expected }: JobProps, standing: Standing): JSX.Element {
  return (
    <span role="gridcell" class="ab-run-total ab-num">
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

function stripLabel(mean: number, sd: number | null | undefined, times: readonly number[], done: number): string {
  const head = `${figureText(mean, done > 1 ? sd : null)} on average`;
  if (times.length < 2) return head;
  const range = `from ${figureText(times[0] as number, null)} to ${figureText(times[times.length - 1] as number, null)}`;
  const some = times.length < done ? `, ${count(times.length)} of ${count(done)} repetitions drawn` : '';
  return `${head}, ${range}${some}`;
}

/** Of a picture of several lines the last one that says something. */
export function lastLine(text: string): string {
  const lines = text.split('\n').filter((line) => line.trim());
  return lines[lines.length - 1] ?? '';
}
