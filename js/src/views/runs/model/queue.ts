/** When queued jobs will about start, and how long each will take: from what others of their run have taken. Pure. */

import type { JobRecord, Jobs, RunRecord } from '../../../sync/messages';
import { get, type Rec } from '../../../sync/read';
import { leftS } from './progress';
import { isOver, totalS } from './record';
import { meanOf } from './stats';

export interface Expected {
  /** In so many seconds it starts; null where that cannot be said. */
  readonly startsS: number | null;
  /** So many seconds it takes. */
  readonly takesS: number | null;
}

/** So many places of the queue are looked at: further ahead every guess is too bold. */
const MOST_PLACES = 2_000;

/** The mean duration of the jobs of each run that have succeeded. */
export function usualS(items: Rec<JobRecord>, ids: Iterable<string>): Map<string, number> {
  const sums = new Map<string, { total: number; count: number }>();
  for (const id of ids) {
    const job = get(items, id);
    const total = job?.status === 'succeeded' ? totalS(job) : null;
    if (job === undefined || total === null) continue;
    const sum = sums.get(job.runId ?? '') ?? { total: 0, count: 0 };
    sum.total += total;
    sum.count++;
    sums.set(job.runId ?? '', sum);
  }
  return new Map([...sums].map(([runId, { total, count }]) => [runId, total / count]));
}

/** How long a job will about take that has not begun. */
export function takesS(job: JobRecord, items: Rec<JobRecord>, usual: ReadonlyMap<string, number>): number | null {
  const before = job.retryOf == null ? undefined : get(items, job.retryOf);
  if (before?.meanS != null) return before.meanS * ((job.repeat ?? 1) + (job.warmup ?? 0));
  return usual.get(job.runId ?? '') ?? null;
}

/** What may be expected of the queued jobs, by their ids. */
export function expectations(jobs: Jobs, usual: ReadonlyMap<string, number>, now: number | null): Map<string, Expected> {
  const items = jobs.items as Rec<JobRecord>;
  const runs = jobs.runs as Rec<RunRecord> | undefined;
  const out = new Map<string, Expected>();
  // When each of those that run makes room; one that nobody can tell makes it unknown when anything starts after it.
  let ends: (number | null)[] = jobs.running.map((id) => {
    const job = get(items, id);
    return job === undefined || isOver(job) ? 0 : leftS(job, now);
  });
  // Nobody overtakes: after one of which nobody can tell when it starts, nobody can tell of any.
  let isKnown = true;
  for (const id of jobs.queue.slice(0, MOST_PLACES)) {
    const job = get(items, id);
    if (job === undefined) continue;
    if (!isKnown) {
      out.set(id, { startsS: null, takesS: takesS(job, items, usual) });
      continue;
    }
    const slots = Math.max(1, get(runs, job.runId ?? '')?.parallel ?? 1);
    const takes = takesS(job, items, usual);
    const starts = startOf(ends, slots);
    out.set(id, { startsS: starts, takesS: takes });
    if (starts === null) {
      isKnown = false;
      continue;
    }
    ends = ends.filter((end) => end === null || end > starts);
    ends.push(takes === null ? null : starts + takes);
  }
  return out;
}

const places = new WeakMap<readonly string[], Map<string, number>>();

/** The place of a job in the queue, from 1; 0 where it is not in it. */
export function placeOf(queue: readonly string[], id: string): number {
  let known = places.get(queue);
  if (known === undefined) {
    known = new Map(queue.map((one, i) => [one, i + 1]));
    places.set(queue, known);
  }
  return known.get(id) ?? 0;
}

/** When fewer than `slots` of these will still run. */
function startOf(ends: readonly (number | null)[], slots: number): number | null {
  if (ends.length < slots) return 0;
  const sorted = ends.map((end) => end ?? Number.POSITIVE_INFINITY).sort((a, b) => a - b);
  const start = sorted[sorted.length - slots] as number;
  return Number.isFinite(start) ? start : null;
}

/** About how many seconds until all of these jobs have ended; null where nobody can say. */
export function leftOfS(
  ids: readonly string[],
  items: Rec<JobRecord>,
  expected: ReadonlyMap<string, Expected>,
  now: number | null,
): number | null {
  let last = 0;
  for (const id of ids) {
    const job = get(items, id);
    if (job === undefined || isOver(job)) continue;
    let end: number | null;
    if (job.status === 'running') end = leftS(job, now);
    else {
      const { startsS = null, takesS: takes = null } = expected.get(id) ?? {};
      end = startsS === null || takes === null ? null : startsS + takes;
    }
    if (end === null) return null;
    last = Math.max(last, end);
  }
  return last;
}

/** The mean of the means; null where there are none. */
export function meanOfMeans(jobs: readonly JobRecord[]): number | null {
  const means = jobs.flatMap((job) => (job.meanS == null ? [] : [job.meanS]));
  return means.length === 0 ? null : meanOf(means);
}
