import { Fragment, type JSX } from 'preact';
import { useLayoutEffect, useMemo, useRef, useState } from 'preact/hooks';
import { visible } from '../../logs/text/visible';
import { useWidth } from '../shared/width';
import type { RecipeFace } from './model/face';
import type { Drawn } from './model/folded';
import type { Forecast } from './model/forecast';
import { layered } from './model/layered';
import { type LinkState, labelRoom, ledOnlyBy, linkLabel, linkState } from './model/links';
import { countOf, type StepNode, settledOf } from './model/nodes';
import { type Box, type Picture, pictureOf, type Sizes, sizesFor } from './model/picture';
import { railsOf } from './model/rails';
import { stepTo, type Walkable } from './model/walk';
import { aboutNode, nodeText, rowText, SIGNS } from './model/words';

/** Below it there is no room for a picture: rails beside a list. */
const NARROW = 560;
/** With less room than so many px a picture that would be cut at its edges is such a list, too. */
const NOT_WIDE = 900;

export interface GraphProps {
  face: RecipeFace;
  drawn: Drawn;
  chosen: string | null;
  future: Forecast;
  now: number;
  onChoose(node: StepNode): void;
}

/** The steps and what follows what: a picture, or where there is little room rails beside a list. */
export function Graph(props: GraphProps): JSX.Element {
  const { drawn, chosen, onChoose } = props;
  const outer = useRef<HTMLDivElement>(null);
  const width = useWidth(outer);
  const graph = useMemo(
    () =>
      layered(
        drawn.nodes.map((node) => node.key),
        drawn.links,
        drawn.layers,
      ),
    [drawn.nodes.map((node) => node.key).join('\n'), drawn.links.length],
  );
  const [current, setCurrent] = useState<string | null>(null);
  const order = drawn.nodes.map((node) => node.key);
  const here = [current, chosen, order[0]].find((key) => key != null && order.includes(key)) ?? null;
  const names = drawn.nodes.map((node) => node.name);
  const sizes = sizesFor({ room: width - 24, graph, names, labels: labelRoom(drawn.links) });
  const picture = pictureOf(graph, (name) => order.includes(name), sizes);
  const isList = width < NARROW || (width < NOT_WIDE && picture.width > width - 24);
  const walk: Walkable = { order, arcs: drawn.links, layerOf: graph.layerOf, laneOf: graph.lanes };
  const onKeyDown = (event: KeyboardEvent) => {
    if (here === null || event.altKey || event.ctrlKey || event.metaKey) return;
    const to = stepTo(event.key, here, walk, isList);
    if (to === null && !event.key.startsWith('Arrow')) return;
    event.preventDefault();
    event.stopPropagation();
    if (to === null) return;
    setCurrent(to);
    outer.current?.querySelector<HTMLElement>(`[data-node="${CSS.escape(to)}"]`)?.focus();
  };
  const choose = (node: StepNode) => {
    setCurrent(node.key);
    onChoose(node);
  };
  const others = useMemo(() => ledOnlyBy(drawn.links), [drawn.links]);
  const shared = { ...props, here, choose, others };
  return (
    <div
      ref={outer}
      class="ab-rec-graph"
      role="group"
      aria-label={`Steps, ${drawn.nodes.length} in the graph`}
      onKeyDown={onKeyDown}
    >
      {width === 0 ? null : isList ? (
        <List {...shared} width={width} />
      ) : (
        <Canvas {...shared} picture={picture} sizes={sizes} />
      )}
      <Legend isList={isList} />
    </div>
  );
}

interface ShownProps extends GraphProps {
  here: string | null;
  /** By node that only another outcome leads to: which. */
  others: ReadonlyMap<string, string>;
  choose(node: StepNode): void;
}

const CLASSES: Readonly<Record<LinkState, string>> = {
  taken: 'ab-rec-edge-taken',
  bad: 'ab-rec-edge-bad',
  next: 'ab-rec-edge-next',
  other: 'ab-rec-edge-other',
};

function Canvas({ drawn, picture, sizes, ...props }: ShownProps & { picture: Picture; sizes: Sizes }): JSX.Element {
  const scroller = useRef<HTMLDivElement>(null);
  // Where the picture is wider than the view, what goes on is seen at first.
  useLayoutEffect(() => {
    const active = drawn.nodes.find((node) => node.standing === 'asks' || node.tally.active.length > 0);
    const box = active && picture.boxes.get(active.key);
    const el = scroller.current;
    if (el && box && box.x + sizes.width > el.clientWidth) el.scrollLeft = box.x - el.clientWidth / 2;
  }, []);
  const byKey = new Map(drawn.nodes.map((node) => [node.key, node]));
  const links = new Map(drawn.links.map((link) => [`${link.from} ${link.to}`, link]));
  const edges = picture.routes.flatMap((route) => {
    const link = links.get(`${route.from} ${route.to}`);
    const from = byKey.get(route.from);
    return link === undefined || from === undefined
      ? []
      : [{ route, state: linkState(link, from), label: linkLabel(link, from) }];
  });
  const rank: readonly LinkState[] = ['other', 'next', 'taken', 'bad'];
  // What leads to one node ends in one tip: its words stand beside each other, each one once.
  const labels = new Map<string, { tip: Box; words: Map<string, LinkState> }>();
  edges.sort((a, b) => rank.indexOf(a.state) - rank.indexOf(b.state));
  for (const { route, state, label } of edges) {
    const known = labels.get(route.to) ?? { tip: route.tip, words: new Map() };
    for (const word of label.split(', ').filter(Boolean)) known.words.set(word, state);
    if (known.words.size > 0) labels.set(route.to, known);
  }
  return (
    <div class="ab-rec-scroll" ref={scroller}>
      <div class="ab-rec-canvas" style={{ width: `${picture.width}px`, height: `${picture.height}px` }}>
        <svg width={picture.width} height={picture.height} aria-hidden="true">
          {edges.map(({ route, state }) => (
            <g key={`${route.from} ${route.to}`} class={CLASSES[state]}>
              <path class="ab-rec-edge" d={route.path} />
              <path class="ab-rec-tip" d={`M${route.tip.x - 6} ${route.tip.y - 3.5}l6 3.5l-6 3.5z`} />
            </g>
          ))}
          {[...labels].map(([to, { tip, words }]) => (
            <text key={to} class="ab-rec-edge-label" x={tip.x - 8} y={tip.y - 5} text-anchor="end">
              {[...words].map(([label, state], i) => (
                <tspan key={label} class={CLASSES[state]}>
                  {i > 0 && ', '}
                  {label}
                </tspan>
              ))}
            </text>
          ))}
        </svg>
        {drawn.nodes.map((node) => {
          const box = picture.boxes.get(node.key);
          if (box === undefined) return null;
          const style = { left: `${box.x}px`, top: `${box.y}px`, width: `${sizes.width}px`, height: `${sizes.height}px` };
          return <NodeButton key={node.key} {...props} node={node} style={style} class="ab-rec-node" />;
        })}
      </div>
    </div>
  );
}

interface NodeProps extends Omit<ShownProps, 'drawn'> {
  node: StepNode;
  class: string;
  style?: Record<string, string>;
  /** What it took, or what is about left: of a row, where it has so many px of room for it. */
  took?: string;
  room?: number;
}

function NodeButton({ node, here, chosen, now, choose, style, others, took = '', room = 0, ...props }: NodeProps): JSX.Element {
  const other = node.standing === 'waiting' && others.get(node.key);
  const text = other ? `on ${other}` : visible(nodeText(node, now));
  const hasRoom = (node.name.length + Math.max(LEAST_TEXT, text.length) + took.length) * LETTER < room;
  const share = node.tally.total > 1 ? settledOf(node.tally) / node.tally.total : shareOf(node);
  return (
    <button
      type="button"
      class={`ab-plain ${props.class} ab-rec-is-${node.standing}${node.key === chosen ? ' ab-rec-chosen' : ''}`}
      data-node={node.key}
      style={style}
      tabIndex={node.key === here ? 0 : -1}
      aria-pressed={node.key === chosen}
      title={`${visible(node.name)}: ${text}`}
      onClick={() => choose(node)}
    >
      <span class="ab-rec-sign" aria-hidden="true">
        {SIGNS[node.standing]}
      </span>
      <span class="ab-rec-name">{visible(node.name)}</span>
      <span class="ab-hidden">{aboutNode(node, text)}</span>
      <span class="ab-rec-text ab-num">
        {text.split('✗').map((part, i) => (
          <Fragment key={part}>
            {i > 0 && (
              <>
                <span aria-hidden="true">✗</span>
                <span class="ab-hidden">failed</span>
              </>
            )}
            {part}
          </Fragment>
        ))}
      </span>
      {took && took !== text && hasRoom && <span class="ab-rec-row-took ab-num">{took}</span>}
      {share > 0 && countOf(node.tally, ['running', 'retrying', 'queued', 'waiting']) > 0 && (
        <i class="ab-rec-share" style={{ width: `${100 * share}%` }} />
      )}
    </button>
  );
}

/** How far one running step is, by its repetitions. */
function shareOf(node: StepNode): number {
  const [step] = node.tally.active;
  const repeat = node.plan.repeat ?? 1;
  return step === undefined || repeat < 2 ? 0 : Math.min(1, (step.done ?? 0) / repeat);
}

/** Px of a letter in a row, rather too many, and of what a row has besides words. */
const LETTER = 7.5;
const LEAST_TEXT = 6;
const ROW_PAD = 44;
const RAIL = 12;
const ROW = 24;

function List({ drawn, width, ...props }: ShownProps & { width: number }): JSX.Element {
  const keys = drawn.nodes.map((node) => node.key);
  const { dots, rails, count } = useMemo(() => railsOf(keys, drawn.links), [keys.join('\n'), drawn.links.length]);
  const byKey = new Map(drawn.nodes.map((node) => [node.key, node]));
  const links = new Map(drawn.links.map((link) => [`${link.from} ${link.to}`, link]));
  const x = (rail: number) => 8 + rail * RAIL;
  const room = width - 24 - x(count - 1) - 8 - ROW_PAD;
  const y = (row: number) => ROW / 2 + row * ROW;
  return (
    <div class="ab-rec-rails">
      <svg width={x(count - 1) + 8} height={ROW * keys.length} aria-hidden="true">
        {rails.map((rail) => {
          const link = links.get(`${rail.from} ${rail.to}`);
          const from = byKey.get(rail.from);
          const state = link === undefined || from === undefined ? 'other' : linkState(link, from);
          const path = railPath(x(rail.fromRail), y(rail.fromRow), x(rail.rail), x(rail.toRail), y(rail.toRow));
          return <path key={`${rail.from} ${rail.to}`} class={`ab-rec-edge ${CLASSES[state]}`} d={path} />;
        })}
        {drawn.nodes.map((node, row) => (
          <circle key={node.key} class={`ab-rec-dot ab-rec-is-${node.standing}`} cx={x(dots[row] ?? 0)} cy={y(row)} r={4} />
        ))}
      </svg>
      <div class="ab-rec-rows">
        {drawn.nodes.map((node) => (
          <NodeButton
            key={node.key}
            {...props}
            node={node}
            class="ab-rec-row"
            style={{ height: `${ROW}px` }}
            room={room}
            took={rowText(node, props.future, props.now)}
          />
        ))}
      </div>
    </div>
  );
}

/** Down from one dot, along a rail of its own, and into the other. */
function railPath(fromX: number, fromY: number, railX: number, toX: number, toY: number): string {
  const bend = Math.min(ROW / 2, (toY - fromY) / 2);
  const out = fromX === railX ? `M${fromX} ${fromY}` : `M${fromX} ${fromY}Q${railX} ${fromY} ${railX} ${fromY + bend}`;
  return railX === toX ? `${out}V${toY}` : `${out}V${toY - bend}Q${railX} ${toY} ${toX} ${toY}`;
}

function Legend({ isList }: { isList: boolean }): JSX.Element {
  return (
    <p class="ab-rec-legend ab-faint">
      <span class="ab-rec-key ab-rec-edge-taken">taken</span>
      <span class="ab-rec-key ab-rec-edge-bad">taken after a failure</span>
      <span class="ab-rec-key ab-rec-edge-next">to come</span>
      <span class="ab-rec-key ab-rec-edge-other">other outcomes</span>
      <span class="ab-space" />
      {!isList && <span class="ab-rec-hint">choose a step: its log, its figures, retry from there</span>}
    </p>
  );
}
