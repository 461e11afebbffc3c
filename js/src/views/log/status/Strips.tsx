import type { JSX } from 'preact';
import { largerRing } from '../../../logs/store/capacity';
import { visible } from '../../../logs/text/visible';
import { count, plural } from '../../shared/format';
import type { Actions } from '../model/actions';
import type { PaneModel } from '../model/model';

interface Props {
  model: PaneModel;
  actions: Actions;
}

/** Above the rows, and over none of them: where the reader is and how to get back, and once, what makes the ring larger. */
export function Strips({ model, actions }: Props): JSX.Element | null {
  if (model.asked.isTable.value) return null;
  return (
    <>
      <ContextStrip model={model} actions={actions} />
      <RingStrip model={model} />
    </>
  );
}

/** While a line is looked at among its neighbours: that every line is shown for it, and the way back. */
function ContextStrip({ model, actions }: Props): JSX.Element | null {
  const { asked, view } = model;
  if (asked.around.value === null) return null;
  const text = asked.text.value.trim();
  const { matches } = view.stats.value;
  return (
    <div class="ab-log-strip ab-log-context" role="group" aria-label="In context">
      <span class="ab-log-striptext">
        <b>In context</b>: every line is shown
        <span class="ab-log-hide">
          {text && `, ${matches === 1 ? 'the match is marked' : `the ${count(matches)} matches are marked`}`}
        </span>
      </span>
      <button
        type="button"
        class="ab-log-button ab-on"
        title="Back to what was shown before (Esc)"
        onClick={() => actions.leaveContext()}
      >
        ← Back{text && ' to '}
        {text && <code>{visible(text)}</code>}
        <span class="ab-log-hide" aria-hidden="true">
          <kbd>Esc</kbd>
        </span>
      </button>
    </div>
  );
}

/** The first time that a ring overflows: what that means, and how a larger one is made. Who has read it is not told again. */
function RingStrip({ model }: Pick<Props, 'model'>): JSX.Element | null {
  const { prefs } = model.asked;
  const capacity = model.overflowing();
  if (capacity === null || prefs.choices.value.knowsRing) return null;
  const setting = largerRing(capacity);
  return (
    <div class="ab-log-strip ab-log-ringstrip" role="status">
      <span class="ab-log-striptext">
        The ring keeps the newest {plural(capacity, 'line')}; older ones are lost. Larger:{' '}
        <code>ab.Orchestrator({setting})</code>
      </span>
      <button
        type="button"
        class="ab-log-unpin"
        aria-label="Understood"
        title="Do not say this again"
        onClick={() => prefs.set({ knowsRing: true })}
      >
        ×
      </button>
    </div>
  );
}
