/** What a query asks of single values: told by asking it of one line that has the value and nothing else. */

import { levelNumber } from '../levels';
import { type CodeTest, type DictionaryKind, FACETS, type Facet, type LogColumns } from '../store/columns';
import { bindParts, type Query } from '.';

/** What a query asks of each facet, as tests of the codes that a store's dictionaries have for its values. */
export function codeTests(query: Query, store: Pick<LogColumns, 'names'>): Partial<Record<Facet, CodeTest>> {
  let code = 0;
  const word = (kind: DictionaryKind) => () => (code === 0 ? undefined : store.names(kind)[code]);
  const { by } = bindParts(query, {
    ...EMPTY_LINE,
    level: () => code,
    channel: () => word('channel')() ?? '',
    logger: word('logger'),
    job: word('job'),
    device: word('device'),
    code: () => code,
    names: (kind) => store.names(kind),
  });
  const out: Partial<Record<Facet, CodeTest>> = {};
  for (const facet of FACETS) {
    const test = by[facet];
    if (!test) continue;
    out[facet] = (asked) => {
      code = asked;
      return test(0);
    };
  }
  return out;
}

/** Whether a query excludes lines for their value of a facet alone. */
export function excludesValue(query: Query, facet: Facet, value: string): boolean {
  return bindParts(query, lineWith(facet, value)).by[facet]?.(0) === false;
}

function lineWith(facet: Facet, value: string): LogColumns {
  const word = (kind: string) => (kind === facet ? value : undefined);
  return {
    ...EMPTY_LINE,
    level: () => (facet === 'level' ? levelNumber(value) : 20),
    channel: () => word('channel') ?? '',
    logger: () => word('logger'),
    job: () => word('job'),
    device: () => word('device'),
    code: (kind) => (kind === facet ? 1 : 0),
    names: (kind) => (kind === facet ? ['', value] : ['']),
  };
}

/** A store of one line that says nothing. */
const EMPTY_LINE: LogColumns = {
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
  seen: () => '',
  fields: () => undefined,
  exc: () => undefined,
  code: () => 0,
  names: () => [''],
};
