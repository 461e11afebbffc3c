/** The times of a log query: `-5m`, `now`, `14:30`, `2026-11-24T10:00`, with or without a zone. */

const UNITS: Readonly<Record<string, number>> = { w: 604_800_000, d: 86_400_000, h: 3_600_000, m: 60_000, s: 1_000, ms: 1 };
const AGO = /^-(?:[0-9]{1,9}(?:\.[0-9]{1,6})?(?:ms|[wdhms]))+$/;
const PART = /([0-9.]+)(ms|[wdhms])/g;
const CLOCK = '([0-9]{2}):([0-9]{2})(?::([0-9]{2})(?:\\.([0-9]{1,6}))?)?';
const TIME = new RegExp(`^${CLOCK}$`);
const DATE = new RegExp(`^([0-9]{4})-([0-9]{2})-([0-9]{2})(?:[T ]${CLOCK}(Z|[+-][0-9]{2}:[0-9]{2})?)?$`);
const DAY = 86_400_000;
const LAST_MS = 32_503_679_999_999;

/** The time as it is printed, null where it is no time. Years are 1970 to 2999. */
export function canonicalTime(text: string): string | null {
  if (text === 'now' || AGO.test(text)) return text;
  const clock = TIME.exec(text);
  if (clock) return validClock(clock, 1) ? text : null;
  const date = DATE.exec(text);
  if (!date) return null;
  const [year, month, day] = [Number(date[1]), Number(date[2]), Number(date[3])];
  if (year < 1970 || year > 2999 || !validClock(date, 4)) return null;
  const moment = new Date(Date.UTC(year, month - 1, day));
  if (moment.getUTCMonth() !== month - 1 || moment.getUTCDate() !== day || day === 0) return null;
  const zone = date[8];
  if (zone && zone !== 'Z' && (Number(zone.slice(1, 3)) > 14 || Number(zone.slice(4)) > 59)) return null;
  return text.replace(' ', 'T');
}

function validClock(found: RegExpExecArray, at: number): boolean {
  return Number(found[at] ?? 0) < 24 && Number(found[at + 1] ?? 0) < 60 && Number(found[at + 2] ?? 0) < 60;
}

/** Milliseconds of a clock time: whole seconds, and the fraction of one. */
function clockOf(found: RegExpExecArray, at: number): readonly [number, number] {
  const seconds = Number(found[at] ?? 0) * 3_600 + Number(found[at + 1] ?? 0) * 60 + Number(found[at + 2] ?? 0);
  return [seconds * 1_000, Number((found[at + 3] ?? '0').padEnd(6, '0')) / 1e3];
}

/**
 * Milliseconds since 1970 UTC of a canonical time.
 *
 * `now` is in the same unit. `zone`, an IANA name, is that of times without one; undefined is the browser's. A clock time
 * that the zone skips or has twice counts with the offset that held before the change.
 */
export function resolveTime(when: string, now: number, zone: string | undefined): number {
  if (when === 'now') return now;
  if (when[0] === '-') {
    let ago = 0;
    for (const part of when.matchAll(PART)) ago += Number(part[1]) * (UNITS[part[2] as string] as number);
    return now - ago;
  }
  const clock = TIME.exec(when);
  if (clock) {
    const [ms, fraction] = clockOf(clock, 1);
    const local = now + offsetAt(now, zone);
    return inZone(Math.floor(local / DAY) * DAY + ms, zone) + fraction;
  }
  const date = DATE.exec(when) as RegExpExecArray;
  const [ms, fraction] = clockOf(date, 4);
  const local = Date.UTC(Number(date[1]), Number(date[2]) - 1, Number(date[3])) + ms;
  const given = date[8];
  if (given === undefined) return inZone(local, zone) + fraction;
  if (given === 'Z') return local + fraction;
  const minutes = Number(given.slice(1, 3)) * 60 + Number(given.slice(4));
  return local - (given[0] === '-' ? -minutes : minutes) * 60_000 + fraction;
}

/** The moment at which a zone's clocks show `local` (milliseconds as if they were UTC). */
function inZone(local: number, zone: string | undefined): number {
  const before = offsetAt(local - DAY, zone);
  const after = offsetAt(local + DAY, zone);
  if (before === after || offsetAt(local - before, zone) === before) return local - before;
  return offsetAt(local - after, zone) === after ? local - after : local - before;
}

const formats = new Map<string, Intl.DateTimeFormat>();

/** Milliseconds that a zone's clocks are ahead of UTC at a moment. */
function offsetAt(ms: number, zone: string | undefined): number {
  if (zone === undefined) return -new Date(ms).getTimezoneOffset() * 60_000;
  let format = formats.get(zone);
  if (!format) {
    const digits = {
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
    } as const;
    format = new Intl.DateTimeFormat('en-US', {
      timeZone: zone,
      hourCycle: 'h23',
      calendar: 'gregory',
      numberingSystem: 'latn',
      ...digits,
    });
    formats.set(zone, format);
  }
  const second = Math.floor(ms / 1_000) * 1_000;
  const parts: Record<string, number> = {};
  for (const { type, value } of format.formatToParts(second)) parts[type] = Number(value);
  const {
    year,
    month,
    day,
    hour,
    minute,
    second: s,
  } = parts as Record<'year' | 'month' | 'day' | 'hour' | 'minute' | 'second', number>;
  return Date.UTC(year, month - 1, day, hour, minute, s) - second;
}

/**
 * Milliseconds since 1970 UTC as a time with zone, down to the microsecond, e.g. `2026-11-24T10:00:00.250Z`.
 *
 * Before 1970 and after 2999 it is the first or last moment that a query can name.
 */
export function printTime(ms: number): string {
  const micros = Math.round(Math.min(Math.max(ms, 0), LAST_MS) * 1e3);
  const whole = Math.floor(micros / 1e3);
  const rest = micros - whole * 1e3;
  const text = new Date(whole).toISOString();
  return rest === 0 ? text : `${text.slice(0, -1)}${String(rest).padStart(3, '0')}Z`;
}
