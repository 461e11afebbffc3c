/** Answers the Python tests: one JSON line in, `{query, entries, now, zone}`, one out, what TypeScript makes of it. */
import { createInterface } from 'node:readline';
import { bind, highlight, parse, resolvedText } from '../../../js/src/logs/query';
import { foldCase } from '../../../js/src/logs/query/match';
import { LogStore } from '../../../js/src/logs/store/store';

for await (const line of createInterface({ input: process.stdin })) {
  const { query: text, entries, now, zone, folded } = JSON.parse(line);
  process.stdout.write(`${JSON.stringify(folded ? folded.map(foldCase) : answer(text, entries, now, zone))}\n`);
}

function answer(text: string, entries: never[], now: number, zone: string) {
  const parsed = parse(text, { now, zone });
  if (!parsed.ok) {
    const { column, expected, message } = parsed;
    return { column, expected, message };
  }
  const store = LogStore.of(entries);
  const test = bind(parsed.query, store);
  const seqs: number[] = [];
  const mark = highlight(parsed.query);
  for (let i = 0; i < store.size; i++) {
    if (test(i)) seqs.push(store.seq(i));
    mark(store.message(i));
  }
  return { text: parsed.query.text, seqs, resolved: resolvedText(parsed.query) };
}
