import type { RefObject } from 'preact';
import { useMemo } from 'preact/hooks';
import type { InView } from '../model/in-view';

/** How long the scrollbar has to stand still before its thumb is put where the rows are, in ms. */
const STILL_MS = 150;

/** The scrollbar's thumb: it tells the view where the reader goes, and is put where the rows are once it stands still. */
export interface Thumb {
  onScroll(): void;
  /** Put the thumb where the rows are, unless the reader is moving it. */
  placeWhileStill(): void;
}

export function useThumb(scroller: RefObject<HTMLDivElement | null>, view: InView): Thumb {
  return useMemo(() => {
    /** Where the thumb was last: what comes from elsewhere is the reader's doing. */
    let known = 0;
    let timer = 0;
    const place = () => {
      const element = scroller.current;
      const drawn = view.drawn.peek();
      if (!element || !drawn) return;
      timer = 0;
      // Compared with what is known: asking the element would make the browser lay out each picture twice.
      if (Math.abs(known - drawn.thumb) >= 1) {
        element.scrollTop = drawn.thumb;
        known = element.scrollTop;
      }
    };
    return {
      onScroll() {
        const element = scroller.current as HTMLDivElement;
        const to = element.scrollTop;
        if (Math.abs(to - known) < 1) return;
        const from = known;
        known = to;
        view.scrolled(from, to);
        clearTimeout(timer);
        timer = window.setTimeout(place, STILL_MS);
        const end = element.scrollHeight - element.clientHeight;
        // A thumb at its end could not be moved on where the rows are not at theirs.
        if ((to <= 0 && !view.isAt('top')) || (to >= end - 1 && !view.isAt('bottom'))) place();
      },
      placeWhileStill() {
        if (timer === 0) place();
      },
    };
  }, [view]);
}
