/** A query's text cut into pieces to colour. Tolerant: it makes the most of what is being typed. */
import { contains, FIELD_START, KEYWORDS, NAME_STOPS, SPACE, VALUE_STOPS, WORD_STOPS } from './ast';

export type TokenKind =
  | 'space'
  | 'paren'
  | 'keyword'
  | 'minus'
  | 'none'
  | 'field'
  | 'operator'
  | 'value'
  | 'comma'
  | 'word'
  | 'phrase'
  | 'regex';

/** `text.slice(from, to)` is one piece; `negated` where it stands after a minus or NOT. */
export interface Token {
  readonly kind: TokenKind;
  readonly from: number;
  readonly to: number;
  readonly negated: boolean;
}

const OPERATOR = /[<>!]=|[:=<>]/y;

/** The pieces in order; together they cover the text. */
export function tokens(text: string): Token[] {
  const out: Token[] = [];
  let at = 0;
  let negated = false;
  let inValue = false;
  const push = (kind: TokenKind, to: number) => {
    if (to > at) out.push({ kind, from: at, to, negated });
    at = to;
  };
  const until = (stops: string) => {
    let end = at;
    while (end < text.length && !stops.includes(text[end] as string)) end++;
    return end;
  };
  while (at < text.length) {
    const char = text[at] as string;
    if (SPACE.includes(char)) {
      const last = out[out.length - 1];
      if (last && last.kind !== 'keyword') negated = false;
      inValue = false;
      let end = at;
      while (end < text.length && SPACE.includes(text[end] as string)) end++;
      out.push({ kind: 'space', from: at, to: end, negated: false });
      at = end;
    } else if (char === '(' || char === ')') {
      inValue = false;
      push('paren', at + 1);
      negated = false;
    } else if (char === ',' && inValue) {
      push('comma', at + 1);
    } else if (char === '"') {
      push(inValue ? 'value' : 'phrase', endOfQuote(text, at));
    } else if (char === '/') {
      push('regex', endOfRegex(text, at));
    } else if (inValue) {
      push('value', Math.max(at + 1, until(VALUE_STOPS)));
    } else if (char === '-' && at + 1 < text.length && !contains(text[at + 1] as string, `${SPACE})-`)) {
      negated = true;
      push('minus', at + 1);
    } else {
      const end = until(WORD_STOPS);
      const word = text.slice(at, end);
      if (word === 'none') push('none', end);
      else if (KEYWORDS.includes(word)) {
        negated = word === 'NOT';
        push('keyword', end);
      } else if (!pushField(end)) push('word', end);
    }
  }
  return out;

  function pushField(end: number): boolean {
    FIELD_START.lastIndex = at;
    const found = FIELD_START.exec(text);
    if (!found) return false;
    let to = at + found[0].length;
    if (found[0] === 'fields.') {
      if (text[to] === '"') to = endOfQuote(text, to);
      else while (to < text.length && !NAME_STOPS.includes(text[to] as string)) to++;
    }
    OPERATOR.lastIndex = to;
    const op = OPERATOR.exec(text);
    if (!op) return false;
    if (found[0] !== 'fields.' && op[0] === ':' && text.startsWith('://', to)) {
      push('word', end);
      return true;
    }
    push('field', to);
    push('operator', to + op[0].length);
    inValue = true;
    return true;
  }
}

/** Where the quotes that begin here end, after the closing one; the text's end where there is none. */
export function endOfQuote(text: string, at: number): number {
  let end = at + 1;
  while (end < text.length && text[end] !== '"') end += text[end] === '\\' && '\\"'.includes(text[end + 1] ?? '-') ? 2 : 1;
  return Math.min(text.length, end + 1);
}

function endOfRegex(text: string, at: number): number {
  let end = at + 1;
  while (end < text.length && text[end] !== '/') end += text[end] === '\\' ? 2 : 1;
  end = Math.min(text.length, end + 1);
  return text[end] === 'i' ? end + 1 : end;
}
