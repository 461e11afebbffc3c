/** The steps of a recipe's run as the face shows them: what all cells of a step come to. Pure. */

import type { PlanRecord, PromptRecord, RecipeRunRecord, StepRecord, StepStatus } from '../../../sync/messages';
import { get, keys, type Rec, values } from '../../../sync/read';
import { chunkValues, Wide, type WideChunk } from '../../../sync/wide';
import type { Stretch } from './time-axis';

/** How a step stands, for the eye: its status, or that it waits for a person. */
export type Standing = StepStatus | 'asks';

export interface StepNode {
  /** The step's id; of what stands for many steps, a key that no step has. */
  readonly key: string;
  readonly name: string;
  /** The steps that it stands for, by their ids in the plan. */
  readonly steps: readonly string[];
  readonly plan: PlanRecord;
  readonly tally: Tally;
  readonly standing: Standing;
  readonly prompt: PromptRecord | null;
}

/** What planned steps come to. Lists are short, however many there are. */
export interface Tally {
  readonly total: number;
  readonly by: Readonly<Partial<Record<StepStatus, number>>>;
  /** Those under way. */
  readonly active: readonly StepRecord[];
  /** Those that did not succeed. */
  readonly failed: readonly StepRecord[];
  readonly first: StepRecord | null;
  readonly startedAt: number | null;
  readonly finishedAt: number | null;
  /** What those that have not begun take by their own past: seconds, and of how many that is known. */
  readonly own: { readonly seconds: number; readonly count: number };
  /** When any of them ran, in their order; what still runs has no end. Short silences between are part of it. */
  readonly ran: readonly Stretch[];
}

const MOST_LISTED = 32;
/** So many stretches are told apart; of more, those nearest to each other count as one. */
const MOST_STRETCHES = 8;
/** What follows so soon belongs to the same stretch. */
const SOON_MS = 10_000;
const NOTHING: Tally = {
  ...{ total: 0, by: {}, active: [], failed: [], first: null, startedAt: null, finishedAt: null },
  ran: [],
  own: { seconds: 0, count: 0 },
};
const SETTLED: ReadonlySet<StepStatus> = new Set(['succeeded', 'failed', 'timeout', 'skipped', 'cancelled']);
const BAD: ReadonlySet<StepStatus> = new Set(['failed', 'timeout']);

export function isSettled(status: StepStatus): boolean {
  return SETTLED.has(status);
}

export function isBad(status: StepStatus): boolean {
  return BAD.has(status);
}

/** How many of a tally are settled. */
export function settledOf(tally: Tally): number {
  return countOf(tally, [...SETTLED]);
}

export function countOf(tally: Tally, statuses: readonly StepStatus[]): number {
  return statuses.reduce((sum, status) => sum + (tally.by[status] ?? 0), 0);
}

type Tallies = ReadonlyMap<string, Tally>;

const parts = new WeakMap<object, Tallies>();

/** Tallies by the step's id in the plan. Of many steps only those are counted anew that stand where something has changed. */
export function talliesOf(run: RecipeRunRecord): Tallies {
  const steps = run.steps as Rec<StepRecord> | undefined;
  if (!(steps instanceof Wide)) return measure(values(steps));
  const found = new Map<string, Tally>();
  for (const chunk of steps.chunks as readonly WideChunk<StepRecord>[]) {
    let part = parts.get(chunk);
    if (part === undefined) {
      part = measure(chunkValues(chunk));
      parts.set(chunk, part);
    }
    for (const [name, tally] of part) {
      const known = found.get(name);
      found.set(name, known === undefined ? tally : sum(known, tally));
    }
  }
  return found;
}

function measure(steps: Iterable<StepRecord>): Tallies {
  const found = new Map<string, Tally>();
  for (const step of steps) {
    const name = step.step ?? step.id;
    const known = found.get(name);
    found.set(name, known === undefined ? one(step) : sum(known, one(step)));
  }
  return found;
}

function one(step: StepRecord): Tally {
  const { status } = step;
  const ownS = status === 'waiting' || status === 'queued' ? (step.expectedS ?? null) : null;
  const began = step.earlier?.[0]?.startedAt ?? step.startedAt ?? null;
  return {
    total: 1,
    by: { [status]: 1 },
    active: status === 'running' || status === 'retrying' ? [step] : [],
    failed: isBad(status) ? [step] : [],
    first: step,
    startedAt: began,
    finishedAt: step.finishedAt ?? null,
    ran: ranOf(step),
    own: { seconds: ownS ?? 0, count: ownS === null ? 0 : 1 },
  };
}

function ranOf({ earlier, startedAt, finishedAt }: StepRecord): Stretch[] {
  const newest = startedAt == null ? [] : [{ from: startedAt, to: finishedAt ?? Number.POSITIVE_INFINITY }];
  if (!earlier?.length) return newest;
  return [...earlier.map((one) => ({ from: one.startedAt, to: one.finishedAt })), ...newest].reduce(
    (ran, one) => joined(ran, [one]),
    [] as Stretch[],
  );
}

/** Two lists of stretches as one: what overlaps or follows soon is one of them. */
export function joined(a: readonly Stretch[], b: readonly Stretch[]): Stretch[] {
  const found: Stretch[] = [];
  for (const one of [...a, ...b].sort((x, y) => x.from - y.from)) {
    const last = found.at(-1);
    if (last === undefined || one.from - last.to > SOON_MS) found.push(one);
    else if (one.to > last.to) found[found.length - 1] = { from: last.from, to: one.to };
  }
  while (found.length > MOST_STRETCHES) {
    let nearest = 1;
    const apart = (i: number) => (found[i] as Stretch).from - (found[i - 1] as Stretch).to;
    for (let i = 2; i < found.length; i++) if (apart(i) < apart(nearest)) nearest = i;
    const [left, right] = found.slice(nearest - 1, nearest + 1) as [Stretch, Stretch];
    found.splice(nearest - 1, 2, { from: left.from, to: right.to });
  }
  return found;
}

/** Two tallies as one. */
export function sum(a: Tally, b: Tally): Tally {
  const by = { ...a.by };
  for (const [status, count] of Object.entries(b.by) as [StepStatus, number][]) by[status] = (by[status] ?? 0) + count;
  return {
    total: a.total + b.total,
    by,
    active: some(a.active, b.active),
    failed: some(a.failed, b.failed),
    first: a.first ?? b.first,
    startedAt: least(a.startedAt, b.startedAt),
    finishedAt: most(a.finishedAt, b.finishedAt),
    own: { seconds: a.own.seconds + b.own.seconds, count: a.own.count + b.own.count },
    ran: a.ran.length === 0 ? b.ran : b.ran.length === 0 ? a.ran : joined(a.ran, b.ran),
  };
}

function some<T>(a: readonly T[], b: readonly T[]): readonly T[] {
  if (b.length === 0 || a.length >= MOST_LISTED) return a;
  return a.length === 0 ? b : [...a, ...b].slice(0, MOST_LISTED);
}

function least(a: number | null, b: number | null): number | null {
  return a === null ? b : b === null ? a : Math.min(a, b);
}

function most(a: number | null, b: number | null): number | null {
  return a === null ? b : b === null ? a : Math.max(a, b);
}

/** A node for each step of the plan, in the plan's order. */
export function nodesOf(run: RecipeRunRecord, prompts: readonly PromptRecord[]): StepNode[] {
  const tallies = talliesOf(run);
  const asked = new Map(prompts.filter((one) => one.runId === run.id).map((one) => [one.stepId ?? '', one]));
  const steps = run.steps as Rec<StepRecord> | undefined;
  const askers = new Map([...asked].map(([id, prompt]) => [get(steps, id)?.step ?? id, prompt]));
  const nodes: StepNode[] = [];
  for (const plan of values(run.plan as Rec<PlanRecord> | undefined)) {
    const tally = tallies.get(plan.id) ?? { ...NOTHING, total: plan.cells ?? 1, by: { waiting: plan.cells ?? 1 } };
    const prompt = askers.get(plan.id) ?? null;
    const standing = prompt === null ? standingOf(tally) : 'asks';
    nodes.push({ key: plan.id, name: plan.id, steps: [plan.id], plan, tally, standing, prompt });
  }
  return nodes;
}

/** What many planned steps come to in one word: what is under way first, then what went wrong. */
export function standingOf(tally: Tally): StepStatus {
  const { by, total } = tally;
  for (const status of ['running', 'retrying'] as const) if (by[status]) return status;
  if (settledOf(tally) < total) {
    if (by.queued) return 'queued';
    return settledOf(tally) > 0 ? 'running' : 'waiting';
  }
  for (const status of ['failed', 'timeout', 'cancelled', 'succeeded'] as const) if (by[status]) return status;
  return 'skipped';
}

const cellLists = new WeakMap<object, ReadonlyMap<string, readonly string[]>>();

/** The planned steps' ids by the step's id, in the plan's order. Gathered anew only when some come. */
export function cellIds(run: RecipeRunRecord): ReadonlyMap<string, readonly string[]> {
  const steps = run.steps as Rec<StepRecord> | undefined;
  const known = steps instanceof Wide ? cellLists.get(steps.shape) : undefined;
  if (known !== undefined) return known;
  const found = new Map<string, string[]>();
  for (const id of keys(steps)) {
    const name = get(steps, id)?.step ?? id;
    const list = found.get(name);
    if (list === undefined) found.set(name, [id]);
    else list.push(id);
  }
  if (steps instanceof Wide) cellLists.set(steps.shape, found);
  return found;
}

/** The planned steps of one step, in the plan's order. */
export function cellsOf(run: RecipeRunRecord, step: string): StepRecord[] {
  const steps = run.steps as Rec<StepRecord> | undefined;
  return (cellIds(run).get(step) ?? []).flatMap((id) => get(steps, id) ?? []);
}
