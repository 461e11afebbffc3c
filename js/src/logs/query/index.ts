/**
 * The one log query language: `level>=warn channel:psu -noise /re/ job:42 since:-5m fields.temp>=80 (a OR b)`.
 *
 * The grammar and its meaning are in docs/query.md; autobench_nb/logs/query/query.py is its twin, and tests/vectors/query.json
 * holds both to it.
 */
import { type Dimension, FACETS, type LogColumns, type Predicate } from '../store/columns';
import { type Node, printNode } from './ast';
import { all, build } from './bind';
import { QueryFault } from './fault';
import { offsetOf, QueryReader } from './parse';
import { printTime, resolveTime } from './time';

export { type Completion, complete, type Vocabulary } from './complete';
export {
  type FacetTerms,
  facetTerms,
  hasTerm,
  isNone,
  mute,
  onlyField,
  setOnly,
  showAll,
  showNone,
  solo,
  timeRangeOf,
  toggle,
  withoutField,
  withoutTerm,
  withTerm,
  withTimeRange,
} from './edit';
export { highlight, type Range } from './highlight';
export { type Token, tokens } from './tokens';
export type { Node };

/** A query that was read, with what its relative and naive times count from. */
export interface Query {
  readonly node: Node;
  /** The canonical text; it parses to an equal query. Empty where every line matches. */
  readonly text: string;
  /** Milliseconds since 1970. */
  readonly now: number;
  /** IANA name; undefined is the browser's. */
  readonly zone: string | undefined;
}

export interface ParseOptions {
  /** Milliseconds since 1970 that `since:-5m` counts from; the clock's where it is not given. */
  readonly now?: number;
  /** IANA name of the zone of times without one; the browser's where it is not given. */
  readonly zone?: string | undefined;
}

export interface ParseFailure {
  readonly ok: false;
  /** 0-based, in characters (code points), as everywhere outside the browser. */
  readonly column: number;
  /** The same place as a string offset: where to put a caret. */
  readonly offset: number;
  /** What could stand there, in plain words. */
  readonly expected: string;
  /** The whole sentence. */
  readonly message: string;
}

export type Parsed = { readonly ok: true; readonly query: Query } | ParseFailure;

/** Read a query. */
export function parse(text: string, { now = Date.now(), zone }: ParseOptions = {}): Parsed {
  try {
    const node = new QueryReader(text).read();
    return { ok: true, query: { node, text: printNode(node), now, zone } };
  } catch (error) {
    if (!(error instanceof QueryFault)) throw error;
    const { column, expected, message } = error;
    return { ok: false, column, offset: offsetOf(text, column), expected, message };
  }
}

/** The test of a store's lines. It stays good as lines arrive and leave, and across epochs. */
export function bind(query: Query, columns: LogColumns): Predicate {
  return build(query.node, { columns, now: query.now, zone: query.zone });
}

/** The same test taken apart: what it asks of each facet alone, and the rest. All of it together is `bind`. */
export function bindParts(
  query: Query,
  columns: LogColumns,
): { readonly by: Partial<Record<Dimension, Predicate>>; readonly rest: Predicate | null } {
  const groups = new Map<Dimension | null, Node[]>();
  for (const node of query.node.kind === 'and' ? query.node.nodes : [query.node]) {
    const dimension = dimensionOf(node);
    groups.set(dimension, [...(groups.get(dimension) ?? []), node]);
  }
  const by: Partial<Record<Dimension, Predicate>> = {};
  let rest: Predicate | null = null;
  for (const [dimension, nodes] of groups) {
    const test = all(nodes.map((node) => build(node, { columns, now: query.now, zone: query.zone })));
    if (dimension === null) rest = test;
    else by[dimension] = test;
  }
  return { by, rest };
}

/** The one facet that a node asks about, if it is one. */
function dimensionOf(node: Node): Dimension | null {
  switch (node.kind) {
    case 'match':
    case 'compare':
      return FACETS.find((facet) => facet === node.field) ?? null;
    case 'time':
      return 'time';
    case 'not':
      return dimensionOf(node.node);
    case 'and':
    case 'or': {
      const found = new Set(node.nodes.map(dimensionOf));
      return found.size === 1 ? ([...found][0] as Dimension | null) : null;
    }
    default:
      return null;
  }
}

/** The query's text with its times made absolute, so that it means the same later and elsewhere. */
export function resolvedText(query: Query): string {
  const resolved = (node: Node): Node => {
    if (node.kind === 'time') return { ...node, when: printTime(resolveTime(node.when, query.now, query.zone)) };
    if (node.kind === 'not') return { kind: 'not', node: resolved(node.node) };
    if (node.kind === 'and' || node.kind === 'or') return { kind: node.kind, nodes: node.nodes.map(resolved) };
    return node;
  };
  return printNode(resolved(query.node));
}
