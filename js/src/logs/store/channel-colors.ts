/** The colours of channels' dots: no two of a page alike while there are colours left. Pure. */

import { cssColor, isNamedColor } from '../../sync/colors';

/**
 * For channels whose own colour another one has already. They differ from each other, from the wire's names, and from both
 * themes' surfaces; red is left out, since it looks like a fault.
 */
const SPARE: readonly string[] = [
  ...['blue', 'yellow', 'green', 'magenta', 'cyan', 'purple'].map(cssColor),
  ...['#f97316', '#0d9488', '#4f46e5', '#84cc16', '#a16207', '#be185d', '#64748b', '#166534'],
];

export class ChannelColors {
  private colors: (string | undefined)[] = [];

  /**
   * The CSS colour for a channel whose entries carry `color`. Channels that came before keep theirs.
   *
   * A colour that is no name of the wire's was given to its channel by somebody, and is kept whoever else has it.
   */
  give(channel: number, name: string, color: string): string {
    const wanted = cssColor(color);
    this.colors[channel] = undefined;
    const taken = new Set(this.colors);
    const isFree = !isNamedColor(color) || !taken.has(wanted);
    const given = isFree ? wanted : (spareFrom(name).find((one) => !taken.has(one)) ?? wanted);
    this.colors[channel] = given;
    return given;
  }

  forget(): void {
    this.colors = [];
  }
}

/** The spare ones, from one on that depends on the name, so that a channel tends to look the same on every page. */
function spareFrom(name: string): string[] {
  let sum = 0;
  for (let i = 0; i < name.length; i++) sum = (sum * 31 + name.charCodeAt(i)) >>> 0;
  const first = sum % SPARE.length;
  return [...SPARE.slice(first), ...SPARE.slice(0, first)];
}
