/** From a query's tree to a test of the lines of a columnar store. */
import type { DictionaryKind, LogColumns, Predicate } from '../store/columns';
import { seen } from '../text/seen';
import { type Item, NAMES, type Node, NUMBER, type Span } from './ast';
import { containsTest, type NumberTest, orderTest, spanTest, type TextTest, valueNumber, valueText, wholeTest } from './match';
import { resolveTime } from './time';

/** What a query is bound to. `now` in milliseconds since 1970; `zone` an IANA name, undefined is the browser's. */
export interface Binding {
  readonly columns: LogColumns;
  readonly now: number;
  readonly zone: string | undefined;
}

/** The test that a tree stands for. */
export function build(node: Node, to: Binding): Predicate {
  const { columns } = to;
  switch (node.kind) {
    case 'search': {
      const test = containsTest(node.item);
      return (i) => {
        if (test(columns.seen(i))) return true;
        return inTraceback(columns, test, i);
      };
    }
    case 'match':
      return match(node.field, node.items, columns);
    case 'compare':
      return compare(node.field, orderTest(node.op, Number(node.number)), columns);
    case 'time': {
      const when = resolveTime(node.when, to.now, to.zone);
      return node.bound === 'since' ? (i) => columns.ts(i) >= when : (i) => columns.ts(i) < when;
    }
    case 'has':
      return any(node.names.map((name) => has(name, columns)));
    case 'nothing':
      return () => false;
    case 'not': {
      const inner = build(node.node, to);
      return (i) => !inner(i);
    }
    case 'and':
      return all(byCost(node.nodes).map((inner) => build(inner, to)));
    case 'or':
      return any(byCost(node.nodes).map((inner) => build(inner, to)));
  }
}

export function all(tests: readonly Predicate[]): Predicate {
  const [a, b, c] = tests as [Predicate, Predicate, Predicate];
  if (tests.length === 0) return () => true;
  if (tests.length === 1) return a;
  if (tests.length === 2) return (i) => a(i) && b(i);
  if (tests.length === 3) return (i) => a(i) && b(i) && c(i);
  return (i) => {
    for (const test of tests) if (!test(i)) return false;
    return true;
  };
}

export function any(tests: readonly Predicate[]): Predicate {
  const [a, b] = tests as [Predicate, Predicate];
  if (tests.length === 1) return a;
  if (tests.length === 2) return (i) => a(i) || b(i);
  return (i) => {
    for (const test of tests) if (test(i)) return true;
    return false;
  };
}

/** The cheap ones first; which of them is asked first changes nothing but the time it takes. */
function byCost(nodes: readonly Node[]): Node[] {
  return [...nodes].sort((a, b) => cost(a) - cost(b));
}

function cost(node: Node): number {
  if (node.kind === 'not') return cost(node.node);
  if (node.kind === 'and' || node.kind === 'or') return Math.max(0, ...node.nodes.map(cost));
  if (node.kind === 'search') return 3;
  if (node.kind !== 'match' && node.kind !== 'compare') return 1;
  return node.field === 'message' ? 3 : node.field.startsWith('fields.') ? 2 : 0;
}

function inTraceback(columns: LogColumns, test: TextTest, i: number): boolean {
  const exc = columns.exc(i);
  return exc !== undefined && exc !== '' && test(seen(exc));
}

function match(field: string, items: readonly Item[], columns: LogColumns): Predicate {
  if (NAMES.includes(field)) return matchName(field as DictionaryKind, items, columns);
  if (field === 'level' || field === 'seq')
    return number(field, anyNumber(items.map((item) => spanTest(item as Span))), columns);
  if (field.startsWith('fields.')) return matchOwn(field.slice('fields.'.length), items, columns);
  const tests = items.flatMap((item) => (item.kind === 'words' || item.kind === 'pattern' ? [containsTest(item)] : []));
  const test: TextTest = (text) => tests.some((one) => one(text));
  if (field === 'message') return (i) => test(columns.seen(i));
  return (i) => inTraceback(columns, test, i);
}

function anyNumber(tests: readonly NumberTest[]): NumberTest {
  return tests.length === 1 ? (tests[0] as NumberTest) : (value) => tests.some((test) => test(value));
}

/** A test of names is made once per name: lines are then told by their dictionary code. */
function matchName(kind: DictionaryKind, items: readonly Item[], columns: LogColumns): Predicate {
  const tests = items.map(wholeTest);
  let names = columns.names(kind);
  let table = new Uint8Array(64);
  let known = 0;
  const learn = () => {
    const current = columns.names(kind);
    if (current !== names) {
      // Another epoch: its codes are others.
      names = current;
      known = 0;
    }
    if (names.length > table.length) {
      const grown = new Uint8Array(2 * names.length);
      grown.set(table);
      table = grown;
    }
    for (; known < names.length; known++) {
      const name = names[known] as string;
      table[known] = name !== '' && tests.some((test) => test(name)) ? 1 : 0;
    }
  };
  learn();
  const matches = (code: number) => {
    if (code >= known || columns.names(kind) !== names) learn();
    return table[code] === 1;
  };
  // One function for each kind, so that the engine sees a constant where the store looks up its column.
  switch (kind) {
    case 'channel':
      return (i) => matches(columns.code('channel', i));
    case 'logger':
      return (i) => matches(columns.code('logger', i));
    case 'job':
      return (i) => matches(columns.code('job', i));
    case 'step':
      return (i) => matches(columns.code('step', i));
    case 'device':
      return (i) => matches(columns.code('device', i));
  }
}

function number(field: 'level' | 'seq', test: NumberTest, columns: LogColumns): Predicate {
  if (field === 'seq') return (i) => test(columns.seq(i));
  const table = new Uint8Array(256);
  for (let level = 0; level < 256; level++) table[level] = test(level) ? 1 : 0;
  return (i) => table[columns.level(i)] === 1;
}

function compare(field: string, test: NumberTest, columns: LogColumns): Predicate {
  if (field === 'level' || field === 'seq') return number(field, test, columns);
  const name = field.slice('fields.'.length);
  return (i) => {
    const fields = columns.fields(i);
    if (fields === undefined || !Object.hasOwn(fields, name)) return false;
    const value = valueNumber(fields[name]);
    return value !== null && test(value);
  };
}

function matchOwn(name: string, items: readonly Item[], columns: LogColumns): Predicate {
  const texts = items.filter((item) => item.kind !== 'span').map(wholeTest);
  const numbers = items.flatMap((item) => {
    if (item.kind === 'span') return [spanTest(item)];
    const plain = item.kind === 'words' && NUMBER.test(item.text);
    return plain ? [spanTest({ kind: 'span', low: item.text, high: item.text })] : [];
  });
  return (i) => {
    const fields = columns.fields(i);
    if (fields === undefined || !Object.hasOwn(fields, name)) return false;
    const text = valueText(fields[name]);
    if (text !== null && texts.some((test) => test(text))) return true;
    const value = numbers.length ? valueNumber(fields[name]) : null;
    return value !== null && numbers.some((test) => test(value));
  };
}

function has(name: string, columns: LogColumns): Predicate {
  if (name === 'exc') return (i) => !!columns.exc(i);
  if (NAMES.includes(name)) return (i) => columns.code(name as DictionaryKind, i) !== 0;
  if (name === 'fields') {
    return (i) => {
      const fields = columns.fields(i);
      return fields !== undefined && Object.keys(fields).length > 0;
    };
  }
  const own = name.slice('fields.'.length);
  return (i) => {
    const fields = columns.fields(i);
    return fields !== undefined && Object.hasOwn(fields, own);
  };
}
