/** What the orchestrator says of its own plumbing: of interest where a link fails, and in the way of everybody else. */

import { parse, type Query } from '../../../logs/query';
import type { Node } from '../../../logs/query/ast';

/** The channels of requests and of clients that come and go. */
export const PLUMBING: readonly string[] = ['request', 'websocket'];

/** The plumbing's lines that are muted until somebody wants them. Its warnings and errors are not. */
export const MUTED: Query = read(`channel:${PLUMBING.join(',')} level<warn`);

/** A query without the plumbing's lines. */
export function withoutPlumbing(query: Query): Query {
  const { node } = query;
  const terms = node.kind === 'and' ? node.nodes : [node];
  return { ...query, node: { kind: 'and', nodes: [...terms, { kind: 'not', node: MUTED.node }] } };
}

/** Whether a query names channels that it wants: whoever does gets what they ask for. */
export function namesChannels(node: Node): boolean {
  if (node.kind === 'and' || node.kind === 'or') return node.nodes.some(namesChannels);
  return node.kind === 'match' && node.field === 'channel';
}

function read(text: string): Query {
  const parsed = parse(text, { now: 0 });
  if (!parsed.ok) throw new Error(parsed.message);
  return parsed.query;
}
