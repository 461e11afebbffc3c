import type { JSX } from 'preact';
import type { Actions } from './actions';
import { plural } from './Cells';
import type { PaneModel } from './model';
import { hitsWithout } from './without';

/** What stands in place of rows where there are none, with the next step in words. */
export function NoRows({ model }: { model: PaneModel }): JSX.Element | null {
  const { held, left } = model.stats.value;
  const drawn = model.drawn.value;
  if (!drawn || drawn.map.total > 0) return null;
  const { phase } = model.client.status.value;
  if (held === 0 && !model.chosen) {
    if (phase === 'connecting' || model.client.state.value === null) {
      return (
        <div class="ab-log-empty" aria-busy="true">
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
      <div class="ab-log-empty">
        <b>No line has been logged yet.</b>
        <p>Log one from a cell:</p>
        <pre>
          <code>{'log = bench.log("psu")\nlog.info("12.0 V", current=0.51)'}</code>
        </pre>
        <p class="ab-log-faint">bench.capture_logging("INFO") brings in what libraries log.</p>
      </div>
    );
  }
  if (left > 0) return <div class="ab-log-empty">Searching … {left.toLocaleString('en')} lines to go</div>;
  if (held === 0) return <div class="ab-log-empty">The table that was shown here has no rows.</div>;
  return <NoMatch model={model} />;
}

function NoMatch({ model }: { model: PaneModel }): JSX.Element {
  void model.slow.value;
  const { held } = model.stats.value;
  const text = model.text.value;
  const ways = text.trim() === '' ? [] : hitsWithout(model);
  return (
    <div class="ab-log-empty">
      <b>
        None of {plural(held, 'line')} match{model.cleared.value > 0 ? ', or they were cleared' : ''}.
      </b>
      {ways.length > 1 && (
        <ul>
          {ways.map(({ term, query, count }) => (
            <li key={term}>
              <button type="button" class="ab-link" onClick={() => model.ask(query)}>
                drop <code>{term}</code>
              </button>
              <span class="ab-log-faint">{count > 0 ? `shows ${count.toLocaleString('en')}` : 'still none'}</span>
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

/** A line above the rows while the link is not what it should be, or the rows are not the live log. */
export function Banner({ model, actions }: { model: PaneModel; actions: Actions }): JSX.Element | null {
  const { phase, nextDelayMs, reason } = model.client.status.value;
  const { waiting, waitingMatches } = model.stats.value;
  if (model.chosen) {
    return (
      <div class="ab-log-banner ab-log-chosen">
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
      <div class="ab-log-banner ab-log-lost">
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
  if (model.paused.value !== null) {
    const matching = model.compiled.value.test !== null ? `, ${waitingMatches.toLocaleString('en')} of them match` : '';
    return (
      <div class="ab-log-banner ab-log-paused">
        <span>
          <b>Paused.</b>{' '}
          {waiting ? `${plural(waiting, 'line')} wait${waiting === 1 ? 's' : ''}${matching}.` : 'Nothing waits yet.'}
        </span>
        <button type="button" class="ab-link" onClick={() => actions.togglePause()}>
          go on
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
