import type { JSX } from 'preact';
import { useRef } from 'preact/hooks';
import type { PaneModel } from '../model/model';
import { COLUMNS, type Column, widthOf } from '../model/prefs';

const MIN = 28;
const MAX = 400;
const EDGE = 4;
const SPACE = 8;
const BEGIN = 7;

/** Grips between the columns of fixed width: drag, or double click for the usual width. Keys: the column menu. */
export function ColumnGrips({ model }: { model: PaneModel }): JSX.Element {
  const choices = model.prefs.choices.value;
  const dates = model.dates.value;
  const drag = useRef<{ column: Column; x: number; width: number } | null>(null);
  let left = EDGE + BEGIN;
  const grips = COLUMNS.filter((column) => choices.columns.includes(column)).flatMap((column) => {
    const width = widthOf(column, choices, dates);
    if (width === undefined) return [];
    left += width + SPACE;
    return [{ column, width, at: left - SPACE / 2 }];
  });
  return (
    <div class="ab-log-grips" aria-hidden="true">
      {grips.map(({ column, width, at }) => (
        <div
          key={column}
          class="ab-log-grip"
          style={{ left: `${at}px` }}
          title={`${column}: drag to resize`}
          onPointerDown={(event) => {
            drag.current = { column, x: event.clientX, width };
            event.currentTarget.setPointerCapture(event.pointerId);
            event.preventDefault();
          }}
          onPointerMove={(event) => {
            const from = drag.current;
            if (from) resize(model, from.column, from.width + event.clientX - from.x);
          }}
          onPointerUp={() => {
            drag.current = null;
          }}
          onDblClick={() => resize(model, column, null)}
        />
      ))}
    </div>
  );
}

/** Give a column another width, in px; null: its usual one. */
export function resize(model: PaneModel, column: Column, width: number | null): void {
  const widths = { ...model.prefs.choices.peek().widths };
  if (width === null) delete widths[column];
  else widths[column] = Math.min(MAX, Math.max(MIN, Math.round(width)));
  model.prefs.set({ widths });
}
