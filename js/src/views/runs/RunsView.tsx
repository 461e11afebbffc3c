import { useComputed } from '@preact/signals';
import type { JSX } from 'preact';
import { useEffect, useId, useMemo, useRef } from 'preact/hooks';
import type { Client } from '../../client';
import type { JobRecord, Jobs } from '../../sync/messages';
import type { Rec } from '../../sync/read';
import { count, plural } from '../shared/format';
import { useLiveNow } from '../shared/live-now';
import { VirtualLines } from '../shared/VirtualLines';
import { Heads } from './Heads';
import { keyOf } from './keys';
import { LineView } from './LineView';
import { type Line, layout } from './model/layout';
import { measuresOf } from './model/measures';
import { expectations, usualS } from './model/queue';
import { RunsTable } from './model/table';
import { Tools } from './Tools';

/** How often clocks and guesses are drawn anew, in ms. */
const NOW_MS = 500;
/** How high lines are until they have been measured, by the first word of their key. */
const GUESSES: Readonly<Record<string, number>> = { run: 31, axis: 17, job: 28, fold: 28 };

interface Props {
  client: Client;
  /** Show the log of this job. */
  onPick?: (job: JobRecord) => void;
  /** Of the list, in px; beyond it, it scrolls. Without it the styles say. */
  maxHeight?: number;
}

/** The jobs by run: what is done and how it compares, what goes on, what waits, what failed and why. */
export function RunsView({ client, onPick, maxHeight }: Props): JSX.Element | null {
  const jobs = useComputed(() => client.state.value?.jobs).value;
  const table = useMemo(() => new RunsTable(client), [client]);
  useEffect(() => () => table.close(), [table]);
  if (jobs === undefined) return null;
  table.begin(jobs);
  return <Runs table={table} jobs={jobs} onPick={onPick} maxHeight={maxHeight} />;
}

interface RunsProps {
  table: RunsTable;
  jobs: Jobs;
  onPick: ((job: JobRecord) => void) | undefined;
  maxHeight: number | undefined;
}

function Runs({ table, jobs, onPick, maxHeight }: RunsProps): JSX.Element {
  const { client } = table;
  const id = useId();
  const scroller = useRef<HTMLDivElement>(null);
  const choices = useComputed(() => table.choices).value;
  const lines = useMemo(() => layout(jobs, choices), [jobs, choices]);
  const keys = useSame(useMemo(() => lines.map((line) => line.key), [lines]));
  const isLive = client.status.value.phase === 'live';
  const isActive = jobs.running.length > 0;
  const now = useLiveNow(client, NOW_MS, isActive).value;
  const usual = useMemo(() => usualS(jobs.items as Rec<JobRecord>, activeMates(lines)), [lines]);
  const expected = useMemo(() => expectations(jobs, usual, now), [jobs, usual, now]);
  const start = useMemo(() => firstActive(lines), []);
  const current = table.current.value;
  if (lines.length === 0 && choices.sought.chip === 'all' && !choices.sought.text) return <NothingYet />;
  const isListed = current !== null && keys.includes(current);
  const stop = isListed ? current : (keys[start] ?? keys[0]);
  const label = plural(lines.filter((line) => line.kind === 'run').length, 'run');
  return (
    <div
      class={`ab-runs${isLive ? '' : ' ab-runs-lost'}`}
      style={maxHeight === undefined ? {} : { '--ab-runs-max': `${maxHeight}px` }}
    >
      <Tools table={table} jobs={jobs} />
      <div
        role="treegrid"
        aria-label={`Jobs, ${label}`}
        aria-rowcount={lines.length + 1}
        aria-activedescendant={isListed ? `${id}-${domId(current)}` : undefined}
        class="ab-runs-grid"
        tabIndex={0}
        onFocus={(event) => {
          if (event.target === event.currentTarget && !isListed) table.go(stop ?? null);
        }}
        onKeyDown={(event) => {
          if (event.target === event.currentTarget && keyOf(event.key, table, lines, onPick)) event.preventDefault();
        }}
      >
        <Heads table={table} measures={measuresOf(jobs.items as Rec<JobRecord>)} />
        <VirtualLines
          class="ab-runs-list"
          keys={keys}
          guess={(key) => GUESSES[key.split(' ', 1)[0] as string] ?? 28}
          start={start}
          show={current}
          scroller={scroller}
          attributes={{ role: 'rowgroup' }}
          line={(i) => {
            const line = lines[i] as Line;
            return (
              <LineView
                key={line.key}
                table={table}
                jobs={jobs}
                line={line}
                row={i + 2}
                rowId={`${id}-${domId(line.key)}`}
                now={now}
                expected={expected}
                isCurrent={line.key === current}
                isStop={line.key === stop}
                onPick={onPick}
              />
            );
          }}
        />
      </div>
      {lines.length === 0 && <Nothing table={table} total={countItems(jobs)} />}
      {table.problem.value && (
        <p class="ab-problem" role="alert">
          {table.problem.value}
        </p>
      )}
    </div>
  );
}

/** The list of before where it holds the same: whoever keeps something of it need not begin anew. */
function useSame(list: readonly string[]): readonly string[] {
  const kept = useRef(list);
  const before = kept.current;
  const isSame = before.length === list.length && before.every((key, i) => key === list[i]);
  if (!isSame) kept.current = list;
  return kept.current;
}

/** The jobs of all runs in which something still goes on: what they took tells what the others will. */
function* activeMates(lines: readonly Line[]): Generator<string> {
  for (const line of lines) {
    if (line.kind !== 'run') continue;
    const { by } = line.run.counts;
    if (by.running + by.queued + by.asks > 0) yield* line.run.group.ids;
  }
}

/** The head of the first run in which something goes on; of the last one where nothing does. */
function firstActive(lines: readonly Line[]): number {
  let last = 0;
  for (const [i, line] of lines.entries()) {
    if (line.kind !== 'run') continue;
    const { by } = line.run.counts;
    if (by.running + by.queued + by.asks > 0) return i;
    last = i;
  }
  return last;
}

/** Keys hold reasons, which an id may not. */
function domId(key: string): string {
  return key.replace(/[^\w-]/g, (c) => `_${c.charCodeAt(0)}`);
}

function countItems(jobs: Jobs): number {
  const items = jobs.items as Rec<JobRecord>;
  return 'size' in items && typeof items.size === 'number' ? items.size : Object.keys(items).length;
}

function NothingYet(): JSX.Element {
  return (
    <div class="ab-runs">
      <div role="table" aria-label="Jobs">
        <Heads />
      </div>
      <p class="ab-runs-none">Jobs stand here as they are queued.</p>
    </div>
  );
}

function Nothing({ table, total }: { table: RunsTable; total: number }): JSX.Element {
  return (
    <p class="ab-runs-none">
      None of {count(total)} jobs {table.sought.value.text ? 'matches' : 'is like that'}.{' '}
      <button type="button" class="ab-link" onClick={() => table.seek({ chip: 'all', text: '' })}>
        Show all
      </button>
    </p>
  );
}
