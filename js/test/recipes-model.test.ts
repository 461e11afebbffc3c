import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Jobs, PlanRecord, PromptRecord, RecipeRunRecord, RepetitionRecord, StepRecord } from '../src/sync/messages';
import { widen } from '../src/sync/read';
import { axisLabels } from '../src/views/recipes/model/axis-labels';
import { drawnOf, MOST_NODES, structureOf } from '../src/views/recipes/model/folded';
import { forecast, overdueOf } from '../src/views/recipes/model/forecast';
import { type Bar, ganttOf } from '../src/views/recipes/model/gantt';
import { crossingsOf, layered } from '../src/views/recipes/model/layered';
import {
  inOrder,
  labelRoom,
  layersOf,
  ledOnlyBy,
  linkLabel,
  linkState,
  linksOf,
  timeoutWords,
} from '../src/views/recipes/model/links';
import { cellName, matrixOf } from '../src/views/recipes/model/matrix';
import { metricPlot, metricsOf, spreadText, valueText } from '../src/views/recipes/model/metric-plot';
import { nodesOf, type StepNode, settledOf, standingOf } from '../src/views/recipes/model/nodes';
import { bentPath, pictureOf, sizesFor } from '../src/views/recipes/model/picture';
import { besideX, energyText, nearestPoint, pointText, powerPlot, rangeText, roundUp } from '../src/views/recipes/model/power';
import { railsOf } from '../src/views/recipes/model/rails';
import { ticksOf, timeAxis } from '../src/views/recipes/model/time-axis';
import { firstShown, waitingRuns } from '../src/views/recipes/model/waiting-runs';
import { stepTo } from '../src/views/recipes/model/walk';
import { aboutNode, aboutTime, countdown, leftText, nodeText, rowText } from '../src/views/recipes/model/words';
import { job } from './fixtures';

const NOW = 1_000_000;

const plan = (id: string, needs: string[] = [], change: Partial<PlanRecord> = {}): PlanRecord => ({
  id,
  kind: 'run',
  does: id,
  needs,
  edges: {},
  cells: 1,
  repeat: 1,
  ...change,
});
const step = (id: string, status: StepRecord['status'], change: Partial<StepRecord> = {}): StepRecord => ({
  id,
  step: id.split('[')[0] as string,
  status,
  ...change,
});
const runOf = (plans: PlanRecord[], steps: StepRecord[], change: Partial<RecipeRunRecord> = {}): RecipeRunRecord => ({
  id: 'r',
  recipe: 'demo',
  label: 'run-1',
  status: 'running',
  parallel: 1,
  startedAt: NOW - 60_000,
  finishedAt: null,
  plan: Object.fromEntries(plans.map((one) => [one.id, one])),
  steps: Object.fromEntries(steps.map((one) => [one.id, one])),
  ...change,
});
const node = (run: RecipeRunRecord, key: string, prompts: PromptRecord[] = []): StepNode =>
  nodesOf(run, prompts).find((one) => one.key === key) as StepNode;

const DIAMOND = [plan('a'), plan('b', ['a']), plan('c', ['a']), plan('d', ['b', 'c'])];

describe('what steps come to', () => {
  it('a step with a matrix is one node that counts its cells', () => {
    const run = runOf(
      [plan('m', [], { cells: 3 })],
      [step('m[1]', 'succeeded'), step('m[2]', 'failed', { reason: 'exit status 1' }), step('m[3]', 'running')],
    );
    const found = node(run, 'm');
    expect(found.standing).toBe('running');
    expect(settledOf(found.tally)).toBe(2);
    expect(nodeText(found, NOW)).toBe('2 of 3, 1 ✗');
    expect(aboutNode(found, nodeText(found, NOW))).toBe(': matrix, running, ');
  });

  it('what has ended in part and waits in part goes on', () => {
    const run = runOf([plan('m', [], { cells: 2 })], [step('m[1]', 'succeeded'), step('m[2]', 'waiting')]);
    expect(node(run, 'm').standing).toBe('running');
  });

  it('a step whose question is open waits for a person', () => {
    const run = runOf([plan('ask', [], { kind: 'operator' })], [step('ask', 'running')]);
    expect(node(run, 'ask', [{ id: 'p', runId: 'r', stepId: 'ask' }]).standing).toBe('asks');
    expect(node(run, 'ask', [{ id: 'p', runId: 'another', stepId: 'ask' }]).standing).toBe('running');
  });

  it('is the same of a record with many keys, after one of them has changed', () => {
    const steps = Array.from({ length: 500 }, (_, i) => step(`m[${i}]`, i < 200 ? 'succeeded' : 'waiting'));
    const run = runOf([plan('m', [], { cells: 500 })], steps);
    const wide = { ...run, steps: widen(run.steps) as Record<string, StepRecord> };
    expect(settledOf(node(wide, 'm').tally)).toBe(200);
    expect(node(wide, 'm').tally.first?.id).toBe('m[0]');
    expect(standingOf(node(wide, 'm').tally)).toBe('running');
  });

  it('a run of which no step has been written yet shows its plan', () => {
    const found = node(runOf([plan('m', [], { cells: 4 })], []), 'm');
    expect(found.standing).toBe('waiting');
    expect(nodeText(found, NOW)).toBe('4 cells');
  });
});

describe('edges', () => {
  const plans = [
    plan('check', [], { edges: { failure: 'dump', timeout: 'stop' } }),
    plan('dump'),
    plan('next', ['check']),
    plan('soft', [], { edges: { failure: 'continue' } }),
    plan('after', ['soft']),
  ];

  it('come of needs, of edges by outcome, and of what goes on all the same', () => {
    expect(linksOf(plans)).toEqual([
      { from: 'check', to: 'dump', outcomes: ['failure'] },
      { from: 'check', to: 'next', outcomes: ['ok'] },
      { from: 'soft', to: 'after', outcomes: ['ok', 'failure'] },
    ]);
  });

  it.each([
    ['succeeded', 'other', 'taken'],
    ['failed', 'bad', 'other'],
    ['timeout', 'other', 'other'],
    ['cancelled', 'other', 'other'],
    ['running', 'other', 'next'],
    ['waiting', 'other', 'next'],
  ] as const)('of a step that is %s: to what failure leads %s, to what needs it %s', (status, toDump, toNext) => {
    const run = runOf(plans, [step('check', status)]);
    const [dump, next] = linksOf(plans);
    expect(linkState(dump as never, node(run, 'check'))).toBe(toDump);
    expect(linkState(next as never, node(run, 'check'))).toBe(toNext);
  });

  it('an edge of a matrix is taken when its last cell is over, not before', () => {
    const [link] = linksOf([plan('m', [], { cells: 2, edges: { failure: 'dump' } }), plan('dump')]);
    const of = (...statuses: StepRecord['status'][]) =>
      node(
        runOf(
          [plan('m', [], { cells: 2 })],
          statuses.map((one, i) => step(`m[${i}]`, one)),
        ),
        'm',
      );
    expect(linkState(link as never, of('failed', 'running'))).toBe('next');
    expect(linkState(link as never, of('failed', 'succeeded'))).toBe('bad');
    expect(linkLabel(link as never, of('failed', 'succeeded'))).toBe('failure');
  });

  it('say where a time-out goes on', () => {
    expect(timeoutWords(plan('a', [], { edges: { timeout: 'b' } }))).toBe('goes on at b');
    expect(timeoutWords(plan('a', [], { edges: { timeout: 'stop' } }))).toBe('ends the run');
    expect(timeoutWords(plan('a', [], { edges: { timeout: 'continue' } }))).toBe('goes on all the same');
    expect(timeoutWords(plan('a'))).toBe('fails the step');
  });

  it('a circle, which no checked recipe has, ends the ordering all the same', () => {
    const links = [
      { from: 'a', to: 'b', outcomes: ['ok' as const] },
      { from: 'b', to: 'a', outcomes: ['ok' as const] },
    ];
    expect(inOrder(['a', 'b', 'c'], links)).toEqual(['c', 'a', 'b']);
    expect(layersOf(['a', 'b', 'c'], links).size).toBe(3);
  });
});

const GRAPH = fc
  .integer({ min: 2, max: 24 })
  .chain((n) =>
    fc.record({
      n: fc.constant(n),
      pairs: fc.array(fc.tuple(fc.integer({ min: 0, max: n - 2 }), fc.integer({ min: 1, max: n - 1 })), { maxLength: 40 }),
    }),
  )
  .map(({ n, pairs }) => {
    const ids = Array.from({ length: n }, (_, i) => `s${i}`);
    const needs = new Map(ids.map((id) => [id, new Set<string>()]));
    for (const [a, b] of pairs) if (a < b) needs.get(`s${b}`)?.add(`s${a}`);
    return ids.map((id) => plan(id, [...(needs.get(id) as Set<string>)]));
  });

describe('the layout of the graph', () => {
  it('puts each step after all that lead to it, and no two in one place', () => {
    fc.assert(
      fc.property(GRAPH, (plans) => {
        const links = linksOf(plans);
        const ids = plans.map((one) => one.id);
        const graph = layered(ids, links, layersOf(ids, links));
        for (const { from, to } of links) {
          expect(graph.layerOf.get(from)).toBeLessThan(graph.layerOf.get(to) as number);
        }
        const places = [...graph.lanes].map(([name, lane]) => `${graph.layerOf.get(name)} ${lane}`);
        expect(new Set(places).size).toBe(places.length);
        const order = inOrder(ids, links);
        for (const { from, to } of links) expect(order.indexOf(from)).toBeLessThan(order.indexOf(to));
      }),
    );
  });

  it('crosses no more edges than the order of the recipe does', () => {
    fc.assert(
      fc.property(GRAPH, (plans) => {
        const links = linksOf(plans);
        const ids = plans.map((one) => one.id);
        const graph = layered(ids, links, layersOf(ids, links));
        const pairs = graph.chains.flatMap(({ places }) => places.slice(1).map((to, i) => [places[i] as string, to] as const));
        const first: string[][] = [];
        for (const [name, layer] of graph.layerOf) {
          while (first.length <= layer) first.push([]);
          (first[layer] as string[]).push(name);
        }
        expect(graph.crossings).toBe(crossingsOf(graph.layers, pairs));
        expect(graph.crossings).toBeLessThanOrEqual(crossingsOf(first, pairs));
      }),
    );
  });

  it('untangles what need not cross', () => {
    const plans = [plan('a'), plan('b'), plan('x', ['b']), plan('y', ['a'])];
    const links = linksOf(plans);
    const ids = plans.map((one) => one.id);
    expect(layered(ids, links, layersOf(ids, links)).crossings).toBe(0);
  });

  it('draws edges that run along lines and bend at right angles', () => {
    const ids = DIAMOND.map((one) => one.id);
    const links = linksOf(DIAMOND);
    const graph = layered(ids, links, layersOf(ids, links));
    const picture = pictureOf(
      graph,
      (name) => ids.includes(name),
      sizesFor({ room: 800, graph, names: ids, labels: labelRoom(links) }),
    );
    expect(picture.boxes.size).toBe(4);
    expect(picture.routes).toHaveLength(4);
    for (const { path } of picture.routes) {
      const numbers = path.match(/-?[\d.]+/g) as string[];
      expect(numbers.map(Number).every(Number.isFinite)).toBe(true);
    }
    expect(
      bentPath([
        { x: 0, y: 0 },
        { x: 10, y: 0 },
        { x: 20, y: 0 },
      ]),
    ).toBe('M0 0H15');
  });

  it('a gap has room for the words beside its edges, and its lines stay beside them', () => {
    const plans = [
      plan('check', [], { edges: { failure: 'dump', timeout: 'dump' } }),
      plan('dump'),
      plan('other', ['check'], { edges: { timeout: 'late' } }),
      plan('late'),
      plan('last', ['other']),
    ];
    const ids = plans.map((one) => one.id);
    const links = linksOf(plans);
    const graph = layered(ids, links, layersOf(ids, links));
    const labels = labelRoom(links);
    expect([...labels].filter(([, words]) => words)).toEqual([
      ['dump', 'failure, timeout'],
      ['late', 'timeout'],
    ]);
    const sizes = sizesFor({ room: 400, graph, names: ids, labels });
    expect(sizes.gaps[0]).toBeGreaterThan(6 * 'failure, timeout'.length + 30);
    expect(sizes.gaps[1]).toBeGreaterThan(6 * 'timeout'.length + 30);
    const picture = pictureOf(graph, (name) => ids.includes(name), sizes);
    for (const route of picture.routes) {
      const words = (labels.get(route.to) ?? '').length * 6;
      const turns = [...route.path.matchAll(/Q([\d.]+) /g)].map(([, x]) => Number(x));
      for (const x of turns) expect(x).toBeLessThanOrEqual(route.tip.x - 8 - words);
      const box = picture.boxes.get(route.from);
      expect(route.tip.x - 8 - words).toBeGreaterThan((box?.x as number) + sizes.width);
    }
  });

  it('nodes are as wide as their names need, where that is not very much', () => {
    const of = (name: string) => {
      const links = linksOf([plan('a'), plan(name, ['a'])]);
      const graph = layered(['a', name], links, layersOf(['a', name], links));
      return sizesFor({ room: 100, graph, names: ['a', name], labels: labelRoom(links) }).width;
    };
    expect([of('b'), of('stream_check'), of('a_name_that_is_really_long')]).toEqual([116, 130, 156]);
  });

  it('what only another outcome leads to says which', () => {
    const plans = [plan('check', [], { edges: { failure: 'dump', timeout: 'next' } }), plan('dump'), plan('next', ['check'])];
    expect([...ledOnlyBy(linksOf(plans))]).toEqual([['dump', 'failure']]);
  });

  it('no box lies upon another or outside of the picture', () => {
    fc.assert(
      fc.property(GRAPH, (plans) => {
        const links = linksOf(plans);
        const ids = plans.map((one) => one.id);
        const graph = layered(ids, links, layersOf(ids, links));
        const sizes = sizesFor({ room: 900, graph, names: ids, labels: labelRoom(links) });
        const picture = pictureOf(graph, (name) => ids.includes(name), sizes);
        for (const box of picture.boxes.values()) {
          expect(box.x + sizes.width).toBeLessThanOrEqual(picture.width);
          expect(box.y + sizes.height).toBeLessThanOrEqual(picture.height);
        }
        expect(picture.boxes.size).toBe(ids.length);
      }),
    );
  });
});

describe('rails beside a list', () => {
  it('no two edges share a rail between the same rows, unless they end in one dot', () => {
    fc.assert(
      fc.property(GRAPH, (plans) => {
        const links = linksOf(plans);
        const rows = inOrder(
          plans.map((one) => one.id),
          links,
        );
        const { dots, rails } = railsOf(rows, links);
        expect(dots).toHaveLength(rows.length);
        expect(rails).toHaveLength(links.length);
        for (const rail of rails) expect(rail.fromRow).toBeLessThan(rail.toRow);
        for (const [i, a] of rails.entries()) {
          for (const b of rails.slice(i + 1)) {
            const overlap = Math.min(a.toRow, b.toRow) - Math.max(a.fromRow, b.fromRow);
            if (a.rail === b.rail && overlap > 0) expect(a.to === b.to || a.from === b.from).toBe(true);
          }
        }
      }),
    );
  });
});

describe('keys in the graph', () => {
  const ids = DIAMOND.map((one) => one.id);
  const links = linksOf(DIAMOND);
  const graph = layered(ids, links, layersOf(ids, links));
  const walk = { order: ids, arcs: links, layerOf: graph.layerOf, laneOf: graph.lanes };

  it('go along edges, and to neighbours', () => {
    expect(stepTo('ArrowRight', 'a', walk, false)).toBe('b');
    expect(stepTo('ArrowDown', 'b', walk, false)).toBe('c');
    expect(stepTo('ArrowRight', 'c', walk, false)).toBe('d');
    expect(stepTo('ArrowLeft', 'd', walk, false)).toBe('b');
    expect(stepTo('ArrowLeft', 'a', walk, false)).toBeNull();
    expect(stepTo('End', 'a', walk, false)).toBe('d');
    expect(stepTo('Home', 'd', walk, false)).toBe('a');
    expect(stepTo('x', 'a', walk, false)).toBeNull();
  });

  it('go from row to row in a list', () => {
    expect(stepTo('ArrowDown', 'a', walk, true)).toBe('b');
    expect(stepTo('ArrowUp', 'd', walk, true)).toBe('c');
    expect(stepTo('ArrowUp', 'a', walk, true)).toBeNull();
  });
});

describe('many steps', () => {
  const chain = (n: number) => Array.from({ length: n }, (_, i) => plan(`s${i}`, i === 0 ? [] : [`s${i - 1}`]));

  it('up to fifty are drawn one by one', () => {
    const run = runOf(chain(MOST_NODES), []);
    expect(drawnOf(nodesOf(run, []), structureOf(run), null).nodes).toHaveLength(MOST_NODES);
  });

  it.each([51, 400, 10_000])(
    'of %i few nodes are drawn, none of them lost, and what failed, runs or is chosen for itself',
    (n) => {
      const steps = [step('s7', 'failed'), step('s9', 'running')];
      const run = runOf(chain(n), steps);
      const nodes = nodesOf(run, []);
      const drawn = drawnOf(nodes, structureOf(run), 's20');
      expect(drawn.nodes.length).toBeLessThanOrEqual(MOST_NODES);
      expect(drawn.nodes.flatMap((one) => one.steps).sort()).toEqual(nodes.map((one) => one.key).sort());
      const keys = drawn.nodes.map((one) => one.key);
      expect(keys).toEqual(expect.arrayContaining(['s7', 's9', 's20']));
      for (const { from, to } of drawn.links) {
        expect(drawn.layers.get(from)).toBeLessThan(drawn.layers.get(to) as number);
      }
    },
  );

  it('ten thousand beside each other that have all failed are fifty at most', () => {
    const plans = Array.from({ length: 10_000 }, (_, i) => plan(`s${i}`));
    const steps = plans.map((one) => step(one.id, 'failed'));
    const drawn = drawnOf(nodesOf(runOf(plans, steps), []), structureOf(runOf(plans, steps)), null);
    expect(drawn.nodes.length).toBeLessThanOrEqual(MOST_NODES);
  });
});

describe('the forecast', () => {
  const timed = (id: string, needs: string[], expectedS: number | null, change: Partial<PlanRecord> = {}) =>
    plan(id, needs, { expectedS, ...change });
  const of = (plans: PlanRecord[], steps: StepRecord[], parallel = 1) => {
    const nodes = nodesOf(runOf(plans, steps), []);
    return forecast(nodes, linksOf(plans), parallel, NOW);
  };

  it('puts one step after the other', () => {
    const found = of([timed('a', [], 10), timed('b', ['a'], 5)], [step('a', 'running', { startedAt: NOW - 4_000 })]);
    expect(found.byKey.get('a')).toEqual({ startsAt: NOW, endsAt: NOW + 6_000 });
    expect(found.byKey.get('b')).toEqual({ startsAt: NOW + 6_000, endsAt: NOW + 11_000 });
    expect(leftText(found, NOW)).toBe('~ 11 s left');
  });

  it('shares the places that there are: a matrix takes as many as it has cells', () => {
    const cells = Array.from({ length: 4 }, (_, i) => step(`m[${i}]`, 'waiting'));
    const plans = [timed('m', [], 10, { cells: 4 })];
    expect(of(plans, cells, 1).endsAt).toBe(NOW + 40_000);
    expect(of(plans, cells, 2).endsAt).toBe(NOW + 20_000);
    expect(of(plans, cells, 9).endsAt).toBe(NOW + 10_000);
  });

  it('what waits for a person takes no place, and what follows has no time', () => {
    const plans = [timed('ask', [], null, { kind: 'operator' }), timed('after', ['ask'], 3), timed('beside', [], 4)];
    const found = of(plans, [step('ask', 'running', { startedAt: NOW })]);
    expect(found.byKey.get('after')).toEqual({ startsAt: null, endsAt: null });
    expect(found.byKey.get('beside')?.endsAt).toBe(NOW + 4_000);
    expect(found.isAtLeast).toBe(true);
    expect(leftText(found, NOW)).toBe('at least ~ 4 s left');
  });

  it('expects no step that only a failure leads to, nor what needs it, until it comes', () => {
    const plans = [timed('check', [], 5, { edges: { failure: 'dump' } }), timed('dump', [], 7), timed('send', ['dump'], 9)];
    expect(of(plans, []).endsAt).toBe(NOW + 5_000);
    expect(of(plans, [step('check', 'failed')]).endsAt).toBe(NOW + 16_000);
  });

  it('what takes longer than usual is about to end, and never ended before now', () => {
    const found = of([timed('a', [], 2)], [step('a', 'running', { startedAt: NOW - 90_000 })]);
    expect(found.byKey.get('a')?.endsAt).toBe(NOW);
    const run = runOf([timed('a', [], 2)], [step('a', 'running', { startedAt: NOW - 90_000 })]);
    expect(rowText(node(run, 'a'), found, NOW)).toBe('overdue');
  });

  it('goes by the repetitions of a step that was never timed', () => {
    const found = of([plan('a', [], { repeat: 10 })], [step('a', 'running', { startedAt: NOW - 4_000, done: 4 })]);
    expect(found.endsAt).toBe(NOW + 6_000);
  });

  it('says nothing where nothing is known', () => {
    const found = of([plan('a')], [step('a', 'running', { startedAt: NOW })]);
    expect([found.endsAt, leftText(found, NOW)]).toEqual([null, '']);
  });
});

describe('what is overdue', () => {
  const cells = (elapsed: Record<string, number>, past: Record<string, number>) =>
    runOf(
      [plan('m', [], { cells: 3, expectedS: 5, axes: ['n'] })],
      ['1', '2', '3'].map((n) =>
        step(`m[${n}]`, n in elapsed ? 'running' : 'waiting', {
          cell: { n },
          ...(n in elapsed ? { startedAt: NOW - 1_000 * (elapsed[n] as number) } : {}),
          ...(n in past ? { expectedS: past[n] as number } : {}),
        }),
      ),
      { parallel: 3 },
    );
  const late = (run: RecipeRunRecord) => overdueOf(node(run, 'm'), NOW).map(({ id }) => id);
  const text = (run: RecipeRunRecord) => {
    const drawn = drawnOf(nodesOf(run, []), structureOf(run), null);
    return rowText(drawn.nodes[0] as StepNode, forecast(drawn.nodes, drawn.links, 3, NOW), NOW);
  };

  it('a cell goes by its own past, and not by that of its neighbours', () => {
    expect(late(cells({ 1: 40, 2: 40 }, { 1: 10, 2: 100 }))).toEqual(['m[1]']);
    expect(text(cells({ 1: 40, 2: 40 }, { 1: 10, 2: 100, 3: 5 }))).toBe('1 overdue');
    expect(late(cells({ 1: 40, 2: 40 }, {}))).toEqual([]);
  });

  it('only what takes clearly longer', () => {
    expect(late(cells({ 1: 11.9, 2: 1.9, 3: 12.1 }, { 1: 10, 2: 1, 3: 10 }))).toEqual(['m[3]']);
  });

  it('a step without a matrix goes by its plan, and is about to end before', () => {
    const single = (elapsed: number) =>
      runOf([plan('m', [], { expectedS: 10 })], [step('m', 'running', { startedAt: NOW - 1_000 * elapsed })]);
    expect([9, 9.8, 11.5, 12.5].map((elapsed) => text(single(elapsed)))).toEqual([
      '~ 1 s left',
      'about to end',
      'about to end',
      'overdue',
    ]);
  });

  it('how long it has run and what is left are told apart', () => {
    const run = runOf([plan('m')], [step('m', 'running', { startedAt: NOW - 4_000 })]);
    expect([nodeText(node(run, 'm'), NOW), text(run)]).toEqual(['4 s so far', 'left unknown']);
  });

  it('who waits for a person is never overdue', () => {
    const run = runOf([plan('m', [], { kind: 'operator', expectedS: 1 })], [step('m', 'running', { startedAt: NOW - 60_000 })]);
    expect(overdueOf(node(run, 'm', [{ id: 'p', runId: 'r', stepId: 'm' }]), NOW)).toEqual([]);
  });

  it('a run with a step that is overdue ends later than can be said', () => {
    const run = cells({ 1: 40 }, { 1: 10, 2: 7, 3: 8 });
    const drawn = drawnOf(nodesOf(run, []), structureOf(run), null);
    const future = forecast(drawn.nodes, drawn.links, 3, NOW);
    expect(leftText(future, NOW)).toBe('at least ~ 5 s left');
    expect(node(run, 'm').tally.own).toEqual({ seconds: 15, count: 2 });
  });
});

describe('the time of a run', () => {
  const none = { byKey: new Map(), endsAt: null, isAtLeast: false };

  it('has a bar for each try, and the wait between is another one', () => {
    const earlier = [{ startedAt: NOW - 60_000, finishedAt: NOW - 40_000, status: 'failed' as const, reason: '3 bits' }];
    const run = runOf([plan('a', [], { retries: 2 })], [step('a', 'running', { startedAt: NOW - 30_000, earlier, tries: 2 })]);
    const [row] = ganttOf(run, nodesOf(run, []), none, NOW).rows;
    expect(row?.bars.map(({ kind, label }) => [kind, label])).toEqual([
      ['bad', 'try 1: 3 bits'],
      ['between', ''],
      ['run', 'try 2'],
    ]);
  });

  it('what waits to be tried again is hatched up to now', () => {
    const earlier = [{ startedAt: NOW - 60_000, finishedAt: NOW - 40_000 }];
    for (const status of ['retrying', 'queued', 'waiting'] as const) {
      const run = runOf([plan('a', [], { retries: 2 })], [step('a', status, { startedAt: null, earlier })]);
      const gantt = ganttOf(run, nodesOf(run, []), none, NOW);
      expect(gantt.rows[0]?.bars[1]).toMatchObject({ kind: 'between', to: gantt.now });
    }
  });

  it('ends with the run, and has no now then', () => {
    const run = runOf([plan('a')], [step('a', 'succeeded', { startedAt: NOW - 60_000, finishedAt: NOW - 20_000 })], {
      status: 'succeeded',
      finishedAt: NOW - 20_000,
    });
    const gantt = ganttOf(run, nodesOf(run, []), none, NOW);
    expect([gantt.now, gantt.rows[0]?.bars[0]?.to]).toEqual([null, 1]);
  });

  it('a time limit far away does not press all else into a corner', () => {
    const run = runOf([plan('ask', [], { kind: 'operator' })], [step('ask', 'running', { startedAt: NOW - 10_000 })], {
      startedAt: NOW - 10_000,
    });
    const prompt = { id: 'p', runId: 'r', stepId: 'ask', askedAt: NOW - 10_000, until: NOW + 3_600_000 };
    const gantt = ganttOf(run, nodesOf(run, [prompt]), none, NOW);
    expect(gantt.now).toBeGreaterThan(0.4);
    expect(gantt.rows[0]?.bars.at(-1)).toMatchObject({ kind: 'late', to: 1 });
    // What is expected has its room; the limit has none besides.
    const next = { startsAt: NOW + 100_000, endsAt: NOW + 110_000 };
    const later = { ...none, byKey: new Map([['b', next]]) };
    const two = { ...run, plan: { ...run.plan, b: plan('b', ['ask']) } };
    const crowded = ganttOf(two, nodesOf(two, [prompt]), later, NOW);
    expect(crowded.rows[1]?.bars[0]?.to).toBeGreaterThan(0.95);
  });

  describe('of which a part is left out', () => {
    const NIGHT = 14 * 3_600_000;
    const began = NOW - NIGHT - 100_000;
    /** Yesterday 40 s, killed; today 60 s so far. */
    const resumed = (change: Partial<RecipeRunRecord> = {}) =>
      runOf(
        [plan('a'), plan('b', ['a'])],
        [
          step('a', 'succeeded', { startedAt: began, finishedAt: began + 40_000 }),
          step('b', 'running', { startedAt: NOW - 60_000 }),
        ],
        change,
      );

    it('a night in which nothing ran is a narrow break, and what ran before and after is seen', () => {
      const gantt = ganttOf(resumed(), nodesOf(resumed(), []), none, NOW);
      expect(gantt.axis.breaks.map(({ label }) => label)).toEqual(['14 h 00 m later']);
      const [gap] = gantt.axis.breaks;
      expect((gap?.to as number) - (gap?.from as number)).toBeCloseTo(0.06, 2);
      const [[a], [b]] = gantt.rows.map((row) => row.bars) as unknown as [[Bar], [Bar]];
      expect(a.to - a.from).toBeCloseTo(0.37, 1);
      expect([a.to, b.from]).toEqual([gap?.from, gap?.to]);
      expect(b.to).toBe(gantt.now);
      expect(gantt.nowText).toBe('+1 m 00 s');
    });

    it('the head of the run says what its time leaves out, and what of it nothing ran', () => {
      const breaksOf = (run: RecipeRunRecord) => ganttOf(run, nodesOf(run, []), none, NOW).axis.breaks;
      const again = resumed({ startedAt: began });
      expect(aboutTime(resumed(), breaksOf(resumed()))).toBe('since it was resumed');
      expect(aboutTime(again, breaksOf(again))).toBe('nothing ran for 14 h 00 m of it');
      expect(aboutTime(resumed(), [])).toBe('');
    });

    it('ticks go on behind it, counted from there', () => {
      const { axis } = ganttOf(resumed(), nodesOf(resumed(), []), none, NOW);
      expect(axis.ticks.map(({ label }) => label)).toEqual(['0 s', '30 s', '+30 s', '+60 s']);
      const places = axis.ticks.map(({ at }) => at);
      expect(places).toEqual([...places].sort((x, y) => x - y));
      expect(places[2]).toBe(axis.at(NOW - 30_000));
    });

    it('the axis leads from a time to its place and back, in order', () => {
      fc.assert(
        fc.property(
          fc.array(fc.tuple(fc.nat(1e7), fc.nat(1e5)), { maxLength: 12 }),
          fc.nat(1e8),
          fc.nat(1e8),
          (pairs, one, other) => {
            const ran = pairs.map(([from, length]) => ({ from, to: from + length }));
            const latest = Math.max(1, ...ran.map(({ to }) => to));
            const axis = timeAxis({ start: 0, latest, hasRoom: true, live: null, ran, limits: [] });
            const [early, late] = [one % latest, other % latest].sort((x, y) => x - y) as [number, number];
            expect(axis.at(early)).toBeLessThanOrEqual(axis.at(late));
            expect(axis.timeAt(axis.at(early))).toBeCloseTo(early, 0);
            for (const { from, to } of axis.breaks) expect(to - from).toBeLessThan(0.1);
          },
        ),
      );
    });

    it('a step that ran through the night is a bar through it, and nothing is left out', () => {
      const run = runOf([plan('a')], [step('a', 'succeeded', { startedAt: began, finishedAt: NOW })], { finishedAt: NOW });
      expect(ganttOf(run, nodesOf(run, []), none, NOW).axis.breaks).toEqual([]);
    });

    it('no short wait is left out, and no long one that takes little of the whole', () => {
      const waited = (before: number, wait: number) => {
        const first = { startedAt: NOW - before - wait - 1_000, finishedAt: NOW - wait - 1_000 };
        const run = runOf([plan('a')], [step('a', 'running', { startedAt: NOW - 1_000, earlier: [first] })], {
          startedAt: first.startedAt,
        });
        return ganttOf(run, nodesOf(run, []), none, NOW).axis.breaks.length;
      };
      expect([waited(1_000, 9_000), waited(1_000, 60_000), waited(3_600_000, 60_000)]).toEqual([0, 1, 0]);
    });

    it('the wait before a step is done again the next day is left out, and its hatching stays', () => {
      const first = { startedAt: began, finishedAt: began + 40_000, status: 'failed' as const };
      const run = runOf([plan('a', [], { retries: 1 })], [step('a', 'running', { startedAt: NOW - 60_000, earlier: [first] })]);
      const gantt = ganttOf(run, nodesOf(run, []), none, NOW);
      const [gap] = gantt.axis.breaks;
      expect(gantt.rows[0]?.bars[1]).toMatchObject({ kind: 'between', from: gap?.from, to: gap?.to });
    });

    it('what is done again by hand the next day did not wait for it, nor did it take a night', () => {
      const first = (status: 'succeeded' | 'failed') => ({ startedAt: began, finishedAt: began + 40_000, status });
      const again = (id: string, status: 'succeeded' | 'failed') =>
        step(id, 'succeeded', { startedAt: NOW - 60_000, finishedAt: NOW - 50_000, tries: 1, earlier: [first(status)] });
      const run = runOf(
        [plan('a', [], { retries: 1 }), plan('b'), plan('m', [], { cells: 2, retries: 1 })],
        [again('a', 'succeeded'), again('b', 'failed'), again('m[1]', 'failed'), again('m[2]', 'failed')],
        { finishedAt: NOW },
      );
      const nodes = nodesOf(run, []);
      const kinds = ganttOf(run, nodes, none, NOW).rows.map(({ bars }) => bars.map(({ kind }) => kind));
      expect(kinds[0]).toEqual(['ok', 'ok']);
      expect(kinds[1]).toEqual(['bad', 'ok']);
      expect(kinds[2]).toEqual(['between', 'bad', 'ok', 'bad', 'ok']);
      expect(nodeText(nodes[0] as StepNode, NOW)).toBe('10.0 s in try 2');
      expect(rowText(nodes[0] as StepNode, none, NOW)).toBe('50.0 s');
    });

    it('nothing jumps while nothing runs: a wait that is left out from now on stays as long as it is drawn', () => {
      const places = [9_900, 10_100, 12_000, 3_600_000].map((waited) => {
        const run = runOf(
          [plan('a'), plan('b', ['a'])],
          [step('a', 'succeeded', { startedAt: NOW - waited - 9_000, finishedAt: NOW - waited }), step('b', 'queued')],
          { startedAt: NOW - waited - 9_000 },
        );
        return ganttOf(run, nodesOf(run, []), none, NOW).rows[0]?.bars[0]?.to as number;
      });
      expect(Math.max(...places) - Math.min(...places)).toBeLessThan(0.01);
    });

    it('what is to come is not left out, though nothing is expected to run for a while', () => {
      const run = runOf(
        [plan('ask', [], { kind: 'operator', expectedS: 3_600 }), plan('b', ['ask'], { expectedS: 5 })],
        [step('ask', 'running', { startedAt: NOW - 10_000 })],
        { startedAt: NOW - 10_000 },
      );
      const nodes = nodesOf(run, [{ id: 'p', runId: 'r', stepId: 'ask' }]);
      const future = forecast(nodes, structureOf(run).links, 1, NOW);
      expect(future.byKey.get('b')?.startsAt).toBe(NOW + 3_590_000);
      expect(ganttOf(run, nodes, future, NOW).axis.breaks).toEqual([]);
    });

    it('a run that is paused over night is broken where now is', () => {
      const run = runOf(
        [plan('a'), plan('b', ['a'])],
        [step('a', 'succeeded', { startedAt: began, finishedAt: began + 40_000 }), step('b', 'waiting')],
      );
      const paused = { ...run, startedAt: began };
      const gantt = ganttOf(paused, nodesOf(paused, []), none, NOW);
      expect([gantt.axis.breaks.length, gantt.axis.breaks[0]?.to, gantt.nowText]).toEqual([1, gantt.now, '']);
    });

    it('a matrix of very many cells has a bar for each stretch in which any of them ran', () => {
      const cells = Array.from({ length: 400 }, (_, i) => {
        const at = (i < 200 ? began : NOW - 60_000) + (i % 200) * 200;
        return step(`m[${i}]`, 'succeeded', { startedAt: at, finishedAt: at + 300 });
      });
      const run = runOf([plan('m', [], { cells: 401 })], [...cells, step('m[400]', 'running', { startedAt: NOW - 19_000 })]);
      const gantt = ganttOf(run, nodesOf(run, []), none, NOW);
      expect(gantt.axis.breaks).toHaveLength(1);
      expect(gantt.rows[0]?.bars).toHaveLength(2);
      expect(gantt.rows[0]?.bars.at(-1)?.to).toBe(gantt.now);
    });

    it('of very many stretches those that lie nearest to each other are one', () => {
      const cells = Array.from({ length: 200 }, (_, i) =>
        step(`m[${i}]`, 'succeeded', {
          startedAt: i * 20_000 + (i > 100 ? 1e6 : 0),
          finishedAt: i * 20_000 + 100 + (i > 100 ? 1e6 : 0),
        }),
      );
      const found = node(runOf([plan('m', [], { cells: 200 })], cells), 'm').tally.ran;
      expect(found.length).toBeLessThanOrEqual(8);
      expect([found[0]?.from, found.at(-1)?.to]).toEqual([0, 199 * 20_000 + 100 + 1e6]);
      expect(found.some(({ to }, i) => (found[i + 1]?.from as number) - to > 1e6)).toBe(true);
    });

    it('words above the axis never lie upon each other, and what has no room is told below', () => {
      const gantt = ganttOf(resumed(), nodesOf(resumed(), []), none, NOW);
      for (const width of [100, 160, 300, 1_000]) {
        const { labels, untold } = axisLabels(gantt, width, 'now +1 m 00 s');
        const ends = [...labels].sort((x, y) => x.left - y.left);
        for (const [i, one] of ends.entries()) {
          expect(one.left).toBeGreaterThanOrEqual(0);
          const next = ends[i + 1]?.left ?? width + 1;
          expect(one.left + 5.5 * one.text.length).toBeLessThan(next);
        }
        expect(labels.some(({ kind }) => kind === 'now')).toBe(true);
        expect(untold).toEqual(width < 200 ? ['14 h 00 m later'] : []);
      }
    });
  });

  it('has round times', () => {
    expect(ticksOf(4).map((tick) => tick.label)).toEqual(['0 s', '1 s', '2 s', '3 s', '4 s']);
    expect(ticksOf(900).map((tick) => tick.label)).toEqual(['0 min', '5 min', '10 min', '15 min']);
    expect(ticksOf(0.05).map((tick) => tick.label)[1]).toBe('10 ms');
    expect(ticksOf(1e7).length).toBeLessThan(8);
  });

  it('counts down to the answer', () => {
    expect([252_000, 3_723_000, -5].map((ms) => countdown(NOW + ms, NOW))).toEqual(['4:12', '1:02:03', '0:00']);
  });
});

describe('the power along the time', () => {
  const none = { byKey: new Map(), endsAt: null, isAtLeast: false };
  const START = NOW - 20_000;
  /** Two steps of 10 s, the second beside a third one for its last 5 s; 100 W while one runs, 160 W while two do. */
  const run = runOf(
    [plan('a'), plan('b', ['a']), plan('c', ['a'])],
    [
      step('a', 'succeeded', { startedAt: START, finishedAt: NOW - 10_000 }),
      step('b', 'running', { startedAt: NOW - 10_000 }),
      step('c', 'running', { startedAt: NOW - 5_000 }),
    ],
    { startedAt: START },
  );
  const watts = (n: number) => (n < 30 ? 100 : 160);
  const power = {
    deviceId: 'pm0',
    quantity: 'watts',
    unit: 'W',
    startsAt: START,
    everyMs: 500,
    joules: 2_300,
    points: Array.from({ length: 40 }, (_, n) => [n, watts(n), watts(n) - 5, watts(n) + 5]),
  };
  const nodes = nodesOf(run, []);
  const { axis } = ganttOf(run, nodes, none, NOW);

  it('stands on the axis of the steps, from 0 to a round number above its most', () => {
    const plot = powerPlot(power, axis, nodes, NOW);
    expect([plot.low, plot.high, plot.lines.length]).toEqual([0, 200, 1]);
    const line = (plot.lines[0] as string).split(' ').map((pair) => pair.split(',').map(Number) as [number, number]);
    expect(line[0]).toEqual([0, 20]);
    expect(line.at(-1)).toEqual([Math.round(10_000 * axis.at(NOW)) / 10, 8]);
    expect(plot.bands[0]?.split(' ')).toHaveLength(2 * line.length);
  });

  it('is split where the set of steps that run changes, and its parts add up to the whole', () => {
    const { parts } = powerPlot(power, axis, nodes, NOW);
    expect(parts.map(({ steps }) => steps)).toEqual([['a'], ['b'], ['b', 'c']]);
    expect(parts.reduce((sum, { joules }) => sum + joules, 0)).toBeCloseTo(2_300, 6);
    expect(parts.map(({ joules }) => Math.round(joules / 100))).toEqual([10, 5, 8]);
    expect(parts.map(({ from }) => from)).toEqual([START, NOW - 10_000, NOW - 5_000].map(axis.at));
  });

  it('is broken where the meter was silent, and where the axis is', () => {
    const points = power.points.filter(([n = 0]) => n < 10 || n > 20);
    expect(powerPlot({ ...power, points }, axis, nodes, NOW).lines).toHaveLength(2);
    const kept = [[0], [20], [40], ...Array.from({ length: 60 }, (_, n) => [5_000 + n])].map(([n = 0]) => [n, 100, 100, 100]);
    expect(powerPlot({ ...power, points: kept }, axis, nodes, NOW + 3e6).lines).toHaveLength(2);
    const slow = power.points.filter(([n = 0]) => n % 4 === 0);
    expect(powerPlot({ ...power, points: slow }, axis, nodes, NOW).lines).toHaveLength(1);
  });

  it('says what stands at a moment, with its range', () => {
    const { points } = powerPlot(power, axis, nodes, NOW);
    const point = points[nearestPoint(points, NOW - 1)];
    expect(point && pointText(point, 'W', axis)).toBe('20 s: 160 W, 155 to 165 W');
    expect(pointText({ time: START, mean: 20, least: 20, most: 20 }, 'W', axis)).toBe('0 s: 20 W');
  });

  it('the newest stretch ends now, and is not drawn beyond it', () => {
    const plot = powerPlot({ ...power, points: [[0, 5, 5, 5]] }, axis, nodes, START + 100);
    expect(plot.points[0]?.time).toBe(START + 100);
    expect(powerPlot({ ...power, points: [] }, axis, nodes, NOW).points).toEqual([]);
    expect(powerPlot({ ...power, joules: 0, points: [[0, 0, 0, 0]] }, axis, nodes, NOW)).toMatchObject({ high: 1, parts: [] });
  });

  it('words beside a moment stay within the picture', () => {
    expect([besideX(10, 50, 100), besideX(80, 50, 100), besideX(50, 60, 100), besideX(50, 120, 100)]).toEqual([15, 25, 40, 0]);
  });

  it('figures have their units, and no more digits than one reads', () => {
    expect([energyText(4_583, 'W'), energyText(12, 'mW'), rangeText(0, 150, 'W'), rangeText(0.5, 2, 'W')]).toEqual([
      '4.58 kJ',
      '12 mW·s',
      '0 to 150 W',
      '500 mW to 2 W',
    ]);
    expect([0.37, 1, 101, 137, 999, 0].map(roundUp)).toEqual([0.4, 1, 120, 150, 1_000, 0]);
  });
});

describe('a matrix', () => {
  const cells = (axes: Record<string, unknown[]>): StepRecord[] =>
    Object.entries(axes)
      .reduce<Record<string, unknown>[]>(
        (made, [axis, values]) => made.flatMap((cell) => values.map((value) => ({ ...cell, [axis]: value }))),
        [{}],
      )
      .map((cell) => step(`m[${Object.values(cell).join(',')}]`, 'waiting', { cell }));

  it('of two axes is a grid', () => {
    const found = matrixOf(plan('m', [], { axes: ['tool', 'level'] }), cells({ tool: ['gzip', 'xz'], level: [1, 6, 9] }));
    expect(found?.columns).toEqual(['1', '6', '9']);
    expect(found?.rows.map((row) => row.label)).toEqual(['gzip', 'xz']);
    expect(found?.rows[1]?.cells.map((cell) => cell && cellName(cell))).toEqual(['xz, 1', 'xz, 6', 'xz, 9']);
  });

  it('of more is a grid for each group of the others', () => {
    const found = matrixOf(
      plan('m', [], { axes: ['os', 'tool', 'level'] }),
      cells({ os: ['a', 'b'], tool: ['x', 'y'], level: [1, 2] }),
    );
    expect(found?.rows.map((row) => [row.group, row.label])).toEqual([
      ['os a', 'x'],
      [null, 'y'],
      ['os b', 'x'],
      [null, 'y'],
    ]);
  });

  it('of one is a line, and lines where there are many', () => {
    const few = matrixOf(plan('m', [], { axes: ['n'] }), cells({ n: [1, 2, 3] }));
    expect([few?.columns, few?.rows.length]).toEqual([['1', '2', '3'], 1]);
    const many = matrixOf(plan('m', [], { axes: ['n'] }), cells({ n: Array.from({ length: 20 }, (_, i) => i) }));
    expect(many?.rows.map((row) => row.label)).toEqual(['0 – 5', '6 – 11', '12 – 17', '18 – 19']);
    expect(many?.rows.every((row) => row.cells.length === 6)).toBe(true);
  });

  it('with values that look alike keeps each in its place', () => {
    const found = matrixOf(plan('m', [], { axes: ['a', 'b'] }), cells({ a: [1, '1x'], b: [true, 'false'] }));
    expect(found?.rows.map((row) => row.cells.filter(Boolean).length)).toEqual([2, 2]);
  });
});

describe('a metric by repetition', () => {
  const repetition = (number: number, value: number, change: Partial<RepetitionRecord> = {}): RepetitionRecord => ({
    number,
    status: 'succeeded',
    startedAt: NOW,
    wallS: 0.01,
    cpuUserS: null,
    cpuSystemS: null,
    maxRssBytes: null,
    exitCode: 0,
    signal: null,
    otherLoad: null,
    metrics: { packed: value },
    ...change,
  });
  const values = [10, 11, 10, 12, 11, 10, 60].map((value, i) => repetition(i + 1, value));

  it('has mean and spread of the measured ones, and names what lies far off', () => {
    const plot = metricPlot([repetition(0, 99), ...values], 'packed', 'B', undefined);
    expect(plot?.points.map((point) => point.kind)).toEqual(['warmup', ...Array(6).fill('plain'), 'off']);
    expect(plot?.mean).toBeCloseTo(124 / 7);
    expect(plot?.off).toBe(1);
    expect(plot?.points.at(-1)?.name).toBe('60 B');
  });

  it('draws limits that are near, and names those that are far away', () => {
    const near = metricPlot(values.slice(0, 6), 'packed', 'B', { max: 13 });
    expect(near?.limits).toMatchObject([{ label: 'max 13 B', beyond: null }]);
    const far = metricPlot(values.slice(0, 6), 'packed', 'B', { max: 4e6, min: -100, equals: 11 });
    expect(far?.limits.map((limit) => limit.beyond)).toEqual(['above', 'below', null]);
  });

  it('is drawn of equal values, of one, and not of none', () => {
    for (const some of [values.slice(0, 1), [repetition(1, 5), repetition(2, 5)], [repetition(1, 0)]]) {
      for (const point of metricPlot(some, 'packed', '', undefined)?.points ?? []) {
        expect(Number.isFinite(point.x) && Number.isFinite(point.y)).toBe(true);
      }
    }
    expect(metricPlot(values, 'other', '', undefined)).toBeNull();
  });

  it('those of the recipe come first, then what every command has', () => {
    const details = { repetitions: values } as never;
    expect(metricsOf(plan('a', [], { metrics: { packed: { unit: 'B' } } }), details)).toEqual(['packed', 'wall']);
  });

  it('says values with their units, and of a mean the digits that are known', () => {
    expect([valueText(0.0312, 's'), valueText(75, 's'), valueText(4_100_000, 'B'), valueText(12.5, '%')]).toEqual([
      '31.2 ms',
      '75 s',
      '4.1 MB',
      '12.5 %',
    ]);
    expect(spreadText(25.5, 1.871, 'ms')).toBe('25.5 ± 1.9 ms');
    expect(spreadText(0.0312, 0.0004, 's')).toBe('31.20 ± 0.40 ms');
    expect(spreadText(5, 0, 'x')).toBe('5 x');
  });
});

describe('the queue', () => {
  const jobsOf = (change: Partial<Jobs>): Jobs => ({ queue: [], running: [], lastCompleted: null, items: {}, ...change });
  const waits = (id: string, priority: number, place: number): RecipeRunRecord => ({
    id,
    recipe: id,
    status: 'queued',
    priority,
    place,
    etaS: 60,
    total: 2,
    parallel: 2,
  });

  it('goes by priority, then by place, recipes and jobs alike', () => {
    const found = waitingRuns(
      jobsOf({
        queue: ['j1', 'j2'],
        items: { j1: job('j1', { runId: 'p' }), j2: job('j2', { runId: 'p' }) },
        runs: { p: { id: 'p', name: 'sweep', priority: 0, place: 3 } },
        recipeRuns: { a: waits('a', 0, 5), b: waits('b', 9, 7), r: runOf([], []) },
      }),
    );
    expect(found.map((run) => [run.title, run.kind, run.takesS])).toEqual([
      ['b', 'recipe', 30],
      ['sweep', 'jobs', null],
      ['a', 'recipe', 30],
    ]);
    expect(found.map((run) => run.waitsFor)).toEqual(['the end of demo', 'the end of b', 'the end of sweep']);
  });

  it('is told that it is paused', () => {
    const [first] = waitingRuns(jobsOf({ recipeRuns: { a: waits('a', 0, 1) }, paused: { reason: 'psu0' } }));
    expect(first?.waitsFor).toBe('the paused queue');
  });

  it('leaves out the jobs of a recipe that has its turn', () => {
    const items = { j1: job('j1', { runId: 'r' }) };
    expect(waitingRuns(jobsOf({ queue: ['j1'], items, recipeRuns: { r: runOf([], []) } }))).toEqual([]);
  });

  it('a run that waits for a person is shown before one that runs, and that before the newest', () => {
    const runs = [
      runOf([], [], { id: 'old', status: 'succeeded', finishedAt: 5, createdAt: 1 }),
      runOf([], [], { id: 'runs', createdAt: 2 }),
      runOf([], [], { id: 'asks', createdAt: 3 }),
      runOf([], [], { id: 'new', status: 'succeeded', finishedAt: 9, createdAt: 9 }),
    ];
    expect(firstShown(runs, new Set(['asks']))).toBe('asks');
    expect(firstShown(runs, new Set())).toBe('asks');
    expect(
      firstShown(
        runs.filter((run) => run.finishedAt != null),
        new Set(),
      ),
    ).toBe('new');
    expect(firstShown([], new Set())).toBeNull();
  });
});
