import type { JSX } from 'preact';
import type { Client } from '../../client';
import { clock } from '../shared/format';

/** Of when it is what is still shown; nothing while the link stands, or before anything was heard. */
export function LastSeen({ client }: { client: Client }): JSX.Element | null {
  const seen = client.lastSeen.value;
  return seen === null ? null : <span class="ab-num ab-muted ab-last-seen">last seen {clock(seen)}</span>;
}
