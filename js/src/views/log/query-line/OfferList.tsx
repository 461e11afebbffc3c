import type { JSX } from 'preact';
import type { Completion } from '../../../logs/query';
import { visible } from '../../../logs/text/visible';
import type { Offers } from './offers';

interface Props {
  offers: Offers;
  id: string;
  onAccept(taken: Completion): void;
}

/** The completions, of which a press or a key takes one. */
export function OfferList({ offers, id, onAccept }: Props): JSX.Element {
  const list = offers.list.value;
  const active = offers.active.value;
  return (
    <ul class="ab-log-offers" id={`${id}-offers`} role="listbox" aria-label="Completions" hidden={list.length === 0}>
      {list.map((offered, k) => (
        <li
          key={offered.label}
          id={`${id}-offer-${k}`}
          role="option"
          aria-selected={k === active}
          onPointerDown={(event) => {
            // The input keeps the focus: its loss would close the list.
            event.preventDefault();
            onAccept(offered);
          }}
        >
          <span>{visible(offered.label)}</span>
          {offered.detail && <span class="ab-log-faint">{visible(offered.detail)}</span>}
        </li>
      ))}
    </ul>
  );
}
