import type { PaneModel } from '../model/model';
import { compile, named, terms } from '../model/querying';

/** Lines looked at to say what another query would show: the newest ones, few enough for a dozen queries in one picture. */
export const LOOKED = 20_000;
const MAX_WAYS = 6;

/** Another query, in words: without one of the terms, or with one that asks for a name instead of a text. */
export interface Way {
  readonly how: 'ask' | 'drop';
  readonly term: string;
  readonly query: string;
  readonly count: number;
}

/** Queries near the one that shows nothing, counted over the newest lines; those that show most first. */
export function waysOut(model: PaneModel): Way[] {
  const { store } = model;
  const text = model.text.peek();
  const counted = (query: string): number => {
    const { test, error } = compile(query, store, Date.now());
    if (error !== null) return 0;
    let count = 0;
    for (let i = Math.max(0, store.size - LOOKED); i < store.size; i++) if (test === null || test(i)) count++;
    return count;
  };
  const all = terms(text);
  const asks = named(text, store).slice(0, MAX_WAYS);
  const drops = all.length > 1 ? all.slice(0, MAX_WAYS) : [];
  const byCount = (a: Way, b: Way) => b.count - a.count;
  return [
    ...asks
      .map(({ text: term, query }): Way => ({ how: 'ask', term, query, count: counted(query) }))
      .filter(({ count }) => count > 0)
      .sort(byCount),
    ...drops.map(({ text: term, without: query }): Way => ({ how: 'drop', term, query, count: counted(query) })).sort(byCount),
  ];
}
