/**
 * The first of the numbers [0, length) for which `isBefore` no longer holds; `length` where it holds for all.
 *
 * By halves: it has to hold for all numbers below some bound and for none from there on.
 */
export function firstNotBefore(length: number, isBefore: (k: number) => boolean): number {
  let lo = 0;
  let hi = length;
  while (lo < hi) {
    const mid = (lo + hi) >>> 1;
    if (isBefore(mid)) lo = mid + 1;
    else hi = mid;
  }
  return lo;
}
