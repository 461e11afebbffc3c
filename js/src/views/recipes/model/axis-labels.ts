/** Which words stand above an axis, so that none lies upon another. Pure; in px. */

import type { Gantt } from './gantt';
import { SMALL_LETTER } from './letters';

export interface AxisLabel {
  readonly kind: 'now' | 'break' | 'zero' | 'tick';
  readonly text: string;
  /** Its left edge. */
  readonly left: number;
}

export interface AxisLabels {
  readonly labels: readonly AxisLabel[];
  /** The breaks that have no room for their words. */
  readonly untold: readonly string[];
}

/** A word that stands alone is better than two that touch. */
const BOLD_LETTER = 6.6;
const APART = 8;

/** `width`: of the axis; `now`: what stands where now is, empty where there is no now. */
export function axisLabels(gantt: Gantt, width: number, now: string): AxisLabels {
  const placed: (AxisLabel & { readonly right: number })[] = [];
  const untold: string[] = [];
  const put = (kind: AxisLabel['kind'], text: string, at: number, from: 'middle' | 'left'): boolean => {
    const wide = text.length * (kind === 'now' ? BOLD_LETTER : SMALL_LETTER);
    const wished = at * width - (from === 'middle' ? wide / 2 : 0);
    const left = Math.max(0, Math.min(width - wide, wished));
    const isFree = placed.every((one) => left + wide + APART <= one.left || left >= one.right + APART);
    if (isFree && wide <= width) placed.push({ kind, text, left, right: left + wide });
    return isFree && wide <= width;
  };
  // What says most comes first: later ones give way.
  if (gantt.now !== null && now) put('now', now, gantt.now, 'middle');
  for (const { from, to, label } of gantt.axis.breaks) {
    if (!put('break', label, (from + to) / 2, 'middle')) untold.push(label);
  }
  for (const { at, label } of gantt.axis.ticks) {
    if (at === 0) put('zero', label, 0, 'left');
    else if (at < 0.97) put('tick', label, at, 'middle');
  }
  return { labels: placed, untold };
}
