/** What a log query says, as a tree, and its canonical printing: parsing what is printed gives the same tree. */
import { levelName } from '../levels';

/** Text to find anywhere, whatever the case of its letters; as a value of a field, the whole of it. */
export interface Words {
  readonly kind: 'words';
  readonly text: string;
}

/** A regex: `source` as written between the slashes, `flags` empty or `i`. */
export interface Pattern {
  readonly kind: 'pattern';
  readonly source: string;
  readonly flags: string;
}

/** A whole value in which each `*` stands for any text. */
export interface Glob {
  readonly kind: 'glob';
  readonly text: string;
}

/** Numbers from `low` to `high`, both included, as written; null is open. One number is its own span. */
export interface Span {
  readonly kind: 'span';
  readonly low: string | null;
  readonly high: string | null;
}

export type Item = Words | Pattern | Glob | Span;
export type Order = '>=' | '>' | '<=' | '<';

export type Node =
  | { readonly kind: 'search'; readonly item: Words | Pattern }
  | { readonly kind: 'match'; readonly field: string; readonly items: readonly Item[] }
  | { readonly kind: 'compare'; readonly field: string; readonly op: Order; readonly number: string }
  | { readonly kind: 'time'; readonly bound: 'since' | 'until'; readonly when: string }
  | { readonly kind: 'has'; readonly names: readonly string[] }
  | { readonly kind: 'nothing' }
  | { readonly kind: 'not'; readonly node: Node }
  | { readonly kind: 'and'; readonly nodes: readonly Node[] }
  | { readonly kind: 'or'; readonly nodes: readonly Node[] };

export const KEYWORDS: readonly string[] = ['AND', 'OR', 'NOT', 'none'];
/** Fields that hold the name of something; compared whole and exactly. */
export const NAMES: readonly string[] = ['channel', 'logger', 'job', 'step', 'device'];
/** Fields that are searched as text. */
export const TEXTS: readonly string[] = ['message', 'exc'];
export const SPACE = ' \t\n\r\f\v\u00a0';
export const WORD_STOPS = `${SPACE}()"`;
export const NAME_STOPS = `${SPACE}()":=<>!,`;
export const VALUE_STOPS = `${SPACE}(),"`;

/** What begins like a field rather than a word. */
export const FIELD_START = /[A-Za-z_][A-Za-z0-9_]*(?=[:=<>]|!=)|fields\./y;
const NUMERAL = '-?[0-9]+(?:\\.[0-9]+)?(?:[eE][+-]?[0-9]+)?';
export const NUMBER = new RegExp(`^(?:${NUMERAL})$`);
const RANGE = new RegExp(`^(?:${NUMERAL})?\\.\\.(?:${NUMERAL})?$`);

/** Whether this is `low..high` with at least one of the two. */
export function isRange(text: string): boolean {
  return text.length > 2 && RANGE.test(text);
}

/** `text` in quotes, so that it is read as it is. */
export function quote(text: string): string {
  return `"${text.replace(/[\\"]/g, '\\$&')}"`;
}

export function contains(text: string, characters: string): boolean {
  for (let k = 0; k < text.length; k++) if (characters.includes(text[k] as string)) return true;
  return false;
}

/** A word where it can stand alone, else a phrase. */
export function printWords(text: string): string {
  FIELD_START.lastIndex = 0;
  const bare =
    text !== '' &&
    !'-/'.includes(text[0] as string) &&
    !KEYWORDS.includes(text) &&
    !FIELD_START.test(text) &&
    !contains(text, WORD_STOPS);
  return bare ? text : quote(text);
}

/** A value where it can stand alone, else in quotes. */
export function printValue(text: string, ranged = false): string {
  const bare = text !== '' && text[0] !== '/' && !contains(text, `*${VALUE_STOPS}`) && !(ranged && isRange(text));
  return bare ? text : quote(text);
}

/** A field's name; of the entry's own fields, in quotes where it needs them. */
export function printName(field: string): string {
  if (!field.startsWith('fields.')) return field;
  const name = field.slice('fields.'.length);
  return name !== '' && !contains(name, NAME_STOPS) ? field : `fields.${quote(name)}`;
}

function printNumber(field: string, number: string): string {
  return field === 'level' ? levelName(Number(number)) : number;
}

function printItem(field: string, item: Item): string {
  if (item.kind === 'pattern') return `/${item.source}/${item.flags}`;
  if (item.kind === 'glob') return item.text;
  if (item.kind === 'words') return printValue(item.text, field.startsWith('fields.'));
  const low = item.low === null ? '' : printNumber(field, item.low);
  if (item.low !== null && item.low === item.high) return low;
  return `${low}..${item.high === null ? '' : printNumber(field, item.high)}`;
}

/** The canonical text of a node inside `parent`. */
export function printNode(node: Node, parent: 'top' | 'and' | 'not' = 'top'): string {
  switch (node.kind) {
    case 'search':
      return node.item.kind === 'words' ? printWords(node.item.text) : printItem('', node.item);
    case 'match':
      return `${printName(node.field)}:${node.items.map((item) => printItem(node.field, item)).join(',')}`;
    case 'compare':
      return `${printName(node.field)}${node.op}${printNumber(node.field, node.number)}`;
    case 'time':
      return `${node.bound}:${node.when}`;
    case 'has':
      return `has:${node.names.map(printName).join(',')}`;
    case 'nothing':
      return 'none';
    case 'not': {
      const text = `-${printNode(node.node, 'not')}`;
      return parent === 'not' ? `(${text})` : text;
    }
    case 'and': {
      const text = node.nodes.map((inner) => printNode(inner, 'and')).join(' ');
      return parent === 'not' ? `(${text})` : text;
    }
    case 'or': {
      const text = node.nodes.map((inner) => printNode(inner)).join(' OR ');
      return parent === 'top' ? text : `(${text})`;
    }
  }
}
