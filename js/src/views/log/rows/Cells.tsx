import { Component, type CSSProperties, type JSX } from 'preact';
import { levelName } from '../../../logs/levels';
import type { LogStore } from '../../../logs/store/store';
import { cutAnsi } from '../../../logs/text/ansi';
import { clock, day, fullTime, millis, relative, type Stamp } from '../../../logs/text/time';
import { twiceOffset } from '../../../logs/text/twice';
import { visible } from '../../../logs/text/visible';
import { count, plural } from '../../shared/format';
import type { Marks } from '../model/compile';
import type { Column } from '../model/prefs';
import { LogText, ROW_TEXT } from './LogText';

export interface CellsProps {
  store: LogStore;
  /** The line is named by its seq; its position may move while it is drawn. */
  seq: number;
  columns: readonly Column[];
  open: boolean;
  /** Now, for relative times; 0 for clock times. */
  now: number;
  /** What stands beside a clock time. */
  stamp: Stamp;
  marks: Marks | undefined;
  /** Whether the text wraps. */
  wrap: boolean;
  whole: string | undefined;
  /** What people call the line's job. */
  job: string | undefined;
}

/** The cells of one line. Drawn once for a line, and again only when something of it changed. */
export class Cells extends Component<CellsProps> {
  override shouldComponentUpdate(next: CellsProps): boolean {
    const now = this.props;
    return (
      next.seq !== now.seq ||
      next.store !== now.store ||
      next.columns !== now.columns ||
      next.open !== now.open ||
      next.now !== now.now ||
      next.stamp !== now.stamp ||
      next.marks !== now.marks ||
      next.wrap !== now.wrap ||
      next.whole !== now.whole ||
      next.job !== now.job
    );
  }

  override render(props: CellsProps): JSX.Element | null {
    const { store, seq, columns } = props;
    const i = store.find(seq);
    if (i < 0) return null;
    const has = (column: Column) => columns.includes(column);
    const level = levelName(store.level(i));
    return (
      <>
        {has('seq') && (
          <span role="gridcell" class="ab-log-seq">
            {seq}
          </span>
        )}
        {has('time') && timeCell(props, store.ts(i))}
        {has('level') && (
          <span role="gridcell" class={`ab-log-level ab-${level}`}>
            {level.toUpperCase()}
          </span>
        )}
        {has('channel') && channelCell(store, i)}
        {has('logger') && loggerCell(visible(store.logger(i) ?? ''))}
        {messageCell(props, i, level)}
        {tagsCell(props, i)}
      </>
    );
  }
}

function timeCell({ now, stamp }: CellsProps, ts: number): JSX.Element {
  const { date } = stamp;
  const offset = !now && stamp.hasOffset ? twiceOffset(ts) : '';
  return (
    <span role="gridcell" class={`ab-log-time${offset && ' ab-twice'}`} title={fullTime(ts)}>
      {!now && date !== 'none' && <span class="ab-log-date">{date === 'year' ? day(ts) : day(ts).slice(5)} </span>}
      {offset ? clock(ts) : now ? relative(ts, now) : clock(ts) + millis(ts)}
      {offset && <span class="ab-log-millis">{millis(ts)}</span>}
      {offset}
    </span>
  );
}

function channelCell(store: LogStore, i: number): JSX.Element {
  const { dot, emoji } = store.style(store.code('channel', i));
  const channel = visible(store.channel(i));
  return (
    <span role="gridcell" class="ab-log-channel" title={`${emoji} ${channel}`.trim()} style={dotStyle(dot)}>
      {channel}
    </span>
  );
}

function loggerCell(logger: string): JSX.Element {
  return (
    <span role="gridcell" class="ab-log-logger" title={logger || undefined}>
      {logger}
    </span>
  );
}

/** The message, and in a closed row what it says of what is not shown: more lines, a traceback, what was cut, fields. */
function messageCell({ store, columns, open, marks, wrap, whole }: CellsProps, i: number, level: string): JSX.Element {
  const exc = store.exc(i);
  const fields = store.fields(i);
  const message = whole ?? store.message(i);
  const hasLines = message.includes('\n');
  const isLong = message.length > ROW_TEXT;
  return (
    <span role="gridcell" class={`ab-log-message ab-${level}`}>
      {(exc !== undefined || hasLines || isLong) && (
        <span class="ab-log-fold" data-act="open" aria-hidden="true">
          {open ? '▾' : '▸'}
        </span>
      )}
      <LogText text={wrap ? clipped(message) : firstLine(message)} marks={marks} />
      {!open && exc !== undefined && <span class="ab-log-hint">{plural(countLines(exc), 'line')} of traceback</span>}
      {!open && !wrap && hasLines && <span class="ab-log-hint">+ {plural(countLines(message) - 1, 'line')}</span>}
      {!open && (isLong || store.cut(i)) && whole === undefined && (
        <span class="ab-log-hint">{count(store.cut(i) ?? message.length)} characters, cut here</span>
      )}
      {!open && fields !== undefined && columns.includes('fields') && (
        <span class="ab-log-fields" data-act="open">
          {visible(fieldsText(fields))}
        </span>
      )}
    </span>
  );
}

function tagsCell({ store, columns, job }: CellsProps, i: number): JSX.Element | null {
  const tags = [
    columns.includes('job') ? tag('job', store.job(i), job) : null,
    columns.includes('step') ? tag('step', store.step(i)) : null,
    columns.includes('device') ? tag('device', store.device(i)) : null,
  ];
  if (tags.every((one) => one === null)) return null;
  return (
    <span role="gridcell" class="ab-log-tags">
      {tags}
    </span>
  );
}

/** A channel's colour, for the dot that stands before its name. One object a colour: what is the same need not be compared. */
function dotStyle(color: string): CSSProperties {
  const known = DOTS.get(color);
  if (known) return known;
  if (DOTS.size > 200) DOTS.clear();
  const made = { '--ab-dot': color } as CSSProperties;
  DOTS.set(color, made);
  return made;
}

const DOTS = new Map<string, CSSProperties>();

function tag(kind: string, value: string | undefined, label = value): JSX.Element | null {
  if (value === undefined) return null;
  return (
    <span
      class="ab-tag"
      data-act="term"
      data-kind={kind}
      data-value={value}
      title={`${kind} ${visible(value)}: click to see only its lines`}
    >
      {visible(label ?? value)}
    </span>
  );
}

/** Fields on one line: `{cpu_s: 4.18, rss: 691}`. */
export function fieldsText(fields: Record<string, unknown>): string {
  const parts: string[] = [];
  let length = 0;
  for (const [name, value] of Object.entries(fields)) {
    const part = `${name}: ${typeof value === 'string' ? value : JSON.stringify(value)}`;
    length += part.length;
    if (length > 160) {
      parts.push('…');
      break;
    }
    parts.push(part);
  }
  return `{${parts.join(', ')}}`;
}

function firstLine(text: string): string {
  const end = text.indexOf('\n');
  return clipped(end < 0 ? text : text.slice(0, end));
}

function clipped(text: string): string {
  return text.length > ROW_TEXT ? cutAnsi(text, ROW_TEXT) : text;
}

export function countLines(text: string): number {
  let lines = 1;
  for (let at = text.indexOf('\n'); at >= 0 && at < text.length - 1; at = text.indexOf('\n', at + 1)) lines++;
  return lines;
}
