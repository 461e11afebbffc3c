/** A run in words: "62 jobs · 9 failed · 41 done · ~ 3 min left". Pure. */

import type { JobRecord } from '../../../sync/messages';
import { get, type Rec } from '../../../sync/read';
import { count, duration, estimate, plural } from '../../shared/format';
import { isOver, type Standing, standingOf } from './record';

export interface Counts {
  readonly jobs: number;
  readonly by: Readonly<Record<Standing, number>>;
  /** From the first start to the last end, ms since 1970; null before. */
  readonly startedAt: number | null;
  readonly finishedAt: number | null;
  /** Failed ones that were not done again. */
  readonly failedIds: readonly string[];
}

export interface Said {
  readonly text: string;
  readonly tone?: 'bad' | 'warn' | 'strong';
  /** What a figure means that no word stands beside. */
  readonly title?: string;
}

const NONE: Readonly<Record<Standing, number>> = { done: 0, failed: 0, cancelled: 0, running: 0, asks: 0, queued: 0 };

/** The jobs that others do again. */
export function retried(items: Rec<JobRecord>, ids: readonly string[]): ReadonlySet<string> {
  const out = new Set<string>();
  for (const id of ids) {
    const before = get(items, id)?.retryOf;
    if (before) out.add(before);
  }
  return out;
}

export function countsOf(items: Rec<JobRecord>, ids: readonly string[]): Counts {
  const by = { ...NONE };
  let startedAt: number | null = null;
  let finishedAt: number | null = null;
  let failed: string[] = [];
  let again = false;
  for (const id of ids) {
    const job = get(items, id);
    if (job === undefined) continue;
    const standing = standingOf(job);
    by[standing]++;
    if (standing === 'failed') failed.push(id);
    if (job.retryOf) again = true;
    if (job.startedAt != null) startedAt = Math.min(startedAt ?? job.startedAt, job.startedAt);
    if (isOver(job) && job.finishedAt != null) finishedAt = Math.max(finishedAt ?? 0, job.finishedAt);
  }
  if (again) {
    const done = retried(items, ids);
    failed = failed.filter((id) => !done.has(id));
  }
  return { jobs: ids.length, by, startedAt, finishedAt, failedIds: failed };
}

/** How many of these wait or run. */
export function activeOf({ by }: Counts): number {
  return by.queued + by.running + by.asks;
}

/**
 * What the head of a run says.
 *
 * `asked`: how many jobs there were, those that have left the list included. `left`: about how many seconds it takes to the
 * end, null where nobody can say.
 */
export function summaryOf(counts: Counts, asked: number, left: number | null): Said[] {
  const { jobs, by } = counts;
  const said: Said[] = [{ text: plural(Math.max(asked, jobs), 'job') }];
  if (asked > jobs)
    said.push({ text: `${count(asked - jobs)} no longer listed`, title: 'Ended jobs that have made room for newer ones' });
  const active = activeOf(counts);
  if (active === 0 && by.done === jobs && jobs > 0) said.push({ text: jobs === 1 ? 'done' : 'all done' });
  else if (by.done) said.push({ text: `${count(by.done)} done` });
  if (by.failed) said.push({ text: `${count(by.failed)} failed`, tone: 'bad' });
  if (by.cancelled) said.push({ text: `${count(by.cancelled)} cancelled` });
  const running = by.running;
  if (running) said.push({ text: `${count(running)} running` });
  if (by.asks) said.push({ text: by.asks === 1 ? '1 waits for you' : `${count(by.asks)} wait for you`, tone: 'warn' });
  if (by.queued) said.push({ text: `${count(by.queued)} queued` });
  if (active > 0 && left !== null)
    said.push({ text: `~ ${leftText(left)} left`, tone: 'strong', title: 'A guess from what others of this run have taken' });
  if (active === 0 && counts.startedAt !== null && counts.finishedAt !== null) {
    const took = duration(Math.max(0, counts.finishedAt - counts.startedAt) / 1000);
    said.push({ text: took, title: 'From the start of its first job to the end of its last' });
    said.push({ text: `at ${clock(counts.startedAt)}`, title: 'When its first job began' });
  }
  return said;
}

/** Of a whole run less is known than of a job: "~ 3 min", "~ 40 s", "~ 2 h 05 m". */
function leftText(seconds: number): string {
  if (seconds < 90) return estimate(seconds);
  return seconds < 3_600 ? `${Math.round(seconds / 60)} min` : duration(seconds);
}

/** "09:12" of the reader's own clock. */
export function clock(ms: number): string {
  const at = new Date(ms);
  return `${String(at.getHours()).padStart(2, '0')}:${String(at.getMinutes()).padStart(2, '0')}`;
}

/** "09:12:07" of the reader's own clock, with as many places after the point as asked for. */
export function clockSeconds(ms: number, places = 0): string {
  const at = new Date(ms);
  const seconds = String(at.getSeconds()).padStart(2, '0');
  const fraction = places === 0 ? '' : `.${String(at.getMilliseconds()).padStart(3, '0').slice(0, places)}`;
  return `${clock(ms)}:${seconds}${fraction}`;
}
