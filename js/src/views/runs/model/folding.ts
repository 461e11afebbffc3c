/** Many jobs of one run, folded by how they ended: failures by their reason, the others by how they stand. Pure. */

import type { JobRecord } from '../../../sync/messages';
import { get, type Rec } from '../../../sync/read';
import { nameOf, reasonOf, type Standing, standingOf } from './record';

/** From so many shown jobs on, a run folds. */
export const FOLD_FROM = 25;

export interface Fold {
  readonly key: string;
  readonly standing: Standing;
  readonly ids: readonly string[];
  /** Why they failed; empty for others. */
  readonly reason: string;
  /** A word that all of their names have, and not all of the others'. */
  readonly inCommon: string;
}

/** A job that stands for itself, or several as one. */
export type Folded = { readonly kind: 'job'; readonly id: string } | { readonly kind: 'fold'; readonly fold: Fold };

/** Reasons that differ only in a measured figure are one. */
function reasonKey(reason: string): string {
  return reason.replace(/\d+\.\d+|0x[0-9a-f]+/gi, '#');
}

/** The rows of a run with many jobs: who waits for an answer, failures, the running, the done, the fastest, the rest. */
export function folded(items: Rec<JobRecord>, ids: readonly string[], fastest: string | null): Folded[] {
  const failures = new Map<string, string[]>();
  const others = new Map<Standing, string[]>();
  const out: Folded[] = [];
  for (const id of ids) {
    const job = get(items, id);
    if (job === undefined) continue;
    const standing = standingOf(job);
    if (standing === 'asks') out.push({ kind: 'job', id });
    else if (standing === 'failed') push(failures, reasonKey(reasonOf(job)), id);
    else push(others, standing, id);
  }
  for (const [key, members] of [...failures].sort((a, b) => b[1].length - a[1].length)) {
    const reason = reasonOf(get(items, members[0] as string) as JobRecord);
    add(out, { key: `failed ${key}`, standing: 'failed', ids: members, reason, inCommon: inCommon(items, members, ids) });
  }
  for (const standing of ['running', 'done', 'cancelled', 'queued'] as const) {
    const members = others.get(standing);
    if (members === undefined) continue;
    add(out, { key: standing, standing, ids: members, reason: '', inCommon: '' });
    if (standing === 'done' && members.length > 1 && fastest !== null) out.push({ kind: 'job', id: fastest });
  }
  return out;
}

function push<K>(map: Map<K, string[]>, key: K, id: string): void {
  const list = map.get(key);
  if (list === undefined) map.set(key, [id]);
  else list.push(id);
}

function add(out: Folded[], fold: Fold): void {
  const [only] = fold.ids;
  if (fold.ids.length === 1 && only !== undefined) out.push({ kind: 'job', id: only });
  else out.push({ kind: 'fold', fold });
}

/** "lr=1": a word of a name that all of `members` have, and not all of `ids`; empty where there is none. */
function inCommon(items: Rec<JobRecord>, members: readonly string[], ids: readonly string[]): string {
  if (members.length === ids.length) return '';
  const words = (id: string) => new Set(nameOf(get(items, id) as JobRecord).split(/[\s,;]+/));
  const shared = words(members[0] as string);
  for (const id of members.slice(1)) {
    const own = words(id);
    for (const word of shared) if (!own.has(word)) shared.delete(word);
    if (shared.size === 0) return '';
  }
  const isMember = new Set(members);
  const others = ids.filter((id) => !isMember.has(id)).map(words);
  return [...shared].filter((word) => word && !others.some((other) => other.has(word))).join(' ');
}
