import type { JSX } from 'preact';
import { useRef } from 'preact/hooks';
import type { PaneModel } from '../model/model';
import { COLUMNS, type Column, widthOf } from '../model/prefs';

/** The border of a row, its padding, and the space between two columns, in px: those of rows.css. */
const BORDER = 4;
const PADDING = 7;
const SPACE = 8;

/** Grips between the columns of fixed width: drag, or double click for the usual width. Keys: the column menu. */
export function ColumnGrips({ model }: { model: PaneModel }): JSX.Element {
  const choices = model.asked.prefs.choices.value;
  const stamp = model.view.stamp.value;
  const drag = useRef<{ column: Column; x: number; width: number } | null>(null);
  let left = BORDER + PADDING;
  const grips = COLUMNS.filter((column) => choices.columns.includes(column)).flatMap((column) => {
    const width = widthOf(column, choices, stamp);
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
            if (from) model.asked.prefs.setWidth(from.column, from.width + event.clientX - from.x);
          }}
          onPointerUp={() => {
            drag.current = null;
          }}
          onDblClick={() => model.asked.prefs.setWidth(column, null)}
        />
      ))}
    </div>
  );
}
