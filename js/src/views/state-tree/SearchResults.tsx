import type { Signal } from '@preact/signals';
import { useSignal } from '@preact/signals';
import type { JSX } from 'preact';
import { useEffect } from 'preact/hooks';
import type { Client } from '../../client';
import { visible } from '../../logs/text/visible';
import { join } from '../../sync/pointer';
import { at } from '../../sync/read';
import { count } from '../shared/format';
import { VirtualRows } from '../shared/VirtualRows';
import { Leaf } from './Leaf';
import { childCount, isNode, search, TREE_ROW_HEIGHT } from './tree';

/** Places that are looked for at most. */
export const MAX_FOUND = 300;
/** How long one slice of a search may keep the page from drawing, and how long a search waits for more typing, in ms. */
const SLICE_MS = 8;
const TYPING_MS = 150;

interface Props {
  hits: readonly string[][];
  isDone: boolean;
  state: unknown;
  height: number;
  onPick(parts: readonly string[]): void;
}

/** The places whose name or value has the text that is searched. */
export function SearchResults({ hits, isDone, state, height, onPick }: Props): JSX.Element {
  if (hits.length === 0) return <p class="ab-none">{isDone ? 'Nothing in the state matches.' : 'Searching …'}</p>;
  return (
    <VirtualRows
      class="ab-tree-rows"
      count={hits.length}
      rowHeight={TREE_ROW_HEIGHT}
      maxHeight={height}
      attributes={{ role: 'list', 'aria-label': 'Places that match' }}
      row={(i) => {
        const parts = hits[i] as string[];
        const value = at(state, parts);
        return (
          <div key={join(parts)} role="listitem" class="ab-tree-row ab-tree-found">
            <button type="button" class="ab-link" onClick={() => onPick(parts)}>
              {visible(join(parts))}
            </button>
            {isNode(value) ? (
              <span class="ab-faint">{`(${count(childCount(value))})`}</span>
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
export function useSearch(client: Client, text: string): Signal<string[][] | null> {
  const found = useSignal<string[][] | null>(null);
  const needle = text.trim();
  useEffect(() => {
    found.value = null;
    if (needle === '') return;
    let timer: ReturnType<typeof setTimeout>;
    const hits: string[][] = [];
    let walk: ReturnType<typeof search> | null = null;
    const step = () => {
      walk ??= search(client.state.peek(), needle);
      const until = performance.now() + SLICE_MS;
      while (performance.now() < until) {
        const next = walk.next();
        if (next.done || hits.length >= MAX_FOUND) {
          found.value = hits;
          return;
        }
        if (next.value) hits.push(next.value);
      }
      timer = setTimeout(step, 0);
    };
    timer = setTimeout(step, TYPING_MS);
    return () => clearTimeout(timer);
  }, [needle]);
  return found;
}
