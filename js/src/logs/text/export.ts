import type { LogEntry } from '../../sync/messages';

export type ExportFormat = 'json' | 'ndjson' | 'csv';

/** What a file of each format is. */
export const FORMATS: Record<ExportFormat, { readonly mime: string; readonly suffix: string; readonly name: string }> = {
  json: { mime: 'application/json', suffix: 'json', name: 'JSON' },
  ndjson: { mime: 'application/x-ndjson', suffix: 'ndjson', name: 'NDJSON' },
  csv: { mime: 'text/csv', suffix: 'csv', name: 'CSV' },
};

const COLUMNS = ['seq', 'ts', 'time', 'level', 'channel', 'logger', 'jobId', 'stepId', 'deviceId', 'message', 'fields', 'exc'];
const BATCH = 2_000;
/** What a spreadsheet takes for the beginning of a formula, also behind white space and NUL, also in full width. */
const FORMULA = new RegExp(`^[\\s${'\0\u001c-\u001f\u0085'}]*[=+@\uff1d\uff0b\uff0d\uff20-]|^[\\t\\r]`);
/** A lone dash, and a dash before a number that a word or another number follows (as real logs begin): text in any case. */
const DASH = /^-(?:[ \t-\r]*|[ \t-\r]+\d+[ \t-\r]+\w[\s\S]*)$/;

/**
 * Lines as the parts of a file, some thousand lines each, so that a caller may pause between them.
 *
 * With `bom` a CSV file begins with a byte order mark, without which some spreadsheets take it for something else than UTF-8.
 */
export function* exported(entries: Iterable<LogEntry>, format: ExportFormat, bom = false): Generator<string> {
  if (format === 'csv') yield `${bom ? '\ufeff' : ''}${COLUMNS.join(',')}\r\n`;
  if (format === 'json') yield '[';
  let part: string[] = [];
  let first = true;
  const flush = (): string => {
    const separator = format === 'json' ? ',\n' : '';
    const lead = format === 'json' && !first ? separator : '';
    first = false;
    const text = lead + part.join(separator);
    part = [];
    return text;
  };
  for (const entry of entries) {
    if (format === 'csv') part.push(csvRow(entry));
    else part.push(format === 'json' ? JSON.stringify(entry) : `${JSON.stringify(entry)}\n`);
    if (part.length >= BATCH) yield flush();
  }
  if (part.length) yield flush();
  if (format === 'json') yield ']\n';
}

function csvRow(entry: LogEntry): string {
  const cells = [
    String(entry.seq),
    String(entry.ts),
    isoTime(entry.ts),
    entry.level,
    entry.channel,
    entry.logger ?? '',
    entry.jobId ?? '',
    entry.stepId ?? '',
    entry.deviceId ?? '',
    entry.message,
    entry.fields ? JSON.stringify(entry.fields) : '',
    entry.exc ?? '',
  ];
  return `${cells.map((cell, k) => csvCell(cell, k >= 3)).join(',')}\r\n`;
}

/**
 * A cell of RFC 4180. Text that a spreadsheet would run as a formula gets a leading apostrophe (OWASP, CSV injection).
 */
export function csvCell(text: string, neutralise = true): string {
  const safe = neutralise && FORMULA.test(text) && !DASH.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) || safe !== safe.trim() ? `"${safe.replaceAll('"', '""')}"` : safe;
}

/** One line as text for a clipboard or a mail. */
export function asText(entry: LogEntry): string {
  const tags = [entry.jobId && `job:${entry.jobId}`, entry.deviceId && `device:${entry.deviceId}`].filter(Boolean);
  const fields = entry.fields ? ` ${JSON.stringify(entry.fields)}` : '';
  const head = `${isoTime(entry.ts)} ${entry.level.toUpperCase().padEnd(5)} ${entry.channel}`;
  const tail = entry.exc ? `\n${entry.exc.trimEnd()}` : '';
  return `${head} ${tags.length ? `[${tags.join(' ')}] ` : ''}${entry.message}${fields}${tail}`;
}

function isoTime(ts: number): string {
  return Math.abs(ts) <= 8.64e15 ? new Date(ts).toISOString() : '';
}
