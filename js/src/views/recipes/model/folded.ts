/** A graph of many steps with few nodes: what is under way or went wrong stands for itself, the rest is folded. Pure. */

import type { PlanRecord, RecipeRunRecord } from '../../../sync/messages';
import { type Rec, values } from '../../../sync/read';
import { Wide } from '../../../sync/wide';
import { inOrder, type Link, layersOf, linksOf } from './links';
import { isBad, type StepNode, standingOf, sum } from './nodes';

/** So many steps at most are drawn one by one. */
export const MOST_NODES = 50;
/** So many nodes that stand for many steps, one below the other or side by side. */
const MOST_FOLDS = 12;

export interface Drawn {
  /** In their order: each after all that lead to it. */
  readonly nodes: readonly StepNode[];
  readonly links: readonly Link[];
  readonly layers: ReadonlyMap<string, number>;
}

/** What follows what: as long as a run lasts it stays the same. */
export interface Structure {
  readonly links: readonly Link[];
  readonly layers: ReadonlyMap<string, number>;
}

const structures = new WeakMap<object, Structure>();

/** Worked out once for a plan of many steps. */
export function structureOf(run: RecipeRunRecord): Structure {
  const plans = run.plan as Rec<PlanRecord> | undefined;
  const known = plans instanceof Wide ? structures.get(plans.shape) : undefined;
  if (known !== undefined) return known;
  const list = [...values(plans)];
  const links = linksOf(list);
  const ids = list.map((plan) => plan.id);
  const made = { links, layers: layersOf(ids, links) };
  if (plans instanceof Wide) structures.set(plans.shape, made);
  return made;
}

/** What is drawn of the steps of a run. `keep`: a step that is drawn for itself whatever happens. */
export function drawnOf(all: readonly StepNode[], { links, layers }: Structure, keep: string | null): Drawn {
  if (all.length > MOST_NODES) return folded(all, links, layers, keep);
  const byKey = new Map(all.map((node) => [node.key, node]));
  const ids = all.map((node) => node.key);
  return { nodes: inOrder(ids, links).map((id) => byKey.get(id) as StepNode), links, layers };
}

function folded(
  all: readonly StepNode[],
  links: readonly Link[],
  layers: ReadonlyMap<string, number>,
  keep: string | null,
): Drawn {
  const ids = all.map((node) => node.key);
  let depth = 1;
  for (const layer of layers.values()) depth = Math.max(depth, layer + 1);
  const size = Math.ceil(depth / MOST_FOLDS);
  const columns = new Map(ids.map((id) => [id, Math.floor((layers.get(id) as number) / size)]));
  const single = new Set(singles(all, MOST_NODES - Math.ceil(depth / size), keep));
  const groups = new Map<number, StepNode[]>();
  const keyOf = new Map<string, string>();
  for (const node of all) {
    const column = columns.get(node.key) as number;
    if (single.has(node.key)) keyOf.set(node.key, node.key);
    else {
      const group = groups.get(column);
      if (group === undefined) groups.set(column, [node]);
      else group.push(node);
      keyOf.set(node.key, foldKey(column));
    }
  }
  const drawn: StepNode[] = all.filter((node) => single.has(node.key));
  for (const [column, members] of groups) drawn.push(foldNode(column, members));
  const columnOf = new Map(drawn.map((node) => [node.key, columns.get(node.steps[0] as string) as number]));
  const merged = mergedLinks(links, keyOf, columnOf);
  const used = [...new Set(columnOf.values())].sort((a, b) => a - b);
  const compact = new Map([...columnOf].map(([key, column]) => [key, used.indexOf(column)]));
  const byKey = new Map(drawn.map((node) => [node.key, node]));
  const order = drawn.map((node) => node.key).sort((a, b) => (compact.get(a) as number) - (compact.get(b) as number));
  const nodes = inOrder(order, merged).map((key) => byKey.get(key) as StepNode);
  return { nodes, links: merged, layers: compact };
}

function foldKey(column: number): string {
  return `fold ${column}`;
}

/** Which steps are drawn for themselves: the chosen one, what asks, what went wrong, what runs. */
function singles(all: readonly StepNode[], room: number, keep: string | null): string[] {
  const rank = (node: StepNode) => {
    if (node.key === keep) return 0;
    if (node.standing === 'asks') return 1;
    if (node.tally.failed.length > 0 || (node.standing !== 'waiting' && isBad(node.standing as never))) return 2;
    return node.standing === 'running' || node.standing === 'retrying' ? 3 : 4;
  };
  const ranked = all.filter((node) => rank(node) < 4);
  return ranked
    .sort((a, b) => rank(a) - rank(b))
    .slice(0, Math.max(1, room))
    .map((node) => node.key);
}

function foldNode(column: number, members: readonly StepNode[]): StepNode {
  const tally = members.map((node) => node.tally).reduce(sum);
  const [first, last] = [members[0] as StepNode, members[members.length - 1] as StepNode];
  const only = members.length === 1;
  const timed = members.every((node) => node.plan.expectedS != null);
  const work = members.reduce((seconds, node) => seconds + (node.plan.expectedS ?? 0) * node.tally.total, 0);
  const expectedS = timed ? work / Math.max(1, tally.total) : null;
  const plan: PlanRecord = { id: foldKey(column), kind: 'fold', cells: tally.total, expectedS };
  return {
    key: only ? first.key : foldKey(column),
    name: only ? first.name : `${first.name} … ${last.name}`,
    steps: members.map((node) => node.key),
    plan: only ? first.plan : plan,
    tally,
    standing: standingOf(tally),
    prompt: null,
  };
}

function mergedLinks(
  links: readonly Link[],
  keyOf: ReadonlyMap<string, string>,
  columnOf: ReadonlyMap<string, number>,
): Link[] {
  const known = new Map<string, Link>();
  // What was folded alone keeps its own name.
  const nameOf = (id: string) => {
    const key = keyOf.get(id) as string;
    return columnOf.has(key) ? key : id;
  };
  for (const link of links) {
    const [from, to] = [nameOf(link.from), nameOf(link.to)];
    // Within one column nothing is drawn: what is folded there stands before and after what is not.
    if ((columnOf.get(from) ?? 0) >= (columnOf.get(to) ?? 0)) continue;
    const key = `${from} ${to}`;
    const before = known.get(key);
    const outcomes = before === undefined ? link.outcomes : [...new Set([...before.outcomes, ...link.outcomes])];
    known.set(key, { from, to, outcomes });
  }
  return [...known.values()];
}
