import type { JSX } from 'preact';
import { visible } from '../../logs/text/visible';
import { count } from '../shared/format';
import { Leaf } from './Leaf';
import type { TreeItem } from './tree';

/** What of a row is copied. */
export type Copied = 'pointer' | 'value';

interface Props {
  id: string;
  row: TreeItem;
  isCurrent: boolean;
  /** The row was pressed. */
  onPress(row: TreeItem): void;
  onCopy(row: TreeItem, what: Copied): void;
}

/** One row of the tree: its name, its value or its size, and what can be copied of it. */
export function TreeRow({ id, row, isCurrent, onPress, onCopy }: Props): JSX.Element {
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
      onClick={() => onPress(row)}
    >
      <span class="ab-tree-mark" aria-hidden="true">
        {isLeaf ? '' : row.isOpen ? '▾' : '▸'}
      </span>
      <span class={`ab-tree-name${row.kind === 'range' ? ' ab-faint' : ''}`}>{visible(row.name)}</span>
      {isLeaf ? <Leaf value={row.value} /> : <span class="ab-faint ab-tree-size">{sizeText(row)}</span>}
      {row.kind !== 'range' && (
        <span class="ab-tree-acts" aria-hidden="true">
          <CopyButton what="pointer" row={row} onCopy={onCopy} />
          <CopyButton what="value" row={row} onCopy={onCopy} />
        </span>
      )}
    </div>
  );
}

function CopyButton({ what, row, onCopy }: { what: Copied; row: TreeItem; onCopy: Props['onCopy'] }): JSX.Element {
  return (
    <button
      type="button"
      tabIndex={-1}
      class="ab-link"
      title={`Copy the ${what} (${what === 'pointer' ? 'c' : 'v'})`}
      onClick={(event) => {
        event.stopPropagation();
        onCopy(row, what);
      }}
    >
      {what}
    </button>
  );
}

function sizeText(row: TreeItem): string {
  if (row.kind === 'range') return '';
  return Array.isArray(row.value) ? `[${count(row.size)}]` : `{${count(row.size)}}`;
}
