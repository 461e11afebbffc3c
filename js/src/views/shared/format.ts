/** Numbers, durations and times as people read them. Digits stay in their places: see tabular-nums in the styles. */

import { visible } from '../../logs/text/visible';

const LOCALE = 'en';
const COUNT = new Intl.NumberFormat(LOCALE);

/** "1,204". Below a thousand there is nothing to set apart, and panes say such numbers with every picture. */
export function count(n: number): string {
  return Number.isInteger(n) && n >= 0 && n < 1_000 ? String(n) : COUNT.format(n);
}

export function plural(n: number, one: string, many = `${one}s`): string {
  return `${count(n)} ${n === 1 ? one : many}`;
}

/** "1st", "2nd", "3rd", "11th". */
export function ordinal(n: number): string {
  const teen = Math.floor(n / 10) % 10 === 1;
  const last = n % 10;
  const ending = teen ? 'th' : last === 1 ? 'st' : last === 2 ? 'nd' : last === 3 ? 'rd' : 'th';
  return `${n}${ending}`;
}

/** "9.1 s", "1 m 42 s", "2 h 05 m". */
export function duration(seconds: number): string {
  if (seconds < 0.001) return `${Math.round(seconds * 1e6)} µs`;
  if (seconds < 1) return `${Math.round(seconds * 1e3)} ms`;
  if (seconds < 9.995) return `${seconds.toFixed(2)} s`;
  if (seconds < 59.95) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  if (whole < 3_600) return `${Math.floor(whole / 60)} m ${two(whole % 60)} s`;
  if (whole < 86_400) return `${Math.floor(whole / 3_600)} h ${two(Math.floor(whole / 60) % 60)} m`;
  return `${Math.floor(whole / 86_400)} d ${two(Math.floor(whole / 3_600) % 24)} h`;
}

/** A time that was set, without digits that nobody gave: "5 s", "1.5 s", "250 ms", "1 m". */
export function setTime(seconds: number): string {
  return duration(seconds)
    .replace(/(\.\d*?)0+ s$/, '$1 s')
    .replace(/\. s$/, ' s')
    .replace(/ 00 [smh]$/, '');
}

/** Of what is not known so well: no fractions. "31 s", "1 m 42 s". */
export function estimate(seconds: number): string {
  return seconds < 60 ? `${Math.max(1, Math.round(seconds))} s` : duration(seconds);
}

/** "now", "12 s ago", "3 m ago", "2 h ago", "5 d ago". */
export function ago(ms: number): string {
  const s = Math.max(0, Math.round(ms / 1000));
  if (s < 2) return 'now';
  if (s < 60) return `${s} s ago`;
  if (s < 3_600) return `${Math.floor(s / 60)} m ago`;
  if (s < 86_400) return `${Math.floor(s / 3_600)} h ago`;
  return `${Math.floor(s / 86_400)} d ago`;
}

/** "19:02:11", the local time of day of a moment in ms since 1970. */
export function clock(ms: number): string {
  const at = new Date(ms);
  return [at.getHours(), at.getMinutes(), at.getSeconds()].map(two).join(':');
}

export function latency(ms: number): string {
  return ms < 9.95 ? `${ms.toFixed(1)} ms` : `${count(Math.round(ms))} ms`;
}

/** A short text of any JSON value, for a cell; nothing in it is hidden. */
export function brief(value: unknown): string {
  if (typeof value === 'string') return visible(value);
  if (typeof value === 'number') return Number.isInteger(value) ? String(value) : String(Number(value.toPrecision(6)));
  if (Array.isArray(value)) return `[${value.length}]`;
  if (typeof value === 'object' && value !== null) return '{…}';
  return String(value);
}

function two(n: number): string {
  return String(n).padStart(2, '0');
}
