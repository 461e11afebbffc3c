/** How far a running job is, and what is left: never above the truth. Pure. */

import type { JobRecord } from '../../../sync/messages';

export interface Progress {
  /** The share of the whole that is done for certain, 0 to 1. */
  readonly done: number;
  /** The share that the repetition under way adds. */
  readonly inFlight: number;
  /** Whether that last part is guessed from the job's own past repetitions. */
  readonly isEstimate: boolean;
}

/** No repetition is taken for over before it is. */
const ALMOST = 0.95;
/** From here on what a repetition says of itself tells how long it takes. */
const ENOUGH = 0.02;
const ENOUGH_S = 1;

/** How far it is; null where nobody knows. `now`: ms since 1970, null where the clock stands still for unknown reasons. */
export function progressOf(job: JobRecord, now: number | null): Progress | null {
  const repeat = Math.max(1, job.repeat ?? 1);
  const ended = Math.min(repeat, job.done ?? 0);
  const done = ended / repeat;
  const said = saidFraction(job, repeat, ended);
  if (said !== null) return { done, inFlight: Math.min(1 - done, said / repeat), isEstimate: false };
  if (ended === 0) return null;
  const elapsed = elapsedS(job, now);
  if (elapsed === null || !job.meanS || ended >= repeat) return { done, inFlight: 0, isEstimate: false };
  return { done, inFlight: Math.min(ALMOST, elapsed / job.meanS) / repeat, isEstimate: true };
}

/** What the repetition under way says of itself; null where it says nothing, or only warms up. */
function saidFraction(job: JobRecord, repeat: number, ended: number): number | null {
  if (job.repetition === 0) return null;
  if (job.fraction !== undefined) return job.fraction;
  // An orchestrator that does not tell it apart.
  const inside = (job.progress ?? 0) * repeat - ended;
  return inside > 1e-3 ? Math.min(1, inside) : null;
}

/** Whole per cent, rounded down; 100 only when it is over. */
export function percentOf(share: number): number {
  return Math.min(99, Math.floor(share * 100 + 1e-6));
}

/** Seconds that the repetition under way has taken; null where it is not known. */
export function elapsedS(job: JobRecord, now: number | null): number | null {
  return now === null || job.repetitionAt == null ? null : Math.max(0, now - job.repetitionAt) / 1000;
}

/** Seconds that the job has taken. */
export function soFarS(job: JobRecord, now: number | null): number | null {
  return now === null || job.startedAt == null ? null : Math.max(0, now - job.startedAt) / 1000;
}

/** About how many seconds are left; null where its past says nothing. */
export function leftS(job: JobRecord, now: number | null): number | null {
  const repeat = Math.max(1, job.repeat ?? 1);
  const left = repeat - Math.min(repeat, job.done ?? 0);
  const elapsed = elapsedS(job, now);
  const said = saidFraction(job, repeat, repeat - left);
  if (job.meanS != null) {
    if (said !== null) return job.meanS * Math.max(0, left - said);
    const inFlight = job.repetition === 0 ? 0 : Math.min(elapsed ?? 0, job.meanS);
    return Math.max(0, job.meanS * left - inFlight);
  }
  if (said === null || said < ENOUGH || elapsed === null || elapsed < ENOUGH_S) return null;
  return Math.max(0, (elapsed / said) * left - elapsed);
}

/** The repetition under way in words: "12 of 40", "warming up". */
export function repetitionText(job: JobRecord): string {
  if (job.repetition === 0) return 'warming up';
  return `${job.done ?? 0} of ${job.repeat ?? 1}`;
}
