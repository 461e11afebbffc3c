/** Jobs by what they were asked for with: a run, what was done again of it, and jobs that were asked for alone. Pure. */

import type { JobRecord, Jobs, RunRecord } from '../../../sync/messages';
import { get, keys, type Rec } from '../../../sync/read';
import { Wide } from '../../../sync/wide';

export interface Group {
  /** The id of its first run. */
  readonly key: string;
  readonly title: string;
  /** Whether its jobs were asked for one by one: they have no axis in common, and none is the fastest. */
  readonly single: boolean;
  readonly runIds: readonly string[];
  /** Its jobs in the order in which they were made. */
  readonly ids: readonly string[];
}

export const SINGLE_TITLE = 'one by one';

const orders = new WeakMap<object, string[]>();
const groupings = new WeakMap<object, { runs: unknown; groups: Group[] }>();

/** Identifiers in the order in which the jobs were made. Sorted anew only when jobs come or go. */
export function jobOrder(items: Rec<JobRecord>): string[] {
  const known = items instanceof Wide ? orders.get(items.shape) : undefined;
  if (known !== undefined) return known;
  const made = new Map(keys(items).map((id) => [id, get(items, id)?.createdAt ?? 0]));
  const order = [...made.keys()].sort((a, b) => (made.get(a) as number) - (made.get(b) as number));
  if (items instanceof Wide) orders.set(items.shape, order);
  return order;
}

/** All groups in the order of their first jobs. Which jobs belong together never changes, so this is done once for many. */
export function groupsOf(jobs: Jobs): readonly Group[] {
  const items = jobs.items as Rec<JobRecord>;
  const known = items instanceof Wide ? groupings.get(items.shape) : undefined;
  if (known !== undefined && known.runs === jobs.runs) return known.groups;
  const groups = grouped(items, jobs.runs as Rec<RunRecord> | undefined);
  if (items instanceof Wide) groupings.set(items.shape, { runs: jobs.runs, groups });
  return groups;
}

interface Gathered {
  readonly runIds: string[];
  readonly ids: string[];
}

function grouped(items: Rec<JobRecord>, runs: Rec<RunRecord> | undefined): Group[] {
  const gathered = new Map<string, Gathered>();
  for (const id of jobOrder(items)) {
    const runId = get(items, id)?.runId ?? '';
    const key = rootOf(runId, runs);
    let group = gathered.get(key);
    if (group === undefined) {
      group = { runIds: [], ids: [] };
      gathered.set(key, group);
    }
    if (!group.runIds.includes(runId)) group.runIds.push(runId);
    group.ids.push(id);
  }
  const groups: Group[] = [];
  let singles: { key: string; runIds: string[]; ids: string[] } | null = null;
  for (const [key, { runIds, ids }] of gathered) {
    if (isSingle(get(runs, key), ids)) {
      if (singles === null) {
        singles = { key, runIds: [], ids: [] };
        groups.push({ ...singles, title: SINGLE_TITLE, single: true });
      }
      singles.runIds.push(...runIds);
      singles.ids.push(...ids);
    } else {
      singles = null;
      groups.push({ key, title: titleOf(key, get(runs, key)), single: false, runIds, ids });
    }
  }
  return groups;
}

/** A job that was asked for alone, without a name for the run, and not done again. */
function isSingle(run: RunRecord | undefined, ids: readonly string[]): boolean {
  return ids.length === 1 && (run?.jobs ?? 1) === 1;
}

/** The run that was first: what is done again stands with what it repeats. */
function rootOf(runId: string, runs: Rec<RunRecord> | undefined): string {
  let root = runId;
  // As long as a chain of repeats can be at most; a circle would be somebody else's doing.
  for (let i = 0; i < 1_000; i++) {
    const before = get(runs, root)?.retryOf;
    if (!before || before === root || get(runs, before) === undefined) return root;
    root = before;
  }
  return root;
}

/** Its name, or the label that Python calls it by too; its id says a newcomer nothing. */
function titleOf(key: string, run: RunRecord | undefined): string {
  return run?.name || run?.label || key;
}
