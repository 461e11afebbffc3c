/** What a job's record says at a glance. Pure. */

import type { JobRecord, Jobs } from '../../../sync/messages';
import { get, type Rec } from '../../../sync/read';

/** How a job stands, for the eye and for the chips. */
export type Standing = 'done' | 'failed' | 'cancelled' | 'running' | 'asks' | 'queued';

export function standingOf(job: JobRecord): Standing {
  switch (job.status) {
    case 'succeeded':
      return 'done';
    case 'failed':
    case 'timeout':
      return 'failed';
    case 'running':
      return job.asks ? 'asks' : 'running';
    default:
      return job.status;
  }
}

export function isOver(job: JobRecord): boolean {
  return job.status !== 'queued' && job.status !== 'running';
}

/** How many jobs wait or run. */
export function activeJobs(jobs: Jobs): number {
  return jobs.queue.length + jobs.running.length;
}

/** How many jobs wait for a person's answer. */
export function askingJobs(jobs: Jobs): number {
  return jobs.running.filter((id) => get(jobs.items as Rec<JobRecord>, id)?.asks).length;
}

export function nameOf(job: JobRecord): string {
  return job.name ?? job.command ?? job.id;
}

/** Seconds from its start to its end; null before. */
export function totalS(job: JobRecord): number | null {
  if (job.startedAt == null || job.finishedAt == null) return null;
  return Math.max(0, job.finishedAt - job.startedAt) / 1000;
}

/** Why it did not succeed, in words: never empty. */
export function reasonOf(job: JobRecord): string {
  if (job.reason) return job.reason;
  if (job.status === 'timeout') return 'took longer than its limit';
  if (job.status === 'cancelled') return 'cancelled';
  return job.exitCode == null ? 'failed' : `exit status ${job.exitCode}`;
}

/** A reason in two parts: what is said first, and what explains it. */
export function reasonParts(reason: string): readonly [fact: string, more: string] {
  const text = reason.slice(0, 1).toUpperCase() + reason.slice(1);
  const end = text.search(/[:,;]\s/);
  return end < 0 ? [text, ''] : [text.slice(0, end), text.slice(end)];
}
