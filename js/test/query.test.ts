import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import vectors from '../../tests/vectors/query.json';
import {
  bind,
  bindParts,
  complete,
  facetTerms,
  hasTerm,
  highlight,
  isNone,
  mute,
  type ParseFailure,
  parse,
  type Query,
  resolvedText,
  setOnly,
  showAll,
  showNone,
  solo,
  timeRangeOf,
  toggle,
  tokens,
  withoutField,
  withoutTerm,
  withTerm,
  withTimeRange,
} from '../src/logs/query';
import { LogStore } from '../src/logs/store/store';
import type { LogEntry } from '../src/sync/messages';
import { line } from './log-fixtures';

const NOW = vectors.now * 1_000;
const ENTRIES = vectors.entries as unknown as LogEntry[];

function read(text: string, zone = 'UTC'): Query {
  const parsed = parse(text, { now: NOW, zone });
  if (!parsed.ok) throw new Error(parsed.message);
  return parsed.query;
}

function seqs(query: Query, store: LogStore): number[] {
  const test = bind(query, store);
  return Array.from({ length: store.size }, (_, i) => i)
    .filter(test)
    .map((i) => store.seq(i));
}

describe('the vectors that Python passes too', () => {
  const store = LogStore.of(ENTRIES);

  test.each(vectors.queries)('$query', ({ query, text, seqs: wanted }) => {
    expect(seqs(read(query), store)).toEqual(wanted);
    expect(read(query).text).toBe(text);
    expect(read(text).text).toBe(text);
  });

  test.each(vectors.zones)('$query in $zone', ({ query, zone, resolved, seqs: wanted }) => {
    expect(resolvedText(read(query, zone))).toBe(resolved);
    expect(seqs(read(query, zone), store)).toEqual(wanted);
  });

  test.each(vectors.bad)('refused: $query', ({ query, column, expected, message }) => {
    const failure = parse(query) as ParseFailure;
    expect(failure).toMatchObject({ ok: false, column, expected, message });
    expect([...query.slice(0, failure.offset)].length).toBe(column);
  });

  test.each(vectors.queries)('taken apart by facet and put together again: $query', ({ query, seqs: wanted }) => {
    const { by, rest } = bindParts(read(query), store);
    const tests = [...Object.values(by), ...(rest ? [rest] : [])];
    const found = ENTRIES.filter((_, i) => tests.every((one) => one(i)));
    expect(found.map((entry) => entry.seq)).toEqual(wanted);
  });
});

describe('a bound query', () => {
  test('knows names that arrive after it was bound', () => {
    const store = LogStore.of([line(0)]);
    const test = bind(read('channel:late*'), store);
    expect(test(0)).toBe(false);
    store.append({ type: 'logs.append', entries: [line(1, { channel: 'later' })], firstSeq: 1, nextSeq: 2, missed: 0 });
    const at = store.size - 1;
    expect(store.channel(at)).toBe('later');
    expect(test(at)).toBe(true);
  });

  test('forgets the names of an epoch that ended', () => {
    const store = LogStore.of([line(0, { channel: 'psu' })]);
    const test = bind(read('channel:psu'), store);
    expect(test(0)).toBe(true);
    store.reset('e2');
    store.append({ type: 'logs.append', entries: [line(0, { channel: 'app' })], firstSeq: 0, nextSeq: 1, missed: 0 });
    expect(test(0)).toBe(false);
  });

  test('looks at as much of a message as the wire carries', () => {
    const long = `${'😀'.repeat(16_380)}abcdefgh`;
    const store = LogStore.of([line(0, { message: long })]);
    expect(bind(read('abcd'), store)(0)).toBe(true);
    expect(bind(read('abcde'), store)(0)).toBe(false);
  });
});

describe('highlighting', () => {
  const marked = (query: string, message: string) =>
    highlight(read(query))(message).map(([from, to]) => message.slice(from, to));

  test('marks words, phrases and regexes, and nothing that is excluded', () => {
    expect(marked('noise "rail 3" -on /\\d+/', 'Noise on rail 3 and rail 17')).toEqual(['Noise', 'rail 3', '17']);
  });

  test('joins what overlaps', () => {
    expect(marked('abc bcd', 'xabcdx')).toEqual(['abcd']);
  });

  test('keeps its place behind letters that grow in lower case', () => {
    expect(marked('noise', 'İİ 😀 Noise')).toEqual(['Noise']);
    expect(marked('i', 'xİx')).toEqual(['İ']);
  });

  test('marks nothing for terms of fields', () => {
    expect(marked('channel:psu exc:noise', 'psu noise')).toEqual([]);
  });

  test('never gives an empty range', () => {
    expect(marked('/x*/', 'axxb')).toEqual(['xx']);
  });
});

describe('tokens', () => {
  test('cover any text, in order', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(...'ab -"/\\():=<>.,*NOT fields.'.split('')) }), (text) => {
        expect(
          tokens(text)
            .map(({ from, to }) => text.slice(from, to))
            .join(''),
        ).toBe(text);
      }),
    );
  });

  test('tell terms apart, and which are excluded', () => {
    const kinds = (text: string) => tokens(text).map((token) => `${token.kind}${token.negated ? '!' : ''}`);
    expect(kinds('level>=warn -noise')).toEqual(['field', 'operator', 'value', 'space', 'minus!', 'word!']);
    expect(kinds('NOT /x y/i none')).toEqual(['keyword!', 'space', 'regex!', 'space', 'none']);
    expect(kinds('channel:a,"b c"')).toEqual(['field', 'operator', 'value', 'comma', 'value']);
  });
});

describe('completion', () => {
  const vocabulary = { channels: ['psu', 'camera 1', 'app'], jobs: ['42'], fields: ['temp', 'a b'] };
  const inserts = (text: string, caret = text.length) => complete(text, caret, vocabulary).map((one) => one.insert);

  test('offers fields, then their values', () => {
    expect(inserts('le')).toEqual(['level>=', 'level:']);
    expect(inserts('level>=')).toEqual(['debug', 'info', 'warn', 'error', 'fatal']);
    expect(inserts('channel:')).toEqual(['psu', '"camera 1"', 'app']);
    expect(inserts('channel:psu,')).toEqual(['"camera 1"', 'app']);
    expect(inserts('-(job:')).toEqual(['42']);
    expect(inserts('tem')).toEqual(['fields.temp:']);
    expect(inserts('fields.a')).toEqual([]);
    expect(inserts('has:fields.')).toEqual(['fields.temp', 'fields."a b"']);
  });

  test('offers what has a name that begins with the word', () => {
    expect(inserts('ps')).toEqual(['channel:psu']);
    expect(inserts('a -cam')).toEqual(['channel:"camera 1"']);
    expect(inserts('war')).toEqual(['level:warn']);
    expect(inserts('p')).toEqual([]);
  });

  test('offers nothing inside a phrase or a regex', () => {
    expect(inserts('"le')).toEqual([]);
    expect(inserts('/le')).toEqual([]);
  });

  test('replaces the value around the caret, and the result can be read', () => {
    const text = 'a channel:ps b';
    const [first] = complete(text, 12, vocabulary);
    if (!first) throw new Error('no completion');
    expect(text.slice(0, first.from) + first.insert + text.slice(first.to)).toBe('a channel:psu b');
  });

  test('every value that is offered reads back as itself', () => {
    fc.assert(
      fc.property(fc.string({ minLength: 1, unit: 'binary' }), (name) => {
        const [one] = complete('channel:', 8, { channels: [name] });
        const store = LogStore.of([line(0, { channel: name })]);
        expect(bind(read(`channel:${one?.insert}`), store)(0)).toBe(true);
      }),
    );
  });
});

const name = fc.stringMatching(/^[a-z][a-z *",()/\\-]{0,5}$/);
const atom = fc.oneof(
  fc.constantFrom('a', '-noise', '"b c"', '/x+/i', '(a OR b)', '-(a b)', 'level>=warn', 'has:exc', 'none', 'NOT x', 'job:42'),
  fc.constantFrom('channel:a,b', '-channel:c', 'since:-5m', 'fields.x>=3', 'seq:1..2', 'a AND b', 'a OR b'),
);
const query = fc.array(atom, { maxLength: 6 }).map((atoms) => atoms.join(' '));
const term = fc.constantFrom('a', '-noise', '"b c"', '/x+/i', '(a OR b)', '-(a b)', 'level>=warn', '-has:exc', 'channel:x');
const same = (text: string) => read(text).text.split(' ').sort().join(' ');

describe('edits', () => {
  test('toggling twice is identity, but for order', () => {
    fc.assert(
      fc.property(query, term, (text, one) => {
        if (hasTerm(text, one)) {
          expect(hasTerm(toggle(text, one), one)).toBe(false);
          return;
        }
        expect(hasTerm(toggle(text, one), one)).toBe(true);
        expect(read(toggle(toggle(text, one), one)).text).toBe(read(text).text);
      }),
    );
  });

  test('a term that is there is not written twice, and one that is not is not missed', () => {
    expect(withTerm('a  b', 'a')).toBe('a  b');
    expect(withTerm('a OR b', 'c')).toBe('(a OR b) c');
    expect(withoutTerm('(a OR b) c', 'c')).toBe('a OR b');
    expect(withoutTerm('a AND b', 'b')).toBe('a');
    expect(withoutTerm('a  b', 'c')).toBe('a  b');
  });

  test('what is written means: the old query, and the term', () => {
    const store = LogStore.of(ENTRIES);
    fc.assert(
      fc.property(query, term, (text, one) => {
        const both = seqs(read(text), store).filter((seq) => seqs(read(one), store).includes(seq));
        expect(seqs(read(withTerm(text, one)), store)).toEqual(both);
      }),
      { numRuns: 50 },
    );
  });

  test('a text that cannot be read stays as it is', () => {
    expect(toggle('(a', 'b')).toBe('(a');
    expect(solo('"a', 'channel', 'x')).toBe('"a');
    expect(withTimeRange('a OR', 1, 2)).toBe('a OR');
  });

  test('muting twice is identity, but for order, whatever the value', () => {
    fc.assert(
      fc.property(query, name, (text, value) => {
        const once = mute(text, 'channel', value);
        expect(same(mute(once, 'channel', value))).toBe(
          same(mute(mute(mute(once, 'channel', value), 'channel', value), 'channel', value)),
        );
        const hides = (one: string) => {
          const { only, muted } = facetTerms(one, 'channel');
          return muted.includes(value) || (only !== null && !only.includes(value));
        };
        expect(hides(once)).toBe(!hides(text));
        expect(hides(mute(once, 'channel', value))).toBe(hides(text));
      }),
    );
  });

  test('mute, solo, All and None write one term each', () => {
    expect(mute('a', 'channel', 'psu')).toBe('a -channel:psu');
    expect(mute('a -channel:psu', 'channel', 'app')).toBe('a -channel:psu,app');
    expect(mute('a -channel:psu,app', 'channel', 'psu')).toBe('a -channel:app');
    expect(mute('channel:a,b', 'channel', 'a')).toBe('channel:b');
    expect(mute('channel:b', 'channel', 'a')).toBe('channel:b,a');
    expect(mute('', 'level', 'debug')).toBe('-level:debug');
    expect(solo('a -channel:psu', 'channel', 'camera 1')).toBe('a channel:"camera 1"');
    expect(solo('a channel:psu', 'channel', 'psu')).toBe('a');
    expect(solo('level>=warn', 'level', 'info')).toBe('level:info');
    expect(setOnly('x', 'channel', ['a', 'b'])).toBe('x channel:a,b');
    expect(showNone('a')).toBe('a none');
    expect(isNone('a none')).toBe(true);
    expect(showAll('a none -channel:psu level>=warn', 'channel')).toBe('a level>=warn');
    expect(withoutField('a level>=warn -level:info', 'level')).toBe('a');
  });

  test('lines without a value are a value of their own', () => {
    expect(mute('a', 'job', '')).toBe('a has:job');
    expect(mute('a has:job', 'job', '')).toBe('a');
    expect(solo('a', 'job', '')).toBe('a -has:job');
    expect(solo('a -has:job', 'job', '')).toBe('a');
    expect(facetTerms('has:job', 'job').muted).toEqual(['']);
  });

  test('what is asked of a field is told', () => {
    expect(facetTerms('channel:a,"b c" -channel:d', 'channel')).toEqual({ only: ['a', 'b c'], muted: ['d'], more: false });
    expect(facetTerms('level>=warn', 'level')).toEqual({ only: null, muted: [], more: true });
    expect(facetTerms('-level:debug,info', 'level').muted).toEqual(['debug', 'info']);
    expect(facetTerms('(', 'level')).toEqual({ only: null, muted: [], more: false });
  });

  test('a time range replaces the one before, to the microsecond', () => {
    const text = withTimeRange('a since:-5m', NOW, NOW + 1.5);
    expect(text).toBe('a since:2025-11-24T16:00:00.000Z until:2025-11-24T16:00:00.001500Z');
    expect(withTimeRange(text, null, null)).toBe('a');
    expect(timeRangeOf('since:-5m')).toEqual({ since: '-5m', until: null });
    expect(seqs(read(text.slice(2)), LogStore.of(ENTRIES))).toEqual([9, 10]);
  });

  test('what is printed reads back as the same query', () => {
    fc.assert(
      fc.property(query, (text) => {
        expect(read(read(text).text)).toEqual({ ...read(text) });
      }),
    );
  });
});
