/**
 * Text as it is seen: without escape sequences, with every hidden character as the sign that a row shows for it.
 *
 * What is searched, and what matches are marked in. autobench_nb/logs/query/seen.py is its twin, and tests/vectors/seen.json
 * holds both to it.
 */

import { type AnsiSpan, parseAnsi, withoutAnsi } from './ansi';
import { type TextPart, textParts, visible } from './visible';

/** Characters of a message that are looked at: as many as the wire carries, so that every reader finds the same. */
export const MESSAGE_LIMIT = 16_384;

const UNPLAIN = /[^ -~\t\n]/;

/** A text as it is seen. */
export function seen(text: string): string {
  // Asked of every line that is searched, and most are plain.
  return UNPLAIN.test(text) ? visible(withoutAnsi(text)) : text;
}

/** As much of a message as is looked at, as it is seen. */
export function seenMessage(message: string): string {
  if (message.length <= MESSAGE_LIMIT) return seen(message);
  return seen([...message.slice(0, 2 * MESSAGE_LIMIT)].slice(0, MESSAGE_LIMIT).join(''));
}

/** A text as it is seen, its styled stretches, and its parts in order; offsets are those of `text`. */
export interface SeenText {
  readonly text: string;
  readonly spans: readonly AnsiSpan[];
  readonly parts: readonly TextPart[];
}

/** Everything that a row needs to draw a text. */
export function seenText(line: string): SeenText {
  const { text, spans } = parseAnsi(line);
  const parts = textParts(text);
  if (!parts.some(({ kind }) => kind === 'mark')) return { text, spans, parts };
  let out = '';
  const moved: TextPart[] = [];
  /** Where a place in the text has gone: how much longer it has become up to there, by the end of each mark. */
  const shifts: (readonly [end: number, by: number])[] = [];
  for (const part of parts) {
    const from = out.length;
    out += part.kind === 'mark' ? part.shown : text.slice(part.from, part.to);
    moved.push({ ...part, from, to: out.length });
    if (part.kind === 'mark') shifts.push([part.to, out.length - part.to]);
  }
  let k = 0;
  let by = 0;
  const placed = (offset: number) => {
    for (; k < shifts.length && (shifts[k] as readonly [number, number])[0] <= offset; k++)
      by = (shifts[k] as [number, number])[1];
    return offset + by;
  };
  return {
    text: out,
    spans: spans.map(({ from, to, style }) => ({ from: placed(from), to: placed(to), style })),
    parts: moved,
  };
}
