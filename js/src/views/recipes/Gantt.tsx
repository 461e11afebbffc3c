import type { JSX } from 'preact';
import { visible } from '../../logs/text/visible';
import type { RecipeRunRecord } from '../../sync/messages';
import { estimate } from '../shared/format';
import type { Forecast } from './model/forecast';
import { type Bar, type BarKind, ganttOf } from './model/gantt';
import type { StepNode } from './model/nodes';
import { rowText, SIGNS, WORDS } from './model/words';

interface Props {
  run: RecipeRunRecord;
  nodes: readonly StepNode[];
  future: Forecast;
  chosen: string | null;
  now: number;
  isLost: boolean;
}

/** A shorter bar has no room for words; they stand in its title. */
const WORTH_WORDS = 0.07;

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
export function Gantt({ run, nodes, future, chosen, now, isLost }: Props): JSX.Element {
  const gantt = ganttOf(run, nodes, future, now);
  const nowAt = gantt.now;
  return (
    <div class={`ab-rec-gantt${isLost ? ' ab-rec-lost' : ''}`} role="table" aria-label="Steps along the time of the run">
      <div class="ab-rec-gantt-row ab-rec-gantt-head" role="row">
        <span role="columnheader">steps</span>
        <span role="columnheader" class="ab-rec-axis ab-num">
          <span class="ab-hidden">when</span>
          {gantt.ticks
            .filter((tick) => tick.at < 0.97 && (nowAt === null || Math.abs(tick.at - nowAt) > 0.13))
            .map((tick) => (
              <i
                key={tick.label}
                class={tick.at === 0 ? 'ab-rec-zero' : ''}
                aria-hidden="true"
                style={{ left: `${100 * tick.at}%` }}
              >
                {tick.label}
              </i>
            ))}
          {nowAt !== null && (
            <i
              class={`ab-rec-now-text${nowAt > 0.9 ? ' ab-rec-now-end' : nowAt < 0.12 ? ' ab-rec-now-begin' : ''}`}
              style={{ left: `${100 * nowAt}%` }}
            >
              {isLost ? 'last seen' : 'now'} {estimate(gantt.nowS)}
            </i>
          )}
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
            {gantt.ticks.map((tick) => (
              <i key={tick.label} class="ab-rec-tick" aria-hidden="true" style={{ left: `${100 * tick.at}%` }} />
            ))}
            {(gantt.rows[i]?.bars ?? []).map((bar, k) => (
              <BarView key={`${bar.kind} ${k}`} bar={bar} />
            ))}
            {nowAt !== null && <i class="ab-rec-now" aria-hidden="true" style={{ left: `${100 * nowAt}%` }} />}
          </span>
          <span role="cell" class="ab-rec-took ab-num">
            {rowText(node, future, now)}
          </span>
        </div>
      ))}
    </div>
  );
}

function BarView({ bar }: { bar: Bar }): JSX.Element {
  const said = [KIND_WORDS[bar.kind], bar.label].filter(Boolean).join(': ');
  const style = {
    left: `${100 * bar.from}%`,
    width: `max(${bar.kind === 'between' || bar.kind === 'next' ? 0 : 2}px, ${100 * (bar.to - bar.from)}%)`,
  };
  return (
    <i class={`ab-rec-bar ab-rec-bar-${bar.kind}`} style={style} title={visible(said)}>
      {bar.to - bar.from > WORTH_WORDS ? visible(bar.label) : ''}
    </i>
  );
}
