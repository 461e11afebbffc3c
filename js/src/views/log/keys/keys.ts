import type { Actions } from '../model/actions';
import type { PaneModel } from '../model/model';

/** What the keys do, for the sheet. */
export const KEY_SHEET: readonly (readonly [string, string])[] = [
  ['/', 'search'],
  ['n N', 'next, previous match'],
  ['Enter', 'open or close the line; in the search: next match'],
  ['j k ↓ ↑', 'next, previous line; with Shift select'],
  ['PgDn PgUp', 'a page down, up'],
  ['g G', 'first, last row'],
  ['f', 'follow new lines'],
  ['Space', 'pause and go on'],
  ['+ −', 'more, fewer lines of context'],
  ['m', 'filter or locate'],
  ['p', 'pin the line'],
  ['x', 'clear to here; again: undo'],
  ['c C', 'copy as text, as JSON'],
  ['l', 'copy the permalink'],
  ['e', 'export'],
  ['w', 'wrap lines'],
  ['t', 'clock or relative times'],
  ['s', 'newest or oldest first'],
  ['d', 'facets'],
  ['h', 'histogram'],
  ['?', 'this sheet'],
  ['Esc', 'back to the lines; back from the context; drop the selection'],
];

/** Where keys may lead the focus. */
export interface Focus {
  search(): void;
  rows(): void;
}

/**
 * One key press in a pane. True when it meant something here.
 *
 * Fields and buttons keep their own keys; only Escape and the browser's find are taken everywhere.
 */
export function onKey(event: KeyboardEvent, model: PaneModel, actions: Actions, focus: Focus): boolean {
  if ((event.ctrlKey || event.metaKey) && !event.altKey && event.key.toLowerCase() === 'f') {
    focus.search();
    return true;
  }
  if (event.key === 'Escape') return onEscape(model, actions, focus);
  const target = event.target as HTMLElement;
  if (target.closest('input, textarea, select, [contenteditable="true"], [role="dialog"], [role="menu"]')) return false;
  if ((event.ctrlKey || event.metaKey) && !event.altKey) return withControl(event, model, actions);
  if (event.altKey) return false;
  const onButton = target.closest('button, a') !== null;
  if (onButton && (event.key === 'Enter' || event.key === ' ')) return false;
  return onPlainKey(event, model, actions, focus);
}

function withControl(event: KeyboardEvent, model: PaneModel, actions: Actions): boolean {
  const key = event.key.toLowerCase();
  if (key === 'a') {
    actions.selectAll();
    return true;
  }
  if (key === 'c' && (getSelection()?.isCollapsed ?? true)) {
    actions.copy(model.chosen.lines(), 'text');
    return true;
  }
  return false;
}

/** Close what is open over the rows, else go back from a context, else drop the selection. The rows have the focus then. */
function onEscape(model: PaneModel, actions: Actions, focus: Focus): boolean {
  if (!model.panels.closeAll() && !actions.leaveContext()) actions.dropSelection();
  focus.rows();
  return true;
}

function onPlainKey(event: KeyboardEvent, model: PaneModel, actions: Actions, focus: Focus): boolean {
  const { asked, chosen, view, panels } = model;
  const choices = asked.prefs.choices.peek();
  const current = chosen.current.peek();
  const shift = event.shiftKey;
  const does: Record<string, () => void> = {
    '/': () => focus.search(),
    n: () => actions.match(1),
    N: () => actions.match(-1),
    Enter: () => actions.toggle(),
    j: () => actions.move(1),
    J: () => actions.move(1, true),
    ArrowDown: () => actions.move(1, shift),
    k: () => actions.move(-1),
    K: () => actions.move(-1, true),
    ArrowUp: () => actions.move(-1, shift),
    PageDown: () => actions.page(1, shift),
    PageUp: () => actions.page(-1, shift),
    g: () => view.goTo('top'),
    Home: () => view.goTo('top'),
    G: () => view.goTo('bottom'),
    End: () => view.goTo('bottom'),
    f: () => actions.toggleFollow(),
    ' ': () => actions.togglePause(),
    '+': () => actions.setContext(choices.context + 1),
    '=': () => actions.setContext(choices.context + 1),
    '-': () => actions.setContext(choices.context - 1),
    m: () => actions.setMode(asked.mode.peek() === 'filter' ? 'locate' : 'filter'),
    p: () => actions.pin(),
    x: () => (asked.cleared.peek() ? actions.undoClear() : actions.clearToHere()),
    c: () => actions.copy(model.chosen.lines(), 'text'),
    C: () => actions.copy(model.chosen.lines(), 'json'),
    l: () => current !== null && actions.copyLink(current),
    e: () => panels.openMenu(),
    w: () => {
      actions.setChoices({ wrap: !choices.wrap });
      model.announcer.speak(choices.wrap ? 'Lines are cut' : 'Lines wrap');
    },
    t: () => actions.setChoices({ time: choices.time === 'clock' ? 'relative' : 'clock' }),
    s: () => actions.setOrder(choices.order === 'newest' ? 'oldest' : 'newest'),
    d: () => actions.setChoices({ facets: !choices.facets }),
    h: () => actions.setChoices({ histogram: !choices.histogram }),
    '?': () => panels.toggleKeys(),
  };
  const act = does[event.key];
  if (!act) return false;
  act();
  return true;
}
