/** A query line, read and bound to a store. */

import type { Parts } from '../../../logs/filter/facets';
import {
  bind,
  bindParts,
  highlight,
  isNone,
  parse,
  type Query,
  type Range,
  resolvedText,
  timeRangeOf,
  withoutTerm,
} from '../../../logs/query';
import { all } from '../../../logs/query/bind';
import { resolveTime } from '../../../logs/query/time';
import { codeTests } from '../../../logs/query/value-test';
import type { Predicate } from '../../../logs/store/columns';
import type { LogStore } from '../../../logs/store/store';
import { MUTED, namesChannels, withoutPlumbing } from './plumbing';

/** Where in a message the query's words are found: ranges [from, to) in order. */
export type Marks = (message: string) => readonly Range[];

/** Why a query cannot be read: where, as a string offset, and the whole sentence. */
export interface QueryError {
  readonly column: number;
  readonly message: string;
}

/** What a query line stands for. */
export interface Compiled {
  readonly text: string;
  readonly error: QueryError | null;
  /** Whether the line asks for anything: it may be empty, and the plumbing's lines are muted all the same. */
  readonly asked: boolean;
  /** Null where every line matches. */
  readonly test: Predicate | null;
  readonly parts: Parts;
  /** What to mark in a message; undefined where nothing is. */
  readonly marks: Marks | undefined;
  /** Whether it means something else as time goes by. */
  readonly moves: boolean;
  /** The time range at its top, in ms since 1970. */
  readonly since: number | null;
  readonly until: number | null;
  /** The same with absolute times and all that is muted: it means the same later and elsewhere. */
  readonly absolute: string;
}

export const EVERYTHING: Compiled = {
  text: '',
  error: null,
  asked: false,
  test: null,
  parts: { by: {}, rest: null },
  marks: undefined,
  moves: false,
  since: null,
  until: null,
  absolute: '',
};

/** Read a query and bind it to a store; `now` in ms since 1970. `mutesPlumbing`: unless it names channels itself. */
export function compile(text: string, store: LogStore, now: number, mutesPlumbing = false): Compiled {
  const read = parse(text, { now });
  if (!read.ok) return { ...EVERYTHING, text, error: { column: read.offset, message: read.message } };
  const mutes = mutesPlumbing && !namesChannels(read.query.node);
  const query = mutes ? withoutPlumbing(read.query) : read.query;
  const asked = read.query.text !== '';
  if (!asked && !mutes) return { ...EVERYTHING, text };
  const { since, until } = timeRangeOf(text);
  const parts = asked ? partsOf(text, read.query, store, now) : EVERYTHING.parts;
  return {
    text,
    error: null,
    asked,
    test: bind(query, store),
    parts: mutes ? { ...parts, muted: bind(MUTED, store) } : parts,
    marks: asked ? highlight(read.query) : undefined,
    moves: /\b(?:since|until):(?:-|now)/.test(query.text),
    since: since === null ? null : resolveTime(since, now, undefined),
    until: until === null ? null : resolveTime(until, now, undefined),
    absolute: resolvedText(query),
  };
}

/** `none` counts as asked of the channel, so that the other channels' numbers stay there to come back to. */
function partsOf(text: string, query: Query, store: LogStore, now: number): Parts {
  if (!isNone(text)) return { ...bindParts(query, store), codes: codeTests(query, store) };
  const rest = parse(withoutTerm(text, 'none'), { now });
  const parts = rest.ok ? bindParts(rest.query, store) : { by: {}, rest: null };
  const codes = rest.ok ? codeTests(rest.query, store) : {};
  return { by: { ...parts.by, channel: () => false }, rest: parts.rest, codes: { ...codes, channel: () => false } };
}

/** What is still to be asked of the lines that the tables of codes let pass; null where nothing is. */
export function testAfterTables({ test, parts }: Compiled): Predicate | null {
  if (test === null) return null;
  const { muted } = parts;
  const tests = [muted ? (i: number) => !muted(i) : null, parts.by.time ?? null, parts.rest].filter((one) => one !== null);
  return tests.length ? all(tests) : null;
}
