import { type ReadonlySignal, type Signal, signal } from '@preact/signals';
import type { ComponentChildren, JSX } from 'preact';
import { type Client, CommandError } from '../../client';

export const READ_ONLY = 'You came in with a read-only token: you may look, and not command.';

/** Why something that was asked for was not done. */
export interface Problem {
  readonly code: string;
  readonly text: string;
}

/** What was asked for and is not answered yet, and why the last of its kind was not done: each by its key. */
export class Asking {
  private readonly sinces: Signal<ReadonlyMap<string, number>> = signal(new Map());
  private readonly marks = new Map<string, string>();
  private readonly problemsNow: Signal<ReadonlyMap<string, Problem>> = signal(new Map());

  /** Since when it is waited for, in ms since 1970. */
  get since(): ReadonlySignal<ReadonlyMap<string, number>> {
    return this.sinces;
  }

  get problems(): ReadonlySignal<ReadonlyMap<string, Problem>> {
    return this.problemsNow;
  }

  /** What stood in the state when it was asked for last, as who asked has named it; empty where nothing did. */
  markOf(key: string): string {
    return this.marks.get(key) ?? '';
  }

  /** Ask for it unless it is asked for already. Resolves to whether it was done. `mark`: see `markOf`. */
  async ask(key: string, act: () => Promise<unknown>, mark = ''): Promise<boolean> {
    if (this.sinces.peek().has(key)) return false;
    this.marks.set(key, mark);
    this.sinces.value = new Map(this.sinces.peek()).set(key, Date.now());
    this.tell(key, null);
    try {
      await act();
      return true;
    } catch (error) {
      if (!(error instanceof CommandError)) throw error;
      this.tell(key, { code: error.code, text: error.message });
      return false;
    } finally {
      const left = new Map(this.sinces.peek());
      left.delete(key);
      this.sinces.value = left;
    }
  }

  private tell(key: string, problem: Problem | null): void {
    const known = new Map(this.problemsNow.peek());
    if (problem === null) known.delete(key);
    else known.set(key, problem);
    this.problemsNow.value = known;
  }
}

interface Props {
  client: Client;
  /** In words, for who does not see where it stands. */
  label: string;
  /** While it is asked for already. */
  isBusy: boolean;
  class?: string;
  title?: string | undefined;
  expanded?: boolean | undefined;
  onClick(): void;
  children: ComponentChildren;
}

/** A button that asks the orchestrator for something. Who may look and not command sees it, and why it cannot be pressed. */
export function AskButton({ client, label, isBusy, children, onClick, ...props }: Props): JSX.Element {
  const isReader = client.readOnly.value;
  return (
    <button
      type="button"
      class={props.class ?? 'ab-button ab-small'}
      disabled={isReader || isBusy}
      title={isReader ? READ_ONLY : props.title}
      aria-label={isReader ? `${label}. ${READ_ONLY}` : label}
      aria-expanded={props.expanded}
      onClick={onClick}
    >
      {children}
    </button>
  );
}
