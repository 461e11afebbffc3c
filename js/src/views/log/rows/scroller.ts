import type { RefObject } from 'preact';
import { useEffect } from 'preact/hooks';
import type { PaneModel } from '../model/model';

/** Tell the model how tall the rows' view is, now and when that changes. */
export function useResize(scroller: RefObject<HTMLDivElement | null>, model: PaneModel): void {
  useEffect(() => {
    const element = scroller.current as HTMLDivElement;
    const observer = new ResizeObserver(() => {
      // Another width wraps the text of every row otherwise.
      if (model.asked.prefs.choices.peek().wrap) model.view.forgetHeights();
      model.view.resized(element.clientHeight);
    });
    observer.observe(element);
    return () => observer.disconnect();
  }, [model]);
}

/**
 * Let go of the followed end when the reader begins to mark text: lines that arrive must not carry it off.
 *
 * Once for each marking: what stays marked changes with the rows that it is in, and who follows again means it.
 */
export function useHoldWhileMarking(scroller: RefObject<HTMLDivElement | null>, model: PaneModel): void {
  useEffect(() => {
    const element = scroller.current as HTMLDivElement;
    let hasBegun = false;
    const onBegin = () => {
      hasBegun = true;
    };
    const onChange = () => {
      const marked = getSelection();
      if (!hasBegun || !marked || marked.isCollapsed || !element.contains(marked.anchorNode)) return;
      hasBegun = false;
      model.view.hold();
    };
    element.addEventListener('selectstart', onBegin);
    document.addEventListener('selectionchange', onChange);
    return () => {
      element.removeEventListener('selectstart', onBegin);
      document.removeEventListener('selectionchange', onChange);
    };
  }, [model]);
}
