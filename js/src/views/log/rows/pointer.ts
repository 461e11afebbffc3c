import type { Actions } from '../model/actions';

/** The line that the first click of two has opened or shut, which the second leaves as it is. */
let toggledBy: number | null = null;

/** A click among the rows: choose a line, open it, or follow one of its tags into the query. */
export function onRowsClick(event: MouseEvent, actions: Actions): void {
  const target = event.target as HTMLElement;
  const row = target.closest<HTMLElement>('[data-seq]');
  if (!row || target.closest('a, button')) return;
  const seq = Number(row.dataset.seq);
  const act = target.closest<HTMLElement>('[data-act]');
  if (event.type === 'dblclick') {
    // The word that the browser marks with it stays marked, so that it can be copied.
    if (toggledBy !== seq && !act && !target.closest('.ab-log-detail')) actions.toggle(seq);
    return;
  }
  if (event.detail > 1 && toggledBy === seq) return;
  toggledBy = null;
  // The end of dragging over text is no click: the browser's own selection stays.
  const marked = getSelection();
  if (marked && !marked.isCollapsed && row.contains(marked.anchorNode) && !event.shiftKey) return;
  if (act?.dataset.act === 'open') {
    toggledBy = seq;
    actions.toggle(seq);
    return;
  }
  if (act?.dataset.act === 'term') {
    actions.onlyTerm(act.dataset.kind as string, act.dataset.value as string);
    return;
  }
  if (target.closest('.ab-log-detail')) return;
  if (event.shiftKey) {
    getSelection()?.removeAllRanges();
    actions.select(seq, 'extend');
  } else actions.select(seq, event.ctrlKey || event.metaKey ? 'toggle' : 'one');
}
