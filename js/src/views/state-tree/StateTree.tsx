import { type Signal, useComputed, useSignal } from '@preact/signals';
import type { JSX, TargetedEvent } from 'preact';
import { useEffect, useId, useLayoutEffect, useRef } from 'preact/hooks';
import type { Client } from '../../client';
import { join, split } from '../../sync/pointer';
import { at, plain } from '../../sync/read';
import { count } from '../shared/format';
import { Skeleton } from '../shared/parts';
import { VirtualRows } from '../shared/VirtualRows';
import { ancestors, isNode, type Row, rowsOf, search, sizeOf } from './tree';

const ROW = 22;
const MAX_FOUND = 300;
const SLICE_MS = 8;

interface Props {
  client: Client;
  height?: number | undefined;
  /** Opened at first. */
  pointer?: string | undefined;
}

/** The state as a tree that follows it. What changes glows for a moment, unless the reader wants less motion. */
export function StateTree({ client, height = 360, pointer }: Props): JSX.Element {
  const id = useId();
  const state = client.state.value;
  const open = useSignal<ReadonlySet<string>>(new Set(['/meta', '/jobs']));
  const current = useSignal<string | null>(null);
  const text = useSignal('');
  const said = useSignal('');
  const found = useSearch(client, text);
  const revealed = useRef(false);
  const input = useRef<HTMLInputElement>(null);

  const reveal = (parts: readonly string[]) => {
    const now = client.state.peek();
    const value = at(now, parts);
    const more = ancestors(now, parts);
    open.value = new Set([...open.peek(), ...more, ...(isNode(value) ? [join(parts)] : [])]);
    current.value = join(parts);
  };
  useEffect(() => {
    if (revealed.current || !pointer || state === null) return;
    revealed.current = true;
    const parts = split(pointer);
    if (parts !== null) reveal(parts);
  }, [state, pointer]);

  const rows = useComputed(() => rowsOf(client.state.value, open.value)).value;
  if (state === null) return <Skeleton rows={[30, 42, 36, 50, 28]} />;
  const hits = found.value;
  const searching = text.value.trim() !== '';
  const active = rows.findIndex((row) => row.id === current.value);

  const toggle = (row: Row, to = !row.isOpen) => {
    if (row.kind === 'leaf' || row.isOpen === to) return;
    const next = new Set(open.peek());
    if (to) next.add(row.id);
    else next.delete(row.id);
    open.value = next;
  };
  const copy = async (what: string, name: string) => {
    try {
      await navigator.clipboard.writeText(what);
      said.value = `${name} copied`;
    } catch {
      // Not allowed, or not over plain http: say what it is, so that it can be taken by hand.
      said.value = what;
    }
  };
  const move = (i: number) => {
    const row = rows[Math.max(0, Math.min(rows.length - 1, i))];
    if (row) current.value = row.id;
  };
  const onKey = (event: TargetedEvent<HTMLDivElement, KeyboardEvent>) => {
    const row = rows[active];
    const { key } = event;
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (key === 'ArrowDown') move(active + 1);
    else if (key === 'ArrowUp') move(active < 0 ? 0 : active - 1);
    else if (key === 'PageDown') move(active + Math.floor(height / ROW));
    else if (key === 'PageUp') move(active - Math.floor(height / ROW));
    else if (key === 'Home') move(0);
    else if (key === 'End') move(rows.length - 1);
    else if (key === '/') input.current?.focus();
    else if (row === undefined) return;
    else if (key === 'ArrowRight') row.isOpen ? move(active + 1) : toggle(row, true);
    else if (key === 'ArrowLeft') row.isOpen ? toggle(row, false) : move(parentOf(rows, active));
    else if (key === 'Enter' || key === ' ') toggle(row);
    else if (key === 'c') void copy(join(row.parts), 'Pointer');
    else if (key === 'v') void copy(JSON.stringify(plain(row.value), null, 2), 'Value');
    else return;
    event.preventDefault();
    event.stopPropagation();
  };
  return (
    <div class="ab-tree">
      <div class="ab-tree-tools">
        <input
          ref={input}
          type="search"
          class="ab-input"
          placeholder="Search keys and values"
          aria-label="Search the state"
          value={text.value}
          onInput={(event) => {
            text.value = event.currentTarget.value;
          }}
          onKeyDown={(event) => {
            if (event.key === 'Escape') text.value = '';
            event.stopPropagation();
          }}
        />
        {searching && (
          <span class="ab-faint ab-num">
            {hits === null ? 'searching …' : `${count(hits.length)}${hits.length >= MAX_FOUND ? '+' : ''}`}
          </span>
        )}
        <span class="ab-space" />
        <span class="ab-faint ab-tree-said" role="status">
          {said.value}
        </span>
        {!searching && (
          <button
            type="button"
            class="ab-link"
            onClick={() => {
              open.value = new Set();
            }}
          >
            Fold all
          </button>
        )}
      </div>
      {searching ? (
        <Found
          hits={hits ?? []}
          isDone={hits !== null}
          state={state}
          height={height}
          onPick={(parts) => {
            text.value = '';
            reveal(parts);
          }}
        />
      ) : (
        <VirtualRows
          class="ab-tree-rows"
          count={rows.length}
          rowHeight={ROW}
          maxHeight={height}
          show={active < 0 ? undefined : active}
          attributes={{
            role: 'tree',
            tabIndex: 0,
            'aria-label': 'State',
            'aria-activedescendant': active < 0 ? undefined : `${id}-${active}`,
            onKeyDown: onKey,
            onFocus: () => {
              if (active < 0) move(0);
            },
          }}
          row={(i) => (
            <TreeRow
              key={(rows[i] as Row).id}
              id={`${id}-${i}`}
              row={rows[i] as Row}
              isCurrent={i === active}
              onToggle={toggle}
              onCurrent={(row) => {
                current.value = row.id;
              }}
              onCopy={(what, name) => void copy(what, name)}
            />
          )}
        />
      )}
    </div>
  );
}

function parentOf(rows: readonly Row[], i: number): number {
  const { depth } = rows[i] as Row;
  for (let k = i - 1; k >= 0; k--) if ((rows[k] as Row).depth < depth) return k;
  return i;
}

interface TreeRowProps {
  id: string;
  row: Row;
  isCurrent: boolean;
  onToggle(row: Row): void;
  onCurrent(row: Row): void;
  onCopy(what: string, name: string): void;
}

function TreeRow({ id, row, isCurrent, onToggle, onCurrent, onCopy }: TreeRowProps): JSX.Element {
  const isLeaf = row.kind === 'leaf';
  return (
    <div
      id={id}
      role="treeitem"
      aria-level={row.depth + 1}
      aria-expanded={isLeaf ? undefined : row.isOpen}
      aria-posinset={row.position}
      aria-setsize={row.siblings}
      aria-selected={isCurrent}
      class={`ab-tree-row${isCurrent ? ' ab-current' : ''}`}
      style={{ paddingLeft: `${12 + row.depth * 16}px` }}
      onClick={() => {
        onCurrent(row);
        onToggle(row);
      }}
    >
      <span class="ab-tree-mark" aria-hidden="true">
        {isLeaf ? '' : row.isOpen ? '▾' : '▸'}
      </span>
      <span class={`ab-tree-name${row.kind === 'range' ? ' ab-faint' : ''}`}>{row.name}</span>
      {isLeaf ? <Leaf value={row.value} /> : <span class="ab-faint ab-tree-size">{sizeText(row)}</span>}
      {row.kind !== 'range' && (
        <span class="ab-tree-acts" aria-hidden="true">
          <button
            type="button"
            tabIndex={-1}
            class="ab-link"
            title="Copy the pointer (c)"
            onClick={act(() => onCopy(join(row.parts), 'Pointer'))}
          >
            pointer
          </button>
          <button
            type="button"
            tabIndex={-1}
            class="ab-link"
            title="Copy the value (v)"
            onClick={act(() => onCopy(JSON.stringify(plain(row.value), null, 2), 'Value'))}
          >
            value
          </button>
        </span>
      )}
    </div>
  );
}

function act(does: () => void): (event: Event) => void {
  return (event) => {
    event.stopPropagation();
    does();
  };
}

function sizeText(row: Row): string {
  if (row.kind === 'range') return '';
  return Array.isArray(row.value) ? `[${count(row.size)}]` : `{${count(row.size)}}`;
}

/** A value that glows when it becomes another one. */
function Leaf({ value }: { value: unknown }): JSX.Element {
  const el = useRef<HTMLSpanElement>(null);
  const before = useRef(value);
  useLayoutEffect(() => {
    if (before.current === value) return;
    before.current = value;
    if (matchMedia('(prefers-reduced-motion: reduce)').matches) return;
    el.current?.animate?.([{ backgroundColor: 'var(--ab-mark)' }, { backgroundColor: 'transparent' }], { duration: 900 });
  }, [value]);
  const kind = value === null ? 'null' : typeof value;
  return (
    <span ref={el} class={`ab-tree-value ab-is-${kind}`} title={typeof value === 'string' ? value.slice(0, 2_000) : undefined}>
      {shownValue(value)}
    </span>
  );
}

function shownValue(value: unknown): string {
  const json = JSON.stringify(value);
  return json.length > 500 ? `${json.slice(0, 500)}…` : json;
}

interface FoundProps {
  hits: readonly string[][];
  isDone: boolean;
  state: unknown;
  height: number;
  onPick(parts: readonly string[]): void;
}

function Found({ hits, isDone, state, height, onPick }: FoundProps): JSX.Element {
  if (hits.length === 0) return <p class="ab-none">{isDone ? 'Nothing in the state matches.' : 'Searching …'}</p>;
  return (
    <VirtualRows
      class="ab-tree-rows"
      count={hits.length}
      rowHeight={ROW}
      maxHeight={height}
      attributes={{ role: 'list', 'aria-label': 'Places that match' }}
      row={(i) => {
        const parts = hits[i] as string[];
        const value = at(state, parts);
        return (
          <div key={join(parts)} role="listitem" class="ab-tree-row ab-tree-found">
            <button type="button" class="ab-link" onClick={() => onPick(parts)}>
              {join(parts)}
            </button>
            {isNode(value) ? (
              <span class="ab-faint">{`(${count(sizeOf(value))})`}</span>
            ) : value === undefined ? null : (
              <Leaf value={value} />
            )}
          </div>
        );
      }}
    />
  );
}

/** Where the text is found: looked for in slices, so that a big state does not stop the page. Null: still looking. */
function useSearch(client: Client, text: Signal<string>): Signal<string[][] | null> {
  const out = useSignal<string[][] | null>(null);
  const wanted = text.value.trim();
  useEffect(() => {
    out.value = null;
    if (wanted === '') return;
    let timer: ReturnType<typeof setTimeout>;
    const hits: string[][] = [];
    let walk: ReturnType<typeof search> | null = null;
    const step = () => {
      walk ??= search(client.state.peek(), wanted);
      const until = performance.now() + SLICE_MS;
      while (performance.now() < until) {
        const next = walk.next();
        if (next.done || hits.length >= MAX_FOUND) {
          out.value = hits;
          return;
        }
        if (next.value) hits.push(next.value);
      }
      timer = setTimeout(step, 0);
    };
    timer = setTimeout(step, 150);
    return () => clearTimeout(timer);
  }, [wanted]);
  return out;
}
