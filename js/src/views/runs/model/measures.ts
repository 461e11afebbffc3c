/** What jobs are compared by: the wall time at first, else CPU time, memory, or a metric that was read out of them. Pure. */

import { visible } from '../../../logs/text/visible';
import type { JobRecord } from '../../../sync/messages';
import { fold, type Rec } from '../../../sync/read';

export const WALL = 'wall_s';

/** What the repetitions of a job come to in one measure. */
export interface Summed {
  readonly mean: number;
  readonly sd: number | null;
  readonly least: number;
  readonly most: number;
  /** "s" and "B" have larger and smaller ones; null where there is none. */
  readonly unit: string | null;
}

const TITLES: Readonly<Record<string, string>> = {
  [WALL]: 'Wall time',
  cpu_s: 'CPU time',
  max_rss_bytes: 'Peak memory',
  value: 'Returned value',
};
const OWN = Object.keys(TITLES);
/** More cannot be chosen: a list of hundreds would help nobody. */
const MOST = 60;

/** What it is called, for people. */
export function titleOf(measure: string): string {
  return TITLES[measure] ?? visible(measure);
}

/** Null where the job has not got that far, or does not have that measure. */
export function summedOf(job: JobRecord, measure: string): Summed | null {
  if (measure === WALL) {
    const { meanS: mean, sdS, maxS } = job;
    if (mean == null) return null;
    const sd = (job.done ?? 0) > 1 ? (sdS ?? null) : null;
    return { mean, sd, least: 0, most: maxS ?? mean + (sdS ?? 0), unit: 's' };
  }
  const found = job.measures?.find((one) => one.name === measure);
  if (found === undefined) return null;
  return { mean: found.mean, sd: found.sd, least: found.min, most: found.max, unit: found.unit ?? null };
}

/** The mean alone: asked of ten thousand jobs with each state, for which no object is made. */
export function meanIn(job: JobRecord, measure: string): number | null {
  if (measure === WALL) return job.meanS ?? null;
  return job.measures?.find((one) => one.name === measure)?.mean ?? null;
}

/** Which way is better: of metrics only where their recipe says so. */
export function betterOf(job: JobRecord, measure: string): 'lower' | 'higher' | null {
  if (measure !== 'value' && OWN.includes(measure)) return 'lower';
  const better = job.measures?.find((one) => one.name === measure)?.better;
  return better === 'lower' || better === 'higher' ? better : null;
}

/** All that some job has, the ones of every job first. */
export function measuresOf(items: Rec<JobRecord>): readonly string[] {
  const found = fold(items, namesIn, union);
  const own = OWN.filter((name) => name === WALL || found.has(name));
  return [...own, ...[...found].filter((name) => !OWN.includes(name)).sort()].slice(0, MOST);
}

const NONE: ReadonlySet<string> = new Set();

function namesIn(jobs: Iterable<JobRecord>): ReadonlySet<string> {
  let names: Set<string> | undefined;
  for (const { measures } of jobs) {
    if (measures === undefined) continue;
    names ??= new Set();
    for (const { name } of measures) names.add(name);
  }
  return names ?? NONE;
}

function union(a: ReadonlySet<string>, b: ReadonlySet<string>): ReadonlySet<string> {
  return a.size === 0 ? b : b.size === 0 ? a : new Set([...a, ...b]);
}
