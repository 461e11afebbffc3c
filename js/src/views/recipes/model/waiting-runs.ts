/** What waits for its turn: runs of recipes, and runs of plain jobs, in the order in which they will start. Pure. */

import type { JobRecord, Jobs, RecipeRunRecord, RunRecord } from '../../../sync/messages';
import { get, has, type Rec, values } from '../../../sync/read';
import { meanOf } from '../../runs/model/stats';

export interface WaitingRun {
  readonly id: string;
  readonly kind: 'recipe' | 'jobs';
  readonly title: string;
  /** What tells it from others of the same title. */
  readonly about: string;
  readonly priority: number;
  /** Seconds that it about takes; null where nothing is known. */
  readonly takesS: number | null;
  readonly waitsFor: string;
  /** Its jobs that wait, where others of it run already: to remove it is to cancel these alone. Empty for all of it. */
  readonly jobIds: readonly string[];
}

interface Entry extends WaitingRun {
  readonly place: number;
}

/** So many jobs of the queue are looked at; behind them nothing is said of plain jobs. */
const MOST_JOBS = 5_000;

export function waitingRuns(jobs: Jobs): WaitingRun[] {
  const recipes = jobs.recipeRuns as Rec<RecipeRunRecord> | undefined;
  const entries = [...waitingRecipes(recipes), ...waitingJobs(jobs, recipes)];
  entries.sort((a, b) => b.priority - a.priority || a.place - b.place);
  const now = underWay(jobs, recipes);
  return entries.map((entry, i) => {
    const before = i === 0 ? now : entries[i - 1]?.title;
    const waitsFor = jobs.paused ? 'the paused queue' : before ? `the end of ${before}` : 'its turn';
    return { ...entry, waitsFor };
  });
}

function waitingRecipes(recipes: Rec<RecipeRunRecord> | undefined): Entry[] {
  const found: Entry[] = [];
  for (const run of values(recipes)) {
    if (run.status !== 'queued') continue;
    found.push({
      id: run.id,
      kind: 'recipe',
      title: run.recipe ?? run.id,
      about: run.label ?? '',
      priority: run.priority ?? 0,
      place: run.place ?? 0,
      takesS: run.etaS == null ? null : run.etaS / Math.max(1, Math.min(run.parallel ?? 1, run.total ?? 1)),
      waitsFor: '',
      jobIds: [],
    });
  }
  return found;
}

function waitingJobs(jobs: Jobs, recipes: Rec<RecipeRunRecord> | undefined): Entry[] {
  const items = jobs.items as Rec<JobRecord>;
  const byRun = new Map<string, JobRecord[]>();
  for (const id of jobs.queue.slice(0, MOST_JOBS)) {
    const job = get(items, id);
    const runId = job?.runId;
    if (job === undefined || runId === undefined || (recipes !== undefined && has(recipes, runId))) continue;
    const list = byRun.get(runId);
    if (list === undefined) byRun.set(runId, [job]);
    else list.push(job);
  }
  const begun = new Set(jobs.running.map((id) => get(items, id)?.runId));
  return [...byRun].map(([runId, waiting]) => {
    const run = get(jobs.runs as Rec<RunRecord> | undefined, runId);
    const only = waiting.length === 1 ? (waiting[0] as JobRecord) : null;
    return {
      id: runId,
      kind: 'jobs',
      title: run?.name || only?.name || run?.label || runId,
      about: only === null ? `${waiting.length} jobs` : (only.repeat ?? 1) > 1 ? `× ${only.repeat}` : '',
      priority: run?.priority ?? 0,
      place: run?.place ?? 0,
      takesS: takesOf(jobs, runId, waiting),
      waitsFor: '',
      jobIds: begun.has(runId) ? waiting.map((job) => job.id) : [],
    };
  });
}

/** From what others of the run have taken. */
function takesOf(jobs: Jobs, runId: string, waiting: readonly JobRecord[]): number | null {
  const took: number[] = [];
  for (const job of values(jobs.items as Rec<JobRecord>)) {
    if (job.runId !== runId || job.status !== 'succeeded' || job.startedAt == null || job.finishedAt == null) continue;
    took.push((job.finishedAt - job.startedAt) / 1_000);
  }
  const parallel = get(jobs.runs as Rec<RunRecord> | undefined, runId)?.parallel ?? 1;
  return took.length === 0 ? null : (meanOf(took) * waiting.length) / Math.max(1, Math.min(parallel, waiting.length));
}

/** The name of what has its turn now. */
function underWay(jobs: Jobs, recipes: Rec<RecipeRunRecord> | undefined): string | null {
  for (const run of values(recipes)) {
    if (run.status === 'running' || run.status === 'paused') return run.recipe ?? run.id;
  }
  const job = get(jobs.items as Rec<JobRecord>, jobs.running[0] ?? '');
  return job === undefined ? null : (job.name ?? job.id);
}

/** Which run of a recipe is shown at first: one that waits for a person, one that goes on, else the newest. */
export function firstShown(recipes: readonly RecipeRunRecord[], asking: ReadonlySet<string>): string | null {
  const rank = (run: RecipeRunRecord) => {
    if (asking.has(run.id)) return 0;
    if (run.status === 'running') return 1;
    if (run.status === 'paused') return 2;
    return run.finishedAt == null ? 4 : 3;
  };
  const newest = [...recipes].sort((a, b) => rank(a) - rank(b) || (b.createdAt ?? 0) - (a.createdAt ?? 0));
  return newest[0]?.id ?? null;
}
