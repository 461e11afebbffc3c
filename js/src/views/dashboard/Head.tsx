import { type ReadonlySignal, useComputed } from '@preact/signals';
import type { JSX } from 'preact';
import { useRef } from 'preact/hooks';
import type { Client } from '../../client';
import { visible } from '../../logs/text/visible';
import { type MenuState, StatusBadge } from '../link/StatusBadge';
import { count, plural } from '../shared/format';
import { useNow } from '../shared/hooks';

const PRODUCT = 'AutoBench';

/** Whose dashboard this is, how much goes on, and how the view is linked to it. */
export function Head({ client, title, menu }: { client: Client; title: string; menu: MenuState }): JSX.Element {
  const hasState = useComputed(() => client.state.value !== null).value;
  const viewers = useComputed(() => client.state.value?.meta.telemetry?.clients).value;
  const rate = useRate(client);
  const live = client.status.value.phase === 'live';
  const name = useComputed(() => client.state.value?.meta.name).value;
  const shown = titleOf(visible(typeof name === 'string' && name ? name : title));
  return (
    <header class="ab-head">
      <b>{PRODUCT}</b>
      {shown && (
        <span class="ab-faint ab-head-title" title={shown}>
          {shown}
        </span>
      )}
      <span class="ab-space" />
      {hasState && live && (
        <span class="ab-head-figures ab-muted ab-num">
          <span title="Log lines a second">
            {count(rate)} {rate === 1 ? 'line' : 'lines'}/s
          </span>
          {viewers !== undefined && viewers > 0 && (
            <span title="Clients that look at this orchestrator">{plural(viewers, 'viewer')}</span>
          )}
        </span>
      )}
      {client.readOnly.value && (
        <span class="ab-faint ab-head-reads" title="Your token lets you look, and not command.">
          read-only
        </span>
      )}
      {live && client.hasPage && !client.readOnly.value && (
        <button
          type="button"
          class="ab-link ab-head-page"
          title="Open this in a page of its own"
          onClick={() => void client.openPage()}
        >
          Open page
        </button>
      )}
      <StatusBadge client={client} menu={menu} quiet />
    </header>
  );
}

/** What stands beside the product's own name: nothing where nobody has given the bench a name. */
function titleOf(name: string): string {
  return name === PRODUCT ? '' : name;
}

/** Log lines a second, over the last two seconds. */
function useRate(client: Client): number {
  const samples = useRef<{ at: number; seq: number }[]>([]);
  const now: ReadonlySignal<number> = useNow(1_000);
  const at = now.value;
  const list = samples.current;
  const last = list[list.length - 1];
  if ((last === undefined || last.at !== at) && client.logs.nextSeq > 0) {
    list.push({ at, seq: client.logs.nextSeq });
    if (list.length > 3) list.shift();
  }
  const first = list[0];
  const newest = list[list.length - 1];
  if (!first || !newest || newest.at <= first.at || newest.seq < first.seq) return 0;
  return Math.round(((newest.seq - first.seq) * 1000) / (newest.at - first.at));
}
