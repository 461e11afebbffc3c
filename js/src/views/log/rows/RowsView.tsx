import type { ReadonlySignal } from '@preact/signals';
import type { JSX } from 'preact';
import { useLayoutEffect, useRef } from 'preact/hooks';
import type { Actions } from '../model/actions';
import type { PaneModel } from '../model/model';
import { COLUMNS, widthOf } from '../model/prefs';
import { ColumnGrips } from './ColumnGrips';
import { DrawnRows } from './DrawnRows';
import { onRowsClick } from './pointer';
import { useHoldWhileMarking, useResize } from './scroller';
import { useThumb } from './thumb';

interface Props {
  model: PaneModel;
  actions: Actions;
  id: string;
  /** Now in ms, moving, for relative times. */
  now: ReadonlySignal<number>;
}

/** The list: some sixty rows drawn of however many there are, in a view that stands still while they scroll through it. */
export function RowsView({ model, actions, id, now }: Props): JSX.Element {
  const scroller = useRef<HTMLDivElement>(null);
  const { view, chosen, asked } = model;
  const drawn = view.drawn.value;
  const choices = asked.prefs.choices.value;
  const { wrap, columns, time } = choices;
  const stamp = view.stamp.value;
  const current = chosen.current.value;
  // A line that is filtered or scrolled away has no element that a screen reader could be led to.
  const isDrawn = current !== null && drawn?.rows.some(({ seq }) => seq === current);

  useResize(scroller, model);
  useHoldWhileMarking(scroller, model);
  const thumb = useThumb(scroller, view);
  useLayoutEffect(() => {
    measureTallRows(scroller.current as HTMLDivElement, model);
    thumb.placeWhileStill();
  });

  const template = COLUMNS.filter((column) => columns.includes(column))
    .map((column) => widthOf(column, choices, stamp))
    .flatMap((width) => (width === undefined ? [] : [`${width}px`]))
    .join(' ');
  const height = drawn?.height ?? 0;
  return (
    <div class="ab-log-rows">
      <div
        ref={scroller}
        class={`ab-log-scroller${wrap ? ' ab-wrap' : ''}${time === 'relative' ? ' ab-relative' : ''}`}
        role="grid"
        aria-label="Log lines"
        aria-multiselectable="true"
        aria-rowcount={drawn?.map.total ?? 0}
        aria-colcount={columns.length}
        aria-activedescendant={isDrawn ? `${id}-${current}` : undefined}
        tabIndex={0}
        onScroll={thumb.onScroll}
        onClick={(event) => onRowsClick(event, actions)}
        onDblClick={(event) => onRowsClick(event, actions)}
        style={{ '--ab-log-template': `${template} minmax(0, 1fr) auto` }}
      >
        <div class="ab-log-height" role="presentation" style={{ height: `${height}px` }}>
          <div class="ab-log-view" role="presentation" style={{ height: `${view.height.value}px` }}>
            {drawn && <DrawnRows drawn={drawn} model={model} actions={actions} id={id} now={now} />}
          </div>
        </div>
      </div>
      <ColumnGrips model={model} />
    </div>
  );
}

/** Tell the model how tall the rows are that may be taller than one line of text. */
function measureTallRows(element: HTMLElement, model: PaneModel): void {
  const heights = new Map<number, number>();
  for (const row of element.querySelectorAll<HTMLElement>('[data-tall]')) {
    heights.set(Number(row.dataset.seq), row.getBoundingClientRect().height);
  }
  if (heights.size) model.view.measured(heights);
}
