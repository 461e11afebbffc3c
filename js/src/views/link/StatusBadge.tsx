import { type Signal, useSignal } from '@preact/signals';
import type { JSX } from 'preact';
import { useId } from 'preact/hooks';
import type { Client } from '../../client';
import type { LinkStatus } from '../../links/link';
import { Dot } from '../shared/elements';
import { duration, latency, plural } from '../shared/format';
import { useNow } from '../shared/hooks';
import type { Tone } from '../shared/tone';
import { LastSeen } from './LastSeen';
import { LinkMenu } from './LinkMenu';
import { badgeName } from './link-names';
import { busyTexts, countdown, noticeTexts } from './notice-texts';

/** What unfolds the menu of links, and where it is. */
export interface MenuState {
  readonly id: string;
  readonly open: Signal<boolean>;
}

export function useLinkMenu(): MenuState {
  const id = useId();
  return { id: `${id}-links`, open: useSignal(false) };
}

interface Props {
  client: Client;
  /** A notice says more. */
  quiet?: boolean;
  menu: MenuState;
}

/** How this view is linked to the orchestrator, and while it is not, what it does about that. */
export function StatusBadge({ client, quiet = false, menu }: Props): JSX.Element {
  const status = client.status.value;
  const busy = status.phase === 'live' ? client.busy.value : null;
  const now = useNow(250, status.phase === 'waiting' || busy !== null);
  const { word, fact, step, action } = busy === null ? noticeTexts(status, client.host) : busyTexts(busy, client.waiting.value);
  const detail =
    quiet && status.phase === 'waiting'
      ? plural(status.attempts, 'try', 'tries')
      : detailOf(status, badgeName(client, status.link), now.value, busy !== null);
  const isOpen = menu.open.value;
  return (
    <span class={`ab-badge ab-phase-${status.phase}`} title={[fact, step].filter(Boolean).join(' ')}>
      <button
        type="button"
        class="ab-plain ab-badge-open"
        aria-expanded={isOpen}
        aria-controls={isOpen ? menu.id : undefined}
        title={titleOf(status)}
        onClick={() => {
          menu.open.value = !isOpen;
        }}
      >
        <Dot tone={busy === null ? toneOfPhase(status) : 'busy'} halo={status.phase === 'live'} />
        <span class="ab-badge-word" role="status">
          {word}
        </span>
        {busy !== null && <span class="ab-num">{elapsed(now.value - busy.since)}</span>}
        {detail && <span class="ab-badge-detail ab-num">{detail}</span>}
        <span class="ab-badge-fold" aria-hidden="true">
          {isOpen ? '▴' : '▾'}
        </span>
      </button>
      {action && !quiet && (
        <button type="button" class="ab-badge-action" onClick={() => client.reconnect()} aria-label={`${action}: reconnect`}>
          {action}
        </button>
      )}
    </span>
  );
}

/** The badge on its own, with the reason in words. */
export function BadgeView({ client }: { client: Client }): JSX.Element {
  const menu = useLinkMenu();
  const status = client.status.value;
  const { fact, step } = noticeTexts(status, client.host);
  const page = client.page;
  return (
    <div class="autobench ab-badge-view">
      <StatusBadge client={client} menu={menu} />
      {fact && (
        <span class="ab-muted">
          {fact} {step}
        </span>
      )}
      <LastSeen client={client} />
      {status.phase === 'live' && page && (
        <a class="ab-link" href={page} target="_blank" rel="noreferrer">
          {page}
        </a>
      )}
      {menu.open.value && <LinkMenu client={client} id={menu.id} />}
    </div>
  );
}

function detailOf(status: LinkStatus, name: string, now: number, isBusy: boolean): string {
  const { phase, latencyMs, attempts } = status;
  if (phase === 'live' && isBusy) return `live · ${name}`;
  if (phase === 'live') return latencyMs === null ? name : `${name} · ${latency(latencyMs)}`;
  if (phase === 'waiting') return `${countdown(status, now)} · ${plural(attempts, 'try', 'tries')}`;
  if (phase === 'connecting' && attempts > 0) return `try ${attempts + 1}`;
  return '';
}

function titleOf({ phase, latencyMs }: LinkStatus): string {
  const how = 'How this view is linked';
  return phase === 'live' && latencyMs !== null ? `${how}; to the server and back takes ${latency(latencyMs)}` : how;
}

/** "12 s", "1 m 42 s": whole seconds, which do not flicker. */
function elapsed(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  return seconds < 60 ? `${seconds} s` : duration(seconds);
}

function toneOfPhase({ phase }: LinkStatus): Tone {
  if (phase === 'live') return 'ok';
  if (phase === 'connecting' || phase === 'stale') return 'busy';
  return phase === 'waiting' ? 'warn' : 'bad';
}
