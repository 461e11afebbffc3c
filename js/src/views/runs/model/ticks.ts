/** One tick for each job of a run in its order, so that one sees where failures fell; of many jobs one for several. Pure. */

import type { JobRecord } from '../../../sync/messages';
import { get, type Rec } from '../../../sync/read';
import { type Standing, standingOf } from './record';

export const MOST_TICKS = 64;

/** What is worth being seen most comes first. */
const RANK: readonly Standing[] = ['asks', 'failed', 'running', 'cancelled', 'queued', 'done'];

/** How the jobs of each tick stand: of several jobs the one that is most worth being seen. */
export function ticksOf(items: Rec<JobRecord>, ids: readonly string[]): Standing[] {
  const ticks = Math.min(ids.length, MOST_TICKS);
  const out: Standing[] = [];
  for (let k = 0; k < ticks; k++) {
    const from = Math.floor((k * ids.length) / ticks);
    const to = Math.floor(((k + 1) * ids.length) / ticks);
    let best: Standing = 'done';
    for (let i = from; i < to; i++) {
      const job = get(items, ids[i] as string);
      const standing = job === undefined ? 'done' : standingOf(job);
      if (RANK.indexOf(standing) < RANK.indexOf(best)) best = standing;
    }
    out.push(best);
  }
  return out;
}
