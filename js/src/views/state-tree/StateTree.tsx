import { type Signal, useSignal } from '@preact/signals';
import type { JSX, RefObject, TargetedEvent } from 'preact';
import { useEffect, useId, useMemo, useRef } from 'preact/hooks';
import type { Client } from '../../client';
import { join, split } from '../../sync/pointer';
import { plain } from '../../sync/read';
import { Skeleton } from '../shared/elements';
import { count } from '../shared/format';
import { VirtualRows } from '../shared/VirtualRows';
import { MAX_FOUND, SearchResults, useSearch } from './SearchResults';
import { type Copied, TreeRow } from './TreeRow';
import { TREE_ROW_HEIGHT, type TreeItem } from './tree';
import { TreeState } from './tree-state';

interface Props {
  client: Client;
  height?: number | undefined;
  /** Opened at first. */
  pointer?: string | undefined;
}

/** The state as a tree that follows it. What changes glows for a moment, unless the reader wants less motion. */
export function StateTree({ client, height = 360, pointer }: Props): JSX.Element {
  const state = client.state.value;
  const tree = useMemo(() => new TreeState(client.state), [client]);
  const text = useSignal('');
  const notice = useSignal('');
  const hits = useSearch(client, text.value).value;
  const isRevealed = useRef(false);
  const input = useRef<HTMLInputElement>(null);
  useEffect(() => {
    if (isRevealed.current || !pointer || state === null) return;
    isRevealed.current = true;
    const parts = split(pointer);
    if (parts !== null) tree.reveal(parts);
  }, [state, pointer]);
  if (state === null) return <Skeleton rows={[30, 42, 36, 50, 28]} />;
  const isSearching = text.value.trim() !== '';
  return (
    <div class="ab-tree">
      <div class="ab-tree-tools">
        <SearchInput text={text} input={input} />
        {isSearching && (
          <span class="ab-faint ab-num">
            {hits === null ? 'searching …' : `${count(hits.length)}${hits.length >= MAX_FOUND ? '+' : ''}`}
          </span>
        )}
        <span class="ab-space" />
        <span class="ab-faint ab-tree-said" role="status">
          {notice.value}
        </span>
        {!isSearching && (
          <button type="button" class="ab-link" onClick={() => tree.foldAll()}>
            Fold all
          </button>
        )}
      </div>
      {isSearching ? (
        <SearchResults
          hits={hits ?? []}
          isDone={hits !== null}
          state={state}
          height={height}
          onPick={(parts) => {
            text.value = '';
            tree.reveal(parts);
          }}
        />
      ) : (
        <Tree
          tree={tree}
          height={height}
          onSearch={() => input.current?.focus()}
          onCopy={(row, what) => void copy(row, what, notice)}
        />
      )}
    </div>
  );
}

function SearchInput({ text, input }: { text: Signal<string>; input: RefObject<HTMLInputElement | null> }): JSX.Element {
  return (
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
  );
}

interface TreeProps {
  tree: TreeState;
  height: number;
  onSearch(): void;
  onCopy(row: TreeItem, what: Copied): void;
}

function Tree({ tree, height, onSearch, onCopy }: TreeProps): JSX.Element {
  const id = useId();
  const rows = tree.rows.value;
  const active = tree.active.value;
  const onKeyDown = (event: TargetedEvent<HTMLDivElement, KeyboardEvent>) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const row = tree.activeRow;
    if (event.key === '/') onSearch();
    else if (event.key === 'c' && row) onCopy(row, 'pointer');
    else if (event.key === 'v' && row) onCopy(row, 'value');
    else if (!moveByKey(tree, event.key, Math.floor(height / TREE_ROW_HEIGHT))) return;
    event.preventDefault();
    event.stopPropagation();
  };
  return (
    <VirtualRows
      class="ab-tree-rows"
      count={rows.length}
      rowHeight={TREE_ROW_HEIGHT}
      maxHeight={height}
      show={active < 0 ? undefined : active}
      attributes={{
        role: 'tree',
        tabIndex: 0,
        'aria-label': 'State',
        'aria-activedescendant': active < 0 ? undefined : `${id}-${active}`,
        onKeyDown,
        onFocus: () => {
          if (tree.active.peek() < 0) tree.moveTo(0);
        },
      }}
      row={(i) => (
        <TreeRow
          key={(rows[i] as TreeItem).id}
          id={`${id}-${i}`}
          row={rows[i] as TreeItem}
          isCurrent={i === active}
          onPress={(row) => {
            tree.choose(row);
            tree.toggle(row);
          }}
          onCopy={onCopy}
        />
      )}
    />
  );
}

/** Go through the tree as trees are gone through (APG). False where the key has no meaning here. */
function moveByKey(tree: TreeState, key: string, page: number): boolean {
  const row = tree.activeRow;
  if (key === 'ArrowDown') tree.move(1);
  else if (key === 'ArrowUp') tree.move(-1);
  else if (key === 'PageDown') tree.move(page);
  else if (key === 'PageUp') tree.move(-page);
  else if (key === 'Home') tree.moveTo(0);
  else if (key === 'End') tree.moveTo(Number.POSITIVE_INFINITY);
  else if (row === undefined) return false;
  else if (key === 'ArrowRight') row.isOpen ? tree.move(1) : tree.toggle(row, true);
  else if (key === 'ArrowLeft') row.isOpen ? tree.toggle(row, false) : tree.moveToParent();
  else if (key === 'Enter' || key === ' ') tree.toggle(row);
  else return false;
  return true;
}

/** Copy a row's pointer or value, and tell that, or what it is where copying is not allowed. */
async function copy(row: TreeItem, what: Copied, notice: Signal<string>): Promise<void> {
  const text = what === 'pointer' ? join(row.parts) : JSON.stringify(plain(row.value), null, 2);
  try {
    await navigator.clipboard.writeText(text);
    notice.value = what === 'pointer' ? 'Pointer copied' : 'Value copied';
  } catch {
    // Not allowed, or not over plain http: say what it is, so that it can be taken by hand.
    notice.value = text;
  }
}
