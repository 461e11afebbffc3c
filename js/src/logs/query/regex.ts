/**
 * The regexes of a log query: the subset of RE2 and JavaScript that docs/query.md describes, checked and rewritten.
 *
 * Both implementations read the pattern themselves and give their engine a rewritten one, in which every character class
 * is spelled out and no flag is needed: so the engines' own ideas of `\s`, `.` and case cannot differ.
 */
import { QueryFault } from './fault';
import {
  CLASSES,
  checkRepeats,
  DOT,
  folded,
  javascriptPattern,
  LAST,
  negated,
  normal,
  type Ranges,
  type Regex,
  single,
  sizeOf,
} from './regex-tree';

/** Characters and classes of a pattern, repeats written out. */
const SIZE_LIMIT = 1_000;
const DEPTH_LIMIT = 50;
const CONTROLS: Readonly<Record<string, number>> = { n: 0x0a, t: 0x09, r: 0x0d, f: 0x0c, v: 0x0b };
const COUNT = /^\{([0-9]+)(,?)([0-9]*)\}$/;

/** Reads one pattern; `column` is that of its first character in the query. */
class RegexReader {
  #at = 0;
  readonly #source: readonly string[];
  readonly #ignoreCase: boolean;

  constructor(
    source: string,
    flags: string,
    private readonly column: number,
  ) {
    this.#source = [...source];
    this.#ignoreCase = flags.includes('i');
  }

  #fail(at: number, fact: string, expected: string): never {
    throw new QueryFault(fact, this.column + at, expected);
  }

  #peek(ahead = 0): string {
    return this.#source[this.#at + ahead] ?? '';
  }

  #chars(ranges: Ranges): Regex {
    return { kind: 'chars', ranges: this.#ignoreCase ? folded(ranges) : ranges };
  }

  read(): Regex {
    const node = this.#alternatives(0);
    if (this.#at < this.#source.length) this.#fail(this.#at, 'this ) closes nothing in the regex', 'a ( before it, or \\)');
    if (sizeOf(node) > SIZE_LIMIT) this.#fail(0, 'this regex is too large', 'at most 1,000 characters, repeats written out');
    checkRepeats(node);
    return node;
  }

  #alternatives(depth: number): Regex {
    const parts = [this.#sequence(depth)];
    while (this.#peek() === '|') {
      this.#at++;
      parts.push(this.#sequence(depth));
    }
    return parts.length === 1 ? (parts[0] as Regex) : { kind: 'alt', parts };
  }

  #sequence(depth: number): Regex {
    const parts: Regex[] = [];
    while (!['', '|', ')'].includes(this.#peek())) {
      const start = this.#at;
      parts.push(this.#repeated(this.#atom(depth), start));
    }
    return parts.length === 1 ? (parts[0] as Regex) : { kind: 'cat', parts };
  }

  #repeated(part: Regex, start: number): Regex {
    const counts = this.#quantifier();
    if (counts === null) return part;
    if (part.kind === 'assert') this.#fail(start, '^, $, \\b and \\B cannot be repeated', 'a character or a group');
    const lazy = this.#peek() === '?';
    if (lazy) this.#at++;
    const again = this.#at;
    if (this.#quantifier() !== null) this.#fail(again, 'a repeat cannot be repeated', 'a group around the first repeat');
    return { kind: 'repeat', part, low: counts[0], high: counts[1], lazy, column: this.column + start };
  }

  /** The repeat that stands here, if one does; a { that begins none is a character like others. */
  #quantifier(): readonly [number, number | null] | null {
    const char = this.#peek();
    if (char === '*' || char === '+' || char === '?') {
      this.#at++;
      return [char === '+' ? 1 : 0, char === '?' ? 1 : null];
    }
    const end = this.#source.indexOf('}', this.#at);
    if (char !== '{' || end < 0) return null;
    const found = COUNT.exec(this.#source.slice(this.#at, end + 1).join(''));
    if (!found || (found[2] === '' && found[3] !== '')) return null;
    const [, low, comma, high] = found as unknown as [string, string, string, string];
    const start = this.#at;
    this.#at = end + 1;
    const most = high !== '' ? Number(high) : comma ? null : Number(low);
    if (low.length > 4 || high.length > 4 || Math.max(Number(low), most ?? 0) > SIZE_LIMIT) {
      this.#fail(start, 'this repeats too often', 'at most 1000 times');
    }
    if (most !== null && most < Number(low)) this.#fail(start, 'this repeat ends before it begins', 'the smaller number first');
    return [Number(low), most];
  }

  #atom(depth: number): Regex {
    const start = this.#at;
    const char = this.#peek();
    this.#at++;
    if (char === '(') return this.#group(start, depth);
    if (char === '[') return this.#bracket(start);
    if (char === '.') return { kind: 'chars', ranges: DOT };
    if (char === '^' || char === '$') return { kind: 'assert', sign: char };
    if ('*+?'.includes(char)) this.#fail(start, `nothing stands before this ${char}`, `a character to repeat, or \\${char}`);
    if (char === '{') {
      this.#at = start;
      if (this.#quantifier() !== null) this.#fail(start, 'nothing stands before this {', 'a character to repeat, or \\{');
      this.#at = start + 1;
    }
    if (char !== '\\') return this.#chars([[char.codePointAt(0) as number, char.codePointAt(0) as number]]);
    if (this.#peek() === 'b' || this.#peek() === 'B') {
      this.#at++;
      return { kind: 'assert', sign: this.#peek(-1) === 'b' ? '\\b' : '\\B' };
    }
    return this.#chars(this.#escape(start));
  }

  #group(start: number, depth: number): Regex {
    if (depth >= DEPTH_LIMIT) this.#fail(start, 'groups are nested too deep', 'at most 50 levels');
    if (this.#peek() === '?') {
      if (this.#peek(1) !== ':')
        this.#fail(start, 'only plain groups are possible', '( or (?: , no lookaround, names or flags');
      this.#at += 2;
    }
    const node = this.#alternatives(depth + 1);
    if (this.#peek() !== ')') this.#fail(start, 'this ( is never closed in the regex', 'a ) after it, or \\(');
    this.#at++;
    return node.kind === 'repeat' || node.kind === 'assert' ? { kind: 'cat', parts: [node] } : node;
  }

  #bracket(start: number): Regex {
    const negate = this.#peek() === '^';
    if (negate) this.#at++;
    if (this.#peek() === ']') this.#fail(this.#at, 'this [ ] is empty', 'a character, or \\]');
    const ranges: (readonly [number, number])[] = [];
    while (this.#peek() !== ']') {
      if (this.#peek() === '') this.#fail(start, 'this [ is never closed', 'a ] after it, or \\[');
      const first = this.#at;
      const low = this.#member();
      const dash = this.#at;
      if (this.#peek() !== '-' || this.#peek(1) === ']' || this.#peek(1) === '') {
        ranges.push(...low);
        continue;
      }
      this.#at++;
      const high = this.#member();
      if (!single(low) || !single(high) || this.#source[first] === '-') {
        this.#fail(dash, 'this - makes no range', 'one character on each side, or \\-');
      }
      const [from, to] = [(low[0] as readonly [number, number])[0], (high[0] as readonly [number, number])[0]];
      if (to < from) this.#fail(first, 'this range ends before it begins', 'the lower character first');
      ranges.push([from, to]);
    }
    this.#at++;
    const plain = this.#ignoreCase ? folded(normal(ranges)) : normal(ranges);
    return { kind: 'chars', ranges: negate ? negated(plain) : plain };
  }

  #member(): Ranges {
    const start = this.#at;
    const char = this.#peek();
    this.#at++;
    if (char === '[' && [':', '.', '='].includes(this.#peek())) {
      this.#fail(start, 'named classes are not possible', 'characters, ranges, \\d, \\w or \\s');
    }
    if (char === '\\') return this.#escape(start);
    const point = char.codePointAt(0) as number;
    return [[point, point]];
  }

  #escape(start: number): Ranges {
    const char = this.#peek();
    this.#at++;
    if (char !== '' && 'dDwWsS'.includes(char)) return CLASSES[char] as Ranges;
    let point: number | null = null;
    if (char !== '' && 'ntrfv'.includes(char)) point = CONTROLS[char] as number;
    else if (char === 'x') point = this.#hexadecimal(2);
    else if (char === 'u' && this.#peek() === '{') {
      const end = this.#source.indexOf('}', this.#at);
      const digits = end > 0 ? this.#source.slice(this.#at + 1, end).join('') : '';
      if (/^[0-9a-fA-F]{1,6}$/.test(digits)) {
        point = Number.parseInt(digits, 16);
        this.#at = end + 1;
      }
    } else if (char === 'u') point = this.#hexadecimal(4);
    else if (/^[!-~]$/.test(char) && !/[0-9A-Za-z]/.test(char)) point = char.charCodeAt(0);
    if (point === null || point > LAST || (point >= 0xd800 && point <= 0xdfff)) {
      this.#fail(
        start,
        'this escape is not possible',
        '\\d \\w \\s \\b (or \\D \\W \\S \\B), \\n \\t \\r \\f \\v, \\xHH, \\uHHHH, or \\ before a sign',
      );
    }
    return [[point, point]];
  }

  #hexadecimal(count: number): number | null {
    const digits = this.#source.slice(this.#at, this.#at + count).join('');
    if (digits.length < count || !/^[0-9a-fA-F]+$/.test(digits)) return null;
    this.#at += count;
    return Number.parseInt(digits, 16);
  }
}

/** Read and check a pattern. Throws `QueryFault` with the column in the whole query. */
export function readRegex(source: string, flags: string, column: number): Regex {
  return new RegexReader(source, flags, column).read();
}

/** The JavaScript regex of a pattern that was checked. */
export function toRegExp(source: string, flags: string, more = ''): RegExp {
  return new RegExp(javascriptPattern(readRegex(source, flags, 0)), `u${more}`);
}
