/** What a device's row says, out of its record: pure. Times in ms since 1970. */

import { visible } from '../../logs/text/visible';
import type { AskedAction, DeviceRecord, SampleWindow } from '../../sync/messages';
import { get, has, keys, type Rec } from '../../sync/read';
import { brief, count, duration, estimate, plural } from '../shared/format';
import { type StatusCounts, type Tone, toneOf } from '../shared/tone';

/** How one quantity is to be, and how it was seen: two things, never one. */
export interface QuantityText {
  readonly name: string;
  /** Null where nothing is wished for. */
  readonly desired: string | null;
  readonly observed: string;
  readonly isKnown: boolean;
  readonly differs: boolean;
}

/** What stands under "desired → observed": what is wished for, and what is no figure. Never empty. */
export function quantityTexts(device: DeviceRecord): readonly QuantityText[] {
  const { observed, was } = device;
  const desired: Rec<unknown> = device.desired ?? {};
  const seen: Rec<unknown> = observed ?? was ?? {};
  const words = keys(seen).filter((name) => typeof get(seen, name) !== 'number' && !has(desired, name));
  const texts = [...keys(desired), ...words].map((name) => {
    const value = get(observed ?? {}, name);
    return {
      name: visible(name),
      desired: has(desired, name) ? brief(get(desired, name)) : null,
      // A quantity that is null was asked for, and not told.
      observed: value != null ? brief(value) : observed == null || has(observed, name) ? 'unknown' : 'not observed',
      isKnown: value != null,
      differs: (device.differs ?? []).includes(name),
    };
  });
  if (texts.length > 0) return texts;
  const says = device.status === 'closed' ? 'closed' : observed == null ? 'unknown' : 'answers';
  return [{ name: '', desired: null, observed: says, isKnown: says === 'answers', differs: false }];
}

/** What is wrong with it, in two parts: the word, and what comes next. Null where it answers. */
export function troubleOf(device: DeviceRecord, now: number): { readonly word: string; readonly next: string } | null {
  if (device.status === 'ok' || device.status === 'closed') return null;
  const failures = device.failures ?? 0;
  if (failures === 0 && device.lastSeen == null && !device.hangs) return { word: 'not asked yet', next: '' };
  const word = device.status === 'degraded' ? 'degraded' : 'no answer';
  if (device.nextTryAt == null) return { word, next: device.hangs ? 'a call has not come back' : '' };
  const left = (device.nextTryAt - now) / 1_000;
  const next = left < 0.5 ? `try ${count(failures + 1)} now` : `try ${count(failures + 1)} in ${estimate(left)}`;
  return { word, next: device.hangs ? `${next}, a call has not come back` : next };
}

/** The quantity whose figure stands in the row: the power, else the first with a unit, else the first. */
export function mainQuantity(device: DeviceRecord): string | null {
  const windows = device.samples ?? {};
  const names = keys(windows);
  if (device.powerFrom != null && has(windows, device.powerFrom)) return device.powerFrom;
  return names.find((name) => get(windows, name)?.unit) ?? names[0] ?? null;
}

/** Decimal places that show four digits of the largest, as far as any of them has so many: figures that do not jump. */
export function placesOf(values: readonly number[]): number {
  let most = 0;
  let needed = 0;
  for (const value of values) {
    most = Math.max(most, Math.abs(value));
    const [, fraction = ''] = String(value).split('.');
    needed = Math.max(needed, fraction.includes('e') ? 4 : fraction.length);
  }
  const whole = most < 1 ? 1 : Math.floor(Math.log10(most)) + 1;
  return Math.min(needed, Math.max(0, 4 - whole));
}

/** "118.4 W". */
export function figure(value: number, unit: string, places: number): string {
  const isTiny = value !== 0 && Math.abs(value) < 10 ** -places / 2;
  const text = isTiny
    ? String(Number(value.toPrecision(2)))
    : value.toLocaleString('en', { minimumFractionDigits: places, maximumFractionDigits: places });
  return unit ? `${text} ${visible(unit)}` : text;
}

/** The figure of a quantity now; where it is not known now, what it was. Null where it never was one. */
export function nowOf(device: DeviceRecord, name: string): { readonly text: string; readonly isNow: boolean } | null {
  const window = get(device.samples, name);
  const places = placesOf((window?.points ?? []).map(([, value]) => value as number));
  const say = (value: number) => figure(value, window?.unit ?? '', places);
  const value = get(device.observed ?? {}, name);
  if (typeof value === 'number') return { text: say(value), isNow: true };
  const was = get(device.was ?? {}, name) ?? inOrder(window).at(-1)?.[1];
  return typeof was === 'number' ? { text: `was ${say(was)}`, isNow: false } : null;
}

/** The samples of a ring, oldest first. */
export function inOrder(window: SampleWindow | undefined): readonly (readonly [at: number, value: number])[] {
  if (window === undefined) return [];
  const points = window.points as unknown as readonly (readonly [number, number])[];
  const first = points.length < window.size ? 0 : window.next % window.size;
  return [...points.slice(first), ...points.slice(0, first)];
}

/** Seconds after which what was observed is taken for true no more: as the supervisor has it. */
export function staleS(device: DeviceRecord): number {
  return 2 * (device.everyS ?? 1) + (device.timeoutS ?? 5);
}

/** What became of an action. */
export interface FateText {
  readonly sign: string;
  readonly tone: Tone;
  readonly text: string;
}

export function fateText(asked: AskedAction, now: number): FateText {
  const since = estimate(Math.max(0, now - (asked.startedAt ?? asked.askedAt)) / 1_000);
  const why = asked.reason ? `: ${visible(asked.reason)}` : '';
  switch (asked.fate) {
    case 'waiting':
      return { sign: '◌', tone: 'busy', text: `waits ${since}` };
    case 'running':
      return { sign: '◌', tone: 'busy', text: `under way ${since}` };
    case 'done':
      return { sign: '✓', tone: 'ok', text: `done in ${duration((asked.tookMs ?? 0) / 1_000)}` };
    case 'timeout':
      return { sign: '✗', tone: 'warn', text: `timed out${why}` };
    case 'cancelled':
      return { sign: '–', tone: 'idle', text: `cancelled${why}` };
    default:
      return { sign: '✗', tone: 'bad', text: `${asked.fate}${why}` };
  }
}

/** The newest of one action's fates. */
export function newestOf(device: DeviceRecord, action: string): AskedAction | undefined {
  return (device.asked ?? []).findLast((one) => one.action === action);
}

/** The colour of a device's dot. */
export function deviceTone(device: DeviceRecord): Tone {
  if (device.supervised !== true) return toneOf(device.status);
  if (device.status === 'degraded') return device.critical ? 'bad' : 'warn';
  if (device.status === 'unknown') return device.failures ? 'warn' : 'idle';
  if ((device.differs ?? []).length > 0) return 'warn';
  return toneOf(device.status);
}

/** How many devices want a look; a fold over the record. */
export function countDevices(devices: Iterable<DeviceRecord>): StatusCounts {
  let warn = 0;
  let bad = 0;
  for (const device of devices) {
    const tone = deviceTone(device ?? {});
    if (tone === 'warn') warn++;
    else if (tone === 'bad') bad++;
  }
  return { warn, bad };
}

/** "6 devices · 3 well · 2 not as desired": what the foot says, each with its tone. */
export function footTexts(
  devices: readonly DeviceRecord[],
  byHand = 0,
): readonly { readonly text: string; readonly tone: Tone }[] {
  const silent = devices.filter((one) => (one.status === 'unknown' && one.failures) || one.status === 'degraded').length;
  const differ = devices.filter((one) => (one.differs ?? []).length > 0).length;
  const closed = devices.filter((one) => one.status === 'closed').length;
  const well = devices.filter((one) => one.status === 'ok' && (one.differs ?? []).length === 0).length;
  const all = devices.length + byHand;
  const parts: { text: string; tone: Tone; n: number }[] = [
    { n: all, tone: 'ok', text: plural(all, 'device') },
    { n: well, tone: 'ok', text: `${count(well)} well` },
    { n: silent, tone: 'warn', text: `${count(silent)} silent` },
    { n: differ, tone: 'warn', text: `${count(differ)} not as desired` },
    { n: closed, tone: 'idle', text: `${count(closed)} closed` },
    { n: byHand, tone: 'idle', text: `${count(byHand)} written by hand` },
  ];
  return parts.filter(({ n }) => n > 0);
}
