import type { ComponentChildren, JSX } from 'preact';
import type { RunsTable } from './model/table';
import { useTabIndex } from './tab-stop';

const READ_ONLY = 'You came in with a read-only token: you may look, and not command.';

interface Props {
  table: RunsTable;
  /** In words, for who does not see where it stands. */
  label: string;
  /** Keys of what is asked for already, one of which keeps it from being asked for again. */
  busy: readonly string[];
  /** What it says meanwhile, where that is another thing. */
  meanwhile?: string;
  class: string;
  onClick(): void;
  children: ComponentChildren;
}

/** A button that asks the orchestrator for something. Who may look and not command sees it, and why it cannot be pressed. */
export function CommandButton({ table, label, busy, meanwhile, children, onClick, ...props }: Props): JSX.Element {
  const asked = table.busy.value;
  const isBusy = busy.some((key) => asked.has(key));
  const isReader = table.client.readOnly.value;
  const said = isBusy && meanwhile !== undefined ? `${meanwhile} ${label}` : label;
  return (
    <button
      type="button"
      class={props.class}
      disabled={isBusy || isReader}
      tabIndex={useTabIndex()}
      title={isReader ? READ_ONLY : said}
      aria-label={isReader ? `${said}. ${READ_ONLY}` : said}
      onClick={onClick}
    >
      {isBusy && meanwhile !== undefined ? meanwhile : children}
    </button>
  );
}
