// @vitest-environment happy-dom
import fc from 'fast-check';
import { render } from 'preact';
import { act } from 'preact/test-utils';
import { describe, expect, it } from 'vitest';
import vectors from '../../tests/vectors/seen.json';
import { bind, highlight, parse } from '../src/logs/query';
import { LogStore } from '../src/logs/store/store';
import { cutAnsi } from '../src/logs/text/ansi';
import { MESSAGE_LIMIT, seen, seenText } from '../src/logs/text/seen';
import { LogText } from '../src/views/log/rows/LogText';
import { line } from './log-fixtures';

const store = LogStore.of(vectors.texts.map(({ raw }, seq) => line(seq, { message: raw })));

function read(text: string) {
  const parsed = parse(text);
  if (!parsed.ok) throw new Error(parsed.message);
  return parsed.query;
}

function finds(text: string, lines: LogStore): number[] {
  return Array.from({ length: lines.size }, (_, i) => i).filter(bind(read(text), lines));
}

/** What a row draws of a text, and what of it is marked. */
function drawn(text: string, query: string): { text: string; marked: string; hidden: string[] } {
  const el = document.createElement('div');
  act(() => render(<LogText text={text} marks={highlight(read(query))} />, el));
  return {
    text: el.textContent ?? '',
    marked: [...el.querySelectorAll('mark')].map((mark) => mark.textContent).join(''),
    hidden: [...el.querySelectorAll('.ab-log-hidden')].map((mark) => mark.textContent ?? ''),
  };
}

describe('the vectors that Python passes too', () => {
  it.each(vectors.texts)('$name', ({ raw, seen: wanted }) => {
    expect(seen(raw)).toBe(wanted);
    expect(seen(wanted)).toBe(wanted);
    expect(seenText(raw).text).toBe(wanted);
    expect(drawn(raw, 'failed').text).toBe(wanted);
  });

  it.each(vectors.queries)('$query', ({ query, finds: wanted }) => {
    expect(finds(query, store)).toEqual(wanted);
  });

  it('leave the lines as they were written', () => {
    expect([...store.entries()].map(({ message }) => message)).toEqual(vectors.texts.map(({ raw }) => raw));
  });
});

describe('a match', () => {
  it.each(vectors.texts.filter(({ seen: text }) => /^failed$/.test(text)))('is marked whole: $name', ({ raw }) => {
    expect(drawn(raw, 'failed').marked).toBe('failed');
    expect(drawn(raw, '/\\bfailed\\b/').marked).toBe('failed');
  });

  it('is marked through a mark, of which each part still is one', () => {
    expect(drawn('a\u001b[31m fa\u202eiled', '"fa‹U+202E›"')).toEqual({
      text: 'a fa‹U+202E›iled',
      marked: 'fa‹U+202E›',
      hidden: ['‹U+202E›'],
    });
    expect(drawn('a\u0007b', '␇b').marked).toBe('␇b');
  });

  it('in a traceback is found as it is seen', () => {
    const one = LogStore.of([line(0, { exc: 'it fa\u001b[1miled' })]);
    expect(finds('failed', one)).toEqual([0]);
    expect(finds('exc:/failed$/', one)).toEqual([0]);
  });

  it('is found in lines that come after the first query, and after a chunk was cut', () => {
    const lines = new LogStore(1_000);
    const test = bind(read('failed'), lines);
    for (let seq = 0; seq < 6; seq++) {
      const message = seq % 2 ? 'fa\u001b[0miled' : 'fine';
      lines.append({ type: 'logs.append', entries: [line(seq, { message })], firstSeq: seq, nextSeq: seq + 1, missed: 0 });
      expect(test(seq)).toBe(seq % 2 === 1);
    }
  });

  it('is looked for in as much of a message as the wire carries', () => {
    const long = `\u001b[1m${'x'.repeat(MESSAGE_LIMIT - 10)}fa\u001b[0miled`;
    expect(finds('failed', LogStore.of([line(0, { message: long })]))).toEqual([]);
  });
});

describe('any text', () => {
  const pieces = [
    '\u001b',
    '[',
    ']',
    '1',
    ';',
    'm',
    '\u009b',
    '\u009d',
    '\u009c',
    '\u0007',
    '\\',
    '\n',
    '\r',
    '\u202e',
    'ab',
    'P',
  ];
  const texts = fc
    .array(fc.constantFrom(...pieces, '\u001b[1m', '\u001b]8;;x\u0007'), { maxLength: 14 })
    .map((parts) => parts.join(''));

  it('is searched as it is drawn, and its spans and parts lie within it', () => {
    fc.assert(
      fc.property(texts, (raw) => {
        const { text, spans, parts } = seenText(raw);
        expect(seen(raw)).toBe(text);
        expect(parts.map(({ from, to }) => text.slice(from, to)).join('')).toBe(text);
        for (const { from, to } of spans) expect(0 <= from && from < to && to <= text.length).toBe(true);
      }),
    );
  });

  it('that is cut shows nothing that the whole does not show', () => {
    fc.assert(
      fc.property(texts, fc.nat(14), (raw, length) => {
        const cut = seen(cutAnsi(raw, length));
        // A string that the cut has robbed of its end may not be shown as text.
        expect(seen(raw).startsWith(cut) || cut.includes('\u0000')).toBe(true);
      }),
    );
  });
});
