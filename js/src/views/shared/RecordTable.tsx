import { type Signal, useComputed, useSignal } from '@preact/signals';
import type { ComponentChildren, JSX } from 'preact';
import { visible } from '../../logs/text/visible';
import { get, type Rec, size } from '../../sync/read';
import { Dot } from './elements';
import { brief, count } from './format';
import { matching, naturalKeys, otherFields } from './records';
import { toneOf } from './tone';
import { VirtualRows } from './VirtualRows';

const ROW = 26;
const ROWS = 12;
/** From here on a search box is worth its line. */
const SEARCH_FROM = 12;

interface Props<T extends { status?: unknown }> {
  /** "device" */
  noun: string;
  record: Rec<T>;
  /** Heads of the columns beside the name, the status and the rest. */
  heads: readonly [string, string];
  cells(item: T): readonly [ComponentChildren, ComponentChildren];
  /** Fields that those cells show. */
  shown: readonly string[];
}

/** Named things with a status, a row each: however many there are. */
export function RecordTable<T extends { status?: unknown }>(props: Props<T>): JSX.Element {
  const { noun, record, heads, cells, shown } = props;
  const text = useSignal('');
  const total = size(record);
  const order = naturalKeys(record);
  const found = useComputed(() => text.value).value ? matching(record, order, text.value) : order;
  const named = [...shown, 'status', 'id', 'name'];
  return (
    <div class="ab-table" role="table" aria-label={`${noun}s`} aria-rowcount={found.length + 1}>
      {total > SEARCH_FROM && <SearchLine noun={noun} text={text} found={found.length} total={total} />}
      <Heads noun={noun} heads={heads} />
      {found.length === 0 && <p class="ab-none">No {noun} matches.</p>}
      <VirtualRows
        count={found.length}
        rowHeight={ROW}
        maxHeight={ROW * ROWS}
        attributes={{ role: 'rowgroup' }}
        row={(i) => {
          const id = found[i] as string;
          const item = get(record, id);
          return item === undefined ? null : recordRow(id, i, item, cells(item), named);
        }}
      />
    </div>
  );
}

interface SearchProps {
  noun: string;
  text: Signal<string>;
  found: number;
  total: number;
}

function SearchLine({ noun, text, found, total }: SearchProps): JSX.Element {
  return (
    <div class="ab-table-tools">
      <input
        type="search"
        class="ab-input"
        placeholder={`Search ${count(total)} ${noun}s`}
        aria-label={`Search ${noun}s`}
        value={text.value}
        onInput={(event) => {
          text.value = event.currentTarget.value;
        }}
      />
      {text.value && <span class="ab-faint ab-num">{`${count(found)} of ${count(total)}`}</span>}
    </div>
  );
}

function Heads({ noun, heads }: { noun: string; heads: readonly [string, string] }): JSX.Element {
  return (
    <div class="ab-tr ab-th" role="row" aria-rowindex={1}>
      <span role="columnheader">
        <span class="ab-hidden">State</span>
      </span>
      <span role="columnheader">{noun}</span>
      <span role="columnheader">status</span>
      <span role="columnheader" class="ab-td-a">
        {heads[0]}
      </span>
      <span role="columnheader" class="ab-td-b">
        {heads[1]}
      </span>
      <span role="columnheader" class="ab-td-rest">
        more
      </span>
    </div>
  );
}

/** The row of one thing; what has no cell of its own (`named`) stands in the last one. */
function recordRow(
  id: string,
  i: number,
  item: { status?: unknown },
  [a, b]: readonly [ComponentChildren, ComponentChildren],
  named: readonly string[],
): JSX.Element {
  const tone = toneOf(item.status);
  const more = otherFields(item, named);
  return (
    <div key={id} class="ab-tr" role="row" aria-rowindex={i + 2}>
      <span role="cell">
        <Dot tone={tone} />
      </span>
      <span role="cell" class="ab-td-name" title={visible(id)}>
        {visible(id)}
      </span>
      <span role="cell" class={`ab-td-status ab-text-${tone}`} title={brief(item.status ?? '')}>
        {brief(item.status ?? '–')}
      </span>
      <span role="cell" class="ab-td-a ab-muted">
        {a}
      </span>
      <span role="cell" class="ab-td-b ab-muted ab-num">
        {b}
      </span>
      <span
        role="cell"
        class="ab-td-rest ab-faint ab-mono"
        title={more.map(([name, value]) => `${visible(name)}: ${brief(value)}`).join('\n')}
      >
        {more.map(([name, value]) => `${visible(name)} ${brief(value)}`).join(' · ')}
      </span>
    </div>
  );
}
