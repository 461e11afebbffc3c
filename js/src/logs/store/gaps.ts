/**
 * Ranges of seqs that this page does not hold. Together with the held lines they cover [0, nextSeq) without overlap,
 * so nothing is ever lost without a row that says so.
 */

/**
 * - `unfetched`: older than what the page was given on connect
 * - `missed`: the server said that it no longer holds them
 * - `skipped`: the server did not send them (this page was too slow, or the link was down)
 * - `evicted`: this page held them, and let them go at its cap
 */
export type GapKind = 'unfetched' | 'missed' | 'skipped' | 'evicted';

/** Seqs [from, to). */
export interface Gap {
  readonly from: number;
  readonly to: number;
  readonly kind: GapKind;
}

/** Past this many gaps the two nearest neighbours are not told apart any more: a page's memory is bounded. */
export const MAX_GAPS = 1_000;

/** `gaps` and one more range behind all of them; a neighbour of the same kind grows instead. */
export function addGap(gaps: readonly Gap[], gap: Gap): Gap[] {
  if (gap.to <= gap.from) return gaps as Gap[];
  const last = gaps[gaps.length - 1];
  if (last && last.to === gap.from && last.kind === gap.kind) {
    return [...gaps.slice(0, -1), { ...last, to: gap.to }];
  }
  return [...gaps, gap];
}

/** `gaps` without the seqs [from, to). */
export function fillGaps(gaps: readonly Gap[], from: number, to: number): Gap[] {
  const out: Gap[] = [];
  for (const gap of gaps) {
    if (gap.to <= from || gap.from >= to) {
      out.push(gap);
      continue;
    }
    if (gap.from < from) out.push({ ...gap, to: from });
    if (gap.to > to) out.push({ ...gap, from: to });
  }
  return out;
}

/** The parts of [from, to) that lie in gaps, oldest first. */
export function gapsWithin(gaps: readonly Gap[], from: number, to: number): Gap[] {
  const out: Gap[] = [];
  for (const gap of gaps) {
    if (gap.to <= from || gap.from >= to) continue;
    out.push({ ...gap, from: Math.max(gap.from, from), to: Math.min(gap.to, to) });
  }
  return out;
}

/** `gaps` with the unheld seqs of [from, to) said to be of another kind. */
export function relabelGaps(gaps: readonly Gap[], from: number, to: number, kind: GapKind): Gap[] {
  const parts = gapsWithin(gaps, from, to).map((gap) => ({ ...gap, kind }));
  const all = [...fillGaps(gaps, from, to), ...parts].sort((a, b) => a.from - b.from);
  return all.reduce<Gap[]>((out, gap) => addGap(out, gap), []);
}

/** `gaps` after everything before `first` was let go: one evicted range in place of all that lay there. */
export function evictGaps(gaps: readonly Gap[], first: number): Gap[] {
  const rest = fillGaps(gaps, 0, first);
  return first > 0 ? [{ from: 0, to: first, kind: 'evicted' }, ...rest] : rest;
}

/** How many seqs the gaps span. */
export function gapTotal(gaps: readonly Gap[]): number {
  return gaps.reduce((sum, gap) => sum + gap.to - gap.from, 0);
}
