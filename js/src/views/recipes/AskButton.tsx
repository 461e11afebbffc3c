import type { ComponentChildren, JSX } from 'preact';
import type { RecipeFace } from './model/face';

interface Props {
  face: RecipeFace;
  /** Names what is asked for: while it is not answered, it is not asked again. */
  id: string;
  /** In words, for who does not see where it stands. */
  label: string;
  /** Why it cannot be asked for now; empty where it can. */
  unless?: string;
  class?: string;
  onClick(): void;
  children: ComponentChildren;
}

/** A button that asks the orchestrator for something. Where that cannot be, it says why. */
export function AskButton({ face, id, label, unless = '', children, onClick, ...props }: Props): JSX.Element {
  const reason = face.hindrance || unless;
  const isBusy = face.busy.value.has(id);
  return (
    <button
      type="button"
      class={props.class ?? 'ab-button ab-small'}
      disabled={reason !== '' || isBusy}
      title={reason || undefined}
      aria-label={reason ? `${label}. ${reason}` : label}
      onClick={onClick}
    >
      {children}
      {isBusy && <span class="ab-rec-busy"> …</span>}
    </button>
  );
}
