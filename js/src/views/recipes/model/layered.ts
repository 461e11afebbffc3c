/** Where the nodes of a graph stand: layers from left to right, lanes from top to bottom, with few crossings. Pure. */

/** An edge from one node to another in a later layer. */
export interface Arc {
  readonly from: string;
  readonly to: string;
}

/** An edge as it goes through the layers: in each one between its ends it has a place of its own. */
export interface Chain {
  readonly arc: Arc;
  /** Names of places: the beginning, one in each layer between, the end. */
  readonly places: readonly string[];
}

export interface Layered {
  /** The places of each layer from top to bottom. */
  readonly layers: readonly (readonly string[])[];
  readonly lanes: ReadonlyMap<string, number>;
  readonly layerOf: ReadonlyMap<string, number>;
  readonly chains: readonly Chain[];
  readonly crossings: number;
}

const SWEEPS = 8;

export function layered(ids: readonly string[], arcs: readonly Arc[], layerOf: ReadonlyMap<string, number>): Layered {
  const places = new Map(ids.map((id) => [id, layerOf.get(id) ?? 0]));
  const chains: Chain[] = [];
  for (const arc of arcs) {
    const [a, b] = [places.get(arc.from), places.get(arc.to)];
    if (a === undefined || b === undefined || b <= a) continue;
    const names = [arc.from];
    for (let layer = a + 1; layer < b; layer++) {
      const name = `${arc.from}→${arc.to}@${layer}`;
      places.set(name, layer);
      names.push(name);
    }
    names.push(arc.to);
    chains.push({ arc, places: names });
  }
  const layers: string[][] = [];
  for (const [name, layer] of places) {
    while (layers.length <= layer) layers.push([]);
    (layers[layer] as string[]).push(name);
  }
  const pairs = chains.flatMap(({ places: names }) => names.slice(1).map((to, i) => [names[i] as string, to] as const));
  const best = fewestCrossings(layers, pairs);
  return { ...best, lanes: lanesOf(best.layers, pairs), layerOf: places, chains };
}

type Pair = readonly [from: string, to: string];

/** Sort each layer by where its neighbours stand, to and fro, and keep the best that was found. */
function fewestCrossings(layers: string[][], pairs: readonly Pair[]): { layers: string[][]; crossings: number } {
  const before = neighbours(pairs.map(([from, to]) => [to, from]));
  const after = neighbours(pairs);
  let best = layers.map((layer) => [...layer]);
  let crossings = crossingsOf(best, pairs);
  const now = best.map((layer) => [...layer]);
  for (let sweep = 0; sweep < SWEEPS && crossings > 0; sweep++) {
    const isDown = sweep % 2 === 0;
    for (let k = 1; k < now.length; k++) {
      const i = isDown ? k : now.length - 1 - k;
      const fixed = now[isDown ? i - 1 : i + 1] as string[];
      sortByMean(now[i] as string[], fixed, isDown ? before : after);
    }
    const found = crossingsOf(now, pairs);
    if (found < crossings) {
      best = now.map((layer) => [...layer]);
      crossings = found;
    }
  }
  return { layers: best, crossings };
}

function neighbours(pairs: readonly Pair[]): Map<string, string[]> {
  const found = new Map<string, string[]>();
  for (const [from, to] of pairs) {
    const list = found.get(from);
    if (list === undefined) found.set(from, [to]);
    else list.push(to);
  }
  return found;
}

function sortByMean(layer: string[], fixed: readonly string[], linked: ReadonlyMap<string, readonly string[]>): void {
  const place = new Map(fixed.map((name, i) => [name, i]));
  const means = new Map(
    layer.map((name, i) => {
      const places = (linked.get(name) ?? []).flatMap((other) => place.get(other) ?? []);
      const mean = places.length === 0 ? i : places.reduce((sum, one) => sum + one, 0) / places.length;
      return [name, mean];
    }),
  );
  layer.sort((a, b) => (means.get(a) as number) - (means.get(b) as number));
}

/** How many pairs of edges between neighbouring layers cross. */
export function crossingsOf(layers: readonly (readonly string[])[], pairs: readonly Pair[]): number {
  const at = new Map<string, readonly [layer: number, place: number]>();
  for (const [layer, names] of layers.entries()) for (const [i, name] of names.entries()) at.set(name, [layer, i]);
  const byLayer = new Map<number, [number, number][]>();
  for (const [from, to] of pairs) {
    const [layer, a] = at.get(from) as readonly [number, number];
    const [, b] = at.get(to) as readonly [number, number];
    const list = byLayer.get(layer) ?? [];
    list.push([a, b]);
    byLayer.set(layer, list);
  }
  let count = 0;
  for (const list of byLayer.values()) {
    for (const [i, [a, b]] of list.entries()) {
      for (const [c, d] of list.slice(i + 1)) if ((a - c) * (b - d) < 0) count++;
    }
  }
  return count;
}

/** A lane for each place, in the order of its layer: that of what leads there where it is free, so that edges are straight. */
function lanesOf(layers: readonly (readonly string[])[], pairs: readonly Pair[]): Map<string, number> {
  const before = neighbours(pairs.map(([from, to]) => [to, from]));
  const lanes = new Map<string, number>();
  for (const layer of layers) {
    const wished = layer.map((name) => {
      const from = (before.get(name) ?? []).flatMap((one) => lanes.get(one) ?? []).sort((a, b) => a - b);
      return from[(from.length - 1) >> 1] ?? null;
    });
    let free = 0;
    for (const [i, name] of layer.entries()) {
      // Room is kept for those below that wish to stand higher than this one does.
      const lane = Math.max(free, Math.min(wished[i] ?? free, roomFor(wished, i)));
      lanes.set(name, lane);
      free = lane + 1;
    }
  }
  return lanes;
}

/** The lowest lane at which place `i` may stand so that all below it can have the lanes that they wish for. */
function roomFor(wished: readonly (number | null)[], i: number): number {
  let room = Number.POSITIVE_INFINITY;
  for (let k = i + 1; k < wished.length; k++) {
    const wish = wished[k];
    if (wish != null && wish >= k - i) room = Math.min(room, wish - (k - i));
  }
  return room;
}
