/** When what is left of a run will about begin and end, from what its steps usually take. Pure. */

import type { StepRecord } from '../../../sync/messages';
import { inOrder, type Link } from './links';
import { countOf, type StepNode, settledOf } from './nodes';

export interface Expectation {
  /** Ms since 1970; null where it cannot be said. */
  readonly startsAt: number | null;
  readonly endsAt: number | null;
}

export interface Forecast {
  readonly byKey: ReadonlyMap<string, Expectation>;
  /** When the last of what can be said is over; null where nothing is left, or nothing is known. */
  readonly endsAt: number | null;
  /** Whether something is left of which nobody knows how long it takes, so that the end is later than that. */
  readonly isAtLeast: boolean;
}

/** What takes none of the places for jobs. */
const NO_JOBS = new Set(['wait', 'operator', 'device', 'record']);

interface Task {
  readonly key: string;
  readonly needs: readonly string[];
  /** Seconds of work that are left; null where nobody knows. */
  workS: number | null;
  /** How much of it may go on at once. */
  readonly width: number;
  readonly takesPlaces: boolean;
}

/** `now`: ms since 1970. Steps that only another outcome leads to are not expected. */
export function forecast(nodes: readonly StepNode[], links: readonly Link[], parallel: number, now: number): Forecast {
  const expected = expectedKeys(nodes, links);
  const tasks = nodes.flatMap((node) => (expected.has(node.key) ? taskOf(node, links, expected, now) : []));
  const byKey = simulate(tasks, Math.max(1, parallel), now);
  const ends = [...byKey.values()].flatMap((one) => one.endsAt ?? []);
  // What takes longer than ever before may take any time.
  const isLate = nodes.some((node) => overdueOf(node, now).length > 0);
  const isAtLeast = isLate || tasks.some(({ key }) => byKey.get(key)?.endsAt == null);
  return { byKey, endsAt: ends.length === 0 ? null : Math.max(...ends), isAtLeast };
}

/** What is left and will come if all goes well. */
function expectedKeys(nodes: readonly StepNode[], links: readonly Link[]): Set<string> {
  const byKey = new Map(nodes.map((node) => [node.key, node]));
  const into = new Map<string, Link[]>();
  for (const link of links) into.set(link.to, [...(into.get(link.to) ?? []), link]);
  const found = new Set<string>();
  const hopeless = new Set<string>();
  const keys = nodes.map((node) => node.key);
  for (const key of inOrder(keys, links)) {
    const node = byKey.get(key) as StepNode;
    if (settledOf(node.tally) === node.tally.total) continue;
    const isUnderWay = countOf(node.tally, ['running', 'retrying', 'queued']) > 0 || settledOf(node.tally) > 0;
    const others = (into.get(key) ?? []).filter((link) => !link.outcomes.includes('ok'));
    const isLed = others.length === 0 || others.some((link) => tookOther(link, byKey.get(link.from)));
    const needsHopeless = (into.get(key) ?? []).some((link) => link.outcomes.includes('ok') && hopeless.has(link.from));
    if (isUnderWay || (isLed && !needsHopeless)) found.add(key);
    else hopeless.add(key);
  }
  return found;
}

function tookOther(link: Link, from: StepNode | undefined): boolean {
  if (from === undefined) return false;
  return link.outcomes.some((outcome) => countOf(from.tally, [outcome === 'timeout' ? 'timeout' : 'failed']) > 0);
}

function taskOf(node: StepNode, links: readonly Link[], expected: ReadonlySet<string>, now: number): Task {
  const needs = links.filter((link) => link.to === node.key && expected.has(link.from)).map((link) => link.from);
  const left = node.tally.total - settledOf(node.tally);
  const takesPlaces = !NO_JOBS.has(node.plan.kind ?? 'run');
  return { key: node.key, needs, workS: workLeftS(node, left, now), width: Math.max(1, left), takesPlaces };
}

/** Seconds of work that are left of a step; null where nobody knows. */
export function workLeftS(node: StepNode, left: number, now: number): number | null {
  if (left === 0) return 0;
  const { active } = node.tally;
  const begun = active.filter((step) => step.status === 'running');
  const usual = node.plan.expectedS ?? null;
  const shares = begun.map((step) => leftOfStepS(step, node, now));
  const { own } = node.tally;
  const waiting = Math.max(0, left - begun.length - own.count);
  if (shares.some((one) => one === null) || (waiting > 0 && usual === null)) return null;
  return shares.reduce<number>((sum, one) => sum + (one ?? 0), 0) + own.seconds + waiting * (usual ?? 0);
}

/** Longer than its past by such a share and so many seconds is clearly longer. */
const CLEARLY = 1.2;
const CLEARLY_S = 1;

/** Seconds that a step takes by its own past: of a cell of a matrix that of no other cell. */
export function ownPastS(step: StepRecord, node: StepNode): number | null {
  return step.expectedS ?? (node.tally.total === 1 ? (node.plan.expectedS ?? null) : null);
}

/** Of the steps that run those that take clearly longer than they did in the past. */
export function overdueOf(node: StepNode, now: number): StepRecord[] {
  return node.prompt !== null ? [] : node.tally.active.filter((step) => isOverdue(step, node, now));
}

export function isOverdue(step: StepRecord, node: StepNode, now: number): boolean {
  const past = ownPastS(step, node);
  if (past === null || step.status !== 'running' || step.startedAt == null) return false;
  return (now - step.startedAt) / 1_000 > Math.max(past * CLEARLY, past + CLEARLY_S);
}

/** Seconds that one running step has left: by its own repetitions, else by what it usually takes. */
export function leftOfStepS(step: StepRecord, node: StepNode, now: number): number | null {
  const elapsed = step.startedAt == null ? 0 : Math.max(0, now - step.startedAt) / 1_000;
  const repeat = node.plan.repeat ?? 1;
  const done = step.done ?? 0;
  const usual = step.expectedS ?? node.plan.expectedS ?? null;
  if (usual !== null) return Math.max(0, usual - elapsed);
  if (repeat > 1 && done > 0) {
    const each = step.metrics?.wall?.mean ?? elapsed / done;
    return Math.max(0, each * (repeat - done));
  }
  return null;
}

/** The tasks in their order, so many jobs at once; what is ready shares the places that there are. */
function simulate(tasks: readonly Task[], parallel: number, now: number): Map<string, Expectation> {
  const found = new Map<string, Expectation>();
  const starts = new Map<string, number>();
  const left = new Map(tasks.map((task) => [task.key, task]));
  const unknown = new Set<string>();
  let at = now;
  while (left.size > 0) {
    for (const task of left.values()) {
      const isLost = task.needs.some((need) => unknown.has(need));
      if (!isLost && task.workS !== null) continue;
      const isReady = !isLost && task.needs.every((need) => !left.has(need));
      if (!isLost && !isReady) continue;
      unknown.add(task.key);
      found.set(task.key, { startsAt: isReady ? at : null, endsAt: null });
      left.delete(task.key);
    }
    const rates = ratesOf([...left.values()], left, parallel);
    if (rates.size === 0) break;
    let step = Number.POSITIVE_INFINITY;
    for (const [task, rate] of rates) {
      if (!starts.has(task.key)) starts.set(task.key, at);
      step = Math.min(step, (task.workS as number) / rate);
    }
    at += step * 1_000;
    for (const [task, rate] of rates) {
      task.workS = Math.max(0, (task.workS as number) - step * rate);
      if (task.workS > 1e-9) continue;
      found.set(task.key, { startsAt: starts.get(task.key) ?? at, endsAt: at });
      left.delete(task.key);
    }
  }
  for (const key of left.keys()) found.set(key, { startsAt: null, endsAt: null });
  return found;
}

/** How fast each ready task goes on: as many jobs at once as there are places for. */
function ratesOf(tasks: readonly Task[], left: ReadonlyMap<string, Task>, parallel: number): Map<Task, number> {
  const rates = new Map<Task, number>();
  let places = parallel;
  for (const task of tasks) {
    if (task.workS === null || task.needs.some((need) => left.has(need))) continue;
    const rate = task.takesPlaces ? Math.min(task.width, places) : 1;
    if (rate === 0) continue;
    if (task.takesPlaces) places -= rate;
    rates.set(task, rate);
  }
  return rates;
}
