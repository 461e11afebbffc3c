/** The tree of a query's regex: its nodes, the characters they take, what it may repeat, and how JavaScript is told it. */
import { QueryFault } from './fault';

/** Code points from .. to (both included), sorted, apart from each other. */
export type Ranges = readonly (readonly [number, number])[];

export type Regex =
  | { readonly kind: 'chars'; readonly ranges: Ranges }
  | { readonly kind: 'assert'; readonly sign: '^' | '$' | '\\b' | '\\B' }
  | { readonly kind: 'cat'; readonly parts: readonly Regex[] }
  | { readonly kind: 'alt'; readonly parts: readonly Regex[] }
  | Repeat;

export interface Repeat {
  readonly kind: 'repeat';
  readonly part: Regex;
  readonly low: number;
  readonly high: number | null;
  readonly lazy: boolean;
  readonly column: number;
}

export const LAST = 0x10ffff;
/** In a range of more characters than this only ASCII letters fold. */
const FOLD_LIMIT = 4_096;

/** Sorted, and joined where they meet. */
export function normal(ranges: Ranges): Ranges {
  const out: [number, number][] = [];
  for (const [low, high] of [...ranges].sort((a, b) => a[0] - b[0] || a[1] - b[1])) {
    const last = out[out.length - 1];
    if (last && low <= last[1] + 1) last[1] = Math.max(last[1], high);
    else out.push([low, high]);
  }
  return out;
}

/** All other code points. */
export function negated(ranges: Ranges): Ranges {
  const out: [number, number][] = [];
  let start = 0;
  for (const [low, high] of ranges) {
    if (low > start) out.push([start, low - 1]);
    start = high + 1;
  }
  if (start <= LAST) out.push([start, LAST]);
  return out;
}

/** With the upper and lower case of every character, where that is one character. */
export function folded(ranges: Ranges): Ranges {
  const out: (readonly [number, number])[] = [...ranges];
  for (const [low, high] of ranges) {
    if (high - low < FOLD_LIMIT) {
      for (let point = low; point <= high; point++) for (const other of cases(point)) out.push([other, other]);
      continue;
    }
    for (const [first, shift] of [
      [0x41, 32],
      [0x61, -32],
    ] as const) {
      const [start, end] = [Math.max(low, first), Math.min(high, first + 25)];
      if (start <= end) out.push([start + shift, end + shift]);
    }
  }
  return normal(out);
}

function cases(point: number): number[] {
  const char = String.fromCodePoint(point);
  const [upper, lower] = [char.toUpperCase(), char.toLowerCase()];
  return [upper, lower, upper.toLowerCase(), lower.toUpperCase()]
    .filter((text) => [...text].length === 1)
    .map((text) => text.codePointAt(0) as number);
}

const DIGIT: Ranges = [[0x30, 0x39]];
const WORD: Ranges = [
  [0x30, 0x39],
  [0x41, 0x5a],
  [0x5f, 0x5f],
  [0x61, 0x7a],
];
const BLANK: Ranges = [
  [0x09, 0x0d],
  [0x20, 0x20],
];
export const CLASSES: Readonly<Record<string, Ranges>> = {
  d: DIGIT,
  D: negated(DIGIT),
  w: WORD,
  W: negated(WORD),
  s: BLANK,
  S: negated(BLANK),
};
export const DOT: Ranges = negated([[0x0a, 0x0a]]);

/** Whether this is one character. */
export function single(ranges: Ranges): boolean {
  return ranges.length === 1 && ranges[0]?.[0] === ranges[0]?.[1];
}

/** How large a pattern is with its repeats written out. */
export function sizeOf(node: Regex): number {
  switch (node.kind) {
    case 'chars':
      return Math.max(1, node.ranges.length);
    case 'assert':
      return 1;
    case 'cat':
    case 'alt':
      return node.parts.reduce((sum, part) => sum + sizeOf(part), 1);
    case 'repeat':
      return sizeOf(node.part) * Math.max(node.high === null ? node.low + 1 : node.high, 1);
  }
}

/** Refuse repeats whose rounds can be told apart in more than one way: browsers take for ever to try them all. */
export function checkRepeats(node: Regex): void {
  if (node.kind === 'cat' || node.kind === 'alt') for (const part of node.parts) checkRepeats(part);
  if (node.kind !== 'repeat') return;
  checkRepeats(node.part);
  if ((node.high !== null && node.high <= 1) || node.part.kind === 'chars') return;
  const pairs = new Follow();
  const [first, last] = pairs.visit(node.part);
  pairs.join(last, first);
  if (pairs.ambiguous()) {
    throw new QueryFault(
      'this repeats something that can itself match in several ways',
      node.column,
      'rounds that differ in their first character, like (\\d+,)+ and not (\\d+)+',
    );
  }
}

type Visit = readonly [first: readonly number[], last: readonly number[], empty: boolean];

/** Which character of a pattern can come after which (Glushkov's construction), each way counted once. */
class Follow {
  readonly #sets: Ranges[] = [];
  readonly #after: number[][] = [];
  readonly #starts: (readonly number[])[] = [];

  visit(node: Regex): Visit {
    switch (node.kind) {
      case 'chars': {
        const position = this.#sets.push(node.ranges) - 1;
        this.#after.push([]);
        return [[position], [position], false];
      }
      case 'assert':
        return [[], [], true];
      case 'cat': {
        let first: readonly number[] = [];
        let last: readonly number[] = [];
        let empty = true;
        for (const part of node.parts) {
          const [begin, end, nullable] = this.visit(part);
          this.join(last, begin);
          if (empty) first = [...first, ...begin];
          last = nullable ? [...last, ...end] : end;
          empty &&= nullable;
        }
        this.#starts.push(first);
        return [first, last, empty];
      }
      case 'alt': {
        const visits = node.parts.map((part) => this.visit(part));
        const first = visits.flatMap((visit) => visit[0]);
        this.#starts.push(first);
        return [first, visits.flatMap((visit) => visit[1]), visits.some((visit) => visit[2])];
      }
      case 'repeat': {
        const [first, last, empty] = this.visit(node.part);
        if (node.low === node.high && node.low > 1) {
          // A fixed number of rounds leaves nothing to choose.
          const [begin, end] = this.visit(node.part);
          this.join(last, begin);
          return empty ? [[...first, ...begin], [...last, ...end], true] : [first, end, false];
        }
        if (node.high === null || node.high > 1) this.join(last, first);
        return [first, last, empty || node.low === 0];
      }
    }
  }

  join(ends: readonly number[], begins: readonly number[]): void {
    for (const end of ends) (this.#after[end] as number[]).push(...begins);
  }

  /** Whether somewhere two ways are open for one character. */
  ambiguous(): boolean {
    return [...this.#after, ...this.#starts].some((positions) => {
      const ranges = positions.flatMap((position) => this.#sets[position] as Ranges).sort((a, b) => a[0] - b[0] || a[1] - b[1]);
      return ranges.some((range, k) => k > 0 && (ranges[k - 1] as readonly [number, number])[1] >= range[0]);
    });
  }
}

/** The pattern for JavaScript with the flag u and no other. */
export function javascriptPattern(node: Regex): string {
  switch (node.kind) {
    case 'chars':
      return classText(node.ranges);
    case 'assert':
      return node.sign;
    case 'cat':
      return `(?:${node.parts.map(javascriptPattern).join('')})`;
    case 'alt':
      return `(?:${node.parts.map(javascriptPattern).join('|')})`;
    case 'repeat':
      return `(?:${javascriptPattern(node.part)}){${node.low},${node.high ?? ''}}${node.lazy ? '?' : ''}`;
  }
}

function classText(ranges: Ranges): string {
  const hex = (point: number) => `\\u{${point.toString(16)}}`;
  if (single(ranges)) return hex((ranges[0] as readonly [number, number])[0]);
  const spans = (all: Ranges) => all.map(([low, high]) => (low === high ? hex(low) : `${hex(low)}-${hex(high)}`)).join('');
  const open = ranges[ranges.length - 1]?.[1] === LAST;
  return open ? `[^${spans(negated(ranges))}]` : `[${spans(ranges)}]`;
}
