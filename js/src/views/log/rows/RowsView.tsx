import type { ReadonlySignal } from '@preact/signals';
import type { JSX } from 'preact';
import { useEffect, useLayoutEffect, useRef } from 'preact/hooks';
import { levelName } from '../../../logs/levels';
import type { Actions } from '../model/actions';
import type { PaneModel } from '../model/model';
import { COLUMNS, widthOf } from '../model/prefs';
import type { Drawn } from '../model/scroll';
import { Cells, jobName } from './Cells';
import { ColumnGrips } from './ColumnGrips';
import { Detail } from './Detail';
import { GapLine } from './GapLine';
import { onRowsClick } from './pointer';
import { NO_SLOTS, recycled, type Slots } from './slots';

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
  const thumb = useRef(0);
  const drawn = model.drawn.value;
  const choices = model.prefs.choices.value;
  const { wrap, columns, time } = choices;
  const dates = model.dates.value;
  const current = model.current.value;
  // A line that is filtered or scrolled away has no element that a screen reader could be led to.
  const isDrawn = current !== null && drawn?.rows.some(({ seq }) => seq === current);

  useEffect(() => {
    const element = scroller.current as HTMLDivElement;
    const observer = new ResizeObserver(() => {
      if (model.prefs.choices.peek().wrap) model.scroll.forget();
      model.resized(element.clientHeight);
    });
    observer.observe(element);
    // Text that is being marked must not be carried off by lines that arrive. Once for each marking: what stays marked
    // changes with the rows that it is in, and who follows again means it.
    let begun = false;
    const begin = () => {
      begun = true;
    };
    const marking = () => {
      const marked = getSelection();
      if (!begun || !marked || marked.isCollapsed || !element.contains(marked.anchorNode)) return;
      begun = false;
      model.hold();
    };
    element.addEventListener('selectstart', begin);
    document.addEventListener('selectionchange', marking);
    return () => {
      observer.disconnect();
      element.removeEventListener('selectstart', begin);
      document.removeEventListener('selectionchange', marking);
    };
  }, [model]);

  const settled = useRef(0);
  const onScroll = () => {
    const element = scroller.current as HTMLDivElement;
    const to = element.scrollTop;
    if (Math.abs(to - thumb.current) < 1) return;
    const from = thumb.current;
    thumb.current = to;
    model.scrolled(from, to);
    clearTimeout(settled.current);
    settled.current = window.setTimeout(settle, 150);
    const end = element.scrollHeight - element.clientHeight;
    if ((to <= 0 && !model.scroll.at('top')) || (to >= end - 1 && !model.scroll.at('bottom'))) settle();
  };
  /** Put the thumb where the rows are: what moved 1:1 past the mapping, and what rows came since. */
  const settle = () => {
    const element = scroller.current;
    const at = model.drawn.peek();
    if (!element || !at) return;
    settled.current = 0;
    // Compared with what is known: asking the element would make the browser lay out each picture twice.
    if (Math.abs(thumb.current - at.thumb) >= 1) {
      element.scrollTop = at.thumb;
      thumb.current = element.scrollTop;
    }
  };

  useLayoutEffect(() => {
    const element = scroller.current as HTMLDivElement;
    const tall = new Map<number, number>();
    for (const row of element.querySelectorAll<HTMLElement>('[data-tall]')) {
      tall.set(Number(row.dataset.seq), row.getBoundingClientRect().height);
    }
    if (tall.size) model.measured(tall);
    // While the reader scrolls, the thumb is the reader's.
    if (settled.current === 0) settle();
  });

  const template = COLUMNS.filter((column) => columns.includes(column))
    .map((column) => widthOf(column, choices, dates))
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
        onScroll={onScroll}
        onClick={(event) => onRowsClick(event, actions)}
        onDblClick={(event) => onRowsClick(event, actions)}
        style={{ '--ab-log-template': `${template} minmax(0, 1fr) auto` }}
      >
        <div class="ab-log-height" role="presentation" style={{ height: `${height}px` }}>
          <div class="ab-log-view" role="presentation" style={{ height: `${model.height.value}px` }}>
            {drawn && <Rows drawn={drawn} model={model} actions={actions} id={id} now={now} />}
          </div>
        </div>
      </div>
      <ColumnGrips model={model} />
    </div>
  );
}

function Rows({ drawn, model, actions, id, now }: Omit<Props, never> & { drawn: Drawn }): JSX.Element {
  const { map, first, top } = drawn;
  const { store } = map;
  const { columns, wrap, time, unfold } = model.prefs.choices.value;
  const { marks, test } = model.compiled.value;
  const current = model.current.value;
  const selected = model.selected.value;
  const expanded = model.expanded.value;
  const wholes = model.wholes.value;
  const pins = model.pins.value;
  const fetching = model.fetching.value;
  const locating = model.prefs.choices.value.mode === 'locate' && test !== null;
  const context = model.prefs.choices.value.context > 0 && test !== null;
  const clock = time === 'relative' ? now.value : 0;
  const dates = model.dates.value;
  const rows: JSX.Element[] = [];
  const slots = useRef<Slots>(NO_SLOTS);
  slots.current = recycled(slots.current, drawn);
  drawn.rows.forEach((row, k) => {
    const index = first + k + 1;
    if (row.gap !== null) {
      const { gap } = row;
      const name = `g${gap.to}${gap.kind}`;
      const busy = fetching.has(gap.to);
      rows.push(<GapLine key={name} gap={gap} busy={busy} actions={actions} id={`${id}-${name}`} index={index} />);
      return;
    }
    const { seq } = row;
    const i = store.find(seq);
    // Let go since the rows were chosen: the next picture, which is on its way, is without it.
    if (i < 0) return;
    const exc = store.exc(i) !== undefined;
    const open = expanded.has(seq) !== (unfold && exc);
    const hit = (locating || context) && model.hits.has(i);
    const level = levelName(store.level(i));
    const names = ['ab-log-row', `ab-${level}`];
    if (selected.has(seq)) names.push('ab-selected');
    if (seq === current) names.push('ab-current');
    if (hit && locating) names.push('ab-hit');
    else if (!hit && (locating || context) && !open) names.push('ab-around');
    if (context && !row.beside) names.push('ab-apart');
    const tall = open || wrap;
    rows.push(
      <div
        key={slots.current.get(seq)}
        id={`${id}-${seq}`}
        class={names.join(' ')}
        role="row"
        aria-rowindex={index}
        aria-selected={selected.has(seq) || seq === current}
        data-seq={seq}
        data-tall={tall ? '' : undefined}
      >
        <Cells
          store={store}
          seq={seq}
          columns={columns}
          open={open}
          now={clock}
          dates={dates}
          marks={marks}
          wrap={wrap}
          whole={wholes.get(seq)}
          job={jobName(model.client, store.job(i))}
        />
        {open && (
          <Detail
            key={seq}
            store={store}
            seq={seq}
            actions={actions}
            marks={marks}
            whole={wholes.get(seq)}
            pinned={pins.some((pin) => pin.seq === seq)}
          />
        )}
      </div>,
    );
  });
  return (
    <div class="ab-log-drawn" role="presentation" style={{ transform: `translateY(${top}px)` }}>
      {rows}
    </div>
  );
}
