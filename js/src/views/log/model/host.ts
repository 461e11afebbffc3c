import type { ReadonlySignal } from '@preact/signals';
import type { LogEntry } from '../../../sync/messages';

/** What the caller of a pane may say; what is left out is the user's own last choice in that pane. */
export interface LogPaneOptions {
  query?: string;
  /** Columns by name, in their order; see `COLUMNS` in prefs.ts. */
  columns?: readonly string[];
  /** Height of the whole pane, in px or as a CSS length. */
  height?: number | string;
  facets?: boolean;
  histogram?: boolean;
  wrap?: boolean;
  order?: 'newest' | 'oldest';
  mode?: 'filter' | 'locate';
  time?: 'clock' | 'relative';
  /** Lines of context around each match. */
  context?: number;
}

/** What is around a pane: where its choices are kept, and who wants to know what it shows. */
export interface PaneHost {
  storageKey: string;
  onShown?(shown: Shown): void;
  /** Ranges of seqs [first, end) that hold the selected lines and nothing else. */
  onSelection?(ranges: [number, number][]): void;
  /** Lines chosen elsewhere: the pane shows exactly these while it is not null. */
  rows?: ReadonlySignal<LogEntry[] | null>;
  /** What others write into the query line: each new function is applied to it once. */
  edits?: ReadonlySignal<((query: string) => string) | null>;
  /** The user asks to go back from `rows` to the live log. */
  onBack?(): void;
}

/**
 * Exactly the lines that a pane shows: those of `query` within [firstSeq, endSeq) and not within `gaps`, with `context`
 * lines around each. In locate mode every line there is shown, and `query` tells the matches.
 */
export interface Shown {
  epoch: string | null;
  query: string;
  mode: 'filter' | 'locate';
  firstSeq: number;
  endSeq: number;
  /** Ranges [from, to) that the page does not hold. */
  gaps: [number, number][];
  order: 'newest' | 'oldest';
  context: number;
  /** How many lines are shown, and how many of them match. */
  count: number;
  matches: number;
  /** The same in words: "18,849 of 60,056 shown". */
  text: string;
  /** True while the pane shows rows that were chosen elsewhere. */
  rows: boolean;
}
