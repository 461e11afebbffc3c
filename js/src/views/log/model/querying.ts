/** The query language as the pane uses it: read once per change, and written into by facets, brush and tags. */

import type { Parts } from '../../../logs/filter/facets';
import type { CodeTest } from '../../../logs/filter/tables';
import { LEVEL_NAMES, levelNumber } from '../../../logs/levels';
import {
  bind,
  bindParts,
  type Completion,
  complete,
  facetTerms,
  highlight,
  isNone,
  mute,
  parse,
  type Query,
  resolvedText,
  setOnly,
  showAll,
  showNone,
  solo,
  timeRangeOf,
  tokens,
  withoutTerm,
  withTerm,
  withTimeRange,
} from '../../../logs/query';
import { printName, printValue } from '../../../logs/query/ast';
import { QueryFault } from '../../../logs/query/fault';
import { QueryReader } from '../../../logs/query/parse';
import { resolveTime } from '../../../logs/query/time';
import type { DictionaryKind, Facet, LogColumns, Predicate } from '../../../logs/store/columns';
import type { LogStore } from '../../../logs/store/store';
import type { Marks } from '../rows/LogText';

export type { Completion };
export { tokens as tokensOf };

/** Lines whose fields are looked through for names to complete: the newest ones. */
const SAMPLED = 1_000;

/** Why a query cannot be read: where, as a string offset, and the whole sentence. */
export interface QueryError {
  readonly column: number;
  readonly message: string;
}

/** A query line, read and bound to a store. */
export interface Compiled {
  readonly text: string;
  readonly error: QueryError | null;
  /** Null where every line is wanted. */
  readonly test: Predicate | null;
  readonly parts: Parts;
  /** What to mark in a message; undefined where nothing is. */
  readonly marks: Marks | undefined;
  /** Whether it means something else as time goes by. */
  readonly moves: boolean;
  /** The time range at its top, in ms since 1970. */
  readonly since: number | null;
  readonly until: number | null;
  /** The same with absolute times: it means the same later and elsewhere. */
  readonly absolute: string;
}

export const EVERYTHING: Compiled = {
  text: '',
  error: null,
  test: null,
  parts: { by: {}, rest: null },
  marks: undefined,
  moves: false,
  since: null,
  until: null,
  absolute: '',
};

/** Read a query and bind it to a store; `now` in ms since 1970. */
export function compile(text: string, store: LogStore, now: number): Compiled {
  const read = parse(text, { now });
  if (!read.ok) return { ...EVERYTHING, text, error: { column: read.offset, message: read.message } };
  const { query } = read;
  if (query.text === '') return { ...EVERYTHING, text };
  const { since, until } = timeRangeOf(text);
  return {
    text,
    error: null,
    test: bind(query, store),
    parts: partsOf(text, query, store, now),
    marks: marksOf(query),
    moves: /\b(?:since|until):(?:-|now)/.test(query.text),
    since: since === null ? null : resolveTime(since, now, undefined),
    until: until === null ? null : resolveTime(until, now, undefined),
    absolute: resolvedText(query),
  };
}

function marksOf(query: Query): Marks | undefined {
  return highlight(query);
}

/** `none` counts as asked of the channel, so that the other channels' numbers stay there to come back to. */
function partsOf(text: string, query: Query, store: LogStore, now: number): Parts {
  if (!isNone(text)) return { ...bindParts(query, store), codes: codesOf(query, store) };
  const rest = parse(withoutTerm(text, 'none'), { now });
  const parts = rest.ok ? bindParts(rest.query, store) : { by: {}, rest: null };
  const codes = rest.ok ? codesOf(rest.query, store) : {};
  return { by: { ...parts.by, channel: () => false }, rest: parts.rest, codes: { ...codes, channel: () => false } };
}

/** What a query asks of single columns, as tests of their codes: asked of one line that takes on any value. */
function codesOf(query: Query, store: LogStore): Partial<Record<Facet, CodeTest>> {
  let code = 0;
  const word = (kind: DictionaryKind) => () => (code === 0 ? undefined : store.names(kind)[code]);
  const { by } = bindParts(query, {
    ...NO_LINE,
    level: () => code,
    channel: () => word('channel')() ?? '',
    logger: word('logger'),
    job: word('job'),
    device: word('device'),
    code: () => code,
    names: (kind) => store.names(kind),
  });
  const out: Partial<Record<Facet, CodeTest>> = {};
  for (const coded of ['level', 'channel', 'logger', 'job', 'device'] as const) {
    const test = by[coded];
    if (!test) continue;
    out[coded] = (asked) => {
      code = asked;
      return test(0);
    };
  }
  return out;
}

/** What could be typed at the caret. */
export function completions(text: string, caret: number, store: LogStore): Completion[] {
  const known = (kind: Parameters<LogStore['names']>[0]) => store.names(kind).slice(1);
  const fields = new Set<string>();
  for (let i = Math.max(0, store.size - SAMPLED); i < store.size; i++) {
    for (const name of Object.keys(store.fields(i) ?? {})) fields.add(name);
  }
  return complete(text, caret, {
    channels: known('channel'),
    loggers: known('logger'),
    jobs: known('job').reverse(),
    steps: known('step'),
    devices: known('device'),
    fields: [...fields],
  });
}

// ---- facets ----

/** Whether the query asks anything of a facet. */
export function asks(text: string, facet: Facet): boolean {
  const { only, muted, more } = facetTerms(text, facet);
  return only !== null || muted.length > 0 || more || (facet === 'channel' && isNone(text));
}

/** Whether the query hides lines for their value of a facet. */
export function hides(text: string, facet: Facet): (value: string) => boolean {
  if (facet === 'channel' && isNone(text)) return () => true;
  if (!asks(text, facet)) return () => false;
  const { only, muted, more } = facetTerms(text, facet);
  if (!more) return (value) => muted.includes(value) || (only !== null && !only.includes(value));
  const read = parse(text);
  if (!read.ok) return () => false;
  return (value) => bindParts(read.query, lineWith(facet, value)).by[facet]?.(0) === false;
}

/** Hide a value, or show it again. */
export function toggle(text: string, facet: Facet, value: string): string {
  if (facet === 'channel' && isNone(text)) return setOnly(text, facet, [value]);
  if (!facetTerms(text, facet).more) return mute(text, facet, value);
  const hidden = hides(text, facet);
  if (facet !== 'level') return hidden(value) ? setOnly(text, facet, [value]) : mute(text, facet, value);
  const shown = LEVEL_NAMES.filter((name) => hidden(name) === (name === value));
  return shown.length === LEVEL_NAMES.length ? showAll(text, facet) : setOnly(text, facet, shown);
}

/** Show only this value; every value again where it is the only one already. */
export function only(text: string, facet: string, value: string): string {
  return solo(text, facet, value);
}

export function all(text: string, facet: Facet): string {
  return showAll(text, facet);
}

export function none(text: string): string {
  return showNone(text);
}

/** Ask that a field of the line's own has this value. */
export function onlyField(text: string, name: string, value: unknown): string {
  const plain = typeof value === 'string' ? printValue(value, true) : String(value);
  return withTerm(text, `${printName(`fields.${name}`)}:${plain}`);
}

/** Ask for lines from `from` on and before `to`, in ms since 1970; null is open, both null is every time. */
export function range(text: string, from: number | null, to: number | null): string {
  return withTimeRange(text, from, to);
}

/** A term of a query: where it stands, and the query without it. */
export interface Term {
  readonly text: string;
  readonly from: number;
  readonly to: number;
  readonly without: string;
}

/** The terms that all must match. */
export function terms(text: string): Term[] {
  const reader = new QueryReader(text);
  try {
    reader.read();
  } catch (error) {
    if (error instanceof QueryFault) return [];
    throw error;
  }
  return reader.tops.map(({ from, to }) => {
    const term = text.slice(from, to);
    return { text: term, from, to, without: withoutTerm(text, term) };
  });
}

/** Words at the top of a query that are the name of something, and the query that asks for that; the last for all of it. */
export function named(text: string, store: LogStore): { readonly text: string; readonly query: string }[] {
  const put = (changes: readonly { from: number; to: number; term: string }[]) => ({
    text: changes.map(({ term }) => term).join(' '),
    query: changes.reduceRight((left, { from, to, term }) => left.slice(0, from) + term + left.slice(to), text),
  });
  const words = terms(text).map(({ text: word, from, to }) => {
    const same = (name: string) => name.toLowerCase() === word.toLowerCase();
    return (['level', 'channel', 'device', 'job', 'logger'] as const).flatMap((kind) =>
      (kind === 'level' ? LEVEL_NAMES : store.names(kind))
        .filter(same)
        .map((name) => ({ from, to, term: `${kind}:${printValue(name)}` })),
    );
  });
  const first = words.flatMap(([meaning]) => (meaning ? [meaning] : []));
  return [...words.flat().map((one) => put([one])), ...(first.length > 1 ? [put(first)] : [])];
}

/** One line that has a value of a facet and nothing else: what a predicate says of the value alone. */
function lineWith(facet: Facet, value: string): LogColumns {
  const word = (kind: string) => (kind === facet ? value : undefined);
  return {
    ...NO_LINE,
    level: () => (facet === 'level' ? levelNumber(value) : 20),
    channel: () => word('channel') ?? '',
    logger: () => word('logger'),
    job: () => word('job'),
    device: () => word('device'),
    code: (kind) => (kind === facet ? 1 : 0),
    names: (kind) => (kind === facet ? ['', value] : ['']),
  };
}

/** One line that says nothing. */
const NO_LINE: LogColumns = {
  size: 1,
  seq: () => 0,
  ts: () => 0,
  level: () => 20,
  channel: () => '',
  logger: () => undefined,
  job: () => undefined,
  step: () => undefined,
  device: () => undefined,
  message: () => '',
  fields: () => undefined,
  exc: () => undefined,
  code: () => 0,
  names: () => [''],
};
