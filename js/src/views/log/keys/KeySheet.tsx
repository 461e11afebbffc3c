import type { JSX } from 'preact';
import { useLayoutEffect, useRef } from 'preact/hooks';
import { KEY_SHEET } from './keys';

/** All keys of the pane on one sheet. */
export function KeySheet({ onClose }: { onClose(): void }): JSX.Element {
  const button = useRef<HTMLButtonElement>(null);
  // Before the sheet is to be seen: a reader who is quick must not lose the focus to it again.
  useLayoutEffect(() => button.current?.focus(), []);
  return (
    <div class="ab-log-sheet" role="dialog" aria-modal="true" aria-label="Keys" onClick={onClose}>
      <div class="ab-log-sheetbox" onClick={(event) => event.stopPropagation()}>
        <header>
          <b>Keys</b>
          <button type="button" class="ab-log-button" ref={button} onClick={onClose}>
            Close
          </button>
        </header>
        <dl>
          {KEY_SHEET.map(([keys, does]) => (
            <div key={keys}>
              <dt>
                {keys.split(' ').map((key) => (
                  <kbd key={key}>{key}</kbd>
                ))}
              </dt>
              <dd>{does}</dd>
            </div>
          ))}
        </dl>
      </div>
    </div>
  );
}
