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
  const anchor = useRef<{ key: string; offset: number } | null>(null);
  const lastTop = useRef(0);
  heights.set(keys);
  const first = heights.at(Math.max(0, view.top - BEYOND));
  const last = Math.min(keys.length, heights.at(view.top + (view.height || 600) + BEYOND) + 1);

  /** See what is in view, and remember which line is at its top, so that it can be put there again. */
  const look = () => {
    const el = scroller.current;
    if (el === null) return;
    const { scrollTop: top, clientHeight: height } = el;
    lastTop.current = top;
    const i = heights.at(top);
    const key = keys[i];
    anchor.current = key === undefined || top <= 0 ? null : { key, offset: top - heights.top(i) };
    setView((old) => (old.top === top && old.height === height ? old : { top, height }));
  };
  useMeasuredLines(scroller, heights, look);
  useLayoutEffect(() => {
    if (scroller.current === null) return;
    if (start > 0) scroller.current.scrollTop = heights.top(start);
    look();
  }, []);
  useLayoutEffect(() => {
    const held = anchor.current;
    const i = held === null ? -1 : keys.indexOf(held.key);
    if (scroller.current === null || held === null || i < 0) return;
    const top = heights.top(i) + held.offset;
    if (Math.abs(lastTop.current - top) < 1) return;
    scroller.current.scrollTop = top;
    lastTop.current = top;
  });
  useEffect(() => {
    const el = scroller.current;
    const i = show == null ? -1 : keys.indexOf(show);
    if (el === null || i < 0) return;
    const top = heights.top(i);
    const bottom = heights.top(i + 1);
    if (top < el.scrollTop) el.scrollTop = top;
    else if (bottom > el.scrollTop + el.clientHeight) el.scrollTop = Math.min(top, bottom - el.clientHeight);
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

/**
 * Keep the heights of the lines in the document, and forget all others when the width changes.
 *
 * An observer tells sizes when they are known anyway: asking for them would have the page laid out at once, each time.
 */
function useMeasuredLines(scroller: RefObject<HTMLDivElement | null>, heights: Heights, look: () => void): void {
  const [, measuredAnew] = useState(0);
  const observer = useRef<ResizeObserver | null>(null);
  const observed = useRef<Set<Element>>(new Set());
  const latest = useRef(look);
  latest.current = look;
  useLayoutEffect(() => {
    const el = scroller.current;
    if (el === null) return;
    let width = -1;
    const made = new ResizeObserver((entries) => {
      let isNew = false;
      for (const { target, borderBoxSize } of entries) {
        const size = borderBoxSize[0];
        if (size === undefined) continue;
        if (target !== el) {
          const key = (target as HTMLElement).dataset.line;
          isNew = (key !== undefined && heights.measure(key, size.blockSize)) || isNew;
        } else if (size.inlineSize !== width) {
          if (width >= 0) {
            heights.forget();
            // So that those in view tell their heights again, also where these have not changed.
            for (const one of observed.current) {
              made.unobserve(one);
              made.observe(one);
            }
          }
          width = size.inlineSize;
          isNew = true;
        }
      }
      if (isNew) measuredAnew((n) => n + 1);
      latest.current();
    });
    made.observe(el);
    observer.current = made;
    return () => {
      made.disconnect();
      observed.current.clear();
    };
  }, []);
  useLayoutEffect(() => {
    const seen = new Set<Element>(scroller.current?.querySelectorAll('[data-line]'));
    for (const one of observed.current) if (!seen.has(one)) observer.current?.unobserve(one);
    for (const one of seen) if (!observed.current.has(one)) observer.current?.observe(one);
    observed.current = seen;
  });
}
