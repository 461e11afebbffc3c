import type { JSX } from 'preact';
import { titleOf, WALL } from './model/measures';
import type { RunsTable } from './model/table';

interface Props {
  /** Null where nothing has run yet. */
  table?: RunsTable;
  /** What jobs can be compared by. */
  measures?: readonly string[];
}

/** The heads of the columns; of a narrow table, of both its sides. */
export function Heads({ table, measures = [] }: Props): JSX.Element {
  const isTime = table === undefined || table.measure.value === WALL;
  return (
    <div class="ab-run-heads" role="row" aria-rowindex={1}>
      <span role="columnheader" class="ab-run-head-glyph">
        <span class="ab-hidden">State</span>
      </span>
      <span role="columnheader" class="ab-run-head-name">
        Job
      </span>
      <span role="columnheader" class="ab-run-head-time">
        {table !== undefined && measures.length > 1 ? <Choice table={table} measures={measures} /> : 'Time'}{' '}
        <i>to the scale of its run</i>
      </span>
      <span
        role="columnheader"
        class="ab-run-head-ratio"
        title={
          isTime
            ? 'How many times as long as the fastest of its run'
            : 'How many times as much as 1.00, the best of its run, or the least where neither is better'
        }
      >
        <span aria-hidden="true">×</span>
        <span class="ab-hidden">{isTime ? 'Times the fastest' : 'Times the best'}</span>
      </span>
      <span role="columnheader" class="ab-run-head-mean" title="Of its repetitions: mean and standard deviation">
        mean ± sd
        <span class="ab-run-head-below" aria-hidden="true">
          , total
        </span>
      </span>
      <span
        role="columnheader"
        class="ab-run-head-repeat"
        title="Repetitions that were measured; of a running or failed job, of how many"
      >
        repetitions
      </span>
      <span
        role="columnheader"
        class="ab-run-head-total"
        title="Of the whole job, with its warm-ups; of a running one about what is left"
      >
        total / left
      </span>
      <span role="columnheader" class="ab-run-head-actions">
        actions
      </span>
    </div>
  );
}

function Choice({ table, measures }: { table: RunsTable; measures: readonly string[] }): JSX.Element {
  const measure = table.measure.value;
  return (
    <select
      class="ab-run-measure"
      aria-label="What jobs are compared by"
      title="What bars, ratios and means are of"
      value={measure}
      onChange={(event) => table.compareBy(event.currentTarget.value)}
    >
      {(measures.includes(measure) ? measures : [measure, ...measures]).map((one) => (
        <option key={one} value={one}>
          {titleOf(one)}
        </option>
      ))}
    </select>
  );
}
