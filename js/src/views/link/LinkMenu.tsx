import { useSignal } from '@preact/signals';
import type { JSX } from 'preact';
import { useId } from 'preact/hooks';
import type { Client, LinkChoice } from '../../client';
import { latency } from '../shared/format';
import { LINK_NAMES, linkNote } from './link-names';

/** The ways to the orchestrator: which one is used, why the others are not, and what would help. It covers nothing. */
export function LinkMenu({ client, id }: { client: Client; id: string }): JSX.Element {
  const group = useId();
  const links = client.links.value;
  const { latencyMs } = client.status.value;
  const wanted = links.find((link) => link.wanted && link.able);
  return (
    <div class="ab-links" id={id} role="group" aria-label="How this view is linked to the orchestrator">
      {links.map((link) => (
        <LinkRow
          key={link.kind}
          client={client}
          link={link}
          group={group}
          chosen={wanted === undefined ? link.inUse : link === wanted}
          note={[latencyMs === null ? '' : `${latency(latencyMs)} a round trip`, linkNote(client, link.kind)]}
        />
      ))}
      {wanted && (
        <p class="ab-links-foot ab-muted">
          {wanted.inUse
            ? 'You chose this one.'
            : `You chose ${LINK_NAMES[wanted.kind]}, which is not live: another one stands in.`}{' '}
          <button type="button" class="ab-link" onClick={() => client.want(null)}>
            take the best
          </button>
        </p>
      )}
    </div>
  );
}

interface RowProps {
  client: Client;
  link: LinkChoice;
  group: string;
  chosen: boolean;
  note: readonly string[];
}

function LinkRow({ client, link, group, chosen, note }: RowProps): JSX.Element {
  const { kind, inUse, able, state, reason, remedy } = link;
  const id = `${group}-${kind}`;
  return (
    <div class={`ab-links-row${inUse ? ' ab-links-used' : ''}`}>
      <input type="radio" id={id} name={group} checked={chosen} disabled={!able} onChange={() => client.want(kind)} />
      <label for={id} class="ab-links-name">
        {LINK_NAMES[kind]}
      </label>
      <span class="ab-links-state">{state}</span>
      <span class="ab-muted ab-links-why ab-num">{inUse ? note.filter(Boolean).join(' · ') : reason}</span>
      {remedy !== null && <Remedy command={remedy} />}
      {!inUse && (state === 'failed' || remedy !== null || state === 'refused') && (
        <button type="button" class="ab-link" onClick={() => client.tryLinks()}>
          try again
        </button>
      )}
    </div>
  );
}

function Remedy({ command }: { command: string }): JSX.Element {
  const copied = useSignal(false);
  const copy = () => {
    // Without a secure context there is no clipboard; the command can still be marked by hand.
    void navigator.clipboard?.writeText(command).then(() => {
      copied.value = true;
    });
  };
  return (
    <span class="ab-links-remedy">
      <code class="ab-mono">{command}</code>
      {'clipboard' in navigator && (
        <button type="button" class="ab-link" onClick={copy}>
          {copied.value ? 'copied' : 'copy'}
        </button>
      )}
    </span>
  );
}
