/** How texts, values and numbers are compared: what docs/query.md says of folding, wildcards and numbers. */
import { type Item, NUMBER, type Pattern, type Span, type Words } from './ast';
import { toRegExp } from './regex';

export type TextTest = (text: string) => boolean;

/** `text` in lower case; the final sigma, the one letter that lower case makes by context, becomes a plain one. */
export function foldCase(text: string): string {
  const low = text.toLowerCase();
  return low.includes('ς') ? low.replaceAll('ς', 'σ') : low;
}

/** Whether a text contains the words, in any case, or a match of the regex. */
export function containsTest(item: Words | Pattern): TextTest {
  if (item.kind === 'pattern') return regexTest(item);
  const needle = foldCase(item.text);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: it is about all of ASCII
  if (/^[\u0000-\u007f]+$/.test(needle)) return asciiTest(needle);
  return (text) => foldCase(text).includes(needle);
}

/**
 * As `foldCase(text).includes(needle)`, without a lower-case copy of every text.
 *
 * Three characters beyond ASCII foldCase to it: the Kelvin sign to k, and a capital I with dot to i and a combining dot, so
 * that it ends a needle or does not count.
 */
function asciiTest(needle: string): TextTest {
  const pattern = needle
    .replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&')
    .replace(/k/g, '[k\u212a]')
    .replace(/i$/, '[i\u0130]');
  const regex = new RegExp(pattern, 'i');
  return (text) => regex.test(text);
}

export function regexTest(item: Pattern): TextTest {
  const regex = toRegExp(item.source, item.flags);
  return (text) => regex.test(text);
}

/** Whether an item is a whole value; spans fit no text. */
export function wholeTest(item: Item): TextTest {
  if (item.kind === 'pattern') return regexTest(item);
  if (item.kind === 'span') return () => false;
  const value = item.text;
  if (item.kind === 'words') return (text) => text === value;
  const literals = value.split('*');
  const head = literals[0] as string;
  const tail = literals[literals.length - 1] as string;
  const middle = literals.slice(1, -1);
  return (text) => {
    const end = text.length - tail.length;
    if (end < head.length || !text.startsWith(head) || !text.endsWith(tail)) return false;
    let at = head.length;
    for (const literal of middle) {
      const found = text.indexOf(literal, at);
      if (found < 0 || found + literal.length > end) return false;
      at = found + literal.length;
    }
    return true;
  };
}

/** A field's value as text; null where it has none. */
export function valueText(value: unknown): string | null {
  if (typeof value === 'string') return value;
  if (value === null) return 'null';
  return typeof value === 'boolean' || typeof value === 'number' ? String(value) : null;
}

/** A field's value as a number: numbers, and texts that are a number and nothing else. */
export function valueNumber(value: unknown): number | null {
  if (typeof value === 'number') return value;
  return typeof value === 'string' && NUMBER.test(value) ? Number(value) : null;
}

export type NumberTest = (value: number) => boolean;

export function spanTest(span: Span): NumberTest {
  const low = span.low === null ? Number.NEGATIVE_INFINITY : Number(span.low);
  const high = span.high === null ? Number.POSITIVE_INFINITY : Number(span.high);
  return (value) => value >= low && value <= high;
}

export function orderTest(op: '>=' | '>' | '<=' | '<', bound: number): NumberTest {
  if (op === '>=') return (value) => value >= bound;
  if (op === '>') return (value) => value > bound;
  if (op === '<=') return (value) => value <= bound;
  return (value) => value < bound;
}
