import type { JSX, RefObject } from 'preact';
import { count } from '../../shared/format';
import type { Actions } from '../model/actions';
import type { PaneModel } from '../model/model';
import { QueryLine } from '../query-line/QueryLine';

interface Props {
  model: PaneModel;
  actions: Actions;
  id: string;
  input: RefObject<HTMLInputElement | null>;
}

/** The query line and the few buttons that people use all day. */
export function Toolbar({ model, actions, id, input }: Props): JSX.Element {
  const { asked, panels } = model;
  const { order } = asked.prefs.choices.value;
  const mode = asked.mode.value;
  return (
    <div class="ab-log-tools" role="toolbar" aria-label="Log">
      <QueryLine model={model} actions={actions} id={id} input={input} />
      <div class="ab-log-segment" role="group" aria-label="What the query does">
        <button
          type="button"
          class="ab-log-button"
          aria-pressed={mode === 'filter'}
          title="Show only matching lines (m)"
          onClick={() => actions.setMode('filter')}
        >
          Filter
        </button>
        <button
          type="button"
          class="ab-log-button"
          aria-pressed={mode === 'locate'}
          title="Show every line, mark the matching ones (m)"
          onClick={() => actions.setMode('locate')}
        >
          Locate
        </button>
      </div>
      <button
        type="button"
        class="ab-log-button ab-log-facetbutton"
        aria-pressed={panels.facets.value}
        onClick={() => panels.toggleFacets()}
      >
        Facets
      </button>
      <PauseButton model={model} actions={actions} />
      <button
        type="button"
        class="ab-log-button ab-log-hide"
        title="Which end is on top (s)"
        onClick={() => actions.setOrder(order === 'newest' ? 'oldest' : 'newest')}
      >
        {order === 'newest' ? 'Newest ↓' : 'Oldest ↓'}
      </button>
      <button
        type="button"
        class="ab-log-button"
        aria-label="More"
        aria-haspopup="dialog"
        aria-expanded={panels.menu.value}
        title="Columns, context, export (e)"
        onClick={() => panels.toggleMenu()}
      >
        ⋯
      </button>
    </div>
  );
}

/** Of the tools the one that changes with each picture, while it counts. */
function PauseButton({ model, actions }: Pick<Props, 'model' | 'actions'>): JSX.Element {
  const paused = model.asked.paused.value !== null;
  const waiting = paused ? model.view.stats.value.waiting : 0;
  return (
    <button
      type="button"
      class={`ab-log-button ab-log-pause${paused ? ' ab-on' : ''}`}
      aria-label={`${paused ? 'Resume' : 'Pause'}${waiting ? ` · ${count(waiting)}` : ''}`}
      aria-pressed={paused}
      title={paused ? 'Go on (Space)' : 'Pause: new lines wait and are counted (Space)'}
      onClick={() => actions.togglePause()}
    >
      <span class="ab-log-glyph" aria-hidden="true">
        {paused ? '▶' : '❚❚'}
      </span>
      <span class="ab-log-word">{paused ? `Resume${waiting ? ' · ' : ''}` : 'Pause'}</span>
      {waiting > 0 && count(waiting)}
    </button>
  );
}
