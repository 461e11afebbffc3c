/** Which jobs are shown: by how they stand, and by words of their name, command or reason. Pure. */

import type { JobRecord } from '../../../sync/messages';
import { type Standing, standingOf } from './record';

export const CHIPS = ['all', 'running', 'asks', 'failed'] as const;
export type Chip = (typeof CHIPS)[number];

export interface Sought {
  readonly chip: Chip;
  readonly text: string;
}

export const EVERYTHING: Sought = { chip: 'all', text: '' };

export function wordsOf(text: string): string[] {
  return text.toLowerCase().split(/\s+/).filter(Boolean);
}

const hays = new WeakMap<JobRecord, string>();

function hayOf(job: JobRecord): string {
  let hay = hays.get(job);
  if (hay === undefined) {
    hay = `${job.name ?? ''}\n${job.command ?? ''}\n${job.reason ?? ''}\n${job.current ?? ''}`.toLowerCase();
    hays.set(job, hay);
  }
  return hay;
}

/** Whether the chip shows a job that stands so. Who waits for an answer runs, too. */
export function isOfChip(chip: Chip, standing: Standing): boolean {
  if (chip === 'all') return true;
  return standing === chip || (chip === 'running' && standing === 'asks');
}

export function isSought(job: JobRecord, chip: Chip, words: readonly string[]): boolean {
  if (!isOfChip(chip, standingOf(job))) return false;
  if (words.length === 0) return true;
  const hay = hayOf(job);
  return words.every((word) => hay.includes(word));
}
