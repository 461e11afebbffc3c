/** What the keys do in the table of runs, where the focus is on the table itself. */

import type { JobRecord } from '../../sync/messages';
import { get, type Rec } from '../../sync/read';
import type { Line } from './model/layout';
import type { RunsTable } from './model/table';

const PAGE = 10;

/** Act on a key. Returns whether it was one of ours. */
export function keyOf(
  key: string,
  table: RunsTable,
  lines: readonly Line[],
  onPick: ((job: JobRecord) => void) | undefined,
): boolean {
  const stops = lines.filter((line) => line.kind !== 'axis');
  const at = stops.findIndex((line) => line.key === table.current.peek());
  const to = step(key, at, stops.length);
  if (to !== null) {
    table.go(stops[to]?.key ?? null);
    return true;
  }
  const line = stops[at];
  return line !== undefined && act(key, table, line, onPick);
}

function step(key: string, at: number, total: number): number | null {
  const within = (i: number) => Math.max(0, Math.min(total - 1, i));
  switch (key) {
    case 'ArrowDown':
      return within(at + 1);
    case 'ArrowUp':
      return within(at - 1);
    case 'PageDown':
      return within(at + PAGE);
    case 'PageUp':
      return within(at - PAGE);
    case 'Home':
      return 0;
    case 'End':
      return within(total - 1);
    default:
      return null;
  }
}

function act(key: string, table: RunsTable, line: Line, onPick: ((job: JobRecord) => void) | undefined): boolean {
  const isToggle = key === 'Enter' || key === ' ';
  if (key !== 'ArrowRight' && key !== 'ArrowLeft' && !isToggle) {
    if (key !== 'l' || line.kind !== 'job') return false;
    const job = jobOf(table, line.id);
    if (job !== undefined) onPick?.(job);
    return true;
  }
  const wants = (isOpen: boolean) => isToggle || (key === 'ArrowRight') !== isOpen;
  if (line.kind === 'run') {
    if (wants(!line.run.isShut)) table.shut(line.run.group.key, !line.run.isShut);
  } else if (line.kind === 'fold') {
    if (wants(line.isUnfolded)) table.toggleFold(line.key);
  } else if (line.kind === 'job' && wants(table.open.peek().has(line.id))) {
    table.toggleOpen(line.id);
  }
  return true;
}

function jobOf(table: RunsTable, id: string): JobRecord | undefined {
  return get(table.client.state.peek()?.jobs.items as Rec<JobRecord> | undefined, id);
}
