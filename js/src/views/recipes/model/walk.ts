/** Where a key leads from a node: along edges to the right and left, to neighbours of its layer up and down. Pure. */

import type { Arc } from './layered';

export interface Walkable {
  /** All nodes in their order. */
  readonly order: readonly string[];
  readonly arcs: readonly Arc[];
  readonly layerOf: ReadonlyMap<string, number>;
  readonly laneOf: ReadonlyMap<string, number>;
}

/** The node that a key leads to; null where the key is none of ours, or leads nowhere. */
export function stepTo(key: string, here: string, graph: Walkable, isList: boolean): string | null {
  const { order } = graph;
  const i = order.indexOf(here);
  switch (key) {
    case 'Home':
      return order[0] ?? null;
    case 'End':
      return order[order.length - 1] ?? null;
    case 'ArrowRight':
      return nearest(
        here,
        graph.arcs.flatMap((arc) => (arc.from === here ? arc.to : [])),
        graph,
      );
    case 'ArrowLeft':
      return nearest(
        here,
        graph.arcs.flatMap((arc) => (arc.to === here ? arc.from : [])),
        graph,
      );
    case 'ArrowDown':
      return isList ? (order[i + 1] ?? null) : beside(here, 1, graph);
    case 'ArrowUp':
      return isList ? (order[i - 1] ?? null) : beside(here, -1, graph);
    default:
      return null;
  }
}

/** Of several nodes the one whose lane is nearest. */
function nearest(here: string, names: readonly string[], { laneOf, layerOf }: Walkable): string | null {
  const away = (name: string) =>
    10 * Math.abs((laneOf.get(name) ?? 0) - (laneOf.get(here) ?? 0)) +
    Math.abs((layerOf.get(name) ?? 0) - (layerOf.get(here) ?? 0));
  return names.reduce<string | null>((best, name) => (best === null || away(name) < away(best) ? name : best), null);
}

/** The next node of the same layer; beyond its end the nearest of any layer in that direction. */
function beside(here: string, step: 1 | -1, { order, laneOf, layerOf }: Walkable): string | null {
  const [lane, layer] = [laneOf.get(here) ?? 0, layerOf.get(here) ?? 0];
  let best: string | null = null;
  let least = Number.POSITIVE_INFINITY;
  for (const name of order) {
    const down = ((laneOf.get(name) ?? 0) - lane) * step;
    if (down <= 0) continue;
    const away = Math.abs((layerOf.get(name) ?? 0) - layer) * 100 + down;
    if (away < least) [best, least] = [name, away];
  }
  return best;
}
