/** What is said of several links: one status for the badge, a line each for the menu. Without I/O. */

import type { Reach } from './choice';
import { LINK_KINDS, type LinkKind, type LinkStatus } from './link';

/** One link as it stands, for the menu. */
export interface LinkChoice {
  readonly kind: LinkKind;
  readonly inUse: boolean;
  readonly wanted: boolean;
  readonly able: boolean;
  /** "in use", "not installed", "failed 3 times". */
  readonly state: string;
  readonly reason: string;
  readonly remedy: string | null;
}

/** One link as it stands. */
export interface Standing {
  readonly status: LinkStatus;
  /** Our own welcome has come, and it stands. */
  readonly live: boolean;
  /** Why it will not do until something changes. */
  readonly refusal: string | null;
  /** It is left alone: another one does it. */
  readonly resting: boolean;
  readonly feeds: boolean;
  readonly wanted: boolean;
}

/** That of the link that feeds; while none does, the most hopeful. `over`: why there is no hope. */
export function statusOf(standings: Readonly<Record<LinkKind, Standing>>, over: string | null): LinkStatus {
  const feeding = LINK_KINDS.find((kind) => standings[kind].feeds);
  if (feeding !== undefined) return standings[feeding].status;
  const open = LINK_KINDS.map((kind) => standings[kind]).filter((one) => !one.resting);
  const first = (open[0] ?? standings.direct).status;
  if (over !== null) return { ...first, phase: 'gone', reason: over, nextDelayMs: null, retryAt: null };
  const all = open.map((one) => one.status);
  // Who was refused rests: it is not tried again before the kernel says something new, or somebody asks.
  const refusal = LINK_KINDS.map((kind) => standings[kind].refusal).find((reason) => reason !== null);
  const stranger = refusal ? { ...first, phase: 'closed' as const, reason: `The server is gone: ${refusal}.` } : null;
  const soonest = all.filter((one) => one.phase === 'waiting').sort((a, b) => (a.retryAt ?? 0) - (b.retryAt ?? 0))[0];
  return (
    all.find((one) => one.phase === 'connecting' && one.attempts === 0) ??
    soonest ??
    all.find((one) => one.phase === 'connecting') ??
    stranger ??
    all.find((one) => one.phase === 'denied') ??
    all[0] ?? { ...first, phase: 'connecting' }
  );
}

/** Its line in the menu: in use, or why not. */
export function choiceOf(kind: LinkKind, reach: Reach, standing: Standing): LinkChoice {
  const { refusal, live, feeds, wanted, resting, status } = standing;
  const { phase, attempts, reason } = status;
  const base = { kind, inUse: feeds, wanted, able: reach.urls !== null, remedy: reach.remedy };
  if (live && feeds) return { ...base, state: 'in use', reason: '' };
  if (reach.urls === null) return { ...base, state: reach.state, reason: reach.reason };
  if (refusal !== null) return { ...base, state: 'refused', reason: refusal };
  if (phase === 'denied') return { ...base, state: 'refused', reason: reason ?? '' };
  // Widget messages rest only where something better does it: that a try failed before says nothing then.
  if (attempts > 0 && !(kind === 'comm' && resting)) return { ...base, state: 'failed', reason: reason ?? '' };
  if (phase === 'connecting' && !resting) return { ...base, state: 'trying', reason: '' };
  return { ...base, state: 'not needed', reason: kind === 'comm' ? 'it takes over when the other one dies' : '' };
}
