/** What the facets read from the query line and write into it. */

import { LEVEL_NAMES } from '../../../logs/levels';
import { facetTerms, isNone, mute, parse, setOnly, showAll } from '../../../logs/query';
import { excludesValue } from '../../../logs/query/value-test';
import type { Facet } from '../../../logs/store/columns';

/** Whether the query asks anything of a facet. */
export function asksOf(text: string, facet: Facet): boolean {
  const { only, muted, more } = facetTerms(text, facet);
  return only !== null || muted.length > 0 || more || (facet === 'channel' && isNone(text));
}

/** Which values of a facet the query hides the lines of. */
export function hiddenBy(text: string, facet: Facet): (value: string) => boolean {
  if (facet === 'channel' && isNone(text)) return () => true;
  if (!asksOf(text, facet)) return () => false;
  const { only, muted, more } = facetTerms(text, facet);
  if (!more) return (value) => muted.includes(value) || (only !== null && !only.includes(value));
  const read = parse(text);
  if (!read.ok) return () => false;
  return (value) => excludesValue(read.query, facet, value);
}

/** The query that hides a value, or shows it again where it is hidden. */
export function toggleValue(text: string, facet: Facet, value: string): string {
  if (facet === 'channel' && isNone(text)) return setOnly(text, facet, [value]);
  if (!facetTerms(text, facet).more) return mute(text, facet, value);
  const isHidden = hiddenBy(text, facet);
  if (facet !== 'level') return isHidden(value) ? setOnly(text, facet, [value]) : mute(text, facet, value);
  const shown = LEVEL_NAMES.filter((name) => isHidden(name) === (name === value));
  return shown.length === LEVEL_NAMES.length ? showAll(text, facet) : setOnly(text, facet, shown);
}
