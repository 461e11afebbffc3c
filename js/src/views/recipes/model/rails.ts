/** The graph beside a list, where there is no room for a picture: rails from row to row. Pure. */

import type { Arc } from './layered';

export interface Rail {
  readonly from: string;
  readonly to: string;
  /** Rows and rails that it goes from and to, and the rail on which it runs between. */
  readonly fromRow: number;
  readonly toRow: number;
  readonly fromRail: number;
  readonly toRail: number;
  readonly rail: number;
}

export interface Rails {
  /** The rail on which each row has its dot. */
  readonly dots: readonly number[];
  readonly rails: readonly Rail[];
  readonly count: number;
}

/** `rows`: the nodes from top to bottom, each after all that lead to it. */
export function railsOf(rows: readonly string[], arcs: readonly Arc[]): Rails {
  const rowOf = new Map(rows.map((name, i) => [name, i]));
  const into = new Map<string, Arc[]>();
  const outOf = new Map<string, Arc[]>();
  for (const arc of arcs) {
    if ((rowOf.get(arc.from) ?? 0) >= (rowOf.get(arc.to) ?? -1)) continue;
    put(into, arc.to, arc);
    put(outOf, arc.from, arc);
  }
  const held: (Arc | null)[] = [];
  const running = new Map<Arc, number>();
  const dots: number[] = [];
  const rails: Rail[] = [];
  for (const [row, name] of rows.entries()) {
    const ends = (into.get(name) ?? []).filter((arc) => running.has(arc));
    const dot = ends.length > 0 ? Math.min(...ends.map((arc) => running.get(arc) as number)) : freeRail(held);
    for (const arc of ends) {
      const rail = running.get(arc) as number;
      const fromRow = rowOf.get(arc.from) as number;
      rails.push({ ...arc, fromRow, toRow: row, fromRail: dots[fromRow] as number, toRail: dot, rail });
      if (held[rail] === arc) held[rail] = null;
    }
    dots.push(dot);
    const next = [...(outOf.get(name) ?? [])].sort((a, b) => (rowOf.get(b.to) as number) - (rowOf.get(a.to) as number));
    for (const [i, arc] of next.entries()) {
      // The one that goes farthest stays on the rail, unless somebody else holds it.
      const rail = i === 0 && held[dot] == null ? dot : freeRail(held);
      held[rail] = arc;
      running.set(arc, rail);
    }
  }
  return { dots, rails, count: Math.max(0, ...dots, ...rails.map((rail) => rail.rail)) + 1 };
}

function put(map: Map<string, Arc[]>, key: string, arc: Arc): void {
  const list = map.get(key);
  if (list === undefined) map.set(key, [arc]);
  else list.push(arc);
}

function freeRail(held: (Arc | null)[]): number {
  const found = held.indexOf(null);
  if (found >= 0) return found;
  held.push(null);
  return held.length - 1;
}
