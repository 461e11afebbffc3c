import type { JSX } from 'preact';
import { visible } from '../../logs/text/visible';
import type { RecipeRunRecord } from '../../sync/messages';
import { count, duration, estimate } from '../shared/format';
import { AskButton } from './AskButton';
import type { RecipeFace } from './model/face';
import type { Forecast } from './model/forecast';
import type { Gantt } from './model/gantt';
import { isSettled, type StepNode } from './model/nodes';
import { aboutTime, elapsedS, isRunOver, leftText, runTone, runWord, SIGNS } from './model/words';

export interface HeadProps {
  face: RecipeFace;
  run: RecipeRunRecord;
  runs: readonly RecipeRunRecord[];
  node: StepNode | null;
  /** The planned step that is chosen among the cells of the node. */
  cell: string | null;
  future: Forecast;
  gantt: Gantt;
  now: number;
  asking: number;
  isShut: boolean;
  onPrompt(): void;
}

const GLYPHS = {
  ok: SIGNS.succeeded,
  busy: SIGNS.running,
  warn: '❚❚',
  bad: SIGNS.failed,
  idle: SIGNS.waiting,
} as const;

/** Which run it is, how it stands and how long it takes, and what can be done about it. */
export function RunHead(props: HeadProps): JSX.Element {
  const { face, run, runs, future, now, asking, isShut, onPrompt } = props;
  const status = run.status;
  const tone = runTone(status);
  const took = elapsedS(run, now);
  const about = took === null ? '' : aboutTime(run, props.gantt.axis.breaks);
  const left = isRunOver(run) ? '' : leftText(future, now);
  const name = visible(run.recipe ?? run.id);
  return (
    <header class="ab-rec-head">
      <button
        type="button"
        class="ab-plain ab-rec-toggle"
        aria-expanded={!isShut}
        aria-label={`${name}, ${run.label ?? ''}: ${runWord(status)}`}
        onClick={() => face.toggle(run.id)}
      >
        <span class="ab-run-caret" aria-hidden="true">
          {isShut ? '▸' : '▾'}
        </span>
        <span class={`ab-rec-glyph ab-text-${tone}`} aria-hidden="true">
          {status === 'cancelled' ? SIGNS.cancelled : GLYPHS[tone]}
        </span>
        <b>{name}</b>
      </button>
      {runs.length > 1 ? <Chooser {...props} /> : <span class="ab-faint">{run.label}</span>}
      <span class={`ab-rec-state ab-text-${tone === 'ok' ? 'good' : tone}`}>{runWord(status)}</span>
      <span class="ab-rec-times ab-num">
        {took !== null && <span class="ab-muted">{isRunOver(run) ? duration(took) : `${estimate(took)} so far`}</span>}
        {about && <span class="ab-faint">{about}</span>}
        {left && <span>{left}</span>}
        {took === null && !isRunOver(run) && run.total !== undefined && (
          <span class="ab-muted">{count(run.total)} steps to do</span>
        )}
      </span>
      {asking > 0 && (
        <button type="button" class="ab-rec-asks" onClick={onPrompt}>
          <span aria-hidden="true">{SIGNS.asks}</span> waits for you{asking > 1 ? ` ${asking}` : ''}
        </button>
      )}
      <span class="ab-space" />
      <Buttons {...props} />
      {run.reason && <p class={`ab-rec-reason ab-text-${tone}`}>{visible(run.reason)}</p>}
    </header>
  );
}

function Chooser({ face, run, runs }: HeadProps): JSX.Element {
  return (
    <select
      class="ab-rec-chooser"
      aria-label="Run of a recipe"
      value={run.id}
      onChange={(event) => face.choose(event.currentTarget.value)}
    >
      {runs.map((one) => (
        <option key={one.id} value={one.id}>
          {visible(one.label ?? one.id)} {visible(one.recipe ?? '')}, {runWord(one.status)}
        </option>
      ))}
    </select>
  );
}

function Buttons({ face, run, node, cell }: HeadProps): JSX.Element {
  const name = visible(run.recipe ?? run.id);
  const runId = run.id;
  const isOver = isRunOver(run);
  const isPaused = run.status === 'paused';
  const chosen = cell ?? (node === null || node.plan.kind === 'fold' ? null : node.key);
  const shown = chosen === null ? 'a step' : visible(chosen);
  const act = (key: string, what: string, command: 'recipe.pause' | 'recipe.resume' | 'recipe.cancel') =>
    void face.ask(`${key} ${runId}`, `${what} ${name}`, command, { runId });
  const over = isOver ? 'This run is over.' : '';
  return (
    <span class="ab-rec-buttons">
      {isPaused ? (
        <AskButton
          face={face}
          id={`resume ${runId}`}
          label={`Resume ${name}`}
          onClick={() => act('resume', 'Resume', 'recipe.resume')}
        >
          ▶ Resume
        </AskButton>
      ) : (
        <AskButton
          face={face}
          id={`pause ${runId}`}
          label={`Pause ${name}`}
          unless={over}
          onClick={() => act('pause', 'Pause', 'recipe.pause')}
        >
          ❚❚ Pause
        </AskButton>
      )}
      <AskButton
        face={face}
        id={`cancel ${runId}`}
        class="ab-button ab-small ab-run-cancel"
        label={`Cancel ${name}`}
        unless={over}
        onClick={() => act('cancel', 'Cancel', 'recipe.cancel')}
      >
        Cancel
      </AskButton>
      <AskButton
        face={face}
        id={`skip ${runId}`}
        label={`Skip ${shown}`}
        unless={over || whyNoSkip(node, cell, chosen)}
        onClick={() => chosen && void face.ask(`skip ${runId}`, `Skip ${shown}`, 'recipe.skip', { runId, stepId: chosen })}
      >
        Skip{chosen !== null && <b> {shown}</b>}
      </AskButton>
      <AskButton
        face={face}
        id={`retry ${runId}`}
        label={`Retry from ${shown}`}
        unless={
          !isOver
            ? 'A step can be done again when the run is over: cancel it, or wait.'
            : chosen === null
              ? 'Choose a step first.'
              : ''
        }
        onClick={() =>
          chosen && void face.ask(`retry ${runId}`, `Retry from ${shown}`, 'recipe.retry', { runId, stepId: chosen })
        }
      >
        ↻ Retry from <b>{shown}</b>
      </AskButton>
    </span>
  );
}

function whyNoSkip(node: StepNode | null, cell: string | null, chosen: string | null): string {
  if (node === null || chosen === null) return 'Choose a step first.';
  const { by, first, total } = node.tally;
  const open = (by.waiting ?? 0) + (by.queued ?? 0) + (by.retrying ?? 0) + (by.running ?? 0);
  if (open > 0 && (cell === null || total > 1)) return '';
  return first !== null && total === 1 && isSettled(first.status) ? 'It is over.' : 'Nothing of it is left to skip.';
}
