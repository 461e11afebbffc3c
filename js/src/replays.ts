/** Questions for older log entries that are under way, each with its time. */

import type { ClientMessage } from './sync/messages';

const REPLAY_MS = 10_000;

interface PendingReplay {
  readonly since: number;
  done(answered: boolean): void;
}

export class PendingReplays {
  private pending: PendingReplay[] = [];

  constructor(
    /** False where it did not go out. */
    private readonly send: (message: ClientMessage) => boolean,
  ) {}

  /** Ask for entries. True when the answer has come; false where none will. */
  ask(epoch: string | null, sinceSeq: number, limit: number): Promise<boolean> {
    return new Promise((resolve) => {
      if (epoch === null || !this.send({ type: 'logs.replay', sinceSeq, epoch, limit })) {
        resolve(false);
        return;
      }
      const asked: PendingReplay = {
        since: sinceSeq,
        done: (answered) => {
          clearTimeout(timer);
          resolve(answered);
        },
      };
      const timer = setTimeout(() => {
        this.pending = this.pending.filter((other) => other !== asked);
        resolve(false);
      }, REPLAY_MS);
      this.pending.push(asked);
    });
  }

  /** Entries since then have come. False: nobody has asked for them. */
  answered(since: number): boolean {
    const at = this.pending.findIndex((asked) => asked.since === since);
    if (at < 0) return false;
    this.pending.splice(at, 1)[0]?.done(true);
    return true;
  }

  /** No answer will come any more. */
  lost(): void {
    const asked = this.pending;
    this.pending = [];
    for (const { done } of asked) done(false);
  }
}
