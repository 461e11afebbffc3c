import type { JSX } from 'preact';
import { count, plural } from '../../shared/format';
import type { Actions } from '../model/actions';
import type { PaneModel } from '../model/model';

interface Props {
  model: PaneModel;
  actions: Actions;
}

/**
 * Whether the view goes with new lines, how many came since the reader left their end, or how many wait while paused.
 *
 * It stands in the foot, where it lies over nothing, and keeps its width.
 */
export function Follow({ model, actions }: Props): JSX.Element {
  const { asked, view } = model;
  const { unread, waiting, waitingMatches } = view.stats.value;
  if (asked.paused.value !== null) {
    const matching = asked.query.value.asked ? `, ${count(waitingMatches)} match` : '';
    const waits = waiting ? `${plural(waiting, 'line')} wait${waiting === 1 ? 's' : ''}${matching}` : 'nothing waits yet';
    return (
      <button type="button" class="ab-log-follow ab-on" title="Go on (Space)" onClick={() => actions.togglePause()}>
        <span class="ab-log-new">Paused · {waits}</span>
      </button>
    );
  }
  const follows = view.following.value;
  const arrow = asked.prefs.choices.value.order === 'newest' ? '↑' : '↓';
  return (
    <button
      type="button"
      class={`ab-log-follow${unread ? ' ab-on' : ''}`}
      aria-pressed={follows}
      title={follows ? 'New lines are followed; f holds the rows' : 'Follow new lines (f)'}
      onClick={() => actions.toggleFollow()}
    >
      {unread > 0 && (
        <span class="ab-log-new">
          {arrow} {plural(unread, 'new line')}
        </span>
      )}
      <span class="ab-log-followword">{follows ? 'Following' : 'Follow'}</span>
      <span class="ab-log-hide" aria-hidden="true">
        <kbd>f</kbd>
      </span>
    </button>
  );
}
