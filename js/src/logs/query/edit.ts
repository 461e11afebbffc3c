/**
 * Writing into the query line: what facets, buttons and the brush do to the text that a user also types.
 *
 * Only terms at the top count: those that all must match. A text that cannot be read is left as it is, since nothing that
 * a user typed may be lost.
 */
import { type Item, type Node, printName, printNode, printValue } from './ast';
import { QueryFault } from './fault';
import { QueryReader } from './parse';
import { printTime } from './time';

interface Term {
  readonly text: string;
  readonly node: Node;
}

/** The terms at the top in order; null where the text cannot be read. Alternatives are one term, in parentheses. */
function termsOf(text: string): Term[] | null {
  const reader = new QueryReader(text);
  try {
    const node = reader.read();
    if (node.kind === 'and' && node.nodes.length === 0) return [];
    if (node.kind === 'or' && reader.topTerms.length === 0) return [{ text: `(${text.trim()})`, node }];
    return reader.topTerms.map((top) => ({ text: text.slice(top.from, top.to), node: top.node }));
  } catch (error) {
    if (error instanceof QueryFault) return null;
    throw error;
  }
}

function textOf(terms: readonly Term[]): string {
  const [only] = terms;
  if (terms.length === 1 && only?.node.kind === 'or') return only.text.replace(/^\(\s*|\s*\)$/g, '');
  return terms.map((term) => term.text).join(' ');
}

/** A term given as text, in canonical form; null where it is none. */
function canonical(term: string): { readonly text: string; readonly node: Node } | null {
  const terms = termsOf(term);
  if (terms === null || terms.length === 0) return null;
  if (terms.length === 1) return { text: (terms[0] as Term).text, node: (terms[0] as Term).node };
  return null;
}

/** Change the terms; a text that cannot be read stays, and so does one whose terms stay. */
function edit(text: string, change: (terms: Term[]) => readonly Term[]): string {
  const terms = termsOf(text);
  if (terms === null) return text;
  const changed = change(terms);
  const same = changed.length === terms.length && changed.every((term, k) => term === terms[k]);
  return same ? text : textOf(changed);
}

/** One term of its text; none where it is too long to be read. */
function written(text: string): Term[] {
  const term = canonical(text);
  return term === null ? [] : [term];
}

function key(node: Node): string {
  return printNode(node, 'and');
}

/** Whether a term stands at the top. `term` is one term: `-noise`, `channel:psu`, `(a OR b)`. */
export function hasTerm(text: string, term: string): boolean {
  const asked = canonical(term);
  return asked !== null && (termsOf(text)?.some((one) => key(one.node) === key(asked.node)) ?? false);
}

/** The text with the term; unchanged where it has it. */
export function withTerm(text: string, term: string): string {
  const asked = canonical(term);
  if (asked === null || hasTerm(text, term)) return text;
  return edit(text, (terms) => [...terms, asked]);
}

/** The text without the term, however often it stands there. */
export function withoutTerm(text: string, term: string): string {
  const asked = canonical(term);
  if (asked === null) return text;
  return edit(text, (terms) => terms.filter((one) => key(one.node) !== key(asked.node)));
}

/** With the term where it is missing, without it where it is there. */
export function toggle(text: string, term: string): string {
  return hasTerm(text, term) ? withoutTerm(text, term) : withTerm(text, term);
}

/** What the terms at the top ask of one field. */
export interface FacetTerms {
  /** The values of `field:a,b`; null where all are shown. */
  readonly only: readonly string[] | null;
  /** The values of `-field:a,b`; the empty one, that of lines without a value, for `has:field`. */
  readonly muted: readonly string[];
  /** Whether more is asked of the field than lists of plain values say, e.g. `level>=warn` or `channel:ps*`. */
  readonly more: boolean;
}

/** The values of a list of plain ones; null for any other node. */
function plainValues(node: Node, field: string): readonly string[] | null {
  if (node.kind !== 'match' || node.field !== field) return null;
  const plain = node.items.every((item) => item.kind === 'words' || (item.kind === 'span' && item.low === item.high));
  return plain ? node.items.map((item) => plainValue(field, item)) : null;
}

function plainValue(field: string, item: Item): string {
  if (item.kind === 'words') return item.text;
  return printNode({ kind: 'match', field, items: [item] }).slice(field.length + 1);
}

function asks(node: Node, field: string): boolean {
  if (node.kind === 'not') return asks(node.node, field);
  if (node.kind === 'has') return node.names.length === 1 && node.names[0] === field;
  return (node.kind === 'match' || node.kind === 'compare') && node.field === field;
}

/** The values that a term shows and no others; null where it is no list of them. */
function chosenBy(node: Node, field: string): readonly string[] | null {
  return node.kind === 'not' && node.node.kind === 'has' ? [''] : plainValues(node, field);
}

/** The values that a term hides; null where it is no list of them. */
function excludedBy(node: Node, field: string): readonly string[] | null {
  if (node.kind === 'has') return [''];
  return node.kind === 'not' && node.node.kind !== 'has' ? plainValues(node.node, field) : null;
}

/** What the terms at the top ask of `field`: `level`, `channel`, `logger`, `job`, `step`, `device`. */
export function facetTerms(text: string, field: string): FacetTerms {
  let only: readonly string[] | null = null;
  const muted: string[] = [];
  let more = false;
  for (const { node } of termsOf(text) ?? []) {
    if (!asks(node, field)) continue;
    const chosen = chosenBy(node, field);
    const excluded = excludedBy(node, field);
    if (excluded !== null) muted.push(...excluded);
    else if (chosen === null) more = true;
    else only = only === null ? chosen : (only as readonly string[]).filter((value) => chosen.includes(value));
  }
  return { only, muted: [...new Set(muted)], more };
}

function list(field: string, values: readonly string[]): string {
  if (values.length === 1 && values[0] === '') return `-has:${field}`;
  return `${field}:${values
    .filter((value) => value !== '')
    .map((value) => printValue(value))
    .join(',')}`;
}

/** Only lines that have this value in a field of their own. */
export function onlyField(text: string, name: string, value: unknown): string {
  const plain = typeof value === 'string' ? printValue(value, true) : String(value);
  return withTerm(text, `${printName(`fields.${name}`)}:${plain}`);
}

/** Without anything that the terms at the top ask of `field`. */
export function withoutField(text: string, field: string): string {
  return edit(text, (terms) => terms.filter((term) => !asks(term.node, field)));
}

/** Show only these values of a field, none of them muted; null shows all, no values show nothing. */
export function setOnly(text: string, field: string, values: readonly string[] | null): string {
  if (values?.length === 0) return showNone(text);
  return edit(text, (terms) => {
    const rest = terms.filter((term) => !asks(term.node, field) && term.node.kind !== 'nothing');
    return values === null ? rest : [...rest, ...written(list(field, values))];
  });
}

/** Hide a value of a field, or show it again where it is hidden; the empty value is that of lines without one. */
export function mute(text: string, field: string, value: string): string {
  if (value === '') return toggle(text, `has:${field}`);
  const { only, muted } = facetTerms(text, field);
  const narrowed = only !== null && !only.includes(value);
  const hidden = narrowed || muted.includes(value);
  let nextOnly = only;
  let nextMuted = muted.filter((one) => one !== value && one !== '');
  if (hidden && narrowed) nextOnly = [...only, value];
  else if (!hidden && only !== null && only.length > 1) nextOnly = only.filter((one) => one !== value);
  else if (!hidden) nextMuted = [...nextMuted, value];
  return edit(text, (terms) => {
    const rest = terms.filter(({ node }) => {
      if (!asks(node, field) || node.kind === 'has') return true;
      return excludedBy(node, field) === null && (only === nextOnly || chosenBy(node, field) === null);
    });
    const shown = nextOnly === null || nextOnly === only ? [] : written(list(field, nextOnly));
    return [...rest, ...shown, ...(nextMuted.length ? written(`-${list(field, nextMuted)}`) : [])];
  });
}

/** Show only this value of a field; all of them again where it is the only one. Empty: only lines without one. */
export function solo(text: string, field: string, value: string): string {
  const { only, muted, more } = facetTerms(text, field);
  const alone = only?.length === 1 && only[0] === value && muted.length === 0 && !more;
  return setOnly(text, field, alone ? null : [value]);
}

/** All: nothing is asked of the field, and `none` is gone. */
export function showAll(text: string, field: string): string {
  return edit(text, (terms) => terms.filter((term) => !asks(term.node, field) && term.node.kind !== 'nothing'));
}

/** None: nothing is shown. */
export function showNone(text: string): string {
  return withTerm(text, 'none');
}

/** Whether `none` stands at the top. */
export function isNone(text: string): boolean {
  return hasTerm(text, 'none');
}

/** Only lines from `from` on and before `to`, in milliseconds since 1970; null is open. Earlier ranges are replaced. */
export function withTimeRange(text: string, from: number | null, to: number | null): string {
  return edit(text, (terms) => [
    ...terms.filter((term) => term.node.kind !== 'time'),
    ...(from === null ? [] : [...written(`since:${printTime(from)}`)]),
    ...(to === null ? [] : [...written(`until:${printTime(to)}`)]),
  ]);
}

/** The times at the top as they are written; null where there is none. */
export function timeRangeOf(text: string): { readonly since: string | null; readonly until: string | null } {
  const range: { since: string | null; until: string | null } = { since: null, until: null };
  for (const { node } of termsOf(text) ?? []) if (node.kind === 'time') range[node.bound] = node.when;
  return range;
}
