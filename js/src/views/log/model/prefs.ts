import { type ReadonlySignal, type Signal, signal } from '@preact/signals';
import type { Stamp } from '../../../logs/text/time';
import { type ChoiceStorage, loadChoices, pageStorage, saveChoices } from '../../shared/prefs';
import type { LogPaneOptions } from './host';

/** Columns that a row may have, in the order in which they stand. */
export const COLUMNS = ['seq', 'time', 'level', 'channel', 'logger', 'message', 'fields', 'job', 'step', 'device'] as const;
export type Column = (typeof COLUMNS)[number];

/** Columns of a fixed width, and that width in px; the message takes the rest, tags stand at its end. */
export const WIDTHS: Partial<Record<Column, number>> = { seq: 64, time: 92, level: 44, channel: 104, logger: 120 };

/** What a date and an offset take beside a time, in px. */
const DATE_WIDTHS: Record<Stamp['date'], number> = { none: 0, day: 44, year: 80 };
const OFFSET_WIDTH = 26;

/** Width of a column in px, as the user or the standard has it; undefined for one that takes what is left. */
export function widthOf(column: Column, { widths, time }: Pick<Choices, 'widths' | 'time'>, stamp: Stamp): number | undefined {
  const standard = WIDTHS[column];
  if (standard === undefined) return undefined;
  const beside = DATE_WIDTHS[stamp.date] + (stamp.hasOffset ? OFFSET_WIDTH : 0);
  return widths[column] ?? standard + (column === 'time' && time === 'clock' ? beside : 0);
}

/** Bounds of a column's width in px. */
export const MIN_WIDTH = 28;
export const MAX_WIDTH = 400;
export const MAX_CONTEXT = 50;
const RECENT = 20;

/** What a user chose in one pane. A server's config never changes any of it. */
export interface Choices {
  query: string;
  mode: 'filter' | 'locate';
  context: number;
  order: 'newest' | 'oldest';
  wrap: boolean;
  time: 'clock' | 'relative';
  columns: Column[];
  widths: Partial<Record<Column, number>>;
  facets: boolean;
  histogram: boolean;
  unfold: boolean;
  /** Whether lines of the plumbing are shown, see plumbing.ts. */
  plumbing: boolean;
  /** Whether the reader has been told how the ring is made larger. */
  knowsRing: boolean;
  recent: string[];
}

export const DEFAULTS: Choices = {
  query: '',
  mode: 'filter',
  context: 0,
  order: 'newest',
  wrap: false,
  time: 'clock',
  columns: ['time', 'level', 'channel', 'message', 'fields', 'job', 'device'],
  widths: {},
  facets: true,
  histogram: true,
  unfold: false,
  plumbing: false,
  knowsRing: false,
  recent: [],
};

/** The choices of one pane, kept in localStorage under its own key. */
export class Prefs {
  readonly #choices: Signal<Choices>;
  readonly choices: ReadonlySignal<Choices>;

  constructor(
    private readonly key: string,
    options: LogPaneOptions = {},
    private readonly storage: ChoiceStorage | null = pageStorage(),
  ) {
    this.#choices = signal({ ...DEFAULTS, ...sane(loadChoices(storage, key, DEFAULTS)), ...given(options) });
    this.choices = this.#choices;
  }

  get now(): Choices {
    return this.choices.value;
  }

  /** Change some choices and keep them. */
  set(change: Partial<Choices>): void {
    this.#choices.value = { ...this.#choices.peek(), ...change };
    saveChoices(this.storage, this.key, this.#choices.peek());
  }

  /** Give a column another width, in px; null: its usual one. */
  setWidth(column: Column, width: number | null): void {
    const widths = { ...this.choices.peek().widths };
    if (width === null) delete widths[column];
    else widths[column] = Math.min(MAX_WIDTH, Math.max(MIN_WIDTH, Math.round(width)));
    this.set({ widths });
  }

  /** Remember a query that was used, the latest first. */
  remember(query: string): void {
    const text = query.trim();
    if (text === '' || this.choices.peek().recent[0] === text) return;
    this.set({ recent: [text, ...this.choices.peek().recent.filter((other) => other !== text)].slice(0, RECENT) });
  }
}

/** What was stored, as far as it is possible here. */
function sane(stored: Partial<Choices>): Partial<Choices> {
  const out = { ...stored };
  if (out.columns) out.columns = knownColumns(out.columns);
  if (out.mode !== 'locate') delete out.mode;
  if (out.order !== 'oldest') delete out.order;
  if (out.time !== 'relative') delete out.time;
  if (out.context !== undefined) out.context = clampContext(out.context);
  return out;
}

/** What the caller of the pane says; what is left out is the user's own. */
function given(options: LogPaneOptions): Partial<Choices> {
  const said = Object.entries(options).filter(([name, value]) => value !== undefined && Object.hasOwn(DEFAULTS, name));
  const out = Object.fromEntries(said) as Partial<Choices>;
  if (out.columns) out.columns = knownColumns(out.columns);
  if (out.context !== undefined) out.context = clampContext(out.context);
  return out;
}

function knownColumns(names: readonly unknown[]): Column[] {
  const known = COLUMNS.filter((name) => name === 'message' || names.includes(name));
  return [...known];
}

export function clampContext(lines: number): number {
  return Math.min(MAX_CONTEXT, Math.max(0, Math.floor(lines) || 0));
}
