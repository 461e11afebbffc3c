/** The lines of the table, one below the other: heads of runs, their axes, jobs, and what stands for many jobs. Pure. */

import type { JobRecord, Jobs, RunRecord } from '../../../sync/messages';
import { get, type Rec } from '../../../sync/read';
import { FOLD_FROM, type Fold, folded } from './folding';
import { type Group, groupsOf } from './groups';
import { isSought, type Sought, wordsOf } from './search';
import { activeOf, type Counts, countsOf } from './summary';

export type Line =
  | { readonly kind: 'run'; readonly key: string; readonly run: RunLine }
  | { readonly kind: 'axis'; readonly key: string; readonly run: RunLine }
  | { readonly kind: 'job'; readonly key: string; readonly id: string; readonly run: RunLine; readonly inFold: boolean }
  | { readonly kind: 'fold'; readonly key: string; readonly fold: Fold; readonly run: RunLine; readonly isUnfolded: boolean };

/** A run as the table needs it. */
export interface RunLine {
  readonly group: Group;
  readonly counts: Counts;
  /** How many jobs it had, those that have left the list included. */
  readonly asked: number;
  readonly isShut: boolean;
  /** The mean of the fastest job that succeeded, and which it is; null where fewer than two have. */
  readonly fastestS: number | null;
  readonly fastestId: string | null;
  /** The slowest repetition of any job that succeeded: the end of the axis. */
  readonly slowestS: number;
}

export const SORTS = ['started', 'newest', 'fastest', 'slowest'] as const;
export type Sort = (typeof SORTS)[number];

/** What the user has chosen to see. */
export interface Choices {
  readonly sought: Sought;
  readonly sort: Sort;
  /** Runs that were opened or shut by hand, by key. */
  readonly shut: ReadonlyMap<string, boolean>;
  /** Keys of the folds that were opened. */
  readonly unfolded: ReadonlySet<string>;
}

/** So many runs that are over stay open: earlier ones are shut when they are first seen. */
const OPEN_RUNS = 2;

/** Which runs are shut when they are first seen: those that went well, but for the last ones. */
export function shutAtFirst(jobs: Jobs): Set<string> {
  const items = jobs.items as Rec<JobRecord>;
  const groups = groupsOf(jobs);
  const shut = new Set<string>();
  for (const group of groups.slice(0, Math.max(0, groups.length - OPEN_RUNS))) {
    const counts = countsOf(items, group.ids);
    if (activeOf(counts) === 0 && counts.by.failed === 0) shut.add(group.key);
  }
  return shut;
}

export function layout(jobs: Jobs, choices: Choices): Line[] {
  const items = jobs.items as Rec<JobRecord>;
  const words = wordsOf(choices.sought.text);
  const isFiltered = choices.sought.chip !== 'all' || words.length > 0;
  const lines: Line[] = [];
  const groups = groupsOf(jobs);
  for (const group of choices.sort === 'newest' ? [...groups].reverse() : groups) {
    const shown = isFiltered
      ? group.ids.filter((id) => {
          const job = get(items, id);
          return job !== undefined && isSought(job, choices.sought.chip, words);
        })
      : group.ids;
    if (shown.length === 0) continue;
    // What is sought is seen, also within a run that was shut before.
    const isShut = (choices.shut.get(group.key) ?? false) && !isFiltered;
    const run = runLine(jobs, group, isShut);
    lines.push({ kind: 'run', key: `run ${group.key}`, run });
    if (isShut) continue;
    if (!group.single && run.slowestS > 0) lines.push({ kind: 'axis', key: `axis ${group.key}`, run });
    jobLines(lines, items, run, shown, choices);
  }
  return lines;
}

function jobLines(lines: Line[], items: Rec<JobRecord>, run: RunLine, shown: readonly string[], choices: Choices): void {
  const job = (id: string, inFold: boolean): Line => ({ kind: 'job', key: `job ${id}`, id, run, inFold });
  if (shown.length < FOLD_FROM) {
    for (const id of sorted(items, shown, choices.sort)) lines.push(job(id, false));
    return;
  }
  const inUnfolded = new Set<string>();
  for (const one of folded(items, shown, shown.includes(run.fastestId ?? '') ? run.fastestId : null)) {
    if (one.kind === 'job') {
      // The fastest stands below the fold that it is part of; where that is open, it is there already.
      if (!inUnfolded.has(one.id)) lines.push(job(one.id, false));
      continue;
    }
    const { fold } = one;
    const key = `fold ${run.group.key} ${fold.key}`;
    const isUnfolded = choices.unfolded.has(key);
    lines.push({ kind: 'fold', key, fold, run, isUnfolded });
    if (!isUnfolded) continue;
    for (const id of sorted(items, fold.ids, choices.sort)) {
      inUnfolded.add(id);
      lines.push(job(id, true));
    }
  }
}

function runLine(jobs: Jobs, group: Group, isShut: boolean): RunLine {
  const items = jobs.items as Rec<JobRecord>;
  let fastestS: number | null = null;
  let fastestId: string | null = null;
  let slowestS = 0;
  let compared = 0;
  for (const id of group.ids) {
    const job = get(items, id);
    if (job === undefined || job.status !== 'succeeded' || job.meanS == null) continue;
    compared++;
    slowestS = Math.max(slowestS, job.maxS ?? job.meanS + (job.sdS ?? 0));
    if (fastestS === null || job.meanS < fastestS) {
      fastestS = job.meanS;
      fastestId = id;
    }
  }
  const isCompared = compared > 1 && !group.single;
  return {
    group,
    counts: countsOf(items, group.ids),
    asked: askedFor(jobs, group),
    isShut,
    fastestS: isCompared ? fastestS : null,
    fastestId: isCompared ? fastestId : null,
    slowestS,
  };
}

function askedFor(jobs: Jobs, group: Group): number {
  let asked = 0;
  for (const runId of group.runIds) asked += get(jobs.runs as Rec<RunRecord> | undefined, runId)?.jobs ?? 0;
  return Math.max(asked, group.ids.length);
}

function sorted(items: Rec<JobRecord>, ids: readonly string[], sort: Sort): readonly string[] {
  if (sort === 'started') return ids;
  if (sort === 'newest') return [...ids].reverse();
  const mean = (id: string) => {
    const job = get(items, id);
    return job?.status === 'succeeded' ? (job.meanS ?? null) : null;
  };
  const direction = sort === 'fastest' ? 1 : -1;
  return [...ids].sort((a, b) => {
    const [x, y] = [mean(a), mean(b)];
    if (x === null || y === null) return (x === null ? 1 : 0) - (y === null ? 1 : 0);
    return direction * (x - y);
  });
}
