/** Where in a message, as it is seen, a query's positive text terms are found. */

import type { Query } from '.';
import type { Node, Pattern, Words } from './ast';
import { foldCase } from './match';
import { toRegExp } from './regex';

/** Offsets into the message: from, and to (exclusive). */
export type Range = readonly [from: number, to: number];

/** Characters of a message that are looked at, and ranges that are found in it at most. */
const LENGTH_LIMIT = 4_096;
const RANGE_LIMIT = 200;

/**
 * What marks the parts of a message that the query asks for: in order, joined where they touch. Terms that are excluded
 * mark nothing.
 */
export function highlight(query: Query): (message: string) => Range[] {
  const finders = textTerms(query.node).map(finder);
  if (finders.length === 0) return () => [];
  return (message) => {
    const text = message.slice(0, LENGTH_LIMIT);
    return joined(finders.flatMap((find) => find(text)));
  };
}

function textTerms(node: Node): (Words | Pattern)[] {
  if (node.kind === 'search') return [node.item];
  if (node.kind === 'match' && node.field === 'message') {
    return node.items.flatMap((item) => (item.kind === 'words' || item.kind === 'pattern' ? [item] : []));
  }
  return node.kind === 'and' || node.kind === 'or' ? node.nodes.flatMap(textTerms) : [];
}

function finder(item: Words | Pattern): (text: string) => Range[] {
  if (item.kind === 'pattern') {
    const regex = toRegExp(item.source, item.flags, 'g');
    return (text) => {
      const out: Range[] = [];
      for (const match of text.matchAll(regex)) {
        if (match[0] !== '') out.push([match.index, match.index + match[0].length]);
        if (out.length >= RANGE_LIMIT) break;
      }
      return out;
    };
  }
  const needle = foldCase(item.text);
  return (text) => {
    const [low, map] = foldedWithMap(text);
    const out: Range[] = [];
    for (let at = low.indexOf(needle); at >= 0 && out.length < RANGE_LIMIT; at = low.indexOf(needle, at + needle.length)) {
      out.push(map ? [map[at] as number, map[at + needle.length] as number] : [at, at + needle.length]);
    }
    return out;
  };
}

/** A text folded, and for each offset in it that of the original; null where they are the same. */
function foldedWithMap(text: string): readonly [string, readonly number[] | null] {
  const low = foldCase(text);
  if (low.length === text.length) return [low, null];
  const map: number[] = [];
  let offset = 0;
  for (const char of text) {
    const width = foldCase(char).length;
    for (let k = 0; k < width; k++) map.push(offset + (k === 0 || width === char.length ? k : 0));
    offset += char.length;
  }
  map.push(offset);
  // A match that ends inside what one character became ends after that character.
  return [
    low,
    map.map((from, k) => (k > 0 && map[k - 1] === from ? (map.slice(k).find((next) => next > from) ?? offset) : from)),
  ];
}

function joined(ranges: Range[]): Range[] {
  if (ranges.length < 2) return ranges;
  const out: [number, number][] = [];
  for (const [from, to] of ranges.sort((a, b) => a[0] - b[0])) {
    const last = out[out.length - 1];
    if (last && from <= last[1]) last[1] = Math.max(last[1], to);
    else out.push([from, to]);
  }
  return out;
}
