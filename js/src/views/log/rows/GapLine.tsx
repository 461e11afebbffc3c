import type { JSX } from 'preact';
import type { GapRow } from '../../../logs/rows/rows';
import { count, plural } from '../../shared/format';
import type { Actions } from '../model/actions';
import { MAX_FETCHED } from '../model/remote';

interface Props {
  gap: GapRow;
  /** How a larger ring is made, where that would have kept these lines. */
  hint: string | null;
  busy: boolean;
  actions: Actions;
  id: string;
  index: number;
}

/** A row for lines that are not shown: what was lost or hidden, and the way back where there is one. */
export function GapLine({ gap, hint, busy, actions, id, index }: Props): JSX.Element {
  return (
    <div class="ab-log-gap" role="row" id={id} aria-rowindex={index}>
      <span role="gridcell" class="ab-log-gaptext">
        {words(gap)}
      </span>
      {hint !== null && (
        <span role="gridcell" class="ab-log-gaphint">
          a larger ring: <code>{hint}</code>
        </span>
      )}
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

/** In the words of the foot: a line that this page does not hold is in the ring, or lost. */
function words({ kind, count, fetch }: GapRow): string {
  const lines = plural(count, 'line');
  if (kind === 'cleared') return `${lines} hidden by “clear to here”`;
  if (fetch === null) return `${lines} lost from the ring`;
  return `${lines} more in the ring${REASONS[kind] ?? ''}`;
}

/** Why a page does not hold what the ring does. */
const REASONS: Partial<Record<GapRow['kind'], string>> = {
  unfetched: ': older than what this page was sent',
  skipped: ': skipped, this page could not keep up or its link was down',
  evicted: ': this page let go of the oldest to make room',
};
