import type { JSX } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import type uPlot from 'uplot';
import type { Bins } from '../../../logs/filter/histogram';
import type { PaneModel } from '../model/model';
import { mountPlot } from './mount-plot';
import { BAR, describeBin, stacked } from './plot';

/** What a histogram without lines spans: the last minute, in ms. */
const EMPTY_SPAN_MS = 60_000;
/** What it spans at least unless one zooms in, in ms: the first lines of a bench are no landscape. */
const MIN_SPAN_MS = 10_000;

/** Lines over time by level; drag to set the time range in the query, double click to be rid of it. */
export function HistogramView({ model }: { model: PaneModel }): JSX.Element {
  const { asked, view } = model;
  const box = useRef<HTMLDivElement>(null);
  const chart = useRef<uPlot | null>(null);
  const bins = useRef<Bins | null>(null);
  const [hover, setHover] = useState('');
  const [zoomed, setZoomed] = useState(false);
  const [, redraw] = useState(0);
  const counted = view.counted.value;
  const { since, until } = asked.query.value;
  const isRanged = since !== null || until !== null;

  useEffect(() => {
    const { plot, unmount } = mountPlot(box.current as HTMLDivElement, {
      brush: (from, to) => {
        const [first, last] = wholeBins(bins.current, from, to);
        asked.askTimes(first, last);
      },
      hover: (ts) => setHover(ts === null || !bins.current ? '' : describeBin(bins.current, ts)),
      resized: () => redraw((n) => n + 1),
    });
    chart.current = plot;
    return () => {
      unmount();
      chart.current = null;
    };
  }, [model]);

  useEffect(() => {
    const plot = chart.current;
    if (!plot || !box.current) return;
    let [from, to] = view.extent() ?? [Date.now() - EMPTY_SPAN_MS, Date.now()];
    if (zoomed && isRanged) [from, to] = [since ?? from, until ?? to];
    else from = Math.min(from, to - MIN_SPAN_MS);
    if (to <= from) to = from + 1;
    bins.current = view.bins(from, to, Math.max(10, Math.floor(box.current.clientWidth / BAR)));
    plot.setData(stacked(bins.current));
    redraw((n) => n + 1);
  }, [counted, zoomed, since, until, model]);

  const showAllTimes = () => {
    setZoomed(false);
    asked.askTimes(null, null);
  };
  const plot = chart.current;
  const band = plot && isRanged && !zoomed ? bandOf(plot, since, until) : null;
  return (
    <div class="ab-log-histogram" role="group" aria-label="Lines over time">
      <div class="ab-log-plot" ref={box} title="" onDblClick={showAllTimes}>
        {band && <div class="ab-log-band" style={{ left: `${band.left}px`, width: `${band.width}px` }} />}
      </div>
      <div class="ab-log-hover" aria-hidden="true">
        {hover}
      </div>
      {isRanged && (
        <div class="ab-log-zoom">
          <button type="button" class="ab-link" aria-pressed={zoomed} onClick={() => setZoomed(!zoomed)}>
            {zoomed ? 'zoom out' : 'zoom in'}
          </button>
          <button type="button" class="ab-link" onClick={showAllTimes}>
            all times
          </button>
        </div>
      )}
    </div>
  );
}

/** A brushed range as the bins have it: from the edge nearest to its begin to the one nearest to its end, one bin at least. */
function wholeBins(bins: Bins | null, from: number, to: number): readonly [number, number] {
  const { start, width } = bins ?? { start: 0, width: 1 };
  const edge = (ts: number) => start + Math.round((ts - start) / width) * width;
  const first = edge(from);
  return [first, Math.max(edge(to), first + width)];
}

/** Where the query's time range lies on the plot, in px; null where none of it is there. */
function bandOf(plot: uPlot, since: number | null, until: number | null): { left: number; width: number } | null {
  const { min, max } = plot.scales.x ?? {};
  if (min === undefined || max === undefined) return null;
  const from = Math.max(min, since ?? min);
  const to = Math.min(max, until ?? max);
  if (to < from) return null;
  const left = plot.valToPos(from, 'x');
  return { left, width: Math.max(1, plot.valToPos(to, 'x') - left) };
}
