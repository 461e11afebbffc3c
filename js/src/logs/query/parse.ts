/** Reading a log query: text to tree, by recursive descent. The grammar is in docs/query.md. */
import { levelNamed } from '../levels';
import {
  FIELD_START,
  type Item,
  isRange,
  KEYWORDS,
  NAME_STOPS,
  NAMES,
  type Node,
  NUMBER,
  type Order,
  type Pattern,
  SPACE,
  type Span,
  TEXTS,
  VALUE_STOPS,
  WORD_STOPS,
} from './ast';
import { QueryFault } from './fault';
import { readRegex } from './regex';
import { canonicalTime } from './time';

const LENGTH_LIMIT = 4_000;
const DEPTH_LIMIT = 50;

const TERM = 'a word, "a phrase", /a regex/, a field like channel:psu, or (';
const EXCLUDE = 'something to exclude right after the -, or quotes around it';
const FIELDS =
  'a field (level, channel, logger, job, step, device, seq, since, until, has, message, exc, fields.name), ' +
  'or quotes around the text';
const LEVEL = 'a level: debug, info, warn, error or fatal';
const SEQ = 'a whole number, or a range like 10..20';
const TIME = 'a time like -5m, 14:30, 2026-11-24, 2026-11-24T10:00 or 2026-11-24T10:00:00.250Z';
const HAS = 'exc, logger, job, step, device, fields or fields.name';
const VALUE = 'a value, like psu, ps* or psu,camera';
const TEXT = 'a word, "a phrase" or /a regex/';
const OWN_NAME = 'a name, like fields.temp';
const EXPECTED = new Map([
  ['level', LEVEL],
  ['seq', SEQ],
  ['message', TEXT],
  ['exc', TEXT],
]);
const KNOWN: readonly string[] = [...NAMES, ...TEXTS, 'level', 'seq', 'since', 'until', 'has'];
const HAS_NAMES: readonly string[] = ['exc', 'logger', 'job', 'step', 'device', 'fields'];
const OPERATORS = ['>=', '<=', '!=', ':', '=', '>', '<'];

/** One of the terms that a query is made of at its top, all of which must match; `from` and `to` are offsets. */
export interface TopTerm {
  readonly from: number;
  readonly to: number;
  readonly node: Node;
}

/** How many characters (code points) a text has. */
export function lengthOf(text: string): number {
  let count = 0;
  for (const _ of text) count++;
  return count;
}

/** The offset of a column. */
export function offsetOf(text: string, column: number): number {
  let offset = 0;
  for (const char of text) {
    if (column-- <= 0) break;
    offset += char.length;
  }
  return offset;
}

/** One reading of one text. */
export class QueryReader {
  /** The terms at the top; empty where the query is alternatives. */
  topTerms: TopTerm[] = [];
  #at = 0;

  constructor(private readonly text: string) {}

  #fail(at: number, fact: string, expected: string): never {
    throw new QueryFault(fact, lengthOf(this.text.slice(0, at)), expected);
  }

  #peek(): string {
    return this.text[this.#at] ?? '';
  }

  #skip(): void {
    while (this.#peek() !== '' && SPACE.includes(this.#peek())) this.#at++;
  }

  /** The characters from here to one of `stops`. */
  #run(stops: string): string {
    let end = this.#at;
    while (end < this.text.length && !stops.includes(this.text[end] as string)) end++;
    return this.text.slice(this.#at, end);
  }

  /** The keyword that stands here, else nothing. */
  #keyword(): string {
    const word = this.#run(WORD_STOPS);
    return KEYWORDS.includes(word) ? word : '';
  }

  /** The whole query. Throws `QueryFault`. */
  read(): Node {
    if (lengthOf(this.text) > LENGTH_LIMIT) {
      throw new QueryFault('the query is too long', LENGTH_LIMIT, 'at most 4,000 characters');
    }
    this.#skip();
    if (this.#peek() === '') return { kind: 'and', nodes: [] };
    const node = this.#disjunction(0);
    if (this.#peek() === ')') this.#fail(this.#at, 'this ) closes nothing', 'a ( before it, or quotes around it');
    return node;
  }

  #disjunction(depth: number): Node {
    const nodes = [this.#conjunction(depth)];
    while (this.#keyword() === 'OR') {
      this.#at += 2;
      nodes.push(this.#conjunction(depth));
      if (depth === 0) this.topTerms = [];
    }
    if (nodes.length === 1) return nodes[0] as Node;
    return { kind: 'or', nodes: nodes.flatMap((node) => (node.kind === 'or' ? node.nodes : [node])) };
  }

  #conjunction(depth: number): Node {
    const nodes: Node[] = [];
    const take = () => {
      this.#skip();
      const from = this.#at;
      const node = this.#negation(depth);
      nodes.push(node);
      if (depth === 0) this.topTerms.push({ from, to: this.#at, node });
      this.#skip();
    };
    take();
    for (let word = this.#keyword(); this.#peek() !== '' && this.#peek() !== ')' && word !== 'OR'; word = this.#keyword()) {
      if (word === 'AND') this.#at += 3;
      take();
    }
    if (nodes.length === 1) return nodes[0] as Node;
    return { kind: 'and', nodes: nodes.flatMap((node) => (node.kind === 'and' ? node.nodes : [node])) };
  }

  #negation(depth: number): Node {
    this.#skip();
    if (this.#keyword() === 'NOT') {
      if (depth >= DEPTH_LIMIT) this.#fail(this.#at, 'this is nested too deep', 'at most 50 levels');
      this.#at += 3;
      return { kind: 'not', node: this.#negation(depth + 1) };
    }
    if (this.#peek() !== '-') return this.#primary(depth);
    this.#at++;
    const next = this.#peek();
    const lone = next === '' || `)-${SPACE}`.includes(next) || ['AND', 'OR', 'NOT'].includes(this.#keyword());
    if (lone) this.#fail(this.#at - 1, 'this - excludes nothing', EXCLUDE);
    return { kind: 'not', node: this.#primary(depth) };
  }

  #primary(depth: number): Node {
    const char = this.#peek();
    const start = this.#at;
    if (char === '') this.#fail(start, 'the query ends too soon', TERM);
    if (char === ')') this.#fail(start, 'nothing stands before this )', TERM);
    if (char === '(') {
      if (depth >= DEPTH_LIMIT) this.#fail(start, 'this is nested too deep', 'at most 50 levels');
      this.#at++;
      const node = this.#disjunction(depth + 1);
      if (this.#peek() !== ')') this.#fail(start, 'this ( is never closed', 'a ) after it, or quotes around it');
      this.#at++;
      return node;
    }
    if (char === '"') {
      const text = this.#quoted();
      if (text === '') this.#fail(start, 'this phrase is empty', 'text between the quotes');
      return { kind: 'search', item: { kind: 'words', text } };
    }
    if (char === '/') return { kind: 'search', item: this.#regex() };
    const word = this.#keyword();
    if (word === 'AND' || word === 'OR') this.#fail(start, `nothing stands before this ${word}`, TERM);
    if (word === 'none') {
      this.#at += 4;
      return { kind: 'nothing' };
    }
    const field = this.#field();
    if (field !== null) return field;
    const text = this.#run(WORD_STOPS);
    this.#at += text.length;
    return { kind: 'search', item: { kind: 'words', text } };
  }

  #quoted(): string {
    const start = this.#at;
    this.#at++;
    let out = '';
    while (this.#peek() !== '"') {
      if (this.#peek() === '') this.#fail(start, 'this " is never closed', 'a closing "');
      const after = this.text[this.#at + 1];
      if (this.#peek() === '\\' && (after === '\\' || after === '"')) this.#at++;
      out += this.#peek();
      this.#at++;
    }
    this.#at++;
    return out;
  }

  #regex(): Pattern {
    const start = this.#at;
    this.#at++;
    while (this.#peek() !== '/') {
      if (this.#peek() === '') {
        this.#fail(start, 'this / begins a regex that never ends', 'a closing /, or quotes around text with a slash');
      }
      this.#at += this.#peek() === '\\' ? 2 : 1;
    }
    const source = this.text.slice(start + 1, this.#at);
    this.#at++;
    const flags = this.#peek() === 'i' ? 'i' : '';
    this.#at += flags.length;
    if (this.#peek() !== '' && !VALUE_STOPS.includes(this.#peek())) {
      this.#fail(this.#at, 'this cannot follow a regex', 'a space, or the flag i; text with slashes goes in quotes');
    }
    if (source === '') this.#fail(start, 'this regex is empty', 'a pattern between the slashes');
    readRegex(source, flags, lengthOf(this.text.slice(0, start + 1)));
    return { kind: 'pattern', source, flags };
  }

  /** The field that begins here, or null where a word does. */
  #field(): Node | null {
    const start = this.#at;
    FIELD_START.lastIndex = start;
    const found = FIELD_START.exec(this.text);
    if (found === null) return null;
    let name = found[0];
    this.#at += name.length;
    const own = name === 'fields.';
    if (own) name += this.#ownName();
    const op = OPERATORS.find((candidate) => this.text.startsWith(candidate, this.#at)) ?? '';
    const rest = this.text.slice(this.#at + 1, this.#at + 3);
    const known = own || KNOWN.includes(name);
    if (op === '' || (!known && op === ':' && (rest === '' || SPACE.includes(rest[0] as string) || rest === '//'))) {
      this.#at = start; // text such as "ValueError: bad" or "http://host" is no field
      return null;
    }
    if (name === 'fields' || name === 'fields.') this.#fail(this.#at, 'the name of the field is missing', OWN_NAME);
    if (!known) this.#fail(start, `there is no field ${name}`, FIELDS);
    if (op === '!=') this.#fail(this.#at, 'there is no !=', '- before the field and :, like -channel:psu');
    const ordered = op !== ':' && op !== '=';
    if (ordered && !own && name !== 'level' && name !== 'seq')
      this.#fail(this.#at, `${name} cannot be compared with ${op}`, ':');
    this.#at += op.length;
    if (ordered) return { kind: 'compare', field: name, op: op as Order, number: this.#compared(name) };
    if (name === 'since' || name === 'until') return { kind: 'time', bound: name, when: this.#time() };
    if (name === 'has') return { kind: 'has', names: this.#several(() => this.#has()) };
    return { kind: 'match', field: name, items: this.#several(() => this.#item(name)) };
  }

  /** The name of one of the entry's own fields. */
  #ownName(): string {
    if (this.#peek() === '"') return this.#quoted();
    const name = this.#run(NAME_STOPS);
    this.#at += name.length;
    return name;
  }

  /** What `read` reads, once or more, with commas between. */
  #several<T>(read: () => T): T[] {
    const items = [read()];
    while (this.#peek() === ',') {
      this.#at++;
      items.push(read());
    }
    this.#endValue('a space or a comma');
    return items;
  }

  #endValue(expected: string): void {
    const next = this.#peek();
    if (next !== '' && !SPACE.includes(next) && next !== '(' && next !== ')') {
      this.#fail(this.#at, 'this cannot follow a value', expected);
    }
  }

  /** A bare or quoted value, and whether it is quoted. */
  #value(expected: string): readonly [string, boolean] {
    if (this.#peek() === '"') return [this.#quoted(), true];
    const text = this.#run(VALUE_STOPS);
    if (text === '') this.#fail(this.#at, 'a value is missing', expected);
    this.#at += text.length;
    return [text, false];
  }

  #compared(name: string): string {
    const start = this.#at;
    const expected = name === 'level' ? LEVEL : name === 'seq' ? 'a whole number' : 'a number';
    const [text] = this.#value(expected);
    const number = this.#number(name, text);
    if (number === null) this.#fail(start, `${text} is not possible here`, expected);
    this.#endValue('a space');
    return number;
  }

  /** The number that `text` stands for in a field, as it is kept in the tree. */
  #number(name: string, text: string): string | null {
    if (name === 'level') return levelNamed(text)?.toString() ?? null;
    return (name === 'seq' ? /^[0-9]{1,15}$/ : NUMBER).test(text) ? text : null;
  }

  #time(): string {
    const start = this.#at;
    const [text] = this.#value(TIME);
    const when = canonicalTime(text);
    if (when === null) this.#fail(start, `${text} is no time`, TIME);
    this.#endValue('a space');
    return when;
  }

  #has(): string {
    const start = this.#at;
    if (this.text.startsWith('fields.', start)) {
      this.#at += 'fields.'.length;
      const own = this.#ownName();
      if (own === '') this.#fail(this.#at, 'the name of the field is missing', OWN_NAME);
      return `fields.${own}`;
    }
    const [name] = this.#value(HAS);
    if (!HAS_NAMES.includes(name)) this.#fail(start, `${name} is not possible here`, HAS);
    return name;
  }

  #item(name: string): Item {
    const start = this.#at;
    if (name === 'level' || name === 'seq') return this.#span(name);
    if (this.#peek() === '/') return this.#regex();
    const expected = EXPECTED.get(name) ?? VALUE;
    const [text, quoted] = this.#value(expected);
    const own = name.startsWith('fields.');
    if (text === '' && !own) this.#fail(start, 'a value is missing', expected);
    if (quoted || TEXTS.includes(name)) return { kind: 'words', text };
    if (own && isRange(text)) {
      const [low, high] = halves(text);
      return { kind: 'span', low: low || null, high: high || null };
    }
    return { kind: text.includes('*') ? 'glob' : 'words', text };
  }

  #span(name: 'level' | 'seq'): Span {
    const start = this.#at;
    const expected = EXPECTED.get(name) as string;
    const [text] = this.#value(expected);
    const [lowText, highText, ranged] = halves(text);
    const low = lowText === '' ? null : this.#number(name, lowText);
    const high = highText === '' ? null : this.#number(name, highText);
    const bad = (low === null) !== (lowText === '') || (high === null) !== (highText === '') || (low === null && high === null);
    if (bad) this.#fail(start, `${text} is not possible here`, expected);
    return ranged ? { kind: 'span', low, high } : { kind: 'span', low, high: low };
  }
}

/** A text before and after its first `..`. */
function halves(text: string): readonly [string, string, boolean] {
  const at = text.indexOf('..');
  return at < 0 ? [text, '', false] : [text.slice(0, at), text.slice(at + 2), true];
}
