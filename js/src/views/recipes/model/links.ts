/** What follows what in a recipe's run: the edges of its graph, and which of them were taken. Pure. */

import type { PlanRecord, StepStatus } from '../../../sync/messages';
import { countOf, type StepNode, settledOf } from './nodes';

export type Outcome = 'ok' | 'failure' | 'timeout';

export interface Link {
  readonly from: string;
  readonly to: string;
  /** The outcomes of its beginning that let its end go on. */
  readonly outcomes: readonly Outcome[];
}

/** How an edge is drawn: taken, taken because something went wrong, still to come, or another outcome's. */
export type LinkState = 'taken' | 'bad' | 'next' | 'other';

const OUTCOMES: readonly Outcome[] = ['ok', 'failure', 'timeout'];
const STATUSES: Readonly<Record<Outcome, readonly StepStatus[]>> = {
  ok: ['succeeded'],
  failure: ['failed'],
  timeout: ['timeout'],
};

/** All edges between steps: from what a step needs, and where edges lead by outcome. */
export function linksOf(plans: readonly PlanRecord[]): Link[] {
  const known = new Map(plans.map((plan) => [plan.id, plan]));
  const found = new Map<string, { from: string; to: string; outcomes: Set<Outcome> }>();
  const put = (from: string, to: string, outcome: Outcome) => {
    const key = `${from} ${to}`;
    const link = found.get(key) ?? { from, to, outcomes: new Set() };
    link.outcomes.add(outcome);
    found.set(key, link);
  };
  for (const plan of plans) {
    for (const need of plan.needs ?? []) {
      const edges = known.get(need)?.edges;
      if (edges === undefined && !known.has(need)) continue;
      put(need, plan.id, 'ok');
      for (const outcome of OUTCOMES) if (edges?.[outcome] === 'continue') put(need, plan.id, outcome);
    }
    for (const outcome of OUTCOMES) {
      const to = plan.edges?.[outcome];
      if (to !== undefined && known.has(to)) put(plan.id, to, outcome);
    }
  }
  return [...found.values()].map(({ from, to, outcomes }) => ({
    from,
    to,
    outcomes: OUTCOMES.filter((one) => outcomes.has(one)),
  }));
}

export function linkState(link: Link, from: StepNode): LinkState {
  const { tally } = from;
  const took = link.outcomes.filter((outcome) => countOf(tally, STATUSES[outcome]) > 0);
  const isOver = settledOf(tally) === tally.total;
  // What follows a step waits until all of its cells have come to their ends.
  if (!isOver) return took.length > 0 || link.outcomes.includes('ok') ? 'next' : 'other';
  if (took.some((outcome) => outcome !== 'ok')) return 'bad';
  return took.length > 0 && countOf(tally, ['succeeded']) === tally.total ? 'taken' : 'other';
}

/** What stands beside an edge that is not the usual one: "failure", "timeout". */
export function linkLabel(link: Link, from: StepNode): string {
  if (link.outcomes.includes('ok')) {
    if (linkState(link, from) !== 'bad') return '';
    return link.outcomes.filter((one) => one !== 'ok' && countOf(from.tally, STATUSES[one]) > 0).join(', ');
  }
  const happened = link.outcomes.filter((one) => countOf(from.tally, STATUSES[one]) > 0);
  return (linkState(link, from) === 'bad' ? happened : link.outcomes).join(', ');
}

/** By node: all that may stand beside the edges that lead to it, whatever comes of the run, so that nothing moves then. */
export function labelRoom(links: readonly Link[]): Map<string, string> {
  const found = new Map<string, Set<Outcome>>();
  for (const { to, outcomes } of links) {
    const known = found.get(to) ?? new Set();
    for (const one of outcomes) if (one !== 'ok') known.add(one);
    found.set(to, known);
  }
  return new Map([...found].map(([to, outcomes]) => [to, [...outcomes].join(', ')]));
}

/** Of nodes that only an outcome besides the usual one leads to: which, as "failure" or "failure, timeout". */
export function ledOnlyBy(links: readonly Link[]): Map<string, string> {
  const usual = new Set(links.flatMap(({ to, outcomes }) => (outcomes.includes('ok') ? to : [])));
  return new Map([...labelRoom(links)].filter(([to, outcomes]) => outcomes !== '' && !usual.has(to)));
}

/** Which way the time-out of a step goes on, in words. */
export function timeoutWords(plan: PlanRecord | undefined): string {
  const to = plan?.edges?.timeout;
  if (to === 'stop') return 'ends the run';
  if (to === 'continue') return 'goes on all the same';
  if (to !== undefined) return `goes on at ${to}`;
  return 'fails the step';
}

/** Steps from first to last, each after all that lead to it, those of the plan's order first among equals. */
export function inOrder(ids: readonly string[], links: readonly Link[]): string[] {
  const place = new Map(ids.map((id, i) => [id, i]));
  const left = new Map(ids.map((id) => [id, 0]));
  const followers = new Map<string, string[]>();
  for (const { from, to } of links) {
    if (!place.has(from) || !place.has(to) || from === to) continue;
    left.set(to, (left.get(to) as number) + 1);
    const list = followers.get(from);
    if (list === undefined) followers.set(from, [to]);
    else list.push(to);
  }
  const ready = ids.filter((id) => left.get(id) === 0).reverse();
  const order: string[] = [];
  for (let id = ready.pop(); id !== undefined; id = ready.pop()) {
    order.push(id);
    const freed = (followers.get(id) ?? []).filter((to) => {
      const count = (left.get(to) as number) - 1;
      left.set(to, count);
      return count === 0;
    });
    freed.sort((a, b) => (place.get(b) as number) - (place.get(a) as number));
    ready.push(...freed);
  }
  // A circle cannot be, since recipes are checked; what is in one all the same stands at the end.
  const done = new Set(order);
  return order.length === ids.length ? order : [...order, ...ids.filter((id) => !done.has(id))];
}

/** In which layer each step stands: one after the last of those that lead to it. */
export function layersOf(ids: readonly string[], links: readonly Link[]): Map<string, number> {
  const into = new Map<string, string[]>();
  for (const { from, to } of links) {
    const list = into.get(to);
    if (list === undefined) into.set(to, [from]);
    else list.push(from);
  }
  const layers = new Map<string, number>();
  for (const id of inOrder(ids, links)) {
    let layer = 0;
    for (const from of into.get(id) ?? []) layer = Math.max(layer, (layers.get(from) ?? -1) + 1);
    layers.set(id, layer);
  }
  return layers;
}
