import type { JSX } from 'preact';
import type { RepetitionRecord } from '../../sync/messages';
import { count } from '../shared/format';
import { PlotPoints } from '../shared/PlotPoints';
import { BOTTOM, LOAD_BOTTOM, LOAD_TOP, type Plotted, plotOf, RIGHT, TOP, WIDTH } from './model/plot';
import type { Spread } from './model/stats';

const HEIGHT = 164;
const WITHOUT_LOAD = 132;
export const MAD =
  'MAD: the median absolute deviation, scaled so that it is the standard deviation where times are normally distributed';

interface Props {
  repetitions: readonly RepetitionRecord[];
  spread: Spread | null;
  /** How many have ended; of many only the newest are shown. */
  ended: number;
}

/** The repetitions in their order: warm-ups hollow, the median ± 3 MAD as a band, what lies beyond it in amber and by name. */
export function RepetitionPlot({ repetitions, spread, ended }: Props): JSX.Element | null {
  const plot = plotOf(repetitions, spread);
  if (plot === null) return null;
  const has = (kind: string) => plot.points.some((point) => point.kind === kind);
  return (
    <div class="ab-plot">
      <div class="ab-plot-head">
        <span>
          {repetitions.length < ended ? `Last ${count(repetitions.length)} of ${count(ended)} repetitions` : 'Repetitions'}
        </span>
        <span class="ab-plot-legend">
          {has('warmup') && <Key kind="warmup" word="warm-up" />}
          <Key kind="plain" word="repetition" />
          {has('off') && <Key kind="off" word="beyond 3 MAD" title={MAD} />}
          {has('failed') && <Key kind="failed" word="not succeeded" />}
        </span>
      </div>
      <Picture plot={plot} hasBand={spread !== null} />
    </div>
  );
}

function Key({ kind, word, title }: { kind: string; word: string; title?: string }): JSX.Element {
  return (
    <span title={title}>
      <i class={`ab-plot-key-${kind}`} />
      {word}
    </span>
  );
}

function Picture({ plot, hasBand }: { plot: Plotted; hasBand: boolean }): JSX.Element {
  const { left, points, rules, marks, band, warmTo, load } = plot;
  const height = load === null ? WITHOUT_LOAD : HEIGHT;
  const off = points.filter((point) => point.kind === 'off').length;
  const label = `${count(points.length)} repetitions in their order${off ? `, ${count(off)} of them beyond 3 MAD` : ''}`;
  return (
    <svg class="ab-plot-picture ab-num" viewBox={`0 0 ${WIDTH} ${height}`} width="100%" role="img" aria-label={label}>
      {rules.map(({ y, label: text }) => (
        <g key={text}>
          <line class="ab-plot-rule" x1={left} x2={RIGHT} y1={y} y2={y} />
          <text class="ab-plot-text" x={left - 6} y={y + 3.5} text-anchor="end">
            {text}
          </text>
        </g>
      ))}
      {warmTo !== null && (
        <>
          <rect class="ab-plot-warm" x={left} y={TOP - 4} width={warmTo - left} height={BOTTOM - TOP + 6} />
          {warmTo - left > 24 && (
            <text class="ab-plot-text" x={(left + warmTo) / 2} y={TOP + 4} text-anchor="middle">
              warm-up
            </text>
          )}
        </>
      )}
      {band !== null && (
        <>
          <rect class="ab-plot-band" x={left} y={band.from} width={RIGHT - left} height={Math.max(1, band.to - band.from)} />
          <line class="ab-plot-median" x1={left} x2={RIGHT} y1={band.middle} y2={band.middle} />
        </>
      )}
      <PlotPoints points={points} right={RIGHT} />
      {hasBand && band !== null && (
        <text class="ab-plot-text" x={RIGHT - 3} y={Math.max(TOP + 6, band.from - 4)} text-anchor="end">
          median ± 3 MAD
          <title>{MAD}</title>
        </text>
      )}
      {load !== null && (
        <>
          <polygon class="ab-plot-area" points={load.area} />
          <polyline class="ab-plot-load" points={load.line} />
          <line class="ab-plot-rule" x1={left} x2={RIGHT} y1={LOAD_BOTTOM} y2={LOAD_BOTTOM} />
          <text class="ab-plot-text" x={left - 6} y={LOAD_BOTTOM - 2} text-anchor="end">
            load
            <title>How many processors other work kept busy</title>
          </text>
          {load.most >= 0.5 && (
            <text class="ab-plot-text" x={load.mostX} y={LOAD_TOP - 1} text-anchor="middle">
              {load.most.toFixed(1)}
              <title>So many processors other work kept busy, at most</title>
            </text>
          )}
        </>
      )}
      {marks.map(({ x, label: text }) => (
        <text key={text} class="ab-plot-text" x={x} y={height - 5} text-anchor="middle">
          {text}
        </text>
      ))}
      <text class="ab-plot-text" x={left - 6} y={height - 5} text-anchor="end">
        rep.
        <title>The number of the repetition</title>
      </text>
    </svg>
  );
}
