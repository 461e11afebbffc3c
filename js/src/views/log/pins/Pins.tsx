import type { JSX } from 'preact';
import { exactClock } from '../../../logs/text/time';
import { cssColor } from '../../../sync/colors';
import type { Actions } from '../model/actions';
import type { PaneModel } from '../model/model';
import { LogText } from '../rows/LogText';

/** Pinned lines above the rows: they stay, whatever is filtered, evicted or scrolled away. */
export function Pins({ model, actions }: { model: PaneModel; actions: Actions }): JSX.Element | null {
  const pins = model.chosen.pins.value;
  if (pins.length === 0) return null;
  return (
    <ul class="ab-log-pins" aria-label="Pinned lines">
      {pins.map((pin) => (
        <li key={pin.seq} class={`ab-${pin.level}`}>
          <button type="button" class="ab-log-pinned" title="Go to this line" onClick={() => actions.goToPin(pin.seq)}>
            <span class="ab-log-time">{exactClock(pin.ts)}</span>
            <i class="ab-dot" style={{ backgroundColor: model.store.dotOf(pin.channel) || cssColor(pin.color) }} />
            <span class="ab-log-pintext">
              <LogText text={pin.message.slice(0, 300)} />
            </span>
          </button>
          <button type="button" class="ab-log-unpin" aria-label={`Unpin line ${pin.seq}`} onClick={() => actions.pin(pin.seq)}>
            ×
          </button>
        </li>
      ))}
    </ul>
  );
}
