/** Text as a reader must be able to trust it: nothing hidden, nothing reordered, links only where they show themselves. */

/** Part of a line: plain text, a character made visible, or a link. */
export type TextPart =
  | { readonly kind: 'text'; readonly from: number; readonly to: number }
  | { readonly kind: 'mark'; readonly from: number; readonly to: number; readonly shown: string; readonly title: string }
  | { readonly kind: 'link'; readonly from: number; readonly to: number; readonly href: string };

// C0 but tab and line feed, DEL and C1, soft hyphen, zero width, bidirectional controls, line separators, BOM, tags.
const HIDDEN =
  '[\\u0000-\\u0008\\u000b-\\u001f\\u007f-\\u009f\\u00ad\\u061c\\u180e\\u200b\\u200e\\u200f\\u2028-\\u202e\\u2060-\\u2069\\ufeff\\ufff9-\\ufffb\\u{e0001}-\\u{e007f}]';
const PARTS = new RegExp(`${HIDDEN}|https?://(?:(?!${HIDDEN})[^\\s"'<>\`{}|\\\\^])+`, 'gu');
const PLAIN = /^[ -~]*$/;
const MARKS = new RegExp(HIDDEN, 'gu');
const QUICK = new RegExp(`${HIDDEN}|https?://`, 'u');

const NAMES: Record<number, string> = {
  173: 'soft hyphen',
  1564: 'Arabic letter mark',
  8203: 'zero width space',
  8206: 'left-to-right mark',
  8207: 'right-to-left mark',
  8232: 'line separator',
  8233: 'paragraph separator',
  8234: 'left-to-right embedding',
  8235: 'right-to-left embedding',
  8236: 'pop directional formatting',
  8237: 'left-to-right override',
  8238: 'right-to-left override',
  8288: 'word joiner',
  8294: 'left-to-right isolate',
  8295: 'right-to-left isolate',
  8296: 'first strong isolate',
  8297: 'pop directional isolate',
  65279: 'byte order mark',
};

/** A line's parts in order; together they cover it. */
export function textParts(text: string): TextPart[] {
  if (!QUICK.test(text)) return text === '' ? [] : [{ kind: 'text', from: 0, to: text.length }];
  const out: TextPart[] = [];
  let last = 0;
  const addPlain = (to: number) => {
    if (to > last) out.push({ kind: 'text', from: last, to });
  };
  for (const match of text.matchAll(PARTS)) {
    const from = match.index;
    if (match[0].startsWith('http')) {
      const shown = withoutPunctuation(match[0]);
      const href = safeHref(shown);
      if (href === null) continue;
      addPlain(from);
      last = from + shown.length;
      out.push({ kind: 'link', from, to: last, href });
    } else {
      addPlain(from);
      last = from + match[0].length;
      const point = match[0].codePointAt(0) as number;
      out.push({ kind: 'mark', from, to: last, shown: shownAs(point), title: NAMES[point] ?? codeName(point) });
    }
  }
  addPlain(text.length);
  return out;
}

/** A name, title or value as plain text in which nothing is hidden: what `textParts` calls a mark becomes what it shows. */
export function visible(text: string): string {
  // Rows are drawn while one scrolls, and most names are plain.
  return PLAIN.test(text) ? text : text.replace(MARKS, (mark) => shownAs(mark.codePointAt(0) as number));
}

/** Only http and https, and only if what is shown is where it leads: no name and password before the host. */
export function safeHref(text: string): string | null {
  if (!URL.canParse(text)) return null;
  const url = new URL(text);
  if ((url.protocol !== 'http:' && url.protocol !== 'https:') || url.username || url.password) return null;
  return url.href;
}

/** How a hidden character is drawn. */
function shownAs(point: number): string {
  if (point < 0x20) return String.fromCodePoint(0x2400 + point);
  if (point === 0x7f) return '\u2421';
  return `\u2039${codeName(point)}\u203a`;
}

function codeName(point: number): string {
  return `U+${point.toString(16).toUpperCase().padStart(4, '0')}`;
}

/** A link without the punctuation of the sentence that it ends. */
function withoutPunctuation(link: string): string {
  let end = link.length;
  while (end > 0) {
    const last = link[end - 1] as string;
    const unopened = last === ')' && !link.slice(0, end).includes('(');
    if ('.,;:!?'.includes(last) || unopened || last === ']') end--;
    else break;
  }
  return link.slice(0, end);
}
