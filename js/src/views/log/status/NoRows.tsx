import type { JSX } from 'preact';
import { count, plural } from '../../shared/format';
import type { PaneModel } from '../model/model';
import { ROW_HEIGHT } from '../model/scroll';
import { COUNTED, type Suggestion, suggestionsFor } from './suggestions';

/** Gap rows that stay to be seen above what is said in place of lines. */
const MAX_GAPS = 4;

/** What stands in place of rows where there are none, with the next step in words. */
export function NoRows({ model }: { model: PaneModel }): JSX.Element | null {
  const { asked, view, client } = model;
  const { held, left, muted } = view.stats.value;
  const drawn = view.drawn.value;
  if (!drawn || drawn.map.lines > 0) return null;
  // Below the rows for what is not here, which say what was lost.
  const top = { top: `${Math.min(MAX_GAPS, drawn.rows.length) * ROW_HEIGHT}px` };
  const { phase } = client.status.value;
  if (held === 0 && !asked.isTable.value) {
    return phase === 'connecting' || client.state.value === null ? <Connecting top={top} /> : <NothingLogged top={top} />;
  }
  if (!asked.query.value.asked && muted > 0 && asked.cleared.value === 0) return <NothingLogged top={top} />;
  if (left > 0) return <div class="ab-log-empty">Searching … {count(left)} lines to go</div>;
  if (held === 0) return <div class="ab-log-empty">The table that was shown here has no rows.</div>;
  if (asked.paused.value !== null && asked.text.value.trim() === '') return <GoneWhilePaused top={top} />;
  return <NoMatch model={model} top={top} />;
}

interface Placed {
  top: { top: string };
}

function Connecting({ top }: Placed): JSX.Element {
  return (
    <div class="ab-log-empty" aria-busy="true" style={top}>
      <div class="ab-log-skeleton" aria-hidden="true">
        {[72, 48, 60, 38, 66].map((width) => (
          <i key={width} style={{ width: `${width}%` }} />
        ))}
      </div>
      <p>Connecting to the orchestrator …</p>
    </div>
  );
}

function NothingLogged({ top }: Placed): JSX.Element {
  return (
    <div class="ab-log-empty" style={top}>
      <b>No line has been logged yet.</b>
      <p>Log one from a cell:</p>
      <pre>
        <code>{'log = bench.log("psu")\nlog.info("12.0 V", current=0.51)'}</code>
      </pre>
      <p class="ab-log-faint">bench.capture_logging("INFO") brings in what libraries log.</p>
    </div>
  );
}

function GoneWhilePaused({ top }: Placed): JSX.Element {
  return (
    <div class="ab-log-empty" style={top}>
      <b>The lines that stood here have left this page.</b>
      <p>Newer ones wait until you go on: Space, or the button in the foot.</p>
    </div>
  );
}

function NoMatch({ model, top }: Placed & { model: PaneModel }): JSX.Element {
  const { asked, view, store } = model;
  void view.counted.value;
  const { held, muted } = view.stats.value;
  const text = asked.text.value;
  const suggestions = text.trim() === '' ? [] : suggestionsFor(text, store, asked.mutesPlumbing);
  return (
    <div class="ab-log-empty" style={top}>
      <b>
        None of {plural(held - muted, 'line')} match{asked.cleared.value > 0 ? ', or they were cleared' : ''}.
      </b>
      {suggestions.length > 0 && (
        <ul>
          {suggestions.map((suggestion) => (
            <li key={suggestion.how + suggestion.term}>
              <button type="button" class="ab-link" onClick={() => asked.ask(suggestion.query)}>
                {suggestion.how} <code>{suggestion.term}</code>
              </button>
              <span class="ab-log-faint">{effectOf(suggestion, held > COUNTED)}</span>
            </li>
          ))}
        </ul>
      )}
      <p>
        <button type="button" class="ab-log-button" onClick={() => asked.ask('')}>
          Clear query
        </button>
      </p>
    </div>
  );
}

/** How many lines a query would show; where only the newest of the lines were counted, it says so. */
function effectOf({ count: lines }: Suggestion, isPartial: boolean): string {
  if (lines > 0) return `shows ${count(lines)}${isPartial ? ' or more' : ''}`;
  return isPartial ? `none of the newest ${count(COUNTED)}` : 'still none';
}
