import type { JSX } from 'preact';
import { useRef } from 'preact/hooks';
import type { Client } from '../../client';
import { visible } from '../../logs/text/visible';
import type { RecipeRunRecord } from '../../sync/messages';
import { useWidth } from '../shared/width';
import { AxisMarks, NowMark } from './AxisMarks';
import { axisLabels } from './model/axis-labels';
import type { Forecast } from './model/forecast';
import type { Bar, BarKind, Gantt as GanttModel } from './model/gantt';
import { SMALL_LETTER } from './model/letters';
import type { StepNode } from './model/nodes';
import type { Break } from './model/time-axis';
import { rowText, SIGNS, WORDS } from './model/words';
import { PowerStrip } from './PowerStrip';

interface Props {
  client: Client;
  run: RecipeRunRecord;
  gantt: GanttModel;
  nodes: readonly StepNode[];
  future: Forecast;
  chosen: string | null;
  now: number;
  isLost: boolean;
}

/** Before the width of the axis is known, in px. */
const USUAL_WIDTH = 600;
/** Px of a letter in the name of a step, and of its sign. */
const NAME_LETTER = 7.8;
const NAME_PAD = 26;
/** Px of what stands around the words of a bar. */
const BAR_PAD = 12;

const KIND_WORDS: Readonly<Record<BarKind, string>> = {
  ok: 'done',
  bad: 'failed',
  run: 'running',
  asks: 'waits for you',
  between: 'waits before the next try',
  cancelled: 'cancelled',
  next: 'about',
  limit: 'until the time-out',
  late: 'until the time-out, which is later than this picture',
};

/** The run along its time, with the names, signs and order of the graph. The list beside it says the same in words. */
export function Gantt({ client, run, gantt, nodes, future, chosen, now, isLost }: Props): JSX.Element {
  const head = useRef<HTMLSpanElement>(null);
  const width = useWidth(head);
  const { axis, now: nowAt } = gantt;
  const longest = Math.max(0, ...nodes.map((node) => node.name.length));
  const { labels, untold } = axisLabels(gantt, width || USUAL_WIDTH, `${isLost ? 'last seen' : 'now'} ${gantt.nowText}`.trim());
  return (
    <div
      class={`ab-rec-gantt${isLost ? ' ab-rec-lost' : ''}`}
      style={{ '--ab-rec-names': `${Math.ceil(NAME_PAD + longest * NAME_LETTER)}px` }}
    >
      <div role="table" aria-label="Steps along the time of the run">
        <div class="ab-rec-gantt-row ab-rec-gantt-head" role="row">
          <span role="columnheader">steps</span>
          <span role="columnheader" class="ab-rec-axis ab-num" ref={head}>
            <span class="ab-hidden">when</span>
            {labels.map(({ kind, text, left }) => (
              <i
                key={`${kind} ${left}`}
                class={`ab-rec-axis-${kind}`}
                aria-hidden={kind !== 'now'}
                style={{ left: `${left}px` }}
              >
                {text}
              </i>
            ))}
          </span>
          <span role="columnheader" class="ab-rec-took">
            took / left
          </span>
        </div>
        {nodes.map((node, i) => (
          <div
            key={node.key}
            role="row"
            class={`ab-rec-gantt-row ab-rec-is-${node.standing}${node.key === chosen ? ' ab-rec-chosen' : ''}`}
          >
            <span role="cell" class="ab-rec-gantt-name" title={visible(node.name)}>
              <span class="ab-rec-sign" aria-hidden="true">
                {SIGNS[node.standing]}
              </span>
              <span class="ab-hidden">{WORDS[node.standing]}: </span>
              <span class="ab-rec-name">{visible(node.name)}</span>
            </span>
            <span role="cell" class="ab-rec-bars">
              <AxisMarks axis={axis} />
              {(gantt.rows[i]?.bars ?? []).map((bar, k) => (
                <BarView key={`${bar.kind} ${k}`} bar={bar} width={width || USUAL_WIDTH} />
              ))}
              <NowMark at={nowAt} />
            </span>
            <span role="cell" class="ab-rec-took ab-num">
              {rowText(node, future, now)}
            </span>
          </div>
        ))}
      </div>
      {run.power && <PowerStrip client={client} run={run} power={run.power} nodes={nodes} gantt={gantt} now={now} />}
      {axis.breaks.length > 0 && (
        <p class={`ab-rec-breaks ab-faint ab-num${untold.length === 0 ? ' ab-hidden' : ''}`}>{breaksText(axis.breaks)}</p>
      )}
    </div>
  );
}

/** "Left out: 14 h 02 m in which nothing ran." */
function breaksText(breaks: readonly Break[]): string {
  const told = breaks.map(({ label }) => label.replace(' later', ''));
  return `Left out where the axis is broken: ${told.join(', ')} in which nothing ran.`;
}

function BarView({ bar, width }: { bar: Bar; width: number }): JSX.Element {
  const said = [KIND_WORDS[bar.kind], bar.label].filter(Boolean).join(': ');
  const style = {
    left: `${100 * bar.from}%`,
    width: `max(${bar.kind === 'between' || bar.kind === 'next' ? 0 : 2}px, ${100 * (bar.to - bar.from)}%)`,
  };
  const room = (bar.to - bar.from) * width - BAR_PAD;
  // Words stand whole in a bar, or not at all; the title has them.
  const words = [bar.label, bar.label.split(': ')[0] ?? ''].map(visible).find((one) => one.length * SMALL_LETTER <= room);
  return (
    <i class={`ab-rec-bar ab-rec-bar-${bar.kind}`} style={style} title={visible(said)}>
      {words}
    </i>
  );
}
