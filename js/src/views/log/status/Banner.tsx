import type { JSX } from 'preact';
import { LastSeen } from '../../link/LastSeen';
import { noticeTexts } from '../../link/notice-texts';
import { plural } from '../../shared/format';
import type { PaneModel } from '../model/model';

/** A line over the far end of the rows while the link is not what it should be, or the rows are not the live log. */
export function Banner({ model }: { model: PaneModel }): JSX.Element | null {
  const status = model.client.status.value;
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
  if (status.phase === 'live' || status.phase === 'connecting') return null;
  const { fact } = noticeTexts(status, model.client.host);
  return (
    <div class={`ab-log-banner ab-log-lost ${side}`}>
      <span>
        <b>{fact}</b> {held > 0 && 'The lines below are from before.'}
      </span>
      <LastSeen client={model.client} />
      <button type="button" class="ab-link" onClick={() => model.client.reconnect()}>
        try now
      </button>
    </div>
  );
}
