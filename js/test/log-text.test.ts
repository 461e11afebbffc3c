import { describe, expect, it } from 'vitest';
import cells from '../../tests/vectors/csv.json';
import { cutAnsi, parseAnsi } from '../src/logs/text/ansi';
import { asText, csvCell, exported } from '../src/logs/text/export';
import { relative } from '../src/logs/text/time';
import { safeHref, textParts } from '../src/logs/text/visible';
import { line, lines } from './log-fixtures';

/** What a reader of CSV takes the cell for. */
const unquoted = (cell: string): string => (cell.startsWith('"') ? cell.slice(1, -1).replaceAll('""', '"') : cell);

describe('ANSI colours', () => {
  it('become spans over text that has no escapes', () => {
    const { text, spans } = parseAnsi('a\u001b[1;31mred\u001b[0m b\u001b[38;5;208mo\u001b[48;2;1;2;3mx\u001b[m');
    expect(text).toBe('ared box');
    expect(spans).toEqual([
      { from: 1, to: 4, style: { bold: true, fg: 1 } },
      { from: 6, to: 7, style: { fg: '#ff8700' } },
      { from: 7, to: 8, style: { fg: '#ff8700', bg: '#010203' } },
    ]);
  });

  it('leave no half of a sequence where a line is cut', () => {
    const line = 'ok \u001b[38;5;208mtext';
    for (let length = 3; length <= 13; length++) expect(parseAnsi(cutAnsi(line, length)).text).toBe('ok ');
    expect(parseAnsi(cutAnsi(line, 16)).text).toBe('ok te');
  });

  it('never let another escape sequence through', () => {
    const nasty = 'a\u001b]8;;http://x\u0007b\u001b[2J\u001b[5Ac\u001bPq\u001b\\d\u001b(Be\u001b';
    expect(parseAnsi(nasty).text).toBe('abcde');
  });

  it('ignore parameters that are no colour', () => {
    expect(parseAnsi('\u001b[38;5;999mx\u001b[0m').spans).toEqual([]);
    expect(parseAnsi('\u001b[99999999999mx').text).toBe('x');
  });
});

describe('text made visible', () => {
  const kinds = (text: string) => textParts(text).map((piece) => piece.kind);
  const rejoin = (text: string) =>
    textParts(text)
      .map(({ from, to }) => text.slice(from, to))
      .join('');

  it('shows bidirectional and control characters', () => {
    const text = 'pay \u202e0001 to\u0007 x\u200b\u{e0041}';
    expect(kinds(text)).toEqual(['text', 'mark', 'text', 'mark', 'text', 'mark', 'mark']);
    expect(rejoin(text)).toBe(text);
  });

  it('leaves emoji, tabs and right-to-left words alone', () => {
    expect(kinds('⏱️ \t שלום 👩‍🔬')).toEqual(['text']);
  });

  it('links http and https only, without the sentence around them', () => {
    const text = 'see (https://example.org/a?b=1). not javascript:alert(1) or ftp://x';
    const links = textParts(text).filter((piece) => piece.kind === 'link');
    expect(links.map(({ from, to }) => text.slice(from, to))).toEqual(['https://example.org/a?b=1']);
    expect(rejoin(text)).toBe(text);
  });

  it('does not link where the shown text could deceive', () => {
    expect(safeHref('https://bank.example@evil.example/')).toBeNull();
    expect(safeHref('javascript:alert(1)')).toBeNull();
    expect(kinds('https://a\u202e/b')).toEqual(['link', 'mark', 'text']);
  });
});

describe('export', () => {
  const entries = [line(1, { message: '=1+1', fields: { t: 1.5 } }), line(2, { message: 'a "b", c\nd', exc: 'E' })];

  it('gives JSON and NDJSON that read back as they were', () => {
    const many = lines(0, 5_001);
    expect(JSON.parse([...exported(many, 'json')].join(''))).toEqual(many);
    expect(JSON.parse([...exported([], 'json')].join(''))).toEqual([]);
    const nd = [...exported(many, 'ndjson')].join('').trimEnd().split('\n');
    expect(nd.map((text) => JSON.parse(text))).toEqual(many);
  });

  // Python's export is held to the same list.
  it.each(cells.neutralised)('neutralises the CSV cell %j, which a spreadsheet may run', (cell) => {
    expect(unquoted(csvCell(cell))).toBe(`'${cell}`);
  });

  it.each(cells.kept)('leaves the CSV cell %j, which no spreadsheet runs', (cell) => {
    expect(unquoted(csvCell(cell))).toBe(cell);
  });

  it('quotes what CSV needs quoted', () => {
    const csv = [...exported(entries, 'csv')].join('');
    expect(csv).toContain("'=1+1");
    expect(csv).toContain('"a ""b"", c\nd"');
    expect(csv.split('\r\n')).toHaveLength(4);
  });

  it('copies a line as text with all it says', () => {
    expect(asText(line(2, { jobId: 'j', exc: 'Traceback\n' }))).toMatch(/WARN {2}ffmpeg \[job:j\] line 2\nTraceback$/);
  });
});

describe('relative times', () => {
  it('read as a person says them', () => {
    expect([100, 12_000, 102_000, 11_100_000, 4e8].map((ms) => relative(0, ms))).toEqual([
      '0.1 s',
      '12 s',
      '1 m 42 s',
      '3 h 5 m',
      '4 d',
    ]);
  });
});
