/** What else could be asked where a query shows nothing. */

import { LEVEL_NAMES } from '../../../logs/levels';
import { withoutTerm } from '../../../logs/query';
import { printValue } from '../../../logs/query/ast';
import { QueryFault } from '../../../logs/query/fault';
import { QueryReader } from '../../../logs/query/parse';
import type { Facet } from '../../../logs/store/columns';
import type { LogStore } from '../../../logs/store/store';
import { compile } from '../model/compile';

/** Lines that are counted: the newest ones, few enough for a dozen queries in one picture. */
export const COUNTED = 20_000;
/** Queries of each kind at most. */
const MAX_QUERIES = 6;
/** What a word may be the name of, the likeliest first. */
const KINDS: readonly Facet[] = ['level', 'channel', 'device', 'job', 'logger'];

/** Another query: without one of the terms (`drop`), or with one that asks for a name instead of a text (`ask`). */
export interface Suggestion {
  readonly how: 'ask' | 'drop';
  readonly term: string;
  readonly query: string;
  /** How many of the newest lines it shows. */
  readonly count: number;
}

/** Queries near one that shows nothing, counted over the newest lines; those that show most first. */
export function suggestionsFor(text: string, store: LogStore, mutesPlumbing = false): Suggestion[] {
  const terms = termsOf(text);
  const counted = ({ term, query }: NearQuery, how: 'ask' | 'drop') => ({
    how,
    term,
    query,
    count: countNewest(query, store, mutesPlumbing),
  });
  const byCount = (a: Suggestion, b: Suggestion) => b.count - a.count;
  const asks = askingForNames(text, terms, store).slice(0, MAX_QUERIES);
  const drops = terms.length > 1 ? terms.slice(0, MAX_QUERIES) : [];
  return [
    ...asks
      .map((query) => counted(query, 'ask'))
      .filter(({ count }) => count > 0)
      .sort(byCount),
    ...drops.map(({ term }) => counted({ term, query: withoutTerm(text, term) }, 'drop')).sort(byCount),
  ];
}

interface NearQuery {
  readonly term: string;
  readonly query: string;
}

function countNewest(query: string, store: LogStore, mutesPlumbing: boolean): number {
  const { test, error } = compile(query, store, Date.now(), mutesPlumbing);
  if (error !== null) return 0;
  let count = 0;
  for (let i = Math.max(0, store.size - COUNTED); i < store.size; i++) if (test === null || test(i)) count++;
  return count;
}

/** A term that must match, and where in the text it stands. */
interface PlacedTerm {
  readonly term: string;
  readonly from: number;
  readonly to: number;
}

function termsOf(text: string): PlacedTerm[] {
  const reader = new QueryReader(text);
  try {
    reader.read();
  } catch (error) {
    if (error instanceof QueryFault) return [];
    throw error;
  }
  return reader.topTerms.map(({ from, to }) => ({ term: text.slice(from, to), from, to }));
}

/** Queries that ask for what has the name that a word is; the last one does so for every word that is a name. */
function askingForNames(text: string, terms: readonly PlacedTerm[], store: LogStore): NearQuery[] {
  const replaced = (changes: readonly PlacedTerm[]): NearQuery => ({
    term: changes.map(({ term }) => term).join(' '),
    query: changes.reduceRight((left, { from, to, term }) => left.slice(0, from) + term + left.slice(to), text),
  });
  const meanings = terms.map(({ term: word, from, to }) =>
    KINDS.flatMap((kind) =>
      (kind === 'level' ? LEVEL_NAMES : store.names(kind))
        .filter((name) => name.toLowerCase() === word.toLowerCase())
        .map((name): PlacedTerm => ({ from, to, term: `${kind}:${printValue(name)}` })),
    ),
  );
  const likeliest = meanings.flatMap(([meaning]) => (meaning ? [meaning] : []));
  return [...meanings.flat().map((one) => replaced([one])), ...(likeliest.length > 1 ? [replaced(likeliest)] : [])];
}
