import { type Completion, complete } from '../../../logs/query';
import type { DictionaryKind } from '../../../logs/store/columns';
import type { LogStore } from '../../../logs/store/store';

/** Lines whose fields are looked through for names to complete: the newest ones. */
const SAMPLED = 1_000;

/** What could be typed at the caret, with the names that the store's lines have. */
export function completionsOf(text: string, caret: number, store: LogStore): Completion[] {
  const names = (kind: DictionaryKind) => store.names(kind).slice(1);
  const fields = new Set<string>();
  for (let i = Math.max(0, store.size - SAMPLED); i < store.size; i++) {
    for (const name of Object.keys(store.fields(i) ?? {})) fields.add(name);
  }
  return complete(text, caret, {
    channels: names('channel'),
    loggers: names('logger'),
    jobs: names('job').reverse(),
    steps: names('step'),
    devices: names('device'),
    fields: [...fields],
  });
}

/** What of the completions is worth offering: what is already there to the letter is no help. */
export function helpful(completions: readonly Completion[], text: string): Completion[] {
  return completions.filter(({ from, to, insert }) => text.slice(from, to).trim() !== insert.trim());
}

/** Queries that were asked before, in place of the whole text. */
export function recentQueries(recent: readonly string[], text: string): Completion[] {
  return recent.map((query) => ({ from: 0, to: text.length, insert: query, label: query, detail: 'recent', kind: 'value' }));
}
