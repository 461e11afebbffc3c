import type { ComponentChildren, HTMLAttributes, JSX, RefObject, TargetedEvent } from 'preact';
import { useLayoutEffect, useRef, useState } from 'preact/hooks';

const OVERSCAN = 8;

interface Props {
  count: number;
  /** Of every row, in px. */
  rowHeight: number;
  /** Of the list; beyond it, it scrolls. */
  maxHeight: number;
  row(i: number): ComponentChildren;
  class?: string;
  /** The row at the top at first; then the end is kept in view while it is there, as rows are added. */
  start?: number;
  /** Bring this row into view whenever it becomes another one. */
  show?: number | undefined;
  attributes?: HTMLAttributes<HTMLDivElement>;
  scroller?: RefObject<HTMLDivElement>;
}

/** A list of which only the rows in view are in the document, so that 100,000 cost what 30 do. */
export function VirtualRows(props: Props): JSX.Element {
  const { count, rowHeight, maxHeight, row, start, show, attributes } = props;
  const own = useRef<HTMLDivElement>(null);
  const ref = props.scroller ?? own;
  const [top, setTop] = useState(0);
  const atEnd = useRef<boolean | null>(null);
  const full = count * rowHeight;
  const height = Math.min(full, maxHeight);
  const first = Math.max(0, Math.min(count - 1, Math.floor(top / rowHeight)) - OVERSCAN);
  const last = Math.min(count, Math.ceil((top + height) / rowHeight) + OVERSCAN);

  useLayoutEffect(() => {
    const el = ref.current;
    if (el === null || start === undefined) return;
    if (atEnd.current === null) {
      el.scrollTop = start * rowHeight;
      atEnd.current = el.scrollTop + height >= full - 2;
    } else if (atEnd.current) {
      el.scrollTop = full;
    }
  }, [full]);
  useLayoutEffect(() => {
    const el = ref.current;
    if (el === null || show === undefined || show < 0) return;
    const y = show * rowHeight;
    const above = el.scrollTop - y;
    const below = y + rowHeight - el.scrollTop - height;
    // A step of the keys scrolls by a row; whoever jumps sees what is around.
    if (above > 2 * rowHeight || below > 2 * rowHeight) el.scrollTop = y - height / 3;
    else if (above > 0) el.scrollTop = y;
    else if (below > 0) el.scrollTop = y + rowHeight - height;
  }, [show]);

  const onScroll = (event: TargetedEvent<HTMLDivElement>) => {
    const el = event.currentTarget;
    atEnd.current = el.scrollTop + el.clientHeight >= el.scrollHeight - 2;
    setTop(el.scrollTop);
  };
  const rows: ComponentChildren[] = [];
  for (let i = first; i < last; i++) rows.push(row(i));
  return (
    <div
      {...attributes}
      ref={ref}
      class={`ab-rows ${props.class ?? ''}`}
      style={{ height: `${height}px`, overflowY: full > maxHeight ? 'auto' : 'hidden' }}
      tabIndex={full > maxHeight ? 0 : attributes?.tabIndex}
      onScroll={onScroll}
    >
      <div role="presentation" class="ab-rows-space" style={{ height: `${full}px` }}>
        <div role="presentation" class="ab-rows-shown" style={{ transform: `translateY(${first * rowHeight}px)` }}>
          {rows}
        </div>
      </div>
    </div>
  );
}
