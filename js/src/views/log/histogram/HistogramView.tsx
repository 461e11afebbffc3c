import type { JSX } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import type uPlot from 'uplot';
import type { Bins } from '../../../logs/filter/histogram';
import type { PaneModel } from '../model/model';
import * as querying from '../model/querying';
import { BAR, HEIGHT, makePlot, resolved, stacked, told } from './plot';

/** Lines over time by level; drag to set the time range in the query, double click to be rid of it. */
export function HistogramView({ model }: { model: PaneModel }): JSX.Element {
  const box = useRef<HTMLDivElement>(null);
  const chart = useRef<uPlot | null>(null);
  const bins = useRef<Bins | null>(null);
  const [hover, setHover] = useState('');
  const [zoomed, setZoomed] = useState(false);
  const [, redraw] = useState(0);
  const slow = model.slow.value;
  const { since, until } = model.compiled.value;
  const ranged = since !== null || until !== null;

  useEffect(() => {
    const element = box.current as HTMLDivElement;
    const colors = new Map<string, string>();
    const plot = makePlot(element, {
      color: (name) => {
        const color = colors.get(name) ?? resolved(element, name);
        colors.set(name, color);
        return color;
      },
      brush: (from, to) => {
        const { start, width } = bins.current ?? { start: 0, width: 1 };
        const edge = (ts: number) => start + Math.round((ts - start) / width) * width;
        const first = edge(from);
        model.ask(querying.range(model.text.peek(), first, Math.max(edge(to), first + width)));
      },
      hover: (ts) => setHover(ts === null || !bins.current ? '' : told(bins.current, ts)),
    });
    chart.current = plot;
    const size = new ResizeObserver(() => {
      plot.setSize({ width: Math.max(40, element.clientWidth), height: HEIGHT });
      redraw((n) => n + 1);
    });
    size.observe(element);
    const repaint = () => {
      colors.clear();
      plot.redraw(false);
    };
    const theme = new MutationObserver(repaint);
    theme.observe(document.documentElement, { attributes: true, attributeFilter: ['class', 'data-theme'] });
    theme.observe(document.body, { attributes: true, attributeFilter: ['data-jp-theme-light', 'class'] });
    const scheme = matchMedia('(prefers-color-scheme: dark)');
    scheme.addEventListener('change', repaint);
    return () => {
      size.disconnect();
      theme.disconnect();
      scheme.removeEventListener('change', repaint);
      plot.destroy();
      chart.current = null;
    };
  }, [model]);

  useEffect(() => {
    const plot = chart.current;
    if (!plot || !box.current) return;
    const whole = model.histogram.extent();
    let [from, to] = whole ?? [Date.now() - 60_000, Date.now()];
    if (zoomed && ranged) [from, to] = [since ?? from, until ?? to];
    if (to <= from) to = from + 1;
    const found = model.histogram.bins(from, to, Math.max(10, Math.floor(box.current.clientWidth / BAR)));
    bins.current = found;
    plot.setData(stacked(found));
    redraw((n) => n + 1);
  }, [slow, zoomed, since, until, model]);

  const plot = chart.current;
  const band = plot && ranged && !zoomed ? bandOf(plot, since, until) : null;
  return (
    <div class="ab-log-histogram" role="group" aria-label="Lines over time">
      <div
        class="ab-log-plot"
        ref={box}
        title=""
        onDblClick={() => {
          setZoomed(false);
          model.ask(querying.range(model.text.peek(), null, null));
        }}
      >
        {band && <div class="ab-log-band" style={{ left: `${band.left}px`, width: `${band.width}px` }} />}
      </div>
      <div class="ab-log-hover" aria-hidden="true">
        {hover}
      </div>
      {ranged && (
        <div class="ab-log-zoom">
          <button type="button" class="ab-link" aria-pressed={zoomed} onClick={() => setZoomed(!zoomed)}>
            {zoomed ? 'zoom out' : 'zoom in'}
          </button>
          <button
            type="button"
            class="ab-link"
            onClick={() => {
              setZoomed(false);
              model.ask(querying.range(model.text.peek(), null, null));
            }}
          >
            all times
          </button>
        </div>
      )}
    </div>
  );
}

function bandOf(plot: uPlot, since: number | null, until: number | null): { left: number; width: number } | null {
  const { min, max } = plot.scales.x ?? {};
  if (min === undefined || max === undefined) return null;
  const from = Math.max(min, since ?? min);
  const to = Math.min(max, until ?? max);
  if (to < from) return null;
  const left = plot.valToPos(from, 'x');
  return { left, width: Math.max(1, plot.valToPos(to, 'x') - left) };
}
