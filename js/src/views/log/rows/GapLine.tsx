import type { JSX } from 'preact';
import type { GapRow } from '../../../logs/rows/rows';
import { count, plural } from '../../shared/format';
import type { Actions } from '../model/actions';
import { MAX_FETCHED } from '../model/remote';

interface Props {
  gap: GapRow;
  busy: boolean;
  actions: Actions;
  id: string;
  index: number;
}

/** A row for lines that are not shown: what was lost or hidden, and the way back where there is one. */
export function GapLine({ gap, busy, actions, id, index }: Props): JSX.Element {
  return (
    <div class="ab-log-gap" role="row" id={id} aria-rowindex={index}>
      <span role="gridcell" class="ab-log-gaptext">
        {words(gap)}
      </span>
      {gap.fetch && (
        <span role="gridcell">
          <button type="button" class="ab-link" disabled={busy} onClick={() => actions.fetch(gap)}>
            {busy ? 'fetching …' : gap.count > MAX_FETCHED ? `fetch the last ${count(MAX_FETCHED)}` : 'fetch them'}
          </button>
        </span>
      )}
      {gap.kind === 'cleared' && (
        <span role="gridcell">
          <button type="button" class="ab-link" onClick={() => actions.undoClear()}>
            show them
          </button>
        </span>
      )}
    </div>
  );
}

function words({ kind, count, fetch }: GapRow): string {
  const lines = plural(count, 'line');
  const were = count === 1 ? 'was' : 'were';
  switch (kind) {
    case 'cleared':
      return `${lines} hidden by “clear to here”`;
    case 'unfetched':
      return `${plural(count, 'older line')} on the server`;
    case 'skipped':
      return `${lines} ${were} skipped: this page could not keep up, or its link was down`;
    case 'evicted':
      return fetch ? `${lines} left this page at its cap` : `${lines} left this page and the ring`;
    default:
      return `${lines} left the ring before this point`;
  }
}
