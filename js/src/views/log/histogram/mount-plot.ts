import type uPlot from 'uplot';
import { HEIGHT, makePlot, type PlotEvents, resolvedColor } from './plot';

const MIN_WIDTH = 40;

interface Events extends Pick<PlotEvents, 'brush' | 'hover'> {
  resized(): void;
}

/** A plot in an element that follows the element's width and the page's theme, until it is unmounted. */
export function mountPlot(element: HTMLElement, on: Events): { readonly plot: uPlot; unmount(): void } {
  const colors = new Map<string, string>();
  const plot = makePlot(element, {
    ...on,
    color: (name) => {
      const color = colors.get(name) ?? resolvedColor(element, name);
      colors.set(name, color);
      return color;
    },
  });
  const size = new ResizeObserver(() => {
    plot.setSize({ width: Math.max(MIN_WIDTH, element.clientWidth), height: HEIGHT });
    on.resized();
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
  const unmount = () => {
    size.disconnect();
    theme.disconnect();
    scheme.removeEventListener('change', repaint);
    plot.destroy();
  };
  return { plot, unmount };
}
