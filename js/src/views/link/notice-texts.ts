/** What is said while a view is not live: the fact, then the next step. */

import type { KernelBusy } from '../../client';
import type { LinkStatus } from '../../links/link';
import { plural } from '../shared/format';

export interface NoticeTexts {
  /** One or two words, for the badge. */
  readonly word: string;
  readonly fact: string;
  readonly step: string;
  /** What the button says; null where pressing one would not help. */
  readonly action: string | null;
}

export function noticeTexts(status: LinkStatus, host: 'notebook' | 'page'): NoticeTexts {
  const { phase, reason } = status;
  const why = reason ?? '';
  switch (phase) {
    case 'live':
      return { word: 'live', fact: '', step: '', action: null };
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

/** What is said of the link while the kernel runs a cell: the view goes on, and only what one asks for may wait. */
export function busyTexts(busy: KernelBusy, waiting: number): NoticeTexts {
  const word = 'kernel busy';
  if (busy.listens) {
    return {
      word,
      fact: 'A cell is running.',
      step: 'Lines and state keep coming, and commands go through at once.',
      action: null,
    };
  }
  if (waiting === 0) {
    return {
      word,
      fact: 'A cell is running.',
      step: 'Lines and state keep coming. A command waits until the cell ends.',
      action: null,
    };
  }
  const [fact, step] =
    waiting === 1
      ? ['A command waits for the kernel.', 'It is carried out when the cell ends.']
      : [`${plural(waiting, 'command')} wait for the kernel.`, 'They are carried out when the cell ends.'];
  return { word, fact, step, action: null };
}

/** "next try in 4 s", counting down. */
export function countdown(status: LinkStatus, now: number): string {
  if (status.retryAt === null) return '';
  const left = Math.max(0, Math.ceil((status.retryAt - now) / 1000));
  return left === 0 ? 'trying …' : `next try in ${left} s`;
}
