/** What people type as the arguments of actions and as wishes, as the values that are sent: pure. */

import type { ActionSpec } from '../../sync/messages';
import { get, has, put } from '../../sync/read';

/** What was typed, as a value; `problem` says why it is none. Nothing typed: neither. */
export interface Typed {
  readonly value?: unknown;
  readonly problem?: string;
}

export type Kind = 'integer' | 'number' | 'boolean' | 'text' | 'any';

export const KINDS: Readonly<Record<Kind, string>> = {
  integer: 'a whole number',
  number: 'a number',
  boolean: 'true or false',
  text: 'a text',
  any: 'a number, true, false, or a text; "7" in quotes is a text',
};

export function kindOf(spec: ActionSpec, name: string): Kind {
  const kind = get(spec.types, name);
  return kind !== undefined && has(KINDS, kind) ? (kind as Kind) : 'any';
}

export function read(text: string, kind: Kind): Typed {
  if (kind === 'text') return text === '' ? {} : { value: text };
  const trimmed = text.trim();
  if (trimmed === '') return {};
  if (kind === 'any') return { value: guessed(text, trimmed) };
  if (kind === 'boolean') {
    return trimmed === 'true' || trimmed === 'false' ? { value: trimmed === 'true' } : { problem: KINDS.boolean };
  }
  const number = Number(trimmed);
  const fits = Number.isFinite(number) && (kind === 'number' || Number.isInteger(number));
  return fits ? { value: number } : { problem: KINDS[kind] };
}

/** JSON where it is a number, a truth value, or a text in quotes; else the text as it stands. */
function guessed(text: string, trimmed: string): unknown {
  try {
    const value: unknown = JSON.parse(trimmed);
    if (value !== null && typeof value !== 'object') return value;
  } catch {
    // No JSON: a text that needs no quotes.
  }
  return text;
}

/** A wish for a quantity: of the kind that was observed of it. */
export function readWish(text: string, seen: unknown): Typed {
  const kind = typeof seen === 'number' ? 'number' : typeof seen === 'boolean' ? 'boolean' : 'any';
  return read(text, kind);
}

/** All arguments of an action, as they were typed; or what is wrong with each. */
export function readAll(
  spec: ActionSpec,
  typed: Readonly<Record<string, string>>,
): { readonly args: Record<string, unknown>; readonly problems: Readonly<Record<string, string>> } {
  const args: Record<string, unknown> = {};
  const problems: Record<string, string> = {};
  for (const name of spec.args) {
    const choices = get(spec.choices, name);
    const text = get(typed, name) ?? '';
    const found = choices === undefined ? read(text, kindOf(spec, name)) : chosen(choices, text);
    if (found.problem !== undefined) put(problems, name, found.problem);
    else if ('value' in found) put(args, name, found.value);
    else if (spec.required.includes(name)) put(problems, name, 'needed');
  }
  return { args, problems };
}

/** One of several values, by its place in their list. */
function chosen(choices: readonly unknown[], text: string): Typed {
  return text === '' ? {} : { value: choices[Number(text)] };
}
