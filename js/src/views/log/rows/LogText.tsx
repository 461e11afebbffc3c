import type { ComponentChildren, CSSProperties, JSX } from 'preact';
import type { AnsiStyle } from '../../../logs/text/ansi';
import { seenText } from '../../../logs/text/seen';
import type { Marks } from '../model/compile';

/** Characters of a line that a row draws; the rest is drawn when the row is opened. */
export const ROW_TEXT = 1_500;
/** Characters that an opened row draws before it is asked for all of them. */
export const OPEN_TEXT = 100_000;

/**
 * Log text as elements: colours of ANSI sequences, links, hidden characters made visible, matches marked.
 *
 * The text only ever becomes text nodes; nothing in it is read as markup.
 */
export function LogText({ text, marks }: { text: string; marks?: Marks | undefined }): JSX.Element {
  return <>{styled(text, marks)}</>;
}

function styled(line: string, marks: Marks | undefined): ComponentChildren {
  const { text, spans, parts } = seenText(line);
  const marked = marks ? marks(text) : [];
  if (spans.length === 0 && marked.length === 0 && parts.length <= 1 && parts[0]?.kind !== 'link') {
    if (parts.length === 0 || parts[0]?.kind === 'text') return text;
  }
  const cuts = new Set<number>([0, text.length]);
  for (const { from, to } of spans) cuts.add(from).add(to);
  for (const { from, to } of parts) cuts.add(from).add(to);
  for (const [from, to] of marked) cuts.add(Math.min(from, text.length)).add(Math.min(to, text.length));
  const edges = [...cuts].sort((a, b) => a - b);
  const out: ComponentChildren[] = [];
  let span = 0;
  let part = 0;
  let mark = 0;
  for (let e = 0; e + 1 < edges.length; e++) {
    const from = edges[e] as number;
    const to = edges[e + 1] as number;
    while ((spans[span]?.to ?? Number.POSITIVE_INFINITY) <= from) span++;
    while ((parts[part]?.to ?? Number.POSITIVE_INFINITY) <= from) part++;
    while ((marked[mark]?.[1] ?? Number.POSITIVE_INFINITY) <= from) mark++;
    const style = spans[span];
    const shown = parts[part];
    let node: ComponentChildren = text.slice(from, to);
    if (shown?.kind === 'mark') {
      node = (
        <span class="ab-log-hidden" title={shown.title}>
          {node}
        </span>
      );
    }
    const range = marked[mark];
    if (range && range[0] <= from) node = <mark>{node}</mark>;
    if (style && style.from <= from) node = <span {...ansiLook(style.style)}>{node}</span>;
    if (shown?.kind === 'link') {
      node = (
        <a href={shown.href} target="_blank" rel="noopener noreferrer" tabIndex={-1}>
          {node}
        </a>
      );
    }
    out.push(node);
  }
  return out;
}

/**
 * How a stretch of ANSI text looks. The log says which colour, the theme how light it is: what is written must be read,
 * so a colour of the log's own reaches the style sheet as a custom property and is moved there to where it has contrast.
 */
function ansiLook(style: AnsiStyle): { class: string; style?: CSSProperties } {
  const { fg, bg } = style.inverse ? { fg: style.bg, bg: style.fg } : style;
  const names = ['ab-log-ansi'];
  for (const name of ['bold', 'dim', 'italic', 'underline', 'strike'] as const) if (style[name]) names.push(`ab-${name}`);
  if (style.inverse && fg === undefined && bg === undefined) names.push('ab-inverse');
  const own: Record<string, string> = {};
  if (typeof fg === 'number') names.push(`ab-fg${fg}`);
  else if (fg) {
    names.push('ab-fg');
    own['--ab-own-fg'] = fg;
  }
  if (typeof bg === 'number') names.push(`ab-bg${bg}`);
  else if (bg) {
    names.push('ab-bg');
    own['--ab-own-bg'] = bg;
  }
  return { class: names.join(' '), style: own as CSSProperties };
}
