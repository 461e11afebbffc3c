import type { JSX } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { type ExportFormat, FORMATS } from '../../../logs/text/export';
import type { Actions } from '../model/actions';
import type { PaneModel } from '../model/model';
import { type Choices, COLUMNS, type Column, MAX_CONTEXT, WIDTHS, widthOf } from '../model/prefs';
import { resize } from '../rows/ColumnGrips';

interface Props {
  model: PaneModel;
  actions: Actions;
  onClose(): void;
  onKeys(): void;
}

type What = 'shown' | 'all' | 'selected';

/** What is not needed all day: how rows look, context, export, clearing. */
export function Menu({ model, actions, onClose, onKeys }: Props): JSX.Element {
  const box = useRef<HTMLDivElement>(null);
  const [what, setWhat] = useState<What>('shown');
  const choices = model.prefs.choices.value;
  const cleared = model.cleared.value > 0;
  useEffect(() => {
    const element = box.current as HTMLDivElement;
    element.querySelector<HTMLElement>('button, input, select')?.focus();
    const away = (event: PointerEvent) => {
      if (!event.composedPath().includes(element)) onClose();
    };
    // The press that opened the menu is still under way.
    const timer = setTimeout(() => document.addEventListener('pointerdown', away));
    return () => {
      clearTimeout(timer);
      document.removeEventListener('pointerdown', away);
    };
  }, []);
  const set = (change: Partial<Choices>) => {
    if ('wrap' in change) model.scroll.forget();
    model.prefs.set(change);
    model.wake();
  };
  return (
    <div class="ab-log-menu" role="dialog" aria-label="Pane options" ref={box}>
      <section>
        <h2>Export</h2>
        <div class="ab-log-choice" role="radiogroup" aria-label="What to export">
          {(['shown', 'all', 'selected'] as const).map((name) => (
            <label key={name}>
              <input type="radio" name="what" checked={what === name} onChange={() => setWhat(name)} />
              {name === 'shown' ? 'what is shown' : name === 'all' ? 'all held' : 'selection'}
            </label>
          ))}
        </div>
        <div class="ab-log-buttons">
          {(Object.keys(FORMATS) as ExportFormat[]).map((format) => (
            <button
              type="button"
              class="ab-log-button"
              key={format}
              onClick={() => {
                onClose();
                void actions.export(format, what);
              }}
            >
              {FORMATS[format].name}
            </button>
          ))}
        </div>
      </section>
      <section>
        <h2>Lines</h2>
        <label class="ab-log-option">
          Context
          <input
            type="number"
            min={0}
            max={MAX_CONTEXT}
            value={choices.context}
            onInput={(event) => actions.setContext(event.currentTarget.valueAsNumber)}
          />
          lines
        </label>
        <Check label="Wrap" on={choices.wrap} set={(wrap) => set({ wrap })} />
        <Check label="Open tracebacks" on={choices.unfold} set={(unfold) => set({ unfold })} />
        <Check label="Relative times" on={choices.time === 'relative'} set={(on) => set({ time: on ? 'relative' : 'clock' })} />
        <Check label="Oldest first" on={choices.order === 'oldest'} set={(on) => actions.setOrder(on ? 'oldest' : 'newest')} />
        <Check label="Facets" on={choices.facets} set={(facets) => set({ facets })} />
        <Check label="Histogram" on={choices.histogram} set={(histogram) => set({ histogram })} />
      </section>
      <section>
        <h2>Columns</h2>
        {COLUMNS.map((column) => (
          <div class="ab-log-option" key={column}>
            <Check
              label={column}
              on={choices.columns.includes(column)}
              disabled={column === 'message'}
              set={(on) => set({ columns: withColumn(choices.columns, column, on) })}
            />
            {WIDTHS[column] && choices.columns.includes(column) && (
              <input
                type="range"
                min={28}
                max={300}
                aria-label={`Width of ${column}`}
                value={widthOf(column, choices, model.dates.value)}
                onInput={(event) => resize(model, column, event.currentTarget.valueAsNumber)}
              />
            )}
          </div>
        ))}
      </section>
      <section class="ab-log-buttons">
        <button
          type="button"
          class="ab-log-button"
          onClick={() => {
            onClose();
            if (cleared) actions.undoClear();
            else actions.clearToHere();
          }}
        >
          {cleared ? 'Show what was cleared' : 'Clear to here'}
        </button>
        <button type="button" class="ab-log-button" onClick={onKeys}>
          Keys
        </button>
      </section>
    </div>
  );
}

function Check(props: { label: string; on: boolean; disabled?: boolean; set(on: boolean): void }): JSX.Element {
  return (
    <label class="ab-log-check">
      <input
        type="checkbox"
        checked={props.on}
        disabled={props.disabled}
        onChange={(event) => props.set(event.currentTarget.checked)}
      />
      {props.label}
    </label>
  );
}

function withColumn(columns: readonly Column[], column: Column, on: boolean): Column[] {
  return COLUMNS.filter((name) => (name === column ? on : columns.includes(name)));
}
