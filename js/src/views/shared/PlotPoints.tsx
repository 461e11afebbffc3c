import type { JSX } from 'preact';

/** One repetition in a plot; `title` says it whole, `name` stands beside those that are off. */
interface PlotPoint {
  x: number;
  y: number;
  kind: string;
  title: string;
  name?: string | null | undefined;
}

/** The repetitions of a plot that ends at `right`: a dot each, with a name where it has one. */
export function PlotPoints({ points, right }: { points: readonly PlotPoint[]; right: number }): JSX.Element {
  return (
    <>
      {points.map((point) => (
        <circle key={point.x} class={`ab-plot-${point.kind}`} cx={point.x} cy={point.y} r={point.kind === 'off' ? 3.4 : 2.8}>
          <title>{point.title}</title>
        </circle>
      ))}
      {points
        .filter((point) => point.name)
        .map((point) => (
          <text
            key={point.x}
            class="ab-plot-text ab-plot-name"
            x={point.x > right - 60 ? point.x - 7 : point.x + 7}
            y={point.y + 3.5}
            text-anchor={point.x > right - 60 ? 'end' : 'start'}
          >
            {point.name}
          </text>
        ))}
    </>
  );
}
