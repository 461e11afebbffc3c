import type { JSX } from 'preact';
import type { Gantt } from './model/gantt';

/** In a row along the time: its ticks, and where the axis is broken. What stands in the row is drawn upon them. */
export function AxisMarks({ axis }: { axis: Gantt['axis'] }): JSX.Element {
  return (
    <>
      {axis.ticks.map((tick) => (
        <i key={`tick ${tick.at}`} class="ab-rec-tick" aria-hidden="true" style={{ left: `${100 * tick.at}%` }} />
      ))}
      {axis.breaks.map(({ from, to, label }) => (
        <i
          key={`break ${from}`}
          class="ab-rec-break"
          title={label}
          aria-hidden="true"
          style={{ left: `${100 * from}%`, width: `${100 * (to - from)}%` }}
        />
      ))}
    </>
  );
}

/** In a row along the time: where now is. */
export function NowMark({ at }: { at: number | null }): JSX.Element | null {
  return at === null ? null : <i class="ab-rec-now" aria-hidden="true" style={{ left: `${100 * at}%` }} />;
}
