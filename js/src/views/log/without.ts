import type { PaneModel } from './model';
import { compile, terms } from './querying';

/** Lines looked at to say what a query without one of its terms would show: the newest ones. */
const LOOKED = 50_000;
const MAX_TERMS = 6;

/** What the query would show without each of its terms, counted over the newest lines. */
export function hitsWithout(model: PaneModel): { term: string; query: string; count: number }[] {
  const { store } = model;
  return terms(model.text.peek())
    .slice(0, MAX_TERMS)
    .map(({ text: term, without: query }) => {
      const { test, error } = compile(query, store, Date.now());
      let count = 0;
      if (error === null) {
        for (let i = Math.max(0, store.size - LOOKED); i < store.size; i++) if (test === null || test(i)) count++;
      }
      return { term, query, count };
    })
    .sort((a, b) => b.count - a.count);
}
