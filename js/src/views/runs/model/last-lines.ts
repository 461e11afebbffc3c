/** The last lines that a job printed, as far as this page holds them. Pure. */

import type { LogColumns } from '../../../logs/store/columns';

/** So far back it is looked for: further, a job that is silent would cost too much. */
const MOST_LOOKED_AT = 50_000;

export interface LastLine {
  readonly seq: number;
  readonly ts: number;
  readonly level: number;
  readonly message: string;
}

/** What the job printed; `all`: what was said about it, too. */
export function lastLines(logs: LogColumns, jobId: string, most: number, all = false): LastLine[] {
  const code = logs.names('job').indexOf(jobId);
  const narration = logs.names('channel').indexOf('job');
  const found: LastLine[] = [];
  if (code <= 0) return found;
  const end = Math.max(0, logs.size - MOST_LOOKED_AT);
  for (let i = logs.size - 1; i >= end && found.length < most; i--) {
    if (logs.code('job', i) !== code) continue;
    if (!all && narration > 0 && logs.code('channel', i) === narration) continue;
    found.push({ seq: logs.seq(i), ts: logs.ts(i), level: logs.level(i), message: logs.message(i) });
  }
  return found.reverse();
}
