/** Times that the user's clocks show twice, since they are put back: their offset says which of the two is meant. */

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
/** An offset begins at a quarter of an hour in every zone. */
const QUARTER = HOUR / 4;
/** Clocks are put back by so much at most. */
const MOST_BACK = 3 * HOUR;
/** Days that `hasTwice` looks at: two years. */
const MOST_DAYS = 732;

let quarterOf = Number.NaN;
let offsetThen = '';

/** `+02`, the offset of the user's zone, at times that its clocks show twice; empty at all others. */
export function twiceOffset(ts: number): string {
  const quarter = Math.floor(ts / QUARTER);
  if (quarter === quarterOf) return offsetThen;
  quarterOf = quarter;
  offsetThen = isTwice(quarter * QUARTER) ? offsetText(offsetAt(ts)) : '';
  return offsetThen;
}

let asked = '';
let answer = false;

/** Whether some time from `extent[0]` to `extent[1]` ms is one that the user's clocks show twice. */
export function hasTwice([first, last]: readonly [number, number]): boolean {
  // Asked for each picture, while lines come by the second.
  const quarters = `${Math.floor(first / QUARTER)} ${Math.floor(last / QUARTER)}`;
  if (quarters !== asked) {
    asked = quarters;
    answer = isTwice(first) || isTwice(last) || hasPutBack(first, last);
  }
  return answer;
}

function hasPutBack(first: number, last: number): boolean {
  for (let day = 0, at = first; day < MOST_DAYS && at < last; day++, at += DAY) {
    if (offsetAt(Math.min(last, at + DAY)) < offsetAt(at)) return true;
  }
  return false;
}

function isTwice(ts: number): boolean {
  const offset = offsetAt(ts);
  return [ts - MOST_BACK, ts + MOST_BACK].some((near) => {
    const other = offsetAt(near);
    return other !== offset && offsetAt(ts + offset - other) === other;
  });
}

/** How far the user's clocks are ahead of UTC, in ms; not a number for what is no time. */
function offsetAt(ms: number): number {
  return -new Date(ms).getTimezoneOffset() * 60_000;
}

function offsetText(ms: number): string {
  const minutes = Math.abs(ms) / 60_000;
  const rest = minutes % 60;
  return `${ms < 0 ? '\u2212' : '+'}${two(Math.floor(minutes / 60))}${rest ? `:${two(rest)}` : ''}`;
}

function two(n: number): string {
  return String(n).padStart(2, '0');
}
