import type { JSX } from 'preact';
import type { Line } from './model/layout';
import { axisTicks } from './model/scale';

/** The axis that the bars of a run have in common. The figures beside the bars say the same. */
export function AxisRow({ line }: { line: Extract<Line, { kind: 'axis' }> }): JSX.Element {
  return (
    <div class="ab-run-axis" data-line={line.key} aria-hidden="true">
      <span class="ab-num">
        {(line.run.axis === null ? [] : axisTicks(line.run.axis)).map(({ at, label }) => (
          <i key={label} style={{ left: `${at * 100}%` }}>
            {label}
          </i>
        ))}
      </span>
    </div>
  );
}
