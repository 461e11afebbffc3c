/** What a row of the runs says, from a job's record. Pure. */

import type { JobRecord, Jobs } from '../../sync/messages';
import { get, keys, type Rec, values } from '../../sync/read';
import { Wide } from '../../sync/wide';
import { duration, estimate, ordinal, spread } from '../shared/format';

export interface Bar {
  /** Shares of the whole, 0 to 1. */
  readonly done: number;
  readonly now: number;
  readonly bad: number;
}

export function isOver(job: JobRecord): boolean {
  return job.status !== 'queued' && job.status !== 'running';
}

export function isBad(job: JobRecord): boolean {
  return job.status === 'failed' || job.status === 'timeout';
}

export const GLYPHS: Readonly<Record<JobRecord['status'], string>> = {
  queued: '○',
  running: '◐',
  succeeded: '✓',
  failed: '✗',
  cancelled: '⊘',
  timeout: '✗',
};

export function barOf(job: JobRecord): Bar {
  const repeat = Math.max(1, job.repeat ?? 1);
  if (job.status === 'succeeded') return { done: 1, now: 0, bad: 0 };
  const done = Math.min(1, (job.done ?? 0) / repeat);
  const progress = Math.min(1, job.progress ?? 0);
  if (job.status === 'running') {
    // A repetition under way shows as a sliver even where it cannot say how far it is.
    return { done, now: Math.max(0, Math.min(1 - done, Math.max(progress - done, 0.25 / repeat))), bad: 0 };
  }
  if (isBad(job)) return { done, now: 0, bad: Math.min(1 - done, Math.max(1 / repeat, 0.02)) };
  return { done, now: 0, bad: 0 };
}

/** The middle column: what came out, how far it is, or why not. `place` is the position in the queue from 1. */
export function factOf(job: JobRecord, place: number): string {
  const repeat = job.repeat ?? 1;
  switch (job.status) {
    case 'succeeded':
      return job.meanS == null ? 'done' : spread(job.meanS, repeat > 1 ? job.sdS : null);
    case 'running':
      if (job.current) return job.current;
      return repeat > 1 ? `${Math.min(repeat, (job.done ?? 0) + 1)} of ${repeat}` : 'running';
    case 'queued':
      return place > 0 ? `queued, ${ordinal(place)}` : 'queued';
    case 'timeout':
      return job.reason || 'timed out';
    case 'cancelled':
      return job.reason || 'cancelled';
    case 'failed':
      return job.reason || (job.exitCode == null ? 'failed' : `exit ${job.exitCode}`);
  }
}

/** The last column: what it took, what is left, or about how long it will take. Estimates carry a tilde or a minus. */
export function timeOf(job: JobRecord, now: number): string {
  if (job.status === 'queued') return job.etaS == null ? '' : `~ ${estimate(job.etaS)}`;
  if (job.status === 'running') {
    if (job.etaS != null) return `−${estimate(job.etaS)}`;
    return job.startedAt == null ? '' : estimate(Math.max(0, now - job.startedAt) / 1000);
  }
  if (job.startedAt == null || job.finishedAt == null) return '';
  return duration(Math.max(0, job.finishedAt - job.startedAt) / 1000);
}

const orders = new WeakMap<object, string[]>();

/** Identifiers in the order in which the jobs were made. Sorted anew only when jobs come or go. */
export function jobOrder(items: Rec<JobRecord>): string[] {
  const known = items instanceof Wide ? orders.get(items.shape) : undefined;
  if (known !== undefined) return known;
  const made = (id: string) => get(items, id)?.createdAt ?? 0;
  const order = keys(items).sort((a, b) => made(a) - made(b));
  if (items instanceof Wide) orders.set(items.shape, order);
  return order;
}

/** How many jobs wait or run. */
export function activeJobs(jobs: Jobs): number {
  return jobs.queue.length + jobs.running.length;
}

export function firstActive(items: Rec<JobRecord>, order: readonly string[]): number {
  for (const job of values(items)) if (!isOver(job)) return order.findIndex((id) => !isOver(get(items, id) as JobRecord));
  return order.length - 1;
}
