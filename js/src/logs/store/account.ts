import type { ServerRange } from '../rows/rows';
import { gapsWithin, gapTotal } from './gaps';
import type { LogStore } from './store';

/**
 * Where the lines are that were ever written: each is in exactly one of these places, so that they add up.
 *
 * `page + ring + lost + withheld = written`; what is held somewhere is `page + ring`.
 */
export interface Account {
  /** Held by this page. */
  readonly page: number;
  /** No longer or not yet held by this page, but by the server's ring: they can be fetched. */
  readonly ring: number;
  /** Held by nobody any more. */
  readonly lost: number;
  /** Not for this page: the server was told not to send their channel or their level. */
  readonly withheld: number;
  readonly written: number;
}

/** The account of a page's lines; `server` is what the server still holds, null where that is not known. */
export function accountOf(store: LogStore, server: ServerRange | null): Account {
  const { gaps, size: page, nextSeq: written } = store;
  const absent = gapTotal(gaps);
  const lost = server ? gapTotal(gapsWithin(gaps, 0, server.first)) : 0;
  return { page, ring: absent - lost, lost, withheld: Math.max(0, written - page - absent), written };
}
