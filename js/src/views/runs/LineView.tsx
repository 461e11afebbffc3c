import type { JSX } from 'preact';
import type { JobRecord, Jobs } from '../../sync/messages';
import { get, type Rec } from '../../sync/read';
import { AxisRow } from './AxisRow';
import { FoldRow } from './FoldRow';
import { JobRow } from './JobRow';
import type { Line } from './model/layout';
import type { Expected } from './model/queue';
import type { RunsTable } from './model/table';
import { RunHead } from './RunHead';
import { IsStop } from './tab-stop';

/** What every line of the table is given. */
export interface LineProps {
  table: RunsTable;
  jobs: Jobs;
  /** Its place among the rows, from 1. */
  row: number;
  rowId: string;
  /** Ms since 1970; null where the clock does not go. */
  now: number | null;
  expected: ReadonlyMap<string, Expected>;
  isCurrent: boolean;
  onPick: ((job: JobRecord) => void) | undefined;
}

/** One line of the table. `isStop`: whether Tab stops at its buttons. */
export function LineView({ isStop, ...props }: LineProps & { line: Line; isStop: boolean }): JSX.Element {
  return (
    <IsStop.Provider value={isStop}>
      <Kind {...props} />
    </IsStop.Provider>
  );
}

function Kind({ line, ...props }: LineProps & { line: Line }): JSX.Element | null {
  switch (line.kind) {
    case 'run':
      return <RunHead {...props} line={line} />;
    case 'axis':
      return <AxisRow line={line} />;
    case 'fold':
      return <FoldRow {...props} line={line} />;
    case 'job': {
      const job = get(props.jobs.items as Rec<JobRecord>, line.id);
      return job === undefined ? null : <JobRow {...props} line={line} job={job} />;
    }
  }
}
