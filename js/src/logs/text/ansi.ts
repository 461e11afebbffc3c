/** ANSI SGR sequences (ECMA-48 8.3.117) as styled stretches of text; every other escape sequence is taken out. */

/** A colour: one of the 16 by index, or `#rrggbb`. */
export type AnsiColor = number | string;

export interface AnsiStyle {
  readonly fg?: AnsiColor;
  readonly bg?: AnsiColor;
  readonly bold?: boolean;
  readonly dim?: boolean;
  readonly italic?: boolean;
  readonly underline?: boolean;
  readonly strike?: boolean;
  readonly inverse?: boolean;
}

/** A stretch of `text` from offset `from` to `to` with one style. */
export interface AnsiSpan {
  readonly from: number;
  readonly to: number;
  readonly style: AnsiStyle;
}

export interface AnsiText {
  /** The text without any escape sequence. */
  readonly text: string;
  /** Styled stretches in order; what is plain has none. */
  readonly spans: readonly AnsiSpan[];
}

const ESC = '\u001b';
const BEL = '\u0007';
const ST = '\u009c';
const CSI = '([0-?]*)[ -/]*([@-~])';
const STRING_END = `${ESC}\\\\|${ST}`;
// CSI sequences, OSC strings (hyperlinks, titles), other strings, and the escapes of two or three bytes; then the same as one
// C1 character. A string counts only where it ends in its line: else a line could hide what follows. What begins a string
// that has no end is an escape of two bytes, so that its text is shown.
const ESCAPE = new RegExp(
  `${ESC}(?:\\[${CSI}|\\][^\\n${BEL}${ESC}${ST}]*(?:${BEL}|${STRING_END})|[PX^_][^\\n${ESC}${ST}]*(?:${STRING_END})|[ -/]*[0-~]?)` +
    `|\u009b${CSI}|\u009d[^\\n${BEL}${ESC}\u0080-\u009f]*(?:${BEL}|${STRING_END})` +
    `|[\u0090\u0098\u009e\u009f][^\\n${ESC}\u0080-\u009f]*(?:${STRING_END})`,
  'g',
);
// biome-ignore lint/suspicious/noControlCharactersInRegex: it is about control characters
const BEGIN = /[\u001b\u0090\u0098\u009b\u009d-\u009f]/;

const UNFINISHED = new RegExp(
  `(?:${ESC}\\[?|\u009b)[0-?]*[ -/]*$|(?:${ESC}[\\]PX^_]|[\u0090\u0098\u009d-\u009f])[^\\n${BEL}${ESC}\u0080-\u009f]*${ESC}?$`,
);

/** The first `length` characters of a line, without the half of a sequence that the cut would leave as text. */
export function cutAnsi(line: string, length: number): string {
  const cut = line.slice(0, length);
  return hasAnsi(cut) ? cut.replace(UNFINISHED, '') : cut;
}

/** Whether there may be anything to take out or style. */
export function hasAnsi(text: string): boolean {
  return BEGIN.test(text);
}

/** A text without any escape sequence. */
export function withoutAnsi(text: string): string {
  return hasAnsi(text) ? text.replace(ESCAPE, '') : text;
}

/** Text and styles of a line. */
export function parseAnsi(line: string): AnsiText {
  if (!hasAnsi(line)) return { text: line, spans: [] };
  const spans: AnsiSpan[] = [];
  let text = '';
  let style: AnsiStyle = {};
  let last = 0;
  const take = (part: string) => {
    if (part === '') return;
    const from = text.length;
    text += part;
    if (Object.keys(style).length) spans.push({ from, to: text.length, style });
  };
  for (const match of line.matchAll(ESCAPE)) {
    take(line.slice(last, match.index));
    last = match.index + match[0].length;
    if ((match[2] ?? match[4]) === 'm') style = restyle(style, match[1] ?? match[3] ?? '');
  }
  take(line.slice(last));
  return { text, spans };
}

function restyle(style: AnsiStyle, parameters: string): AnsiStyle {
  const codes = parameters.split(/[;:]/).map((code) => Number.parseInt(code || '0', 10));
  let next: { -readonly [K in keyof AnsiStyle]: AnsiStyle[K] } = { ...style };
  for (let k = 0; k < codes.length; k++) {
    const code = codes[k] as number;
    if (code === 0) next = {};
    else if (code === 1) next.bold = true;
    else if (code === 2) next.dim = true;
    else if (code === 3) next.italic = true;
    else if (code === 4) next.underline = true;
    else if (code === 7) next.inverse = true;
    else if (code === 9) next.strike = true;
    else if (code === 22) {
      delete next.bold;
      delete next.dim;
    } else if (code === 23) delete next.italic;
    else if (code === 24) delete next.underline;
    else if (code === 27) delete next.inverse;
    else if (code === 29) delete next.strike;
    else if (code >= 30 && code <= 37) next.fg = code - 30;
    else if (code >= 90 && code <= 97) next.fg = code - 82;
    else if (code >= 40 && code <= 47) next.bg = code - 40;
    else if (code >= 100 && code <= 107) next.bg = code - 92;
    else if (code === 39) delete next.fg;
    else if (code === 49) delete next.bg;
    else if (code === 38 || code === 48) {
      const [color, used] = extended(codes, k + 1);
      k += used;
      if (color !== null) next[code === 38 ? 'fg' : 'bg'] = color;
    }
  }
  return next;
}

/** The colour of `38;5;n` or `38;2;r;g;b` from position `at`, and how many parameters it took. */
function extended(codes: readonly number[], at: number): readonly [AnsiColor | null, number] {
  if (codes[at] === 5) return [indexed(codes[at + 1] ?? 0), 2];
  if (codes[at] === 2) return [hex(codes[at + 1] ?? 0, codes[at + 2] ?? 0, codes[at + 3] ?? 0), 4];
  return [null, 0];
}

function indexed(n: number): AnsiColor | null {
  if (!(n >= 0 && n <= 255)) return null;
  if (n < 16) return n;
  if (n >= 232) return hex(8 + (n - 232) * 10, 8 + (n - 232) * 10, 8 + (n - 232) * 10);
  const step = (v: number) => (v === 0 ? 0 : 55 + v * 40);
  return hex(step(Math.floor((n - 16) / 36)), step(Math.floor((n - 16) / 6) % 6), step((n - 16) % 6));
}

function hex(...parts: number[]): string {
  return `#${parts
    .map((part) =>
      Math.min(255, Math.max(0, part | 0))
        .toString(16)
        .padStart(2, '0'),
    )
    .join('')}`;
}
