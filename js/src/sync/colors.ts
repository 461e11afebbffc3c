/** The names of colours that log entries carry, as colours. */

import { COLORS } from './messages';

const CSS: ReadonlyMap<string, string> = new Map(Object.entries(COLORS));

/** The CSS colour for an entry's `color`: what the wire's names look like, or the colour that it is itself. */
export function cssColor(color: string): string {
  return CSS.get(color) ?? color;
}

/** Whether it is one of the wire's names; else somebody has chosen it. */
export function isNamedColor(color: string): boolean {
  return CSS.has(color);
}
