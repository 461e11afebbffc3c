import type { JSX } from 'preact';
import type { Client } from '../../client';
import type { LinkStatus } from '../../links/link';
import { useNow } from '../shared/hooks';
import { LastSeen } from './LastSeen';
import { busyTexts, countdown, noticeTexts } from './notice-texts';

/** What is wrong with the link and what to do, in a line of its own. */
export function Notice({ client, hasState }: { client: Client; hasState: boolean }): JSX.Element | null {
  const status = client.status.value;
  const now = useNow(250, status.phase === 'waiting');
  const busy = client.busy.value;
  const waiting = client.waiting.value;
  const isWaiting = status.phase === 'live' && busy !== null && !busy.listens && waiting > 0;
  const { fact, step, action } = isWaiting ? busyTexts(busy, waiting) : noticeTexts(status, client.host);
  const quiet = status.phase === 'stale' || (status.phase === 'connecting' && hasState);
  if (!fact || quiet) return null;
  const calm = status.phase === 'connecting' || isWaiting;
  const next = countdown(status, now.value);
  if (!hasState && isStuck(status)) return <Stuck client={client} fact={fact} step={step} next={next} action={action} />;
  return (
    <div class={`ab-notice${calm ? ' ab-notice-calm' : ''}`} role={calm ? 'status' : 'alert'}>
      <span>
        <b>{fact}</b> {step}
      </span>
      <LastSeen client={client} />
      {next && <span class="ab-num ab-muted">{next}</span>}
      {action && (
        <button type="button" class="ab-button" onClick={() => client.reconnect()}>
          {action}
        </button>
      )}
    </div>
  );
}

/** Nothing to show, and nothing on its way: the notice is all there is. */
export function isStuck({ phase, attempts }: LinkStatus): boolean {
  return (
    phase === 'gone' ||
    phase === 'denied' ||
    phase === 'closed' ||
    phase === 'waiting' ||
    (phase === 'connecting' && attempts > 0)
  );
}

interface StuckProps {
  client: Client;
  fact: string;
  step: string;
  next: string;
  action: string | null;
}

function Stuck({ client, fact, step, next, action }: StuckProps): JSX.Element {
  const { phase } = client.status.value;
  const retrying = phase === 'waiting' || phase === 'connecting';
  return (
    <div class="ab-stuck" role="alert">
      <span class="ab-stuck-glyph" aria-hidden="true">
        {retrying ? '⟳' : phase === 'denied' ? '⊘' : '◌'}
      </span>
      <b>{fact}</b>
      <p>{retrying ? where(client) : step}</p>
      <p class="ab-stuck-next">
        {action && (
          <button type="button" class="ab-button" onClick={() => client.reconnect()}>
            {action}
          </button>
        )}
        {next && <span class="ab-num ab-faint">{next}</span>}
      </p>
    </div>
  );
}

function where(client: Client): string {
  return client.host === 'page'
    ? 'Is the server still running? Start it again, and this page goes on by itself.'
    : 'Is the orchestrator still open? If the kernel was restarted, run the cell again.';
}
