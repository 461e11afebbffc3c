/** What people call each link. */

import type { Client, LinkKind } from '../../client';

export const LINK_NAMES: Readonly<Record<LinkKind, string>> = {
  direct: 'direct',
  proxy: 'proxy',
  comm: 'widget messages',
};

/** The same for the badge, which also tells who carries them. */
export function badgeName(client: Client, kind: LinkKind): string {
  return kind === 'comm' && client.relayed.value ? 'widget messages by a client' : LINK_NAMES[kind];
}

/** What one should know of it while it is in use. */
export function linkNote(client: Client, kind: LinkKind): string {
  if (kind === 'direct') return 'a socket to the orchestrator itself';
  if (kind === 'proxy') return 'a socket through the Jupyter server';
  const way = client.relayed.value ? 'through this notebook’s client' : 'through the kernel';
  return `${way}, at most 50 messages a second`;
}
