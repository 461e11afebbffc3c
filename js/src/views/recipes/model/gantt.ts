/** A run along its time: a row for each step, a bar for each try, what is still to come. Pure. */

import type { RecipeRunRecord, StepRecord, StepStatus } from '../../../sync/messages';
import { estimate } from '../../shared/format';
import type { Forecast } from './forecast';
import { cellsOf, isBad, joined, type StepNode, settledOf } from './nodes';
import { type TimeAxis, timeAxis } from './time-axis';

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

export interface Gantt {
  readonly rows: readonly GanttRow[];
  readonly axis: TimeAxis;
  /** Where now is; null where the run is over, or has not begun. */
  readonly now: number | null;
  /** How long that is after the beginning, or after the last break. */
  readonly nowText: string;
}

interface Span {
  readonly from: number;
  readonly to: number;
  readonly kind: BarKind;
  readonly label: string;
}

/** Of more cells only the time that they cover is drawn. */
const MOST_BARS = 120;

/** `now`: ms since 1970. */
export function ganttOf(run: RecipeRunRecord, nodes: readonly StepNode[], future: Forecast, now: number): Gantt {
  const isOver = run.finishedAt != null;
  const spans = nodes.map((node) => [...pastOf(run, node, now), ...(isOver ? [] : futureOf(node, future, now))]);
  const begins = spans.flat().map((span) => span.from);
  const start = Math.min(run.startedAt ?? now, ...begins);
  const known = spans.flat().filter((span) => span.kind !== 'limit');
  const latest = Math.max(isOver ? (run.finishedAt as number) : now, ...known.map((span) => span.to));
  const limits = spans.flat().flatMap((span) => (span.kind === 'limit' ? span.to : []));
  // While a step waits to be tried again nothing runs. Of a run that goes on, its own beginning counts as a step of it:
  // what it has done in an earlier life lies before.
  const ran = known.filter((span) => span.kind !== 'between');
  const began = run.startedAt ?? now;
  // What is to come is never left out: nobody knows that nothing will run then.
  const still = [
    { from: began, to: began },
    { from: isOver ? latest : now, to: latest },
  ];
  const axis = timeAxis({ start, latest, hasRoom: !isOver, live: isOver ? null : now, ran: [...ran, ...still], limits });
  const hasNow = !isOver && run.startedAt != null;
  return {
    rows: nodes.map((node, i) => ({
      key: node.key,
      bars: (spans[i] as Span[]).map((span) => {
        const isLate = span.kind === 'limit' && axis.timeAt(1) < span.to;
        return { ...span, kind: isLate ? 'late' : span.kind, from: axis.at(span.from), to: axis.at(span.to) };
      }),
    })),
    axis,
    now: hasNow ? axis.at(now) : null,
    nowText: hasNow ? sinceText(axis, now) : '',
  };
}

function sinceText(axis: TimeAxis, time: number): string {
  const { seconds, isAfterBreak } = axis.sinceS(time);
  if (!isAfterBreak) return estimate(seconds);
  return seconds < 1 ? '' : `+${estimate(seconds)}`;
}

function pastOf(run: RecipeRunRecord, node: StepNode, now: number): Span[] {
  if (node.tally.startedAt === null) return [];
  if (node.steps.length === 1 && node.tally.total <= MOST_BARS) {
    const spans = cellsOf(run, node.key).flatMap((step) => triesOf(step, node, now));
    if (node.tally.total === 1) return spans;
    // Where several cells wait at once, that is one hatching, and below all bars.
    const waits = joined(
      spans.filter(({ kind }) => kind === 'between'),
      [],
    );
    const others = spans.filter(({ kind }) => kind !== 'between');
    return [...waits.map(({ from, to }): Span => ({ from, to, kind: 'between', label: '' })), ...others];
  }
  const isActive = settledOf(node.tally) < node.tally.total;
  const kind = node.tally.failed.length > 0 ? 'bad' : isActive ? 'run' : 'ok';
  return node.tally.ran.map(({ from, to }) => ({ from, to: Math.min(to, now), kind, label: '' }));
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
    // What is done again by hand has not waited for that.
    const hasWaited = (node.plan.retries ?? 0) > 0 && one.status !== 'succeeded';
    if (hasWaited && until !== null && until > one.finishedAt)
      spans.push({ from: one.finishedAt, to: until, kind: 'between', label: '' });
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
