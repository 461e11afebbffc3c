/** How steps and runs stand, in words and signs. Pure. */

import type { PlanRecord, RecipeRunRecord, RunStatus, StepRecord } from '../../../sync/messages';
import { duration, estimate, plural } from '../../shared/format';
import { type Forecast, overdueOf } from './forecast';
import { countOf, type Standing, type StepNode, settledOf } from './nodes';
import type { Break } from './time-axis';

export const SIGNS: Readonly<Record<Standing, string>> = {
  waiting: '○',
  queued: '○',
  running: '◐',
  retrying: '↻',
  asks: '⚑',
  succeeded: '✓',
  failed: '✗',
  timeout: '◷',
  skipped: '⊘',
  cancelled: '⊘',
};
export const WORDS: Readonly<Record<Standing, string>> = {
  waiting: 'waiting',
  queued: 'queued',
  running: 'running',
  retrying: 'waits to try again',
  asks: 'waits for you',
  succeeded: 'done',
  failed: 'failed',
  timeout: 'took too long',
  skipped: 'skipped',
  cancelled: 'cancelled',
};
const RUN_WORDS: Readonly<Record<RunStatus, string>> = {
  queued: 'in the queue',
  running: 'running',
  paused: 'paused',
  succeeded: 'succeeded',
  failed: 'failed',
  timeout: 'took too long',
  cancelled: 'cancelled',
  interrupted: 'interrupted',
};

export type Tone = 'ok' | 'busy' | 'warn' | 'bad' | 'idle';

export function runWord(status: RunStatus): string {
  return RUN_WORDS[status];
}

export function runTone(status: RunStatus): Tone {
  if (status === 'succeeded') return 'ok';
  if (status === 'running') return 'busy';
  if (status === 'paused' || status === 'interrupted') return 'warn';
  return status === 'failed' || status === 'timeout' ? 'bad' : 'idle';
}

export function isRunOver(run: RecipeRunRecord): boolean {
  return run.finishedAt != null;
}

/** Seconds from its start to its end, or to now; null before it. */
export function elapsedS(run: RecipeRunRecord, now: number): number | null {
  return run.startedAt == null ? null : Math.max(0, (run.finishedAt ?? now) - run.startedAt) / 1_000;
}

/** What the time of a run leaves out, or counts though nothing ran; empty where there is nothing to be said. */
export function aboutTime(run: RecipeRunRecord, breaks: readonly Break[]): string {
  const began = run.startedAt ?? 0;
  if (breaks.some(({ time }) => time.to <= began)) return 'since it was resumed';
  const idleS = breaks.reduce((sum, { time }) => sum + time.to - time.from, 0) / 1_000;
  return idleS > 0 ? `nothing ran for ${estimate(idleS)} of it` : '';
}

/** "~ 8 m 10 s left"; "at least" where something is left that was never timed; empty where nothing can be said. */
export function leftText(future: Forecast, now: number): string {
  if (future.endsAt === null) return '';
  const left = (future.endsAt - now) / 1_000;
  if (left < 0.5) return future.isAtLeast ? '' : 'about to end';
  return `${future.isAtLeast ? 'at least ' : ''}~ ${estimate(left)} left`;
}

/** What stands below the name of a node. */
export function nodeText(node: StepNode, now: number): string {
  const { tally, plan, standing } = node;
  const { first, total } = tally;
  if (standing === 'asks') return 'waits for you';
  if (total > 1) return manyText(node);
  if (first === null) return expectedText(plan);
  switch (standing) {
    case 'running':
      return runningText(first, plan, now);
    case 'retrying':
      return `try ${(first.tries ?? 1) + 1} of ${(plan.retries ?? 0) + 1} soon`;
    case 'succeeded':
      return first.reason === 'skipped by request' ? 'skipped by you' : tookText(first);
    case 'failed':
    case 'timeout':
      return first.reason ?? WORDS[standing];
    case 'skipped':
    case 'cancelled':
      return WORDS[standing];
    case 'queued':
      return 'queued';
    default:
      return expectedText(plan);
  }
}

function runningText(step: StepRecord, plan: PlanRecord, now: number): string {
  const tries = step.tries ?? 1;
  if (tries > 1) return `try ${tries} of ${(plan.retries ?? 0) + 1}`;
  if ((plan.repeat ?? 1) > 1) return `${step.done ?? 0} of ${plan.repeat}`;
  // Beside it may stand what is left: it is said which is which.
  return step.startedAt == null ? 'running' : `${estimate(Math.max(0, now - step.startedAt) / 1_000)} so far`;
}

function manyText({ tally, plan }: StepNode): string {
  const bad = countOf(tally, ['failed', 'timeout']);
  const skipped = countOf(tally, ['skipped', 'cancelled']);
  const done = settledOf(tally);
  if (done === 0 && countOf(tally, ['running', 'retrying', 'queued']) === 0) {
    const each = plan.expectedS;
    return each == null ? plural(tally.total, plan.kind === 'fold' ? 'step' : 'cell') : `${tally.total} × ~ ${estimate(each)}`;
  }
  if (skipped === tally.total) return 'skipped';
  return [`${done} of ${tally.total}`, bad > 0 && `${bad} ✗`].filter(Boolean).join(', ');
}

function expectedText(plan: PlanRecord): string {
  return plan.expectedS == null ? (plan.kind ?? '') : `~ ${estimate(plan.expectedS)}`;
}

/** Seconds that the newest try of a planned step took; null where it did not run. */
export function tookS(step: StepRecord): number | null {
  if (step.startedAt == null || step.finishedAt == null) return null;
  return Math.max(0, step.finishedAt - step.startedAt) / 1_000;
}

function tookText(step: StepRecord): string {
  const took = tookS(step);
  if (took === null) return 'done';
  // Who has a step done again begins to count its tries anew; its bars do not.
  const tries = Math.max(step.tries ?? 1, (step.earlier?.length ?? 0) + 1);
  return (step.earlier?.length ?? 0) > 0 ? `${duration(took)} in try ${tries}` : duration(took);
}

/** What stands at the end of a node's row in the Gantt: what it took, or what is about left. */
export function rowText(node: StepNode, future: Forecast, now: number): string {
  const { tally, prompt } = node;
  if (prompt !== null) return prompt.until == null ? 'waits for you' : `${countdown(prompt.until, now)} to answer`;
  if (settledOf(tally) === tally.total) {
    if (tally.startedAt === null || tally.finishedAt === null) return WORDS[node.standing];
    // Hours between a try and the one of the next day are no part of it.
    const end = tally.finishedAt;
    return duration(tally.ran.reduce((sum, { from, to }) => sum + Math.min(to, end) - from, 0) / 1_000);
  }
  const expected = future.byKey.get(node.key);
  if (expected === undefined) return '';
  const isUnderWay = countOf(tally, ['running', 'retrying']) > 0 || settledOf(tally) > 0;
  if (expected.endsAt === null || expected.startsAt === null) return isUnderWay ? 'left unknown' : '';
  const seconds = (expected.endsAt - Math.max(now, expected.startsAt)) / 1_000;
  const late = overdueOf(node, now).length;
  if (late > 0) return tally.total === 1 ? 'overdue' : `${late} overdue`;
  if (isUnderWay) return seconds < 0.5 ? 'about to end' : `~ ${estimate(seconds)} left`;
  return `~ ${estimate(seconds)}`;
}

/** "4:12", "1:02:03": the time until a moment. */
export function countdown(until: number, now: number): string {
  const left = Math.max(0, Math.ceil((until - now) / 1_000));
  const [h, m, s] = [Math.floor(left / 3_600), Math.floor(left / 60) % 60, left % 60];
  const two = (n: number) => String(n).padStart(2, '0');
  return h > 0 ? `${h}:${two(m)}:${two(s)}` : `${m}:${two(s)}`;
}

/** What stands between the name of a node and its text, for who does not see the graph: ": matrix, done, ". */
export function aboutNode(node: StepNode, text: string): string {
  const word = WORDS[node.standing];
  const many = node.steps.length > 1 ? `${node.steps.length} steps folded, ` : node.tally.total > 1 ? 'matrix, ' : '';
  return `: ${many}${text === word ? '' : `${word}, `}`;
}
