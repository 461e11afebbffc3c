/** What could be typed next. */
import { LEVEL_NAMES } from '../levels';
import { contains, FIELD_START, NAME_STOPS, printName, printValue, SPACE, VALUE_STOPS } from './ast';
import { endOfQuote } from './tokens';

/** What is known to complete with. */
export interface Vocabulary {
  readonly channels?: readonly string[];
  readonly jobs?: readonly string[];
  readonly loggers?: readonly string[];
  readonly devices?: readonly string[];
  readonly steps?: readonly string[];
  /** Names of fields that entries have. */
  readonly fields?: readonly string[];
}

/** Replace `text.slice(from, to)` by `insert`; `label` is shown, with `detail` beside it. */
export interface Completion {
  readonly from: number;
  readonly to: number;
  readonly insert: string;
  readonly label: string;
  readonly detail: string;
  readonly kind: 'field' | 'value' | 'keyword';
}

const LIMIT = 50;
const TIMES = ['-5m', '-15m', '-1h', '-1d', 'now'];
const FIELDS: readonly (readonly [insert: string, detail: string])[] = [
  ['level>=', 'this level or above'],
  ['level:', 'exactly this level'],
  ['channel:', 'lines of a channel'],
  ['logger:', 'lines of a logger'],
  ['job:', 'lines of a job'],
  ['step:', 'lines of a step'],
  ['device:', 'lines of a device'],
  ['since:', 'from this time on'],
  ['until:', 'before this time'],
  ['seq:', 'lines by number'],
  ['has:', 'lines that have it'],
  ['message:', 'only in the message'],
  ['exc:', 'only in the traceback'],
];
const NAMED = ['level', 'channel', 'device', 'job', 'logger'];
/** Names of one kind that are offered before their field is typed. */
const FEW = 4;
const HAS = ['exc', 'logger', 'job', 'step', 'device', 'fields'];

/** What could stand at the caret, the likeliest first; nothing inside phrases and regexes. */
export function complete(text: string, caret: number, vocabulary: Vocabulary): Completion[] {
  const at = termStart(text, caret);
  if (at === null) return [];
  let start = at;
  while (text[start] === '-' || text[start] === '(') start++;
  if (start > caret) return [];
  FIELD_START.lastIndex = start;
  const found = FIELD_START.exec(text);
  if (found) {
    let nameEnd = start + found[0].length;
    if (found[0] === 'fields.') {
      if (text[nameEnd] === '"') nameEnd = endOfQuote(text, nameEnd);
      else while (nameEnd < text.length && !NAME_STOPS.includes(text[nameEnd] as string)) nameEnd++;
    }
    const op = /^(?:>=|<=|[:=<>])/.exec(text.slice(nameEnd));
    if (op && nameEnd + op[0].length <= caret) {
      return values(text, text.slice(start, nameEnd), nameEnd + op[0].length, caret, vocabulary, op[0]);
    }
  }
  return names(text, start, caret, vocabulary);
}

/** Where the term around the caret begins; null inside quotes (but for a value's) and regexes. */
function termStart(text: string, caret: number): number | null {
  let at = 0;
  let start = 0;
  while (at < caret) {
    const char = text[at] as string;
    if (contains(char, `${SPACE}()`)) {
      start = ++at;
    } else if (char === '"') {
      const end = endOfQuote(text, at);
      const closed = end > at + 1 && text[end - 1] === '"';
      if (caret < end || !closed) return at > start ? start : null;
      at = end;
    } else if (char === '/' && contains(text[at - 1] ?? ' ', `${SPACE}()-:,`)) {
      let end = at + 1;
      while (end < text.length && text[end] !== '/') end += text[end] === '\\' ? 2 : 1;
      if (caret <= end) return null;
      at = end + 1;
    } else at++;
  }
  return start;
}

function names(text: string, from: number, caret: number, vocabulary: Vocabulary): Completion[] {
  const typed = text.slice(from, caret).toLowerCase();
  let to = caret;
  while (to < text.length && !NAME_STOPS.includes(text[to] as string)) to++;
  // The name of a field that has its value.
  if (/^[:=<>]/.test(text.slice(to))) return [];
  const own = (vocabulary.fields ?? []).map((name) => [printName(`fields.${name}`), "a field of the line's own"] as const);
  const fits = [...FIELDS, ...own].filter(
    ([insert]) => insert.toLowerCase().startsWith(typed) || (typed && short(insert).startsWith(typed)),
  );
  const out: Completion[] = fits.map(([insert, detail]) => {
    const field = insert.startsWith('fields.') ? `${insert}:` : insert;
    return { from, to, insert: field, label: insert, detail, kind: 'field' };
  });
  out.push(...named(typed, from, to, vocabulary));
  for (const word of ['OR', 'AND', 'NOT', 'none']) {
    if (typed !== '' && word.toLowerCase().startsWith(typed) && text.slice(from, caret) !== word) {
      out.push({
        from,
        to,
        insert: word,
        label: word,
        detail: word === 'none' ? 'no line at all' : 'between terms',
        kind: 'keyword',
      });
    }
  }
  return out.slice(0, LIMIT);
}

/** What has a name that begins with what is typed: who types `psu` may well mean the channel. */
function named(typed: string, from: number, to: number, vocabulary: Vocabulary): Completion[] {
  if (typed.length < 2) return [];
  return NAMED.flatMap((field) =>
    known(field, vocabulary)
      .filter((word) => word.toLowerCase().startsWith(typed))
      .slice(0, FEW)
      .map((word): Completion => {
        const insert = `${field}:${printValue(word)}`;
        return { from, to, insert, label: insert, detail: `lines of the ${field}`, kind: 'value' };
      }),
  );
}

/** The name of a field of the line's own, without `fields.`. */
function short(insert: string): string {
  return insert.replace(/^fields\.("?)/, '').toLowerCase();
}

function values(text: string, field: string, first: number, caret: number, vocabulary: Vocabulary, op: string): Completion[] {
  let from = first;
  for (let at = first; at < caret; at++) {
    if (text[at] === '"') {
      const end = endOfQuote(text, at);
      if (end >= caret) break;
      at = end - 1;
    } else if (text[at] === ',') from = at + 1;
  }
  let to = caret;
  if (text[from] === '"') to = Math.max(caret, endOfQuote(text, from));
  else while (to < text.length && !VALUE_STOPS.includes(text[to] as string)) to++;
  const given = new Set(text.slice(first, from).split(','));
  const typed = text.slice(from, caret).replace(/^"/, '').toLowerCase();
  const words = known(field, vocabulary).map((word) => [word, field === 'has' ? printName(word) : printValue(word)] as const);
  const fits = words.filter(([word, insert]) => word.toLowerCase().includes(typed) && (op !== ':' || !given.has(insert)));
  fits.sort((a, b) => Number(b[0].toLowerCase().startsWith(typed)) - Number(a[0].toLowerCase().startsWith(typed)));
  return fits.slice(0, LIMIT).map(([word, insert]) => ({ from, to, insert, label: word, detail: field, kind: 'value' }));
}

function known(field: string, vocabulary: Vocabulary): readonly string[] {
  switch (field) {
    case 'level':
      return LEVEL_NAMES;
    case 'channel':
      return vocabulary.channels ?? [];
    case 'logger':
      return vocabulary.loggers ?? [];
    case 'job':
      return vocabulary.jobs ?? [];
    case 'step':
      return vocabulary.steps ?? [];
    case 'device':
      return vocabulary.devices ?? [];
    case 'since':
    case 'until':
      return TIMES;
    case 'has':
      return [...HAS, ...(vocabulary.fields ?? []).map((name) => `fields.${name}`)];
    default:
      return [];
  }
}
