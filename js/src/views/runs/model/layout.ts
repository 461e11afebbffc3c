/** The lines of the table, one below the other: heads of runs, their axes, jobs, and what stands for many jobs. Pure. */

import type { JobRecord, Jobs, RunRecord } from '../../../sync/messages';
import { get, type Rec } from '../../../sync/read';
import { Wide } from '../../../sync/wide';
import { FOLD_FROM, type Fold, folded } from './folding';
import { type Group, groupsOf } from './groups';
import { betterOf, meanIn, type Summed, summedOf } from './measures';
import { type Axis, axisFor } from './scale';
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
  /** The best mean of a job that succeeded, to which the others stand in a ratio; null where fewer than two have one. */
  readonly best: Best | null;
  /** From 0 to the largest repetition of any job that succeeded; null where there is nothing to be seen on it. */
  readonly axis: Axis | null;
}

/** The job whose mean the others' are compared with. */
export interface Best {
  readonly id: string;
  readonly mean: number;
  /** Whether it is the best; of a measure of which nobody knows that, it is only the least. */
  readonly isBest: boolean;
}

export const SORTS = ['started', 'newest', 'fastest', 'slowest'] as const;
export type Sort = (typeof SORTS)[number];

/** What the user has chosen to see. */
export interface Choices {
  readonly sought: Sought;
  readonly sort: Sort;
  /** What jobs are compared by; see measures.ts. */
  readonly measure: string;
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
    const run = knownRunLine(jobs, group, isShut, choices.measure);
    lines.push({ kind: 'run', key: `run ${group.key}`, run });
    if (isShut) continue;
    // The place of the axis is kept from the start, so that nothing moves when the first job has ended.
    const hasAxis = !group.single && (run.axis !== null || activeOf(run.counts) > 0);
    if (hasAxis) lines.push({ kind: 'axis', key: `axis ${group.key}`, run });
    jobLines(lines, items, run, shown, choices);
  }
  return lines;
}

function jobLines(lines: Line[], items: Rec<JobRecord>, run: RunLine, shown: readonly string[], choices: Choices): void {
  const job = (id: string, inFold: boolean): Line => ({ kind: 'job', key: `job ${id}`, id, run, inFold });
  if (shown.length < FOLD_FROM) {
    for (const id of sorted(items, shown, choices)) lines.push(job(id, false));
    return;
  }
  const inUnfolded = new Set<string>();
  const best = run.best?.id ?? null;
  for (const one of folded(items, shown, best !== null && shown.includes(best) ? best : null)) {
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
    for (const id of sorted(items, fold.ids, choices)) {
      inUnfolded.add(id);
      lines.push(job(id, true));
    }
  }
}

interface KnownLine {
  /** Where its jobs lie among all, and what lay there. */
  readonly places: readonly number[];
  readonly chunks: readonly unknown[];
  readonly runs: unknown;
  readonly measure: string;
  readonly line: RunLine;
}

const knownLines = new WeakMap<Group, KnownLine>();

/** Made anew only where some of its jobs may have changed: of hundreds of runs few go on. */
function knownRunLine(jobs: Jobs, group: Group, isShut: boolean, measure: string): RunLine {
  const items = jobs.items as Rec<JobRecord>;
  if (!(items instanceof Wide)) return runLine(jobs, group, isShut, measure);
  const known = knownLines.get(group);
  const places = known?.places ?? items.placesOf(group.ids);
  const isSame =
    known?.measure === measure &&
    known.runs === jobs.runs &&
    known.line.isShut === isShut &&
    places.every((place, i) => items.chunks[place] === known.chunks[i]);
  if (isSame) return known.line;
  const line = runLine(jobs, group, isShut, measure);
  const chunks = places.map((place) => items.chunks[place]);
  knownLines.set(group, { places, chunks, runs: jobs.runs, measure, line });
  return line;
}

function runLine(jobs: Jobs, group: Group, isShut: boolean, measure: string): RunLine {
  const items = jobs.items as Rec<JobRecord>;
  const ended: JobRecord[] = [];
  let best: Best | null = null;
  for (const id of group.ids) {
    const job = get(items, id);
    const mean = job?.status === 'succeeded' ? meanIn(job, measure) : null;
    if (job === undefined || mean === null) continue;
    ended.push(job);
    const better = betterOf(job, measure);
    if (best === null || (better === 'higher' ? mean > best.mean : mean < best.mean)) {
      best = { id, mean, isBest: better !== null };
    }
  }
  const isCompared = ended.length > 1 && !group.single && best !== null && best.mean > 0;
  return {
    group,
    counts: countsOf(items, group.ids),
    asked: askedFor(jobs, group),
    isShut,
    best: isCompared ? best : null,
    axis: axisFor(summedOfAll(ended, measure)),
  };
}

function* summedOfAll(jobs: readonly JobRecord[], measure: string): Generator<Summed> {
  for (const job of jobs) {
    const summed = summedOf(job, measure);
    if (summed !== null) yield summed;
  }
}

function askedFor(jobs: Jobs, group: Group): number {
  let asked = 0;
  for (const runId of group.runIds) asked += get(jobs.runs as Rec<RunRecord> | undefined, runId)?.jobs ?? 0;
  return Math.max(asked, group.ids.length);
}

function sorted(items: Rec<JobRecord>, ids: readonly string[], { sort, measure }: Choices): readonly string[] {
  if (sort === 'started') return ids;
  if (sort === 'newest') return [...ids].reverse();
  const mean = (id: string) => {
    const job = get(items, id);
    return job?.status === 'succeeded' ? meanIn(job, measure) : null;
  };
  const direction = sort === 'fastest' ? 1 : -1;
  return [...ids].sort((a, b) => {
    const [x, y] = [mean(a), mean(b)];
    if (x === null || y === null) return (x === null ? 1 : 0) - (y === null ? 1 : 0);
    return direction * (x - y);
  });
}
