import { createContext } from 'preact';
import { useContext } from 'preact/hooks';

/**
 * Whether the line around is the one whose buttons Tab stops at: the current one, to which the arrow keys lead. Were all
 * buttons stops, whoever has a keyboard alone would come to the log after some sixty of them.
 */
export const IsStop = createContext(true);

/** The tabIndex of a button in a line. */
export function useTabIndex(): 0 | -1 {
  return useContext(IsStop) ? 0 : -1;
}
