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
  fields(i: number): Record<string, unknown> | undefined;
  exc(i: number): string | undefined;
  /** The dictionary code of a line's value; 0 where it has none. */
  code(kind: DictionaryKind, i: number): number;
  /** The values by code; index 0 is the empty string and stands for none. */
  names(kind: DictionaryKind): readonly string[];
}

export type DictionaryKind = 'channel' | 'logger' | 'job' | 'step' | 'device';
