/** The graph in px: boxes of nodes, and edges that run along lines and bend at right angles. Pure. */

import type { Layered } from './layered';
import { SMALL_LETTER } from './letters';

export interface Sizes {
  readonly width: number;
  readonly height: number;
  /** Between each layer and the next. */
  readonly gaps: readonly number[];
  /** How much of each gap words at the ends of edges take. */
  readonly words: readonly number[];
  readonly gapY: number;
}

export interface Box {
  readonly x: number;
  readonly y: number;
}

export interface Route {
  readonly from: string;
  readonly to: string;
  readonly path: string;
  /** Where the edge ends: its arrow's tip. */
  readonly tip: Box;
}

export interface Picture {
  readonly boxes: ReadonlyMap<string, Box>;
  readonly routes: readonly Route[];
  readonly width: number;
  readonly height: number;
}

const HEIGHT = 42;
const GAP_X = 52;
const GAP_Y = 16;
const NARROWEST = 116;
const WIDEST = 156;
const PAD = 4;
const BEND = 5;
/** As far from a node as the first and last vertical lines of a gap. */
const MARGIN = 10;
const ARROW = 6;

/** Px of a bold letter in a node, rather too many. */
const NAME_LETTER = 7.6;
/** What a node needs besides its name, in px. */
const SIGN = 38;
/** From the words of an edge to its tip, and to the lines before them. */
const BESIDE_WORDS = 14;
/** What the lines of a gap need besides words. */
const LINES = 16;

export interface SizesAsked {
  readonly room: number;
  readonly graph: Layered;
  readonly names: readonly string[];
  /** By node: what may stand beside the edges that lead to it. */
  readonly labels: ReadonlyMap<string, string>;
}

/** Nodes as wide as the room allows, but for their names; gaps so wide that words beside edges stand whole. */
export function sizesFor({ room, graph, names, labels }: SizesAsked): Sizes {
  const layers = graph.layers.length;
  const words: number[] = Array.from({ length: Math.max(0, layers - 1) }, () => 0);
  for (const [to, label] of labels) {
    const gap = (graph.layerOf.get(to) ?? 0) - 1;
    if (gap >= 0 && label) words[gap] = Math.max(words[gap] ?? 0, label.length * SMALL_LETTER + BESIDE_WORDS);
  }
  const gaps = words.map((one) => Math.max(GAP_X, one === 0 ? 0 : MARGIN + LINES + one));
  const free = room - 2 * PAD - gaps.reduce((sum, gap) => sum + gap, 0);
  const longest = Math.max(0, ...names.map((name) => name.length)) * NAME_LETTER + SIGN;
  const least = Math.min(WIDEST, Math.max(NARROWEST, Math.ceil(longest)));
  const width = Math.floor(free / Math.max(1, layers));
  return { width: Math.max(least, Math.min(WIDEST, width)), height: HEIGHT, gaps, words, gapY: GAP_Y };
}

export function pictureOf(graph: Layered, isNode: (name: string) => boolean, sizes: Sizes): Picture {
  const lefts = [PAD];
  for (const [layer, gap] of sizes.gaps.entries()) lefts.push((lefts[layer] as number) + sizes.width + gap);
  const x = (layer: number) => lefts[layer] ?? PAD;
  const y = (lane: number) => PAD + lane * (sizes.height + sizes.gapY);
  const middle = (name: string) => y(graph.lanes.get(name) as number) + sizes.height / 2;
  const boxes = new Map<string, Box>();
  for (const [name, lane] of graph.lanes) {
    if (isNode(name)) boxes.set(name, { x: x(graph.layerOf.get(name) as number), y: y(lane) });
  }
  const tracks = tracksOf(graph);
  const routes = graph.chains.map(({ arc, places }): Route => {
    const points: Box[] = [];
    for (let i = 0; i + 1 < places.length; i++) {
      const [from, to] = [places[i] as string, places[i + 1] as string];
      const layer = graph.layerOf.get(from) as number;
      const [left, right] = [x(layer) + sizes.width, x(layer + 1)];
      // Lines that go up or down stay beside the words of the gap.
      const lines = right - left - (sizes.words[layer] || MARGIN + ARROW) - MARGIN;
      const track = left + MARGIN + (tracks.get(trackKey(layer, arc.from, from, to)) ?? 0) * lines;
      points.push({ x: left, y: middle(from) }, { x: track, y: middle(from) }, { x: track, y: middle(to) });
      points.push({ x: right, y: middle(to) });
    }
    const tip = points[points.length - 1] as Box;
    return { from: arc.from, to: arc.to, path: bentPath(points), tip };
  });
  const lanes = Math.max(0, ...graph.lanes.values()) + 1;
  return {
    boxes,
    routes,
    width: x(graph.layers.length - 1) + sizes.width + PAD,
    height: y(lanes - 1) + sizes.height + PAD,
  };
}

function trackKey(layer: number, source: string, from: string, to: string): string {
  return `${layer} ${from === source ? source : `${from} ${to}`}`;
}

/** Where between two layers each edge that changes its lane runs up or down, 0 to 1: those of one node share a line. */
function tracksOf(graph: Layered): Map<string, number> {
  const byLayer = new Map<number, Map<string, { from: number; to: number }>>();
  for (const { arc, places } of graph.chains) {
    for (let i = 0; i + 1 < places.length; i++) {
      const [a, b] = [places[i] as string, places[i + 1] as string];
      const [from, to] = [graph.lanes.get(a) as number, graph.lanes.get(b) as number];
      if (from === to) continue;
      const layer = graph.layerOf.get(a) as number;
      const lines = byLayer.get(layer) ?? new Map<string, { from: number; to: number }>();
      const key = trackKey(layer, arc.from, a, b);
      const before = lines.get(key);
      lines.set(key, { from, to: before === undefined ? to : Math.max(before.to, to) });
      byLayer.set(layer, lines);
    }
  }
  const tracks = new Map<string, number>();
  for (const lines of byLayer.values()) {
    // Of those that go down the lowest turns first, of those that go up the highest: so they do not cross each other.
    const sorted = [...lines].sort(([, a], [, b]) => turnOf(a) - turnOf(b));
    for (const [i, [key]] of sorted.entries()) tracks.set(key, sorted.length === 1 ? 0.3 : i / (sorted.length - 1));
  }
  return tracks;
}

function turnOf(line: { from: number; to: number }): number {
  return line.to > line.from ? -line.from : line.from;
}

/** A path along points, with round corners; points on one line are one stroke. */
export function bentPath(points: readonly Box[]): string {
  const turns = points.filter((point, i) => {
    const [a, b] = [points[i - 1], points[i + 1]];
    if (a === undefined || b === undefined) return true;
    return !((a.x === point.x && b.x === point.x) || (a.y === point.y && b.y === point.y));
  });
  return turns
    .map((point, i) => {
      const [a, b] = [turns[i - 1], turns[i + 1]];
      if (a === undefined) return `M${xy(point)}`;
      if (b === undefined) return `H${round(point.x - ARROW + 1)}`;
      const reach = Math.min(BEND, distance(a, point) / 2, distance(point, b) / 2);
      return `L${xy(towards(point, a, reach))}Q${xy(point)} ${xy(towards(point, b, reach))}`;
    })
    .join('');
}

function distance(a: Box, b: Box): number {
  return Math.abs(a.x - b.x) + Math.abs(a.y - b.y);
}

function towards(point: Box, other: Box, reach: number): Box {
  return { x: point.x + Math.sign(other.x - point.x) * reach, y: point.y + Math.sign(other.y - point.y) * reach };
}

function xy({ x, y }: Box): string {
  return `${round(x)} ${round(y)}`;
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
