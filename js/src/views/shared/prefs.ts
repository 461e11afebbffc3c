/** What a user chose in a view, kept in localStorage under a versioned key; elsewhere nothing is stored. */

import { type Signal, signal } from '@preact/signals';

const VERSION = 1;

export type ChoiceStorage = Pick<Storage, 'getItem' | 'setItem'>;

/** Choices that are kept as they change. */
export function storedChoices<T extends object>(name: string, standard: T): Signal<T> & { set(change: Partial<T>): void } {
  const key = `autobench-nb/${name}`;
  const storage = pageStorage();
  const choices = signal<T>({ ...standard, ...loadChoices(storage, key, standard) });
  return Object.assign(choices, {
    set(change: Partial<T>) {
      choices.value = { ...choices.peek(), ...change };
      saveChoices(storage, key, choices.peek());
    },
  });
}

/** What is stored under a key, as far as it is of this version and has the types of `standard`. */
export function loadChoices<T extends object>(storage: ChoiceStorage | null, key: string, standard: T): Partial<T> {
  let stored: unknown;
  try {
    stored = JSON.parse(storage?.getItem(key) ?? 'null');
  } catch {
    // Not JSON, or a page that may store nothing: the standard will do.
    return {};
  }
  if (typeof stored !== 'object' || stored === null || (stored as { v?: unknown }).v !== VERSION) return {};
  const out: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(standard)) {
    const known = (stored as Record<string, unknown>)[name];
    if (typeof known === typeof value && Array.isArray(known) === Array.isArray(value)) out[name] = known;
  }
  return out as Partial<T>;
}

export function saveChoices(storage: ChoiceStorage | null, key: string, choices: object): void {
  try {
    storage?.setItem(key, JSON.stringify({ v: VERSION, ...choices }));
  } catch {
    // Full or forbidden: the choice lasts as long as the page.
  }
}

/** The page's localStorage; null where the page may not have one. */
export function pageStorage(): Storage | null {
  try {
    return globalThis.localStorage ?? null;
  } catch {
    // Reading the property itself throws where a page may keep nothing.
    return null;
  }
}
