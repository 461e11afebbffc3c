/** What people call each link. */

import type { LinkKind } from '../../client';

export const LINK_NAMES: Readonly<Record<LinkKind, string>> = {
  direct: 'direct',
  proxy: 'proxy',
  comm: 'widget messages',
};

/** What one should know of it while it is in use. */
export const LINK_NOTES: Readonly<Record<LinkKind, string>> = {
  direct: 'a socket to the orchestrator itself',
  proxy: 'a socket through the Jupyter server',
  comm: 'through the kernel, at most 50 messages a second',
};
