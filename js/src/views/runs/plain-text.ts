import { parseAnsi } from '../../logs/text/ansi';
import { visible } from '../../logs/text/visible';

const LONGEST = 400;

/** A logged line as it is seen, without its colours. */
export function plainText(message: string): string {
  return visible(parseAnsi(message.slice(0, 4 * LONGEST)).text).slice(0, LONGEST);
}
