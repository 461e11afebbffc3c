import type { JSX } from 'preact';

/** The heads of the columns; of a narrow table, of both its sides. */
export function Heads(): JSX.Element {
  return (
    <div class="ab-run-heads" role="row" aria-rowindex={1}>
      <span role="columnheader" class="ab-run-head-glyph">
        <span class="ab-hidden">State</span>
      </span>
      <span role="columnheader" class="ab-run-head-name">
        Job
      </span>
      <span role="columnheader" class="ab-run-head-time">
        Time <i>to the scale of its run</i>
      </span>
      <span role="columnheader" class="ab-run-head-ratio" title="How many times as long as the fastest of its run">
        <span aria-hidden="true">×</span>
        <span class="ab-hidden">Times the fastest</span>
      </span>
      <span role="columnheader" class="ab-run-head-mean" title="Of its repetitions: mean and standard deviation">
        mean ± sd
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
