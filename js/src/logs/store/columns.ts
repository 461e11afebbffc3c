/**
 * What a reader of log lines may ask of a store, column by column and without making row objects.
 *
 * `i` is a position, 0 the oldest line held; positions move when lines are evicted or filled in, seqs never do.
 */
export interface LogColumns {
  readonly size: number;
  seq(i: number): number;
  /** Milliseconds since 1970 UTC, with a fraction. */
  ts(i: number): number;
  /** 10 debug, 20 info, 30 warn, 40 error, 50 fatal. */
  level(i: number): number;
  channel(i: number): string;
  logger(i: number): string | undefined;
  job(i: number): string | undefined;
  step(i: number): string | undefined;
  device(i: number): string | undefined;
  message(i: number): string;
  /** The message as it is seen, as much of it as queries look at. */
  seen(i: number): string;
  fields(i: number): Record<string, unknown> | undefined;
  exc(i: number): string | undefined;
  /** The dictionary code of a line's value; 0 where it has none. */
  code(kind: DictionaryKind, i: number): number;
  /** The values by code; index 0 is the empty string and stands for none. */
  names(kind: DictionaryKind): readonly string[];
}

/** Columns whose values are kept once, in a dictionary, and told by code in a line. In the order of a chunk's code columns. */
export const DICTIONARY_KINDS = ['channel', 'logger', 'job', 'step', 'device'] as const;
export type DictionaryKind = (typeof DICTIONARY_KINDS)[number];

/** Whether the line at a position matches. */
export type Predicate = (i: number) => boolean;

/** Whether lines with this dictionary code (of a level: its number) match. */
export type CodeTest = (code: number) => boolean;

/** What lines are counted by and may be muted by, in the order of the counts. */
export const FACETS = ['level', 'channel', 'logger', 'job', 'device'] as const;
export type Facet = (typeof FACETS)[number];

/** What a filter is taken apart by: the facets, and the time that the histogram shows. */
export const DIMENSIONS = [...FACETS, 'time'] as const;
export type Dimension = (typeof DIMENSIONS)[number];
