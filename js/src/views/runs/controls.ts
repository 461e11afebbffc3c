/**
 * Whether a click on a row was one on something in it that acts by itself.
 *
 * By the path that the click has taken: a part of a button that the button has drawn anew is in it no longer.
 */
export function isOnControl(event: Event): boolean {
  const path = event.composedPath();
  const within = path.slice(0, path.indexOf(event.currentTarget as EventTarget));
  return within.some((one) => one instanceof Element && one.matches('button, input, a, form'));
}
