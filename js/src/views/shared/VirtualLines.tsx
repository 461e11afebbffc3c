import type { ComponentChildren, HTMLAttributes, JSX, RefObject } from 'preact';
import { useEffect, useLayoutEffect, useMemo, useRef, useState } from 'preact/hooks';
import { Heights } from './heights';

/** So many px above and below what is seen are drawn, too. */
const BEYOND = 240;

interface Props {
  /** The lines from top to bottom, by keys that stay the same. */
  keys: readonly string[];
  /** How high a line is until it has been measured, in px. */
  guess(key: string): number;
  /** One line: an element, marked by `data-line` with its key. */
  line(i: number): ComponentChildren;
  /** The line at the top at first. */
  start?: number;
  /** Bring this line into view whenever it becomes another one. */
  show?: string | null;
  class?: string;
  attributes?: HTMLAttributes<HTMLDivElement>;
  scroller: RefObject<HTMLDivElement | null>;
}

/**
 * Lines of different heights, of which only those in view are in the document. What is in view stays where it is when lines
 * above it turn out higher or lower than was thought, or come and go.
 */
export function VirtualLines({ keys, guess, line, start = 0, show, attributes, scroller, ...props }: Props): JSX.Element {
  const heights = useMemo(() => new Heights(guess), []);
  const [view, setView] = useState({ top: 0, height: 0 });
  const [, measuredAnew] = useState(0);
  const anchor = useRef<{ key: string; offset: number } | null>(null);
  heights.set(keys);
  const first = heights.at(Math.max(0, view.top - BEYOND));
  const last = Math.min(keys.length, heights.at(view.top + (view.height || 600) + BEYOND) + 1);

  /** Remember which line is at the top, so that it can be put there again. */
  const hold = (top: number) => {
    const i = heights.at(top);
    const key = keys[i];
    anchor.current = key === undefined || top <= 0 ? null : { key, offset: top - heights.top(i) };
  };
  const look = () => {
    const el = scroller.current;
    if (el === null) return;
    hold(el.scrollTop);
    setView((old) =>
      old.top === el.scrollTop && old.height === el.clientHeight ? old : { top: el.scrollTop, height: el.clientHeight },
    );
  };

  useLayoutEffect(() => {
    const el = scroller.current;
    if (el === null) return;
    let isNew = false;
    for (const child of el.querySelectorAll<HTMLElement>('[data-line]')) {
      isNew = heights.measure(child.dataset.line as string, child.getBoundingClientRect().height) || isNew;
    }
    const held = anchor.current;
    const i = held === null ? -1 : keys.indexOf(held.key);
    if (held !== null && i >= 0) {
      const top = heights.top(i) + held.offset;
      if (Math.abs(el.scrollTop - top) >= 1) el.scrollTop = top;
    }
    if (isNew) measuredAnew((n) => n + 1);
  });
  useLayoutEffect(() => {
    const el = scroller.current;
    if (el === null) return;
    if (start > 0) {
      el.scrollTop = heights.top(start);
      hold(el.scrollTop);
    }
    look();
    let width = el.clientWidth;
    const observer = new ResizeObserver(() => {
      if (el.clientWidth !== width) {
        width = el.clientWidth;
        heights.forget();
        measuredAnew((n) => n + 1);
      }
      look();
    });
    observer.observe(el);
    return () => observer.disconnect();
  }, []);
  useEffect(() => {
    const el = scroller.current;
    const i = show == null ? -1 : keys.indexOf(show);
    if (el === null || i < 0) return;
    const top = heights.top(i);
    const bottom = heights.top(i + 1);
    if (top < el.scrollTop) el.scrollTop = top;
    else if (bottom > el.scrollTop + el.clientHeight) {
      el.scrollTop = Math.min(top, bottom - el.clientHeight);
    }
  }, [show]);

  const lines: ComponentChildren[] = [];
  for (let i = first; i < last; i++) lines.push(line(i));
  return (
    <div {...attributes} ref={scroller} class={`ab-rows ${props.class ?? ''}`} style={{ overflowY: 'auto' }} onScroll={look}>
      <div role="presentation" class="ab-rows-space" style={{ height: `${heights.total}px` }}>
        <div role="presentation" class="ab-rows-shown" style={{ transform: `translateY(${heights.top(first)}px)` }}>
          {lines}
        </div>
      </div>
    </div>
  );
}
