/** What a user chose in a view, kept in localStorage under a versioned key; elsewhere nothing is stored. */

import { type Signal, signal } from '@preact/signals';

const VERSION = 1;

/** Choices that are kept as they change. What is stored and does not have the type of `standard` is not believed. */
export function kept<T extends object>(name: string, standard: T): Signal<T> & { set(change: Partial<T>): void } {
  const key = `autobench-nb/${name}`;
  const choices = signal<T>({ ...standard, ...load(key, standard) });
  return Object.assign(choices, {
    set(change: Partial<T>) {
      choices.value = { ...choices.peek(), ...change };
      save(key, choices.peek());
    },
  });
}

function load<T extends object>(key: string, standard: T): Partial<T> {
  const out: Record<string, unknown> = {};
  let stored: unknown;
  try {
    stored = JSON.parse(localStorage.getItem(key) ?? 'null');
  } catch {
    // Not JSON, or a page that may store nothing: the standard will do.
    return {};
  }
  if (typeof stored !== 'object' || stored === null || (stored as { v?: unknown }).v !== VERSION) return {};
  for (const [name, value] of Object.entries(standard)) {
    const known = (stored as Record<string, unknown>)[name];
    if (typeof known === typeof value && Array.isArray(known) === Array.isArray(value)) out[name] = known;
  }
  return out as Partial<T>;
}

function save(key: string, value: object): void {
  try {
    localStorage.setItem(key, JSON.stringify({ v: VERSION, ...value }));
  } catch {
    // Full or forbidden: the choice lasts as long as the page.
  }
}
