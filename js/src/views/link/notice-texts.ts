/** What is said while a view is not live: the fact, then the next step. */

import type { LinkStatus } from '../../links/link';

export interface NoticeTexts {
  /** One or two words, for the badge. */
  readonly word: string;
  readonly fact: string;
  readonly step: string;
  /** What the button says; null where pressing one would not help. */
  readonly action: string | null;
}

export function noticeTexts(status: LinkStatus, host: 'notebook' | 'page'): NoticeTexts {
  const { phase, reason, busy } = status;
  const why = reason ?? '';
  switch (phase) {
    case 'live':
      return busy
        ? { word: 'busy', fact: 'A cell is running.', step: 'This view goes on when it ends.', action: null }
        : { word: 'live', fact: '', step: '', action: null };
    case 'connecting':
      return { word: 'connecting', fact: 'Connecting to the orchestrator …', step: '', action: null };
    case 'stale':
      return {
        word: 'catching up',
        fact: 'Catching up with the server.',
        step: 'What you see is not the newest.',
        action: null,
      };
    case 'waiting':
      return { word: 'lost', fact: why || 'The connection was lost.', step: 'What you see is from before.', action: 'Try now' };
    case 'denied':
      return {
        word: 'denied',
        fact: `The server did not let this view in${why ? `: ${why}` : '.'}`,
        step: host === 'page' ? 'Reload this page to sign in again.' : 'Run the cell again.',
        action: 'Try again',
      };
    case 'gone':
      return {
        word: 'kernel gone',
        fact: why || 'The kernel that made this view is gone.',
        step: 'Run the cell again.',
        action: 'Try again',
      };
    case 'closed':
      return {
        word: 'closed',
        fact: why || 'The connection was closed.',
        step: 'It is not tried again by itself.',
        action: 'Reconnect',
      };
  }
}

/** "next try in 4 s", counting down. */
export function countdown(status: LinkStatus, now: number): string {
  if (status.retryAt === null) return '';
  const left = Math.max(0, Math.ceil((status.retryAt - now) / 1000));
  return left === 0 ? 'trying …' : `next try in ${left} s`;
}
