import type { JSX } from 'preact';
import { largerRing } from '../../../logs/store/capacity';
import { count, plural } from '../../shared/format';
import type { Actions } from '../model/actions';
import type { PaneModel } from '../model/model';
import { Follow } from './Follow';

interface Props {
  model: PaneModel;
  actions: Actions;
}

/** How much of what there is one sees, where the rest is, and whether new lines are followed. */
export function Footer({ model, actions }: Props): JSX.Element {
  const { shown, held, muted } = model.view.stats.value;
  const { context } = model.asked.prefs.choices.value;
  const isFiltering = model.asked.query.value.asked && model.asked.mode.value === 'filter';
  const selected = model.chosen.selected.value.size;
  return (
    <footer class="ab-log-foot">
      <span class="ab-log-account">
        <span
          class="ab-log-shown"
          title={`Lines that the rows show, of those that this page holds; it keeps the newest ${count(model.store.capacity)}`}
        >
          {count(shown)} of {count(Math.max(shown, held - muted))} shown
        </span>
        {!model.asked.isTable.value && <Elsewhere model={model} />}
        {isFiltering && context > 0 && <span class="ab-log-hide">± {plural(context, 'line')}</span>}
        {selected > 0 && <span>{count(selected)} selected</span>}
      </span>
      <span class="ab-spring" />
      <span class="ab-log-hide" aria-hidden="true">
        <kbd>n</kbd> <kbd>N</kbd> next, previous
      </span>
      <button type="button" class="ab-log-keys" title="All keys" onClick={() => model.panels.openKeys()}>
        <kbd>?</kbd> <span class="ab-log-hide">keys</span>
      </button>
      <Follow model={model} actions={actions} />
    </footer>
  );
}

/** What this page does not hold or does not show unasked. With the lines that it holds, the figures add up to what was written. */
function Elsewhere({ model }: Pick<Props, 'model'>): JSX.Element {
  void model.client.logs.revision.value;
  const { ring, lost, withheld, written } = model.account();
  const { muted } = model.view.stats.value;
  const isWhole = ring + lost + withheld === 0;
  return (
    <>
      {muted > 0 && (
        <button
          type="button"
          class="ab-link"
          title="Lines about requests and clients that come and go are muted at first. Click to show them"
          onClick={() => model.asked.setPlumbing(true)}
        >
          {count(muted)} muted
        </button>
      )}
      {ring > 0 && (
        <span title="Lines that the server's ring holds and this page does not: a gap among the rows fetches them">
          {count(ring)} more in the ring
        </span>
      )}
      {withheld > 0 && (
        <span title="Lines that the server does not send: their channel is not allowed, or their level is too low">
          {count(withheld)} not for this page
        </span>
      )}
      {lost > 0 && (
        <span class="ab-log-lostcount" title={lostTitle(model.overflowing())}>
          {count(lost)} lost
        </span>
      )}
      {!isWhole && (
        <span title="Lines that were ever written: those of this page and the others named here">
          = {count(written)} written
        </span>
      )}
      <span class="ab-log-hide" title="How many lines this page keeps at most; the oldest go first">
        keeps {plural(model.store.capacity, 'line')}
      </span>
    </>
  );
}

function lostTitle(capacity: number | null): string {
  const gone = 'Lines that nobody holds any more';
  return capacity === null ? gone : `${gone}: the ring keeps the newest ${count(capacity)}. Larger: ${largerRing(capacity)}`;
}
