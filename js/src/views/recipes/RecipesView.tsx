import { useComputed } from '@preact/signals';
import type { JSX } from 'preact';
import { useMemo, useRef } from 'preact/hooks';
import type { Client } from '../../client';
import { visible } from '../../logs/text/visible';
import type { InterruptedRun, Jobs, PromptRecord, RecipeRunRecord } from '../../sync/messages';
import { keys, type Rec, values } from '../../sync/read';
import { useLiveNow } from '../shared/live-now';
import { Gantt } from './Gantt';
import { Graph } from './Graph';
import { Interrupted } from './Interrupted';
import { MatrixGrid } from './MatrixGrid';
import { RecipeFace } from './model/face';
import { drawnOf, structureOf } from './model/folded';
import { forecast } from './model/forecast';
import { ganttOf } from './model/gantt';
import { nodesOf, type StepNode } from './model/nodes';
import { firstShown, waitingRuns } from './model/waiting-runs';
import { isRunOver } from './model/words';
import { Prompts } from './Prompts';
import { PausedBanner, Queue } from './Queue';
import { RunHead } from './RunHead';
import { StepPanel } from './StepPanel';

/** How often clocks and guesses are drawn anew, in ms. */
const NOW_MS = 500;
/** Runs of more steps are drawn with the clock. */
const LARGE = 500;

interface Props {
  client: Client;
  /** Show the log of this planned step. */
  onPickStep(stepId: string): void;
  /** There is room for rows alone: only what waits for a person, and a paused queue, are shown. */
  isLow: boolean;
}

/** Runs of recipes: what waits for a person, the graph and the time of one run, the queue, what was interrupted. */
export function RecipesView({ client, onPickStep, isLow }: Props): JSX.Element | null {
  const jobs = useComputed(() => client.state.value?.jobs).value;
  const interrupted = useComputed(() => client.state.value?.journal?.interrupted).value;
  const face = useMemo(() => new RecipeFace(client), [client]);
  const list = useMemo(
    () => [...values((interrupted ?? {}) as Rec<InterruptedRun>)].sort((a, b) => b.lastSeenAt - a.lastSeenAt),
    [interrupted],
  );
  if (jobs === undefined) return null;
  const hasRuns = keys(jobs.recipeRuns as Rec<RecipeRunRecord> | undefined).length > 0;
  if (!hasRuns && !jobs.paused && list.length === 0) return null;
  return <Recipes face={face} jobs={jobs} interrupted={list} onPickStep={onPickStep} isLow={isLow} />;
}

interface RecipesProps {
  face: RecipeFace;
  jobs: Jobs;
  interrupted: readonly InterruptedRun[];
  onPickStep(stepId: string): void;
  isLow: boolean;
}

function Recipes({ face, jobs, interrupted, onPickStep, isLow }: RecipesProps): JSX.Element {
  const root = useRef<HTMLDivElement>(null);
  const recipes = jobs.recipeRuns as Rec<RecipeRunRecord> | undefined;
  const runs = useMemo(() => [...values(recipes)].sort((a, b) => (b.createdAt ?? 0) - (a.createdAt ?? 0)), [recipes]);
  const prompts = useMemo(() => sortedPrompts(jobs), [jobs.prompts]);
  const isActive = runs.some((run) => !isRunOver(run)) || prompts.length > 0 || interrupted.length > 0;
  const now = useLiveNow(face.client, NOW_MS, isActive).value;
  const asking = new Set(prompts.map((prompt) => prompt.runId ?? ''));
  const chosen = face.run.value;
  const shown = runs.find((run) => run.id === chosen) ?? runs.find((run) => run.id === firstShown(runs, asking)) ?? null;
  const waiting = useMemo(() => waitingRuns(jobs), [jobs]);
  const said = face.said.value;
  const toPrompt = () => {
    const find = (what: string) => root.current?.querySelector<HTMLElement>(`.ab-rec-prompt${what}`);
    const first = find(' button:not(:disabled)') ?? find('');
    first?.focus();
    first?.scrollIntoView?.({ block: 'nearest' });
  };
  const held = useHeld(shown, now);
  const others = runs.map((run) => `${run.id} ${run.status}`).join('\n');
  // Drawn anew when something of it has changed, and not with each change of another run or job.
  const one = useMemo(
    () =>
      held && (
        <OneRun face={face} run={held} runs={runs} prompts={prompts} now={now} onPickStep={onPickStep} onPrompt={toPrompt} />
      ),
    [face, held, others, prompts, now],
  );
  return (
    <div class="ab-rec" ref={root}>
      {jobs.paused && <PausedBanner face={face} paused={jobs.paused} />}
      <Prompts face={face} prompts={prompts} runs={recipes} now={now} />
      {!isLow && <Interrupted face={face} runs={interrupted} now={now} />}
      {isLow ? null : one}
      {!isLow && waiting.length > 0 && <Queue face={face} waiting={waiting} isPaused={jobs.paused != null} />}
      <p class={`ab-rec-said${said?.isProblem ? ' ab-text-bad' : ' ab-muted'}`} role={said?.isProblem ? 'alert' : 'status'}>
        {said === null ? '' : visible(said.text)}
      </p>
    </div>
  );
}

/** A run as it is to be drawn: one of very many steps with the clock, and not with each of their changes. */
function useHeld(run: RecipeRunRecord | null, now: number): RecipeRunRecord | null {
  const held = useRef<{ run: RecipeRunRecord | null; now: number }>({ run: null, now: 0 });
  const last = held.current;
  const isSame = run !== null && last.run?.id === run.id && last.run.status === run.status && last.now === now;
  if (!isSame || isRunOver(run) || (run.total ?? 0) <= LARGE) held.current = { run, now };
  return held.current.run;
}

function sortedPrompts(jobs: Jobs): PromptRecord[] {
  const prompts = [...values(jobs.prompts as Rec<PromptRecord> | undefined)];
  // Whose time is up first comes first; those that wait as long as it takes come last.
  return prompts.sort(
    (a, b) => (a.until ?? Number.MAX_VALUE) - (b.until ?? Number.MAX_VALUE) || (a.askedAt ?? 0) - (b.askedAt ?? 0),
  );
}

interface RunProps {
  face: RecipeFace;
  run: RecipeRunRecord;
  runs: readonly RecipeRunRecord[];
  prompts: readonly PromptRecord[];
  now: number;
  onPickStep(stepId: string): void;
  onPrompt(): void;
}

function OneRun({ face, run, runs, prompts, now, onPickStep, onPrompt }: RunProps): JSX.Element {
  const chosen = face.node.value;
  const nodes = useMemo(() => nodesOf(run, prompts), [run, prompts]);
  const drawn = useMemo(() => drawnOf(nodes, structureOf(run), chosen), [nodes, chosen]);
  const future = forecast(drawn.nodes, drawn.links, run.parallel ?? 1, now);
  const gantt = ganttOf(run, drawn.nodes, future, now);
  const node = drawn.nodes.find((one) => one.key === chosen) ?? null;
  const matrix = node ?? firstMatrix(drawn.nodes);
  const hasMatrix = matrix !== null && matrix.tally.total > 1 && (matrix.plan.axes ?? []).length > 0;
  const isShut = face.shut.value.has(run.id);
  const asking = prompts.filter((prompt) => prompt.runId === run.id).length;
  const isLost = face.client.status.value.phase !== 'live';
  return (
    <section class="ab-rec-run" aria-label={`Run of ${visible(run.recipe ?? run.id)}, ${visible(run.label ?? '')}`}>
      <RunHead
        face={face}
        run={run}
        runs={runs}
        node={node}
        cell={face.cell.value}
        future={future}
        gantt={gantt}
        now={now}
        asking={asking}
        isShut={isShut}
        onPrompt={onPrompt}
      />
      {!isShut && (
        <>
          <Graph
            face={face}
            drawn={drawn}
            chosen={chosen}
            future={future}
            now={now}
            onChoose={(one) => face.chooseNode(one.key === chosen ? null : one.key)}
          />
          <Gantt
            client={face.client}
            run={run}
            gantt={gantt}
            nodes={drawn.nodes}
            future={future}
            chosen={chosen}
            now={now}
            isLost={isLost}
          />
          {(hasMatrix || node !== null) && (
            <div class={`ab-rec-below${hasMatrix && node !== null ? ' ab-rec-two' : ''}`}>
              {hasMatrix && <MatrixGrid face={face} run={run} node={matrix} now={now} onLog={onPickStep} />}
              {node !== null && (
                <StepPanel face={face} client={face.client} run={run} node={node} now={now} onLog={onPickStep} />
              )}
            </div>
          )}
        </>
      )}
    </section>
  );
}

/** Of the steps with a matrix the one that goes on, or went wrong; else the first. */
function firstMatrix(nodes: readonly StepNode[]): StepNode | null {
  const all = nodes.filter((node) => (node.plan.axes ?? []).length > 0);
  return all.find((node) => node.tally.active.length > 0) ?? all.find((node) => node.tally.failed.length > 0) ?? all[0] ?? null;
}
