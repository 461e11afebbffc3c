import { useSignal } from '@preact/signals';
import type { JSX } from 'preact';
import { useEffect } from 'preact/hooks';
import { type Client, CommandError } from '../../client';
import { visible } from '../../logs/text/visible';
import type { JobDetails, PlanRecord, StepRecord } from '../../sync/messages';
import { count } from '../shared/format';
import { PlotPoints } from '../shared/PlotPoints';
import type { RecipeFace } from './model/face';
import {
  BOTTOM,
  HEIGHT,
  LEFT,
  type MetricPlot,
  metricPlot,
  metricsOf,
  RIGHT,
  spreadText,
  unitOf,
  valueText,
  WIDTH,
} from './model/metric-plot';

/** What goes on is not asked about more often, in ms. */
const EVERY_MS = 500;

interface Props {
  face: RecipeFace;
  client: Client;
  plan: PlanRecord;
  step: StepRecord;
}

/** The repetitions of a step in one of its metrics, with the limits that it must keep. */
export function MetricChart({ face, client, plan, step }: Props): JSX.Element | null {
  const { details, problem } = useRepetitions(client, step);
  if (details === null) return problem ? <p class="ab-rec-measure ab-faint">{visible(problem)}</p> : null;
  const names = metricsOf(plan, details);
  const wished = face.metric.value;
  const metric = wished !== null && names.includes(wished) ? wished : names[0];
  if (metric === undefined) return null;
  const unit = unitOf(plan, metric);
  const plot = metricPlot(details.repetitions, metric, unit, plan.limits?.[metric]);
  return (
    <div class="ab-rec-metric">
      <div class="ab-plot-head">
        <label class="ab-rec-metric-name">
          <span class="ab-hidden">Metric</span>
          <select value={metric} onChange={(event) => face.chooseMetric(event.currentTarget.value)}>
            {names.map((name) => (
              <option key={name} value={name}>
                {visible(name)}
              </option>
            ))}
          </select>{' '}
          by repetition
        </label>
        {plot !== null && <Figures plot={plot} unit={unit} better={plan.metrics?.[metric]?.better} />}
      </div>
      {plot !== null && <Picture plot={plot} metric={metric} unit={unit} />}
    </div>
  );
}

function Figures({ plot, unit, better }: { plot: MetricPlot; unit: string; better: string | null | undefined }): JSX.Element {
  return (
    <span class="ab-num">
      {plot.mean !== null && <b>{spreadText(plot.mean, plot.sd, unit)}</b>}
      <span class="ab-faint">
        {' '}
        mean{plot.sd !== null && ' ± sd'} of {count(plot.count)}
        {plot.off > 0 && `, ${count(plot.off)} beyond 3 MAD`}
        {better && `, ${better} is better`}
      </span>
    </span>
  );
}

function Picture({ plot, metric, unit }: { plot: MetricPlot; metric: string; unit: string }): JSX.Element {
  const { points, rules, marks, band, meanY, limits } = plot;
  const label = [
    `${metric} of ${count(points.length)} repetitions in their order`,
    plot.mean === null ? '' : `mean ${valueText(plot.mean, unit)}`,
    ...limits.map((limit) => `limit ${limit.label}`),
  ];
  return (
    <svg
      class="ab-plot-picture ab-num"
      viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
      width="100%"
      role="img"
      aria-label={label.filter(Boolean).join(', ')}
    >
      {rules.map(({ y, label: text }) => (
        <g key={text}>
          <line class="ab-plot-rule" x1={LEFT} x2={RIGHT} y1={y} y2={y} />
          <text class="ab-plot-text" x={LEFT - 6} y={y + 3.5} text-anchor="end">
            {text}
          </text>
        </g>
      ))}
      {band !== null && (
        <rect class="ab-plot-band" x={LEFT} y={band.from} width={RIGHT - LEFT} height={Math.max(1, band.to - band.from)} />
      )}
      {meanY !== null && <line class="ab-plot-median" x1={LEFT} x2={RIGHT} y1={meanY} y2={meanY} />}
      {limits.map((limit) => (
        <g key={limit.label} class="ab-rec-limit">
          {limit.beyond === null && <line x1={LEFT} x2={RIGHT} y1={limit.y} y2={limit.y} />}
          <text x={RIGHT - 3} y={limit.y - 3} text-anchor="end">
            {limit.label}
          </text>
        </g>
      ))}
      <PlotPoints points={points} right={RIGHT} />
      {marks.map(({ x, label: text }) => (
        <text key={`${x}`} class="ab-plot-text" x={x} y={BOTTOM + 16} text-anchor="middle">
          {text}
        </text>
      ))}
    </svg>
  );
}

/** The repetitions of a planned step's newest try: asked for anew as they end. */
function useRepetitions(client: Client, step: StepRecord): { details: JobDetails | null; problem: string } {
  const found = useSignal<{ id: string; details: JobDetails | null; problem: string }>({ id: '', details: null, problem: '' });
  const jobId = step.jobId ?? '';
  const isLive = client.status.value.phase === 'live';
  useEffect(() => {
    if (!isLive || jobId === '') return;
    let isGone = false;
    const ask = async () => {
      try {
        const details = await client.command('job.get', { jobId });
        if (!isGone) found.value = { id: jobId, details, problem: '' };
      } catch (error) {
        if (!(error instanceof CommandError)) throw error;
        if (isGone) return;
        const problem =
          error.code === 'not-found' ? 'Its repetitions are not held any more; results and journal have them.' : error.message;
        found.value = { id: jobId, details: found.peek().id === jobId ? found.peek().details : null, problem };
      }
    };
    const timer = setTimeout(() => void ask(), found.peek().id === jobId ? EVERY_MS : 0);
    return () => {
      isGone = true;
      clearTimeout(timer);
    };
  }, [client, jobId, step.done, step.status, isLive]);
  return found.value.id === jobId ? found.value : { details: null, problem: '' };
}
