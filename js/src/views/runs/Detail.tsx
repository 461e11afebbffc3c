import type { ComponentChildren, JSX } from 'preact';
import { visible } from '../../logs/text/visible';
import type { JobDetails, JobRecord } from '../../sync/messages';
import { get, type Rec } from '../../sync/read';
import { CopyButton } from '../shared/CopyButton';
import { count, duration, plural } from '../shared/format';
import { AnswerField } from './Answer';
import { CommandButton } from './CommandButton';
import { useDetails } from './details';
import type { JobProps } from './JobRow';
import { exitText, explain, measured } from './model/explain';
import { bytesText, figureText, joulesText } from './model/figures';
import { lastLines } from './model/last-lines';
import { titleOf } from './model/measures';
import { isOver, type Standing } from './model/record';
import { clockSeconds } from './model/summary';
import { plainText } from './plain-text';
import { MAD, RepetitionPlot } from './RepetitionPlot';

const LINES = 5;
/** So many repetitions more make a noisy figure better. */
const MORE = 10;
/** Start and end are told to the millisecond: a short job would seem to end before it began. */
const PLACES = 3;

/** What an opened job shows: what it was asked to do, how it went, its noise, and its last lines. */
export function Detail(props: JobProps & { name: string; standing: Standing }): JSX.Element {
  const { table, job, line, jobs, row, rowId, name, standing, onPick } = props;
  const { details, problem } = useDetails(table.client, job).value;
  const repetitions = details?.repetitions ?? [];
  const others = line.run.group.single ? [] : meansBeside(job, line.run.group.ids, jobs.items as Rec<JobRecord>);
  const { spread, fact, more } = explain(repetitions, job.status === 'succeeded' ? others : []);
  const canAnswer = details?.takesInput === true && standing === 'running';
  return (
    <div role="row" aria-level={3} aria-rowindex={row} class="ab-run-detail" aria-labelledby={rowId}>
      <div role="gridcell" class="ab-run-detail-cell">
        <Facts job={job} details={details} problem={problem} />
        <RepetitionPlot repetitions={repetitions} spread={spread} ended={details?.ended ?? 0} />
        {fact && (
          <div class="ab-run-note">
            <span title={MAD}>
              <b class="ab-text-warn">{fact}</b>
              <span class="ab-muted">{more}</span>
            </span>
            {isOver(job) && (
              <CommandButton
                table={table}
                class="ab-button ab-small"
                label={`Run ${MORE} more of ${name}`}
                busy={[`retry ${job.id}`]}
                onClick={() => table.retry([job.id], name, MORE)}
              >
                Run {MORE} more
              </CommandButton>
            )}
          </div>
        )}
        {canAnswer && (
          <div class="ab-run-asked ab-run-detail-answer">
            <span class="ab-faint">its input</span>
            <AnswerField table={table} job={job} label={`Send a line to ${name}`} />
          </div>
        )}
        <LastLines {...props} />
        <p class="ab-run-detail-log">
          {isOver(job) && (
            <CommandButton
              table={table}
              class="ab-link ab-quiet ab-run-detail-again"
              label={`run again: ${name}`}
              busy={[`retry ${job.id}`]}
              onClick={() => table.retry([job.id], name)}
            >
              run again
            </CommandButton>
          )}
          {onPick && (
            <button type="button" class="ab-link" onClick={() => onPick(job)}>
              show its log
            </button>
          )}{' '}
          <span class="ab-faint ab-num" title="Beside them its log has what the orchestrator says of it">
            {plural(job.lines ?? 0, 'line')} printed
          </span>
        </p>
      </div>
    </div>
  );
}

function Facts({ job, details, problem }: { job: JobRecord; details: JobDetails | null; problem: string }): JSX.Element {
  const command = job.command ?? '';
  return (
    <dl class="ab-run-facts">
      {command && (
        <Fact word={job.kind === 'callable' ? 'callable' : 'command'}>
          <span class="ab-mono ab-run-command">{visible(command)}</span> <CopyButton text={command} what="the command" />
        </Fact>
      )}
      {details?.folder && (
        <Fact word="folder">
          <span class="ab-mono">{visible(details.folder)}</span>
        </Fact>
      )}
      {details && details.environment.length > 0 && <Environment details={details} />}
      <Fact word="started">
        <Times job={job} details={details} />
      </Fact>
      {details && <Measures job={job} details={details} />}
      {job.energyJ != null && (
        <Fact word="energy">
          {joulesText(job.energyJ)}{' '}
          <span class="ab-faint">a repetition{job.energyShared && ', shared with what ran meanwhile'}</span>
        </Fact>
      )}
      {job.exitCode != null && details === null && <Fact word="exit status">{String(job.exitCode)}</Fact>}
      {problem && <Fact word="">{problem}</Fact>}
    </dl>
  );
}

function Fact({ word, children }: { word: string; children: ComponentChildren }): JSX.Element {
  return (
    <>
      <dt>{word}</dt>
      <dd class="ab-num">{children}</dd>
    </>
  );
}

function Environment({ details }: { details: JobDetails }): JSX.Element {
  return (
    <Fact word="environment">
      <span class="ab-mono ab-run-environment">
        {details.environment.map(({ name, value }) => (
          <span key={name}>
            <span class={value === null ? 'ab-text-bad' : 'ab-text-good'}>{value === null ? '−' : '+'}</span>
            {visible(name)}
            {value !== null && `=${visible(value)}`}
          </span>
        ))}
      </span>
    </Fact>
  );
}

function Times({ job, details }: { job: JobRecord; details: JobDetails | null }): JSX.Element {
  if (job.startedAt == null) return <span class="ab-faint">not yet</span>;
  const { warmup = 0, repeat = 1 } = job;
  const of = [
    warmup > 0 && plural(warmup, 'warm-up'),
    repeat > 1 && `${warmup > 0 ? 'then ' : ''}${count(repeat)} repetitions`,
  ];
  const said = of.filter(Boolean).join(', ');
  const limit = details?.timeoutS == null ? '' : `at most ${duration(details.timeoutS)} each`;
  return (
    <>
      {clockSeconds(job.startedAt, PLACES)}
      {job.finishedAt != null && (
        <>
          {' '}
          <span class="ab-faint">to</span> {clockSeconds(job.finishedAt, PLACES)}
        </>
      )}
      {[said, limit].filter(Boolean).map((text) => (
        <span key={text} class="ab-faint">
          {' · '}
          {text}
        </span>
      ))}
    </>
  );
}

/** Measures that stand above the metrics, with more than their means. */
const TOLD: ReadonlySet<string> = new Set(['cpu_s', 'max_rss_bytes']);

/** Exit, CPU, memory and metrics: of all repetitions that are told. */
function Measures({ job, details }: { job: JobRecord; details: JobDetails }): JSX.Element {
  const all = details.repetitions;
  const exit = exitText(all, details.ended);
  const timed = measured(all).filter((one) => one.cpuUserS !== null);
  const sum = (pick: (one: (typeof timed)[number]) => number | null) =>
    timed.reduce((total, one) => total + (pick(one) ?? 0), 0);
  const [user, system, wall] = [sum((one) => one.cpuUserS), sum((one) => one.cpuSystemS), sum((one) => one.wallS)];
  const peak = all.reduce<number | null>(
    (most, one) => (one.maxRssBytes === null ? most : Math.max(most ?? 0, one.maxRssBytes)),
    null,
  );
  return (
    <>
      {exit && <Fact word={/^[A-Z]/.test(exit) ? 'ended by' : 'exit status'}>{exit}</Fact>}
      {timed.length > 0 && wall > 0 && (
        <Fact word="CPU">
          {duration(user)} user <span class="ab-faint">+</span> {duration(system)} system
          <span class="ab-faint">
            {' · '}
            {((user + system) / wall).toFixed(2)} of one processor
            {timed.length > 1 && `, in ${count(timed.length)} repetitions`}
          </span>
        </Fact>
      )}
      {peak !== null && <Fact word="peak memory">{bytesText(peak)}</Fact>}
      {(job.measures ?? [])
        .filter(({ name }) => !TOLD.has(name))
        .map(({ name, mean, sd, unit }) => (
          <Fact key={name} word={titleOf(name)}>
            {figureText(mean, sd, unit ?? null)}
          </Fact>
        ))}
    </>
  );
}

function LastLines({ table, job }: JobProps): JSX.Element | null {
  const { logs } = table.client;
  void logs.revision.value;
  const printed = lastLines(logs, job.id, LINES);
  const lines = printed.length > 0 ? printed : lastLines(logs, job.id, LINES, true);
  if (lines.length === 0) return null;
  return (
    <div class="ab-run-last ab-mono">
      {lines.map(({ seq, ts, level, message }) => (
        <div key={seq} class={level >= 40 ? 'ab-text-bad' : level >= 30 ? 'ab-text-warn' : ''}>
          <span class="ab-faint ab-num">{clockSeconds(ts, 3)}</span> {plainText(message)}
        </div>
      ))}
    </div>
  );
}

/** The means of the other jobs of its run that have succeeded. */
function meansBeside(job: JobRecord, ids: readonly string[], items: Rec<JobRecord>): number[] {
  return ids.flatMap((id) => {
    const other = get(items, id);
    return other === undefined || id === job.id || other.status !== 'succeeded' || other.meanS == null ? [] : [other.meanS];
  });
}
