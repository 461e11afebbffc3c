/** A mean with its spread, with as many digits as are known: one rule, Python's too (autobench_nb/figures.py). Pure. */

export interface Figure {
  readonly value: string;
  /** Null where there is none. */
  readonly sd: string | null;
  /** Empty where there is none. */
  readonly unit: string;
}

interface Unit {
  readonly from: number;
  readonly per: number;
  readonly name: string;
}

const SECONDS: readonly Unit[] = [
  { from: 7_200, per: 3_600, name: 'h' },
  { from: 120, per: 60, name: 'min' },
  { from: 1, per: 1, name: 's' },
  { from: 1e-3, per: 1e-3, name: 'ms' },
  { from: 0, per: 1e-6, name: 'µs' },
];
const BYTES: readonly Unit[] = [
  ...['TiB', 'GiB', 'MiB', 'KiB'].map((name, i) => ({ from: 1024 ** (4 - i), per: 1024 ** (4 - i), name })),
  { from: 0, per: 1, name: 'B' },
];
const UNITS: ReadonlyMap<string, readonly Unit[]> = new Map([
  ['s', SECONDS],
  ['second', SECONDS],
  ['seconds', SECONDS],
  ['B', BYTES],
]);
/** What is written of a figure whose spread is not known. */
const DIGITS = 3;
/** What is written of a standard deviation: one digit alone would make 20 ± 20 of 24 ± 15. */
const DIGITS_OF_SD = 2;
/** A mean with more has one digit of its deviation: 80.769 ± 0.005. */
const MOST_DIGITS = 5;
/** More are not written of times and sizes, however small the spread is. */
const MOST_DECIMALS = 4;
/** From here on, and below the reverse, numbers that have no larger unit are written with a power of ten. */
const LARGE = 1e9;

/** The unit that suits a number of some unit; `unit` itself where it has no larger and smaller ones. */
export function unitOf(value: number, unit: string | null = 's'): { readonly per: number; readonly name: string } {
  const units = UNITS.get(unit ?? '');
  if (units === undefined) return { per: 1, name: unit ?? '' };
  // What would be rounded up to 1 of the larger unit is told in that.
  return units.find(({ from }) => Math.abs(value) >= from * 0.9995) ?? (units[units.length - 1] as Unit);
}

/**
 * The spread to two digits that count (one where the mean would have more than five), the mean to the same place:
 * "3.08 ± 0.16 s"; neither is rounded to tens.
 *
 * Both in the unit that suits the mean; three digits where no spread is known.
 */
export function figure(mean: number, sd: number | null | undefined, unit: string | null = 's'): Figure {
  const { per, name } = unitOf(mean, unit);
  const value = mean / per;
  const spread = sd == null ? null : sd / per;
  const scaled = UNITS.has(unit ?? '');
  if (!scaled && isFar(value, spread)) {
    const power = (one: number) => one.toExponential(DIGITS - 1);
    return { value: power(value), sd: spread === null ? null : power(spread), unit: name };
  }
  const most = scaled ? MOST_DECIMALS : Number.POSITIVE_INFINITY;
  const places = spread ? placesOfBoth(value, spread, most) : name === 'B' ? 0 : placesOf(value, DIGITS);
  return { value: fixed(value, places), sd: spread === null ? null : spreadText(spread, places), unit: name };
}

/** The same as one text. */
export function figureText(mean: number, sd: number | null | undefined, unit: string | null = 's'): string {
  const { value, sd: spread, unit: name } = figure(mean, sd, unit);
  return `${spread === null ? value : `${value} ± ${spread}`} ${name}`.trimEnd();
}

/** "7.5×", "12×", "140×": how many times as much as the best. */
export function ratioText(ratio: number): string {
  const places = ratio < 1.095 ? 2 : ratio < 9.95 ? 1 : 0;
  return `${fixed(ratio, places)}×`;
}

/** "7.9 MiB". */
export function bytesText(bytes: number): string {
  let value = bytes / 1024;
  for (const unit of ['KiB', 'MiB', 'GiB']) {
    if (value < 1_023.5) return `${value.toFixed(value < 99.95 ? 1 : 0)} ${unit}`;
    value /= 1024;
  }
  return `${value.toFixed(1)} TiB`;
}

/** "0.16", or "< 0.001" where it has no digit within these places. */
function spreadText(spread: number, places: number): string {
  if (spread === 0) return '0';
  const text = fixed(spread, places);
  return /[1-9]/.test(text) ? text : `< ${(10 ** -places).toFixed(places)}`;
}

function placesOfBoth(value: number, spread: number, most: number): number {
  const [wide, least] = [placesOf(value, MOST_DIGITS), placesOf(spread, 1)];
  if (least > most) return Math.min(most, wide);
  return Math.min(most, Math.max(wide, least), placesOf(spread, DIGITS_OF_SD));
}

/** Places after the point so that so many digits count. */
function placesOf(value: number, digits: number): number {
  if (value === 0) return 0;
  return Math.max(0, digits - 1 - powerOf(value.toExponential(digits - 1)));
}

/** The power of ten of the first digit, of a number in exponential notation. */
function powerOf(exponential: string): number {
  return Number(exponential.split('e')[1]);
}

/** Too large or too small to be written out. */
function isFar(value: number, spread: number | null): boolean {
  const size = Math.max(Math.abs(value), spread ?? 0);
  return size >= LARGE || (size > 0 && size < 1 / LARGE) || (spread !== null && spread > 0 && spread < 1 / LARGE);
}

/** With so many places after the point, and thousands set apart. */
function fixed(value: number, places: number): string {
  const [whole, rest] = value.toFixed(places).split('.') as [string, string | undefined];
  const apart = whole.replace(/\B(?=(\d{3})+$)/g, ',');
  return rest === undefined ? apart : `${apart}.${rest}`;
}

/** "36.0 kJ", "12.3 J", "450 mJ". */
export function joulesText(joules: number): string {
  const size = Math.abs(joules);
  const [scale, unit] = size < 1 ? [1e-3, 'mJ'] : size < 1e3 ? [1, 'J'] : size < 1e6 ? [1e3, 'kJ'] : [1e6, 'MJ'];
  const value = joules / scale;
  return `${value.toFixed(Math.abs(value) < 99.95 ? 1 : 0)} ${unit}`;
}
