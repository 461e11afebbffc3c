/** The cells of a step's matrix as a grid: two axes are rows and columns, further ones are groups. Pure. */

import type { PlanRecord, StepRecord } from '../../../sync/messages';
import { brief } from '../../shared/format';

export interface MatrixRow {
  /** Values of the axes that are neither rows nor columns; set where a group begins. */
  readonly group: string | null;
  readonly label: string;
  readonly cells: readonly (StepRecord | null)[];
}

export interface Matrix {
  readonly axes: readonly string[];
  /** What stands over the columns; empty where one axis alone is wrapped into lines. */
  readonly columns: readonly string[];
  readonly rowAxis: string | null;
  readonly columnAxis: string | null;
  readonly rows: readonly MatrixRow[];
}

/** So many cells of a matrix with one axis stand in a line, where there is room. */
export const WRAP = 6;

export function matrixOf(plan: PlanRecord, cells: readonly StepRecord[], wrap = WRAP): Matrix | null {
  const axes = plan.axes ?? [];
  if (axes.length === 0 || cells.length === 0) return null;
  const value = (cell: StepRecord, axis: string) => textOf(cell.cell?.[axis]);
  if (axes.length === 1) return wrapped(axes[0] as string, cells, wrap);
  const [rowAxis, columnAxis] = axes.slice(-2) as [string, string];
  const others = axes.slice(0, -2);
  const columns = distinct(cells.map((cell) => value(cell, columnAxis)));
  const columnOf = new Map(columns.map((name, i) => [name, i]));
  const byGroup = new Map<string, Map<string, (StepRecord | null)[]>>();
  for (const cell of cells) {
    const group = others.map((axis) => `${axis} ${value(cell, axis)}`).join(', ');
    const rows = byGroup.get(group) ?? new Map<string, (StepRecord | null)[]>();
    const row = rows.get(value(cell, rowAxis)) ?? columns.map(() => null);
    row[columnOf.get(value(cell, columnAxis)) as number] = cell;
    rows.set(value(cell, rowAxis), row);
    byGroup.set(group, rows);
  }
  const rows: MatrixRow[] = [];
  for (const [group, lines] of byGroup) {
    let isFirst = true;
    for (const [label, line] of lines) {
      rows.push({ group: isFirst && others.length > 0 ? group : null, label, cells: line });
      isFirst = false;
    }
  }
  return { axes, columns, rowAxis, columnAxis, rows };
}

/** A matrix of one axis: one line of few cells, lines of many. */
function wrapped(axis: string, cells: readonly StepRecord[], wrap: number): Matrix {
  if (cells.length <= wrap) {
    const columns = cells.map((cell) => textOf(cell.cell?.[axis]));
    return { axes: [axis], columns, rowAxis: null, columnAxis: axis, rows: [{ group: null, label: '', cells }] };
  }
  const rows: MatrixRow[] = [];
  for (let i = 0; i < cells.length; i += wrap) {
    const line: (StepRecord | null)[] = cells.slice(i, i + wrap);
    const [first, last] = [line[0], line[line.length - 1]];
    while (line.length < wrap) line.push(null);
    const label = `${textOf(first?.cell?.[axis])} – ${textOf(last?.cell?.[axis])}`;
    rows.push({ group: null, label, cells: line });
  }
  return { axes: [axis], columns: [], rowAxis: axis, columnAxis: null, rows };
}

export function textOf(value: unknown): string {
  return value === undefined ? '' : brief(value);
}

/** "bf16, 32": where a cell stands. */
export function cellName(step: StepRecord): string {
  return Object.values(step.cell ?? {})
    .map(textOf)
    .join(', ');
}

function distinct(names: readonly string[]): string[] {
  return [...new Set(names)];
}
