import type { JSX } from 'preact';
import { count, plural } from '../../shared/format';
import type { Actions } from '../model/actions';
import type { PaneModel } from '../model/model';

/** How many lines came since the reader left the end at which they appear, or how many wait while paused. */
export function Unread({ model, actions }: { model: PaneModel; actions: Actions }): JSX.Element | null {
  const { asked, view } = model;
  const { unread, waiting, waitingMatches } = view.stats.value;
  const isNewest = asked.prefs.choices.value.order === 'newest';
  const side = isNewest ? ' ab-top' : '';
  if (asked.paused.value !== null) {
    const matching = asked.query.value.test === null ? '' : `, ${count(waitingMatches)} match`;
    return (
      <button type="button" class={`ab-log-new${side}`} title="Go on (Space)" onClick={() => actions.togglePause()}>
        Paused · {waiting ? `${plural(waiting, 'line')} wait${waiting === 1 ? 's' : ''}${matching}` : 'nothing waits yet'}
      </button>
    );
  }
  if (view.following.value) return null;
  return (
    <button
      type="button"
      class={`ab-log-new${side}${unread ? '' : ' ab-quiet'}`}
      title="Follow new lines (f)"
      onClick={() => view.follow(true)}
    >
      {isNewest ? '↑' : '↓'} {unread ? plural(unread, 'new line') : 'Follow'}
    </button>
  );
}
