import type { JSX } from 'preact';
import { count, plural } from '../../shared/format';
import type { PaneModel } from '../model/model';
import { ROW_HEIGHT } from '../model/scroll';
import { LOOKED, waysOut } from './suggestions';

/** What stands in place of rows where there are none, with the next step in words. */
export function NoRows({ model }: { model: PaneModel }): JSX.Element | null {
  const { held, left } = model.stats.value;
  const drawn = model.drawn.value;
  if (!drawn || drawn.map.lines > 0) return null;
  // Below the rows for what is not here, which say what was lost.
  const top = { top: `${Math.min(4, drawn.rows.length) * ROW_HEIGHT}px` };
  const { phase } = model.client.status.value;
  if (held === 0 && !model.chosen.value) {
    if (phase === 'connecting' || model.client.state.value === null) {
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
  if (left > 0) return <div class="ab-log-empty">Searching … {count(left)} lines to go</div>;
  if (held === 0) return <div class="ab-log-empty">The table that was shown here has no rows.</div>;
  return <NoMatch model={model} top={top} />;
}

function NoMatch({ model, top }: { model: PaneModel; top: { top: string } }): JSX.Element {
  void model.slow.value;
  const { held } = model.stats.value;
  const text = model.text.value;
  const ways = text.trim() === '' ? [] : waysOut(model);
  const some = held > LOOKED;
  return (
    <div class="ab-log-empty" style={top}>
      <b>
        None of {plural(held, 'line')} match{model.cleared.value > 0 ? ', or they were cleared' : ''}.
      </b>
      {ways.length > 0 && (
        <ul>
          {ways.map(({ how, term, query, count: lines }) => (
            <li key={how + term}>
              <button type="button" class="ab-link" onClick={() => model.ask(query)}>
                {how} <code>{term}</code>
              </button>
              <span class="ab-log-faint">
                {lines > 0
                  ? `shows ${count(lines)}${some ? ' or more' : ''}`
                  : some
                    ? `none of the newest ${count(LOOKED)}`
                    : 'still none'}
              </span>
            </li>
          ))}
        </ul>
      )}
      <p>
        <button type="button" class="ab-log-button" onClick={() => model.ask('')}>
          Clear query
        </button>
      </p>
    </div>
  );
}

/** A line over the far end of the rows while the link is not what it should be, or the rows are not the live log. */
export function Banner({ model }: { model: PaneModel }): JSX.Element | null {
  const { phase, nextDelayMs, reason } = model.client.status.value;
  const side = model.prefs.choices.value.order === 'newest' ? 'ab-bottom' : 'ab-top';
  if (model.chosen.value) {
    return (
      <div class={`ab-log-banner ${side}`}>
        <span>{plural(model.stats.value.held, 'row')} of a table, not the live log</span>
        {model.host.onBack && (
          <button type="button" class="ab-link" onClick={() => model.host.onBack?.()}>
            back to the live log
          </button>
        )}
      </div>
    );
  }
  if (phase === 'waiting' || phase === 'stale' || phase === 'gone' || phase === 'denied' || phase === 'closed') {
    return (
      <div class={`ab-log-banner ab-log-lost ${side}`}>
        <span>
          <b>{LOST[phase]}</b>
          {phase === 'waiting' && nextDelayMs ? `, next try in ${Math.max(1, Math.round(nextDelayMs / 1000))} s` : ''}
          {phase === 'denied' && reason ? `: ${reason}` : ''}
          {model.stats.value.held > 0 ? '. The lines below are from before.' : '.'}
        </span>
        <button type="button" class="ab-link" onClick={() => model.client.reconnect()}>
          try now
        </button>
      </div>
    );
  }
  return null;
}

const LOST: Record<string, string> = {
  waiting: 'The link is lost',
  stale: 'The server does not answer',
  gone: 'The kernel is gone',
  denied: 'The server did not let this page in',
  closed: 'The orchestrator has closed',
};
