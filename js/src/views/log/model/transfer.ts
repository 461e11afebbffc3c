/** Lines that leave the pane: as a file, or through the clipboard. */

import { asText, type ExportFormat, exported, FORMATS } from '../../../logs/text/export';
import type { LogEntry } from '../../../sync/messages';

/** How long one part of an export may keep the page from drawing, in ms. */
const SLICE_MS = 10;
/** How long a browser may take to fetch the file from memory, in ms. */
const FILE_MS = 10_000;

/** What is exported: what the query asks for (in filter mode what is shown), all that is held, or the selection. */
export type ExportScope = 'asked' | 'all' | 'selected';

/** Have the browser save lines as a file; how many they were. `name` has no suffix, `bom` is for a CSV file. */
export async function saveFile(lines: Iterable<LogEntry>, format: ExportFormat, name: string, bom: boolean): Promise<number> {
  const { mime, suffix } = FORMATS[format];
  const parts: string[] = [];
  let since = performance.now();
  let count = 0;
  for (const part of exported(
    counted(lines, () => count++),
    format,
    bom,
  )) {
    parts.push(part);
    if (performance.now() - since < SLICE_MS) continue;
    // A pause for the page: a million lines are some seconds of work.
    await new Promise((resolve) => setTimeout(resolve));
    since = performance.now();
  }
  const url = URL.createObjectURL(new Blob(parts, { type: `${mime};charset=utf-8` }));
  const link = document.createElement('a');
  link.href = url;
  link.download = `${name}.${suffix}`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), FILE_MS);
  return count;
}

function* counted<T>(items: Iterable<T>, count: () => void): Generator<T> {
  for (const item of items) {
    count();
    yield item;
  }
}

/** Lines as the clipboard has them: readable text, or JSON (of one line the object, of several an array). */
export function clipboardText(entries: readonly LogEntry[], format: 'text' | 'json'): string {
  if (format === 'text') return entries.map(asText).join('\n');
  return JSON.stringify(entries.length === 1 ? entries[0] : entries, null, 2);
}
