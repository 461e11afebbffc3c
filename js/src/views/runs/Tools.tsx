import type { JSX } from 'preact';
import type { JobRecord, Jobs } from '../../sync/messages';
import { fold, type Rec, size } from '../../sync/read';
import { count } from '../shared/format';
import { SORTS, type Sort } from './model/layout';
import { WALL } from './model/measures';
import { standingOf } from './model/record';
import { CHIPS, type Chip } from './model/search';
import type { RunsTable } from './model/table';

const CHIP_WORDS: Readonly<Record<Chip, string>> = { all: 'All', running: 'Running', asks: 'Waits for you', failed: 'Failed' };
const CHIP_TITLES: Readonly<Record<Chip, string>> = {
  all: 'All jobs that the orchestrator still lists',
  running: 'Jobs that run now',
  asks: 'Jobs that have asked something and wait for an answer',
  failed: 'Jobs that failed, or took longer than they may',
};
const SORT_WORDS: Readonly<Record<Sort, string>> = {
  started: 'As started',
  newest: 'Newest first',
  fastest: 'Fastest first',
  slowest: 'Slowest first',
};
/** Where jobs are not compared by a time. */
const OTHER_WORDS: Partial<Readonly<Record<Sort, string>>> = { fastest: 'Least first', slowest: 'Most first' };

const TIMES: ReadonlySet<string> = new Set([WALL, 'cpu_s']);

type ChipCounts = Readonly<Record<Chip, number>>;

/** A search, what to show, and in which order. */
export function Tools({ table, jobs }: { table: RunsTable; jobs: Jobs }): JSX.Element {
  const items = jobs.items as Rec<JobRecord>;
  const counts: ChipCounts = { ...fold(items, countChips, addChips), all: size(items) };
  const { text, chip } = table.sought.value;
  const isTime = TIMES.has(table.measure.value);
  return (
    <div class="ab-run-tools">
      <label class="ab-run-search">
        <span aria-hidden="true">⌕</span>
        <input
          type="search"
          placeholder="Find a job by name, command or reason"
          aria-label="Find a job by name, command or reason"
          value={text}
          onInput={(event) => table.seek({ text: event.currentTarget.value })}
        />
      </label>
      <span class="ab-run-chips" role="group" aria-label="Which jobs to show">
        {CHIPS.map((one) => (
          <button
            key={one}
            type="button"
            class={`ab-run-chip ab-run-chip-${one}${counts[one] === 0 ? ' ab-run-chip-none' : ''}`}
            aria-pressed={one === chip}
            title={CHIP_TITLES[one]}
            onClick={() => table.seek({ chip: one })}
          >
            {CHIP_WORDS[one]} <b class="ab-num">{count(counts[one])}</b>
          </button>
        ))}
      </span>
      <select
        class="ab-run-sort"
        aria-label="Order of the jobs"
        value={table.sort.value}
        onChange={(event) => table.sortBy(event.currentTarget.value as Sort)}
      >
        {SORTS.map((sort) => (
          <option key={sort} value={sort}>
            {(isTime ? undefined : OTHER_WORDS[sort]) ?? SORT_WORDS[sort]}
          </option>
        ))}
      </select>
    </div>
  );
}

function countChips(items: Iterable<JobRecord>): ChipCounts {
  let running = 0;
  let asks = 0;
  let failed = 0;
  for (const job of items) {
    const standing = standingOf(job);
    if (standing === 'failed') failed++;
    else if (standing === 'running') running++;
    else if (standing === 'asks') {
      running++;
      asks++;
    }
  }
  return { all: 0, running, asks, failed };
}

function addChips(a: ChipCounts, b: ChipCounts): ChipCounts {
  return { all: 0, running: a.running + b.running, asks: a.asks + b.asks, failed: a.failed + b.failed };
}
