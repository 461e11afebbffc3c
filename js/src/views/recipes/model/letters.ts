/** How wide words are before they are drawn: guessed, rather too wide, so that what is said to fit does. */

/** Px of a letter in the small words beside lines, in bars and above an axis. */
export const SMALL_LETTER = 6.2;
