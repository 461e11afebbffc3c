/** The five levels of the wire, as words and as numbers. */
export const LEVELS = [10, 20, 30, 40, 50] as const;
export const LEVEL_NAMES = ['debug', 'info', 'warn', 'error', 'fatal'] as const;
export type LevelName = (typeof LEVEL_NAMES)[number];

const BY_NAME: Record<string, number> = { debug: 10, info: 20, warn: 30, error: 40, fatal: 50 };

/** 10..50; an unknown word counts as info, since the line itself must never be lost. */
export function levelNumber(name: string): number {
  return BY_NAME[name] ?? 20;
}

/** The wire's word for 10..50. */
export function levelName(level: number): LevelName {
  return LEVEL_NAMES[levelIndex(level)] as LevelName;
}

/** 0..4 for 10..50. */
export function levelIndex(level: number): number {
  return Math.min(4, Math.max(0, ((level / 10) | 0) - 1));
}
