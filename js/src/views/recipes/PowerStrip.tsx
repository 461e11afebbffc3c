import { useComputed } from '@preact/signals';
import type { JSX } from 'preact';
import { useRef, useState } from 'preact/hooks';
import type { Client } from '../../client';
import { visible } from '../../logs/text/visible';
import type { DeviceRecord, PowerRecord, RecipeRunRecord } from '../../sync/messages';
import { get, type Rec } from '../../sync/read';
import { useWidth } from '../shared/width';
import { AxisMarks, NowMark } from './AxisMarks';
import type { Gantt } from './model/gantt';
import { SMALL_LETTER } from './model/letters';
import { valueText } from './model/metric-plot';
import type { StepNode } from './model/nodes';
import {
  besideX,
  energyText,
  HEIGHT,
  nearestPoint,
  type PowerPart,
  type PowerPlot,
  pointText,
  powerPlot,
  rangeText,
  WIDTH,
} from './model/power';
import { isRunOver } from './model/words';

interface Props {
  client: Client;
  run: RecipeRunRecord;
  power: PowerRecord;
  nodes: readonly StepNode[];
  gantt: Gantt;
  now: number;
}

/** The power that a meter saw, under the run along its time and on the same axis. */
export function PowerStrip({ client, run, power, nodes, gantt, now }: Props): JSX.Element | null {
  const plot = powerPlot(power, gantt.axis, nodes, run.finishedAt ?? now);
  const { unit } = power;
  if (plot.points.length === 0) return null;
  return (
    <div class="ab-rec-gantt-row ab-rec-power" role="group" aria-label={`Power by ${visible(power.deviceId)}`}>
      <span class="ab-rec-gantt-name ab-rec-power-name">
        <b>{visible(power.quantity === 'watts' ? 'power' : power.quantity)}</b>
        <span class="ab-faint">{visible(power.deviceId)}</span>
        <span class="ab-faint ab-num">{rangeText(plot.low, plot.high, unit)}</span>
      </span>
      <Curve power={power} plot={plot} gantt={gantt} />
      <span class="ab-rec-power-now ab-num">
        {isRunOver(run) ? <b>{energyText(power.joules, unit)}</b> : <Newest client={client} power={power} />}
        <span class="ab-faint">
          {isRunOver(run)
            ? `at most ${valueText(Math.max(...plot.points.map(({ most }) => most)), unit)}`
            : `${energyText(power.joules, unit)} so far`}
        </span>
      </span>
    </div>
  );
}

/** What the meter shows now; without a link, or where it is silent, what it showed. */
function Newest({ client, power }: { client: Client; power: PowerRecord }): JSX.Element {
  const shown = useComputed(() => {
    const device = get(client.state.value?.devices as Rec<DeviceRecord> | undefined, power.deviceId);
    const isLive = client.status.value.phase === 'live';
    const [value, last] = [device?.observed?.[power.quantity], device?.was?.[power.quantity]];
    if (typeof value === 'number') return `${isLive ? '' : 'was '}${valueText(value, power.unit)}`;
    return typeof last === 'number' ? `was ${valueText(last, power.unit)}` : 'silent';
  });
  return shown.value.startsWith('was') || shown.value === 'silent' ? (
    <span class="ab-muted">{shown.value}</span>
  ) : (
    <b>{shown.value}</b>
  );
}

/** The curve; a pointer or the arrow keys ask for the value at a moment. */
function Curve({ power, plot, gantt }: { power: PowerRecord; plot: PowerPlot; gantt: Gantt }): JSX.Element {
  const root = useRef<HTMLSpanElement>(null);
  const width = useWidth(root);
  const { axis } = gantt;
  const { points, parts } = plot;
  // A moment and not a point: points are joined while the run goes on.
  const [asked, setAsked] = useState<number | null>(null);
  const chosen = asked === null ? null : nearestPoint(points, asked);
  const point = chosen === null ? undefined : points[chosen];
  const here = point === undefined ? 0 : axis.at(point.time);
  const said = point === undefined ? '' : pointText(point, power.unit, axis);
  // Where there is little room, the mean alone.
  const shown = said.length * SMALL_LETTER + 8 > width ? (said.split(', ')[0] ?? said) : said;
  const newest = points.length - 1;
  const onPointer = (event: PointerEvent) => {
    const box = root.current?.getBoundingClientRect();
    if (box && box.width > 0) setAsked(axis.timeAt((event.clientX - box.left) / box.width));
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const to = keyLeads(event.key, chosen ?? newest, newest);
    if (to === null || event.altKey || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    event.stopPropagation();
    setAsked(points[to]?.time ?? null);
  };
  return (
    <span
      ref={root}
      class="ab-rec-bars ab-rec-power-curve"
      role="slider"
      tabIndex={0}
      aria-readonly="true"
      aria-label={`Power along the time of the run, ${rangeText(plot.low, plot.high, power.unit)}`}
      aria-valuemin={0}
      aria-valuemax={newest}
      aria-valuenow={chosen ?? newest}
      aria-valuetext={said || pointText(points[newest] as (typeof points)[number], power.unit, axis)}
      onPointerMove={onPointer}
      onPointerDown={onPointer}
      onPointerLeave={() => setAsked(null)}
      onFocus={() => setAsked((before) => before ?? points[newest]?.time ?? null)}
      onBlur={() => setAsked(null)}
      onKeyDown={onKeyDown}
    >
      <AxisMarks axis={axis} />
      {parts.map((part, i) => (
        <Part key={part.from} part={part} width={width} unit={power.unit} isDark={i % 2 === 1} />
      ))}
      <svg viewBox={`0 0 ${WIDTH} ${HEIGHT}`} preserveAspectRatio="none" aria-hidden="true">
        {plot.bands.map((band) => (
          <polygon key={band} points={band} class="ab-rec-power-band" />
        ))}
        {plot.lines.map((line) => (
          <polyline key={line} points={line} class="ab-rec-power-line" />
        ))}
      </svg>
      <NowMark at={gantt.now} />
      {point !== undefined && (
        <>
          <i class="ab-rec-power-at" style={{ left: `${100 * here}%` }} />
          <i
            class="ab-rec-power-said ab-num"
            style={{ left: `${besideX(here * width, shown.length * SMALL_LETTER + 8, width)}px` }}
          >
            {shown}
          </i>
        </>
      )}
    </span>
  );
}

function Part({ part, width, unit, isDark }: { part: PowerPart; width: number; unit: string; isDark: boolean }): JSX.Element {
  const names = part.steps.map((name) => visible(name)).join(' + ');
  const energy = energyText(part.joules, unit);
  const isShared = part.steps.length > 1;
  const room = (part.to - part.from) * width - 6;
  const text = [isShared ? `${energy} shared` : energy, energy].find((one) => one.length * SMALL_LETTER < room) ?? '';
  return (
    <i
      class={`ab-rec-power-part${isDark ? ' ab-rec-power-dark' : ''}`}
      title={`${names}: ${energy}${isShared ? ', shared' : ''}`}
      style={{ left: `${100 * part.from}%`, width: `${100 * (part.to - part.from)}%` }}
    >
      {text}
    </i>
  );
}

/** The point that a key leads to; null where the key is none of ours. */
function keyLeads(key: string, from: number, newest: number): number | null {
  const ways: Readonly<Record<string, number>> = {
    ArrowLeft: from - 1,
    ArrowDown: from - 1,
    ArrowRight: from + 1,
    ArrowUp: from + 1,
    PageDown: from - 10,
    PageUp: from + 10,
    Home: 0,
    End: newest,
  };
  const to = ways[key];
  return to === undefined ? null : Math.max(0, Math.min(newest, to));
}
