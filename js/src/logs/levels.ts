/** The five levels of the wire, as words and as numbers: the one place where they are written in TypeScript. */
import type { LevelName } from '../sync/messages';

export type { LevelName };

/** From the lowest to the highest. */
export const LEVEL_NAMES = ['debug', 'info', 'warn', 'error', 'fatal'] as const satisfies readonly LevelName[];

const BY_NAME = new Map<string, number>(LEVEL_NAMES.map((name, index) => [name, 10 * (index + 1)]));

/** 10..50; an unknown word counts as info, since the line itself must never be lost. */
export function levelNumber(name: string): number {
  return BY_NAME.get(name) ?? 20;
}

/** The wire's word for 10..50. */
export function levelName(level: number): LevelName {
  return LEVEL_NAMES[levelIndex(level)] as LevelName;
}

/** 0..4 for 10..50. */
export function levelIndex(level: number): number {
  return Math.min(4, Math.max(0, ((level / 10) | 0) - 1));
}

const ALIASES: Readonly<Record<string, LevelName>> = { warning: 'warn', critical: 'fatal' };

/** The level that a user's word means, in any case and by its other names too; null for any other word. */
export function levelNamed(word: string): number | null {
  const name = word.toLowerCase();
  return BY_NAME.get(Object.hasOwn(ALIASES, name) ? (ALIASES[name] as LevelName) : name) ?? null;
}
