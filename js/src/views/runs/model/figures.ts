/** A mean with its spread, with as many digits as are known: one rule, Python's too (autobench_nb/figures.py). Pure. */

export interface Figure {
  readonly value: string;
  /** Null where there is none. */
  readonly sd: string | null;
  readonly unit: string;
}

interface Unit {
  readonly from: number;
  readonly per: number;
  readonly name: string;
}

const UNITS: readonly Unit[] = [
  { from: 7_200, per: 3_600, name: 'h' },
  { from: 120, per: 60, name: 'min' },
  { from: 1, per: 1, name: 's' },
  { from: 1e-3, per: 1e-3, name: 'ms' },
  { from: 0, per: 1e-6, name: 'µs' },
];
/** What is written of a figure whose spread is not known. */
const DIGITS = 3;
/** More are not written, however small the spread is. */
const MOST_DECIMALS = 4;

/** The unit that suits some seconds. */
export function unitOf(seconds: number): { readonly per: number; readonly name: string } {
  // What would be rounded up to 1 of the larger unit is told in that.
  return UNITS.find((unit) => seconds >= unit.from * 0.9995) ?? (UNITS[UNITS.length - 1] as Unit);
}

/**
 * The spread to one digit that counts (two where it begins with 1), the mean to the same place: "3.08 ± 0.16 s".
 *
 * Both in the unit that suits the mean; three digits where no spread is known.
 */
export function figure(mean: number, sd: number | null | undefined): Figure {
  const { per, name } = unitOf(mean);
  const value = mean / per;
  if (sd == null) return { value: value.toFixed(placesOf(value, DIGITS)), sd: null, unit: name };
  const spread = sd / per;
  if (spread === 0) return { value: value.toFixed(placesOf(value, DIGITS)), sd: '0', unit: name };
  const digits = leading(spread) === 1 ? 2 : 1;
  const places = Math.min(MOST_DECIMALS, digits - 1 - powerOf(spread.toExponential()));
  return { value: fixed(value, places), sd: fixed(spread, places), unit: name };
}

/** The same as one text. */
export function figureText(mean: number, sd: number | null | undefined): string {
  const { value, sd: spread, unit } = figure(mean, sd);
  return spread === null ? `${value} ${unit}` : `${value} ± ${spread} ${unit}`;
}

/** "7.5×", "12×", "140×": how many times as long as the fastest. */
export function ratioText(ratio: number): string {
  return `${ratio < 9.95 ? ratio.toFixed(ratio < 1.095 ? 2 : 1) : ratio.toFixed(0)}×`;
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

/** Places after the point so that so many digits count. */
function placesOf(value: number, digits: number): number {
  if (value === 0) return 0;
  return Math.max(0, digits - 1 - powerOf(value.toExponential(digits - 1)));
}

/** The power of ten of the first digit, of a number in exponential notation. */
function powerOf(exponential: string): number {
  return Number(exponential.split('e')[1]);
}

/** With so many places after the point; below 0 rounded to tens, hundreds. */
function fixed(value: number, places: number): string {
  if (places >= 0) return value.toFixed(places);
  const step = 10 ** -places;
  return String(Math.round(value / step) * step);
}

function leading(value: number): number {
  return Number(value.toExponential(1)[0]);
}

/** "36.0 kJ", "12.3 J", "450 mJ". */
export function joulesText(joules: number): string {
  const size = Math.abs(joules);
  const [scale, unit] = size < 1 ? [1e-3, 'mJ'] : size < 1e3 ? [1, 'J'] : size < 1e6 ? [1e3, 'kJ'] : [1e6, 'MJ'];
  const value = joules / scale;
  return `${value.toFixed(Math.abs(value) < 99.95 ? 1 : 0)} ${unit}`;
}
