import type { JSX } from 'preact';
import { plural } from '../../shared/format';
import type { PaneModel } from '../model/model';

/** A line over the far end of the rows while the link is not what it should be, or the rows are not the live log. */
export function Banner({ model }: { model: PaneModel }): JSX.Element | null {
  const { phase, nextDelayMs, reason } = model.client.status.value;
  const { held } = model.view.stats.value;
  const side = model.asked.prefs.choices.value.order === 'newest' ? 'ab-bottom' : 'ab-top';
  if (model.asked.isTable.value) {
    return (
      <div class={`ab-log-banner ${side}`}>
        <span>{plural(held, 'row')} of a table, not the live log</span>
        {model.host.onBack && (
          <button type="button" class="ab-link" onClick={() => model.host.onBack?.()}>
            back to the live log
          </button>
        )}
      </div>
    );
  }
  const fact = FACTS[phase];
  if (fact === undefined) return null;
  return (
    <div class={`ab-log-banner ab-log-lost ${side}`}>
      <span>
        <b>{fact}</b>
        {phase === 'waiting' && nextDelayMs ? `, next try in ${Math.max(1, Math.round(nextDelayMs / 1000))} s` : ''}
        {phase === 'denied' && reason ? `: ${reason}` : ''}
        {held > 0 ? '. The lines below are from before.' : '.'}
      </span>
      <button type="button" class="ab-link" onClick={() => model.client.reconnect()}>
        try now
      </button>
    </div>
  );
}

/** What is wrong, by the link's phase; the other phases are as they should be. */
const FACTS: Partial<Record<string, string>> = {
  waiting: 'The link is lost',
  stale: 'The server does not answer',
  gone: 'The kernel is gone',
  denied: 'The server did not let this page in',
  closed: 'The orchestrator has closed',
};
