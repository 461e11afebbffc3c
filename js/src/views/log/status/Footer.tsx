import type { JSX } from 'preact';
import { count } from '../../shared/format';
import type { PaneModel } from '../model/model';

/** How much of what there is one sees, and what was lost. */
export function Footer({ model }: { model: PaneModel }): JSX.Element {
  const { shown, held } = model.view.stats.value;
  void model.client.logs.revision.value;
  const { capacity, evicted, missed } = model.store;
  const { mode, context } = model.asked.prefs.choices.value;
  const asked = model.asked.query.value.test !== null;
  const selected = model.chosen.selected.value.size;
  return (
    <footer class="ab-log-foot">
      <span class="ab-log-shown">
        {count(shown)} of {count(held)} shown
      </span>
      {!model.asked.isTable.value && <span class="ab-log-hide">cap {count(capacity)}</span>}
      {evicted > 0 && (
        <span class="ab-log-hide" title="Lines that this page held and let go at its cap; the ring may still have them">
          {count(evicted)} evicted
        </span>
      )}
      {missed > 0 && (
        <span class="ab-log-hide" title="Lines that this page was not sent">
          {count(missed)} missed
        </span>
      )}
      {asked && context > 0 && mode === 'filter' && <span class="ab-log-hide">± {context} lines</span>}
      {selected > 0 && <span>{count(selected)} selected</span>}
      <span class="ab-spring" />
      <span class="ab-log-hide" aria-hidden="true">
        <kbd>n</kbd> <kbd>N</kbd> next, previous
      </span>
      <span class="ab-log-hide" aria-hidden="true">
        <kbd>f</kbd> follow
      </span>
      <button type="button" class="ab-log-keys" onClick={() => model.panels.openKeys()}>
        <kbd>?</kbd> keys
      </button>
    </footer>
  );
}
