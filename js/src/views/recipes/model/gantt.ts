/** A run along its time: a row for each step, a bar for each try, what is still to come. Pure. */

import type { RecipeRunRecord, StepRecord, StepStatus } from '../../../sync/messages';
import type { Forecast } from './forecast';
import { cellsOf, isBad, type StepNode, settledOf } from './nodes';

export type BarKind = 'ok' | 'bad' | 'run' | 'asks' | 'between' | 'cancelled' | 'next' | 'limit' | 'late';

export interface Bar {
  /** Where it stands on the axis, 0 to 1. */
  readonly from: number;
  readonly to: number;
  readonly kind: BarKind;
  readonly label: string;
}

export interface GanttRow {
  readonly key: string;
  readonly bars: readonly Bar[];
}

export interface Tick {
  readonly at: number;
  readonly label: string;
}

export interface Gantt {
  readonly rows: readonly GanttRow[];
  readonly ticks: readonly Tick[];
  /** Where now is; null where the run is over, or has not begun. */
  readonly now: number | null;
  /** Seconds from the axis' beginning to now. */
  readonly nowS: number;
}

interface Span {
  readonly from: number;
  readonly to: number;
  readonly kind: BarKind;
  readonly label: string;
}

/** Of more cells only the time that they cover is drawn. */
const MOST_BARS = 120;
/** How many times as long as what is known the axis is at most, to show a time limit. */
const MOST_FUTURE = 2;

/** `now`: ms since 1970. */
export function ganttOf(run: RecipeRunRecord, nodes: readonly StepNode[], future: Forecast, now: number): Gantt {
  const isOver = run.finishedAt != null;
  const spans = nodes.map((node) => [...pastOf(run, node, now), ...(isOver ? [] : futureOf(node, future, now))]);
  const begins = spans.flat().map((span) => span.from);
  const start = Math.min(run.startedAt ?? now, ...begins);
  const known = spans.flat().filter((span) => span.kind !== 'limit');
  const latest = Math.max(isOver ? (run.finishedAt as number) : now, ...known.map((span) => span.to));
  // A little room, so that the last bar does not end at the edge; of a run that has just begun, a second.
  const room = Math.max(latest - start, 1_000) * (isOver ? 1 : 1.02);
  const limits = spans.flat().flatMap((span) => (span.kind === 'limit' ? span.to - start : []));
  // A time limit is seen, but does not press all else into a corner: a late one goes on beyond the edge.
  const whole = Math.min(Math.max(room, ...limits.map((limit) => limit * 1.02)), MOST_FUTURE * room);
  const at = (time: number) => Math.max(0, Math.min(1, (time - start) / whole));
  return {
    rows: nodes.map((node, i) => ({
      key: node.key,
      bars: (spans[i] as Span[]).map((span) => {
        const kind = span.kind === 'limit' && span.to > start + whole ? 'late' : span.kind;
        return { ...span, kind, from: at(span.from), to: at(span.to) };
      }),
    })),
    ticks: ticksOf(whole / 1_000),
    now: isOver || run.startedAt == null ? null : at(now),
    nowS: Math.max(0, now - start) / 1_000,
  };
}

function pastOf(run: RecipeRunRecord, node: StepNode, now: number): Span[] {
  if (node.tally.startedAt === null) return [];
  if (node.steps.length === 1 && node.tally.total <= MOST_BARS) {
    return cellsOf(run, node.key).flatMap((step) => triesOf(step, node, now));
  }
  const isActive = settledOf(node.tally) < node.tally.total;
  const to = isActive ? now : (node.tally.finishedAt ?? now);
  const kind = node.tally.failed.length > 0 ? 'bad' : isActive ? 'run' : 'ok';
  return [{ from: node.tally.startedAt, to, kind, label: '' }];
}

const KINDS: Readonly<Partial<Record<StepStatus, BarKind>>> = {
  succeeded: 'ok',
  failed: 'bad',
  timeout: 'bad',
  cancelled: 'cancelled',
};

/** Each try of a planned step, and the waits between. */
function triesOf(step: StepRecord, node: StepNode, now: number): Span[] {
  const spans: Span[] = [];
  const several = (step.earlier?.length ?? 0) > 0;
  const shown = step.cell === undefined;
  for (const [i, one] of (step.earlier ?? []).entries()) {
    const label = shown ? `try ${i + 1}${one.reason ? `: ${one.reason}` : ''}` : '';
    spans.push({ from: one.startedAt, to: one.finishedAt, kind: KINDS[one.status ?? 'failed'] ?? 'ok', label });
    const next = step.earlier?.[i + 1]?.startedAt ?? step.startedAt ?? null;
    const until = next ?? (step.finishedAt == null ? now : null);
    if (until !== null && until > one.finishedAt) spans.push({ from: one.finishedAt, to: until, kind: 'between', label: '' });
  }
  if (step.startedAt == null) return spans;
  const to = step.finishedAt ?? now;
  const isAsking = node.prompt?.stepId === step.id;
  const kind = isAsking ? 'asks' : step.status === 'running' ? 'run' : (KINDS[step.status] ?? 'ok');
  const told = isAsking ? 'waits for you' : several ? `try ${(step.earlier?.length ?? 0) + 1}` : '';
  const why = isBad(step.status) && step.reason ? step.reason : '';
  const label = shown ? [told, why].filter(Boolean).join(': ') : '';
  spans.push({ from: step.startedAt, to, kind, label });
  return spans;
}

function futureOf(node: StepNode, future: Forecast, now: number): Span[] {
  const until = node.prompt?.until;
  if (until != null) return [{ from: now, to: Math.max(now, until), kind: 'limit', label: '' }];
  const expected = future.byKey.get(node.key);
  if (expected?.startsAt == null || expected.endsAt === null) return [];
  const from = Math.max(now, expected.startsAt);
  return expected.endsAt > from ? [{ from, to: expected.endsAt, kind: 'next', label: '' }] : [];
}

const STEPS_S = [
  ...[0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1_800, 3_600, 7_200, 14_400, 43_200],
  86_400,
];
const MOST_TICKS = 6;

/** Round times from the beginning on. */
export function ticksOf(seconds: number): Tick[] {
  const step = STEPS_S.find((one) => seconds / one <= MOST_TICKS) ?? Math.ceil(seconds / MOST_TICKS / 86_400) * 86_400;
  const [per, unit] = step < 1 ? [0.001, 'ms'] : step < 60 ? [1, 's'] : step < 3_600 ? [60, 'min'] : [3_600, 'h'];
  const ticks: Tick[] = [];
  for (let k = 0; k * step <= seconds; k++) {
    const value = Number(((k * step) / per).toPrecision(6));
    ticks.push({ at: (k * step) / seconds, label: `${value} ${unit}` });
  }
  return ticks;
}
