import type { JSX } from 'preact';
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import { type ExportFormat, FORMATS } from '../../../logs/text/export';
import { count } from '../../shared/format';
import type { Actions } from '../model/actions';
import type { PaneModel } from '../model/model';
import { COLUMNS, type Column, MAX_CONTEXT, MIN_WIDTH, WIDTHS, widthOf } from '../model/prefs';
import type { ExportScope } from '../model/transfer';

/** Width that the menu gives a column at most, in px; dragging goes further. */
const MAX_SLIDER = 300;

interface Props {
  model: PaneModel;
  actions: Actions;
}

/** What is not needed all day: how rows look, context, export, clearing. */
export function Menu({ model, actions }: Props): JSX.Element {
  const box = useRef<HTMLDivElement>(null);
  // Before the menu is to be seen: a reader who is quick must not lose the focus to it again.
  useLayoutEffect(() => {
    box.current?.querySelector<HTMLElement>('button, input, select')?.focus();
  }, []);
  useEffect(() => {
    const element = box.current as HTMLDivElement;
    const onPress = (event: PointerEvent) => {
      if (!event.composedPath().includes(element)) model.panels.closeMenu();
    };
    // The press that opened the menu is still under way.
    const timer = setTimeout(() => document.addEventListener('pointerdown', onPress));
    return () => {
      clearTimeout(timer);
      document.removeEventListener('pointerdown', onPress);
    };
  }, []);
  return (
    <div class="ab-log-menu" role="dialog" aria-label="Pane options" ref={box}>
      <ExportSection model={model} actions={actions} />
      <LinesSection model={model} actions={actions} />
      <ColumnsSection model={model} actions={actions} />
      <LastSection model={model} actions={actions} />
    </div>
  );
}

function ExportSection({ model, actions }: Props): JSX.Element {
  const [scope, setScope] = useState<ExportScope>('asked');
  const [bom, setBom] = useState(false);
  const { matches, shown, held } = model.view.stats.value;
  const isLocating = model.asked.mode.value === 'locate' && model.asked.query.value.asked;
  const scopes: readonly (readonly [ExportScope, string, string])[] = [
    ['asked', isLocating ? 'the matches' : 'what is shown', count(isLocating ? matches : shown)],
    ['all', 'all held', count(held)],
    ['selected', 'selection', count(model.chosen.lines().length)],
  ];
  return (
    <section>
      <h2>Export</h2>
      <div class="ab-log-choice" role="radiogroup" aria-label="What to export">
        {scopes.map(([name, label, lines]) => (
          <label key={name}>
            <input type="radio" name="what" aria-label={label} checked={scope === name} onChange={() => setScope(name)} />
            {label} <span class="ab-log-faint">{lines}</span>
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
              model.panels.closeMenu();
              void actions.export(format, scope, bom);
            }}
          >
            {FORMATS[format].name}
          </button>
        ))}
      </div>
      <Check label="Byte order mark in CSV" on={bom} set={setBom} />
    </section>
  );
}

function LinesSection({ model, actions }: Props): JSX.Element {
  const choices = model.asked.prefs.choices.value;
  const { wrap, unfold, time, order, facets, histogram, plumbing } = choices;
  const relative = time === 'relative';
  return (
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
      <Check
        label="Locate: every line, matches marked"
        on={model.asked.mode.value === 'locate'}
        set={(on) => actions.setMode(on ? 'locate' : 'filter')}
      />
      <Check label="Pause" on={model.asked.paused.value !== null} set={() => actions.togglePause()} />
      <Check label="Wrap" on={wrap} set={(on) => actions.setChoices({ wrap: on })} />
      <Check label="Open tracebacks" on={unfold} set={(on) => actions.setChoices({ unfold: on })} />
      <Check label="Relative times" on={relative} set={(on) => actions.setChoices({ time: on ? 'relative' : 'clock' })} />
      <Check label="Oldest first" on={order === 'oldest'} set={(on) => actions.setOrder(on ? 'oldest' : 'newest')} />
      <Check label="Plumbing (requests, clients)" on={plumbing} set={(on) => model.asked.setPlumbing(on)} />
      <Check label="Facets" on={facets} set={(on) => actions.setChoices({ facets: on })} />
      <Check label="Histogram" on={histogram} set={(on) => actions.setChoices({ histogram: on })} />
    </section>
  );
}

function ColumnsSection({ model, actions }: Props): JSX.Element {
  const choices = model.asked.prefs.choices.value;
  const { columns } = choices;
  return (
    <section>
      <h2>Columns</h2>
      {COLUMNS.map((column) => (
        <div class="ab-log-option" key={column}>
          <Check
            label={column}
            on={columns.includes(column)}
            disabled={column === 'message'}
            set={(on) => actions.setChoices({ columns: withColumn(columns, column, on) })}
          />
          {WIDTHS[column] && columns.includes(column) && (
            <input
              type="range"
              min={MIN_WIDTH}
              max={MAX_SLIDER}
              aria-label={`Width of ${column}`}
              value={widthOf(column, choices, model.view.stamp.value)}
              onInput={(event) => model.asked.prefs.setWidth(column, event.currentTarget.valueAsNumber)}
            />
          )}
        </div>
      ))}
    </section>
  );
}

function LastSection({ model, actions }: Props): JSX.Element {
  const isCleared = model.asked.cleared.value > 0;
  return (
    <section class="ab-log-buttons">
      <button
        type="button"
        class="ab-log-button"
        onClick={() => {
          model.panels.closeMenu();
          if (isCleared) actions.undoClear();
          else actions.clearToHere();
        }}
      >
        {isCleared ? 'Show what was cleared' : 'Clear to here'}
      </button>
      <button type="button" class="ab-log-button" onClick={() => model.panels.openKeys()}>
        Keys
      </button>
    </section>
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
