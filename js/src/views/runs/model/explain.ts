/** What an opened job says about its noise: which repetitions are off, why perhaps, and what is left without them. Pure. */

import type { RepetitionRecord } from '../../../sync/messages';
import { count } from '../../shared/format';
import { figureText } from './figures';
import { isOutlier, meanOf, median, type Spread, sdOf, spreadOf } from './stats';

export interface Explained {
  readonly spread: Spread | null;
  /** Measured ones that succeeded, and lie beyond 3 MAD. */
  readonly off: readonly RepetitionRecord[];
  /** "2 of 20 slower than 3 MAD while other work kept 1.9 processors busy"; empty where none is off. */
  readonly fact: string;
  /** "(else 0.3). Without them 3.03 ± 0.03 s; the order of the jobs stays the same." */
  readonly more: string;
}

/** So many processors more than else are worth being named as a cause. */
const BUSIER = 0.25;

export function measured(repetitions: readonly RepetitionRecord[]): RepetitionRecord[] {
  return repetitions.filter((one) => one.number > 0 && one.status === 'succeeded' && one.wallS !== null);
}

/** `others`: the means of the other jobs of the run, for the order among them. */
export function explain(repetitions: readonly RepetitionRecord[], others: readonly number[]): Explained {
  const all = measured(repetitions);
  const times = all.map((one) => one.wallS as number);
  const spread = spreadOf(times);
  const off = all.filter((one) => isOutlier(one.wallS as number, spread));
  if (spread === null || off.length === 0) return { spread, off, fact: '', more: '' };
  const isOff = new Set(off);
  const rest = all.filter((one) => !isOff.has(one));
  const slower = off.every((one) => (one.wallS as number) > spread.median);
  const faster = off.every((one) => (one.wallS as number) < spread.median);
  const how = slower ? 'slower than' : faster ? 'faster than' : 'beyond';
  const [cause, otherwise] = causeOf(off, rest);
  const left = rest.map((one) => one.wallS as number);
  return {
    spread,
    off,
    fact: `${count(off.length)} of ${count(all.length)} ${how} 3 MAD${cause}`,
    more: `${otherwise}. Without ${off.length === 1 ? 'it' : 'them'} ${figureText(meanOf(left), sdOf(left))}${orderText(meanOf(times), meanOf(left), others)}.`,
  };
}

/** What the machine did meanwhile, and what it did else. */
function causeOf(off: readonly RepetitionRecord[], rest: readonly RepetitionRecord[]): readonly [string, string] {
  const load = (list: readonly RepetitionRecord[]) => list.flatMap((one) => one.otherLoad ?? []);
  const [then, else_] = [load(off), load(rest)];
  if (then.length === 0 || else_.length === 0) return ['', ''];
  const [busy, usual] = [median(then), median(else_)];
  if (busy - usual < BUSIER) return ['', ', though the machine was no busier with other work'];
  return [` while other work kept ${busy.toFixed(1)} processors busy`, ` (else ${usual.toFixed(1)})`];
}

function orderText(mean: number, without: number, others: readonly number[]): string {
  if (others.length === 0) return '';
  const place = (value: number) => others.filter((other) => other < value).length;
  return place(mean) === place(without) ? '; the order of the jobs stays the same' : '; the order of the jobs would be another';
}

/** "0 in all 22", "1, then 0 in 3": how they exited. */
export function exitText(repetitions: readonly RepetitionRecord[], ended: number): string {
  const codes = new Map<string, number>();
  for (const one of repetitions) {
    const said = one.signal ?? (one.exitCode === null ? null : String(one.exitCode));
    if (said !== null) codes.set(said, (codes.get(said) ?? 0) + 1);
  }
  if (codes.size === 0) return '';
  if (codes.size === 1) {
    const [only] = codes.keys();
    const total = codes.get(only as string) as number;
    return total === 1
      ? (only as string)
      : total === ended
        ? `${only} in all ${count(total)}`
        : `${only} in the last ${count(total)}`;
  }
  return [...codes].map(([said, total]) => `${said} in ${count(total)}`).join(', ');
}
