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
  ['Esc', 'back to the lines; drop the selection'],
];

/** What keys need of the pane around the rows. */
export interface PaneParts {
  focusSearch(): void;
  focusRows(): void;
  openMenu(): void;
  toggleSheet(): void;
  /** Close what is open above the rows; false where nothing is. */
  closeOverlay(): boolean;
}

/**
 * One key press in a pane. True when it meant something here.
 *
 * Fields and buttons keep their own keys; only Escape and the browser's find are taken everywhere.
 */
export function onKey(event: KeyboardEvent, model: PaneModel, actions: Actions, parts: PaneParts): boolean {
  if ((event.ctrlKey || event.metaKey) && !event.altKey && event.key.toLowerCase() === 'f') {
    parts.focusSearch();
    return true;
  }
  if (event.key === 'Escape') return onEscape(model, parts);
  const target = event.target as HTMLElement;
  if (target.closest('input, textarea, select, [contenteditable="true"], [role="dialog"], [role="menu"]')) return false;
  if ((event.ctrlKey || event.metaKey) && !event.altKey) return withControl(event, actions);
  if (event.altKey) return false;
  const onButton = target.closest('button, a') !== null;
  if (onButton && (event.key === 'Enter' || event.key === ' ')) return false;
  return plain(event, model, actions, parts);
}

function withControl(event: KeyboardEvent, actions: Actions): boolean {
  const key = event.key.toLowerCase();
  if (key === 'a') {
    actions.selectAll();
    return true;
  }
  if (key === 'c' && (getSelection()?.isCollapsed ?? true)) {
    actions.copy(actions.chosen(), 'text');
    return true;
  }
  return false;
}

function onEscape(model: PaneModel, parts: PaneParts): boolean {
  if (!parts.closeOverlay()) {
    if (model.selected.peek().size) model.selected.value = new Set();
    else model.current.value = null;
    parts.focusRows();
    model.wake();
  }
  return true;
}

function plain(event: KeyboardEvent, model: PaneModel, actions: Actions, parts: PaneParts): boolean {
  const { prefs } = model;
  const choices = prefs.choices.peek();
  const current = model.current.peek();
  const shift = event.shiftKey;
  const does: Record<string, () => void> = {
    '/': () => parts.focusSearch(),
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
    g: () => model.goTo('top'),
    Home: () => model.goTo('top'),
    G: () => model.goTo('bottom'),
    End: () => model.goTo('bottom'),
    f: () => actions.toggleFollow(),
    ' ': () => actions.togglePause(),
    '+': () => actions.setContext(choices.context + 1),
    '=': () => actions.setContext(choices.context + 1),
    '-': () => actions.setContext(choices.context - 1),
    m: () => actions.setMode(choices.mode === 'filter' ? 'locate' : 'filter'),
    p: () => actions.pin(),
    x: () => (model.cleared.peek() ? actions.undoClear() : actions.clearToHere()),
    c: () => actions.copy(actions.chosen(), 'text'),
    C: () => actions.copy(actions.chosen(), 'json'),
    l: () => current !== null && actions.copyLink(current),
    e: () => parts.openMenu(),
    w: () => {
      model.scroll.forget();
      prefs.set({ wrap: !choices.wrap });
      model.say(choices.wrap ? 'Lines are cut' : 'Lines wrap', false);
      model.wake();
    },
    t: () => prefs.set({ time: choices.time === 'clock' ? 'relative' : 'clock' }),
    s: () => actions.setOrder(choices.order === 'newest' ? 'oldest' : 'newest'),
    d: () => prefs.set({ facets: !choices.facets }),
    h: () => prefs.set({ histogram: !choices.histogram }),
    '?': () => parts.toggleSheet(),
  };
  const act = does[event.key];
  if (!act) return false;
  act();
  return true;
}
