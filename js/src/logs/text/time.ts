/** Times as a reader wants them: in the own zone, or relative to another time. */

import { hasTwice, twiceOffset } from './twice';

const CLOCK = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit', second: '2-digit', hourCycle: 'h23' });
const DAY = new Intl.DateTimeFormat('en-CA', { year: 'numeric', month: '2-digit', day: '2-digit' });
const ZONE = CLOCK.resolvedOptions().timeZone;
const QUARTER = 900_000;

let lastQuarter = Number.NaN;
let lastDay = '';
let lastSecond = Number.NaN;
let lastText = '';

/** `HH:MM:SS` in the user's zone, with its offset where the clocks show it twice. */
export function exactClock(ts: number): string {
  return clock(ts) + twiceOffset(ts);
}

/** `HH:MM:SS` in the user's zone. */
export function clock(ts: number): string {
  const second = Math.floor(ts / 1_000);
  if (second === lastSecond) return lastText;
  if (!valid(ts)) return '--:--:--';
  lastSecond = second;
  lastText = CLOCK.format(second * 1_000);
  return lastText;
}

/** `.mmm`: the milliseconds of a time. */
export function millis(ts: number): string {
  const rest = Math.floor(ts) % 1_000;
  return `.${String(rest < 0 ? rest + 1_000 : rest).padStart(3, '0')}`;
}

/** `YYYY-MM-DD` in the user's zone. */
export function day(ts: number): string {
  if (!valid(ts)) return 'unknown day';
  // A day begins at a quarter of an hour in every zone.
  const quarter = Math.floor(ts / QUARTER);
  if (quarter !== lastQuarter) {
    lastQuarter = quarter;
    lastDay = DAY.format(ts);
  }
  return lastDay;
}

/** What stands beside a clock time. */
export interface Stamp {
  /** How much of the date: none while every line is of today. */
  readonly date: 'none' | 'day' | 'year';
  /** Whether some line is of an hour that the clocks show twice, so that offsets want room. */
  readonly hasOffset: boolean;
}

const DATES = ['none', 'day', 'year'] as const;
const STAMPS: readonly Stamp[] = DATES.flatMap((date) => [
  { date, hasOffset: false },
  { date, hasOffset: true },
]);
/** What times need of today's lines on all days but one of the year. */
export const PLAIN = STAMPS[0] as Stamp;

/** What lines from `extent[0]` to `extent[1]` ms need where it is `now`; the same object for the same answer. */
export function stampOf(extent: readonly [number, number] | null, now: number): Stamp {
  if (extent === null) return PLAIN;
  return STAMPS[DATES.indexOf(dateOf(extent, now)) * 2 + Number(hasTwice(extent))] as Stamp;
}

function dateOf(extent: readonly [number, number], now: number): Stamp['date'] {
  const [first, last, today] = [day(extent[0]), day(extent[1]), day(now)];
  if (first === today && last === today) return 'none';
  const year = today.slice(0, 4);
  return first.startsWith(year) && last.startsWith(year) ? 'day' : 'year';
}

/** Date, time to the millisecond and zone, for a tooltip. */
export function fullTime(ts: number): string {
  if (!valid(ts)) return `${ts}`;
  const offset = twiceOffset(ts);
  return `${day(ts)} ${clock(ts)}${millis(ts)}${offset && ` ${offset}`} ${ZONE}`;
}

/** `2.1 s`, `1 m 42 s`, `3 h 5 m`, `4 d`: how long ago, or with a minus how far ahead. */
export function relative(ts: number, now: number): string {
  const ms = now - ts;
  const sign = ms < -500 ? '\u2212' : '';
  const s = Math.abs(ms) / 1_000;
  if (s < 10) return `${sign}${s.toFixed(1)} s`;
  if (s < 60) return `${sign}${Math.floor(s)} s`;
  if (s < 3_600) return `${sign}${Math.floor(s / 60)} m ${Math.floor(s % 60)} s`;
  if (s < 86_400) return `${sign}${Math.floor(s / 3_600)} h ${Math.floor((s % 3_600) / 60)} m`;
  return `${sign}${Math.floor(s / 86_400)} d`;
}

function valid(ts: number): boolean {
  return Math.abs(ts) <= 8.64e15;
}
