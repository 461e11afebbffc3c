/** Commands on their way to the server: each has an id, its time, and one end. */

import { type ReadonlySignal, type Signal, signal } from '@preact/signals';
import type { ClientMessage, Commands } from './sync/messages';
import type { Effect } from './sync/mirror';

const COMMAND_MS = 30_000;

/** A command was not carried out: a code and a sentence. */
export class CommandError extends Error {
  override readonly name = 'CommandError';

  constructor(
    readonly code: string,
    message: string,
  ) {
    super(message);
  }
}

interface Pending {
  // biome-ignore lint/suspicious/noExplicitAny: the contract says what each command gives
  resolve(value: any): void;
  reject(error: CommandError): void;
  timer: ReturnType<typeof setTimeout>;
}

export class PendingCommands {
  private readonly pending = new Map<string, Pending>();
  private readonly counts: Signal<number> = signal(0);
  private lastId = 0;

  /** `isDeaf`: whether the server hears nothing before a cell has ended; a command's time does not run meanwhile. */
  constructor(
    private readonly send: (message: ClientMessage) => boolean,
    private readonly isDeaf: () => boolean,
  ) {}

  /** How many are not answered yet. */
  get count(): ReadonlySignal<number> {
    return this.counts;
  }

  /** Have the server do something. Rejects with `CommandError`. */
  ask<Name extends keyof Commands>(name: Name, args: Commands[Name]['args']): Promise<Commands[Name]['result']> {
    return new Promise((resolve, reject) => {
      const id = `c${++this.lastId}`;
      if (!this.send({ type: 'command', id, name, args: { ...args } })) {
        reject(new CommandError('not-connected', 'There is no connection to the orchestrator now.'));
        return;
      }
      this.pending.set(id, { resolve, reject, timer: setTimeout(() => this.late(id), COMMAND_MS) });
      this.counts.value = this.pending.size;
    });
  }

  answered(effect: Extract<Effect, { kind: 'answered' }>): void {
    const pending = this.take(String(effect.id));
    if (effect.ok) pending?.resolve(effect.value);
    else pending?.reject(new CommandError(effect.code ?? 'failed', effect.message ?? 'The command failed.'));
  }

  /** No answer will come any more. */
  lost(): void {
    for (const id of [...this.pending.keys()]) {
      this.take(id)?.reject(new CommandError('lost', 'The connection was lost before the answer came.'));
    }
  }

  private late(id: string): void {
    const waiting = this.pending.get(id);
    if (waiting !== undefined && this.isDeaf()) {
      waiting.timer = setTimeout(() => this.late(id), COMMAND_MS);
      return;
    }
    this.take(id)?.reject(new CommandError('timeout', `The orchestrator has not answered for ${COMMAND_MS / 1000} s.`));
  }

  private take(id: string): Pending | undefined {
    const pending = this.pending.get(id);
    clearTimeout(pending?.timer);
    this.pending.delete(id);
    this.counts.value = this.pending.size;
    return pending;
  }
}
