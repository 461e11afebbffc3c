import type { JSX } from 'preact';
import type { Client } from '../../client';
import type { LinkStatus } from '../../links/link';
import { Dot } from '../shared/elements';
import { latency, plural } from '../shared/format';
import { useNow } from '../shared/hooks';
import type { Tone } from '../shared/tone';
import { LastSeen } from './LastSeen';
import { countdown, noticeTexts } from './notice-texts';

/** How this view is linked to the orchestrator, and while it is not, what it does about that. `quiet`: a notice says more. */
export function StatusBadge({ client, quiet = false }: { client: Client; quiet?: boolean }): JSX.Element {
  const status = client.status.value;
  const now = useNow(250, status.phase === 'waiting');
  const { word, fact, step, action } = noticeTexts(status, client.host);
  const detail = quiet && status.phase === 'waiting' ? plural(status.attempts, 'try', 'tries') : detailOf(status, now.value);
  return (
    <span class={`ab-badge ab-phase-${status.phase}`} title={[fact, step].filter(Boolean).join(' ')}>
      <Dot tone={toneOfPhase(status)} halo={status.phase === 'live'} />
      <span class="ab-badge-word" role="status">
        {word}
      </span>
      {detail && <span class="ab-badge-detail ab-num">{detail}</span>}
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
  const status = client.status.value;
  const { fact, step } = noticeTexts(status, client.host);
  const page = client.page;
  return (
    <div class="autobench ab-badge-view">
      <StatusBadge client={client} />
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
    </div>
  );
}

function detailOf(status: LinkStatus, now: number): string {
  const { phase, link, latencyMs, attempts } = status;
  if (phase === 'live') return latencyMs === null ? link : `${link} · ${latency(latencyMs)}`;
  if (phase === 'waiting') return `${countdown(status, now)} · ${plural(attempts, 'try', 'tries')}`;
  if (phase === 'connecting' && attempts > 0) return `try ${attempts + 1}`;
  return '';
}

function toneOfPhase({ phase, busy }: LinkStatus): Tone {
  if (phase === 'live') return busy ? 'busy' : 'ok';
  if (phase === 'connecting' || phase === 'stale') return 'busy';
  return phase === 'waiting' ? 'warn' : 'bad';
}
