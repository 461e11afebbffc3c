/** What a mirror asks of its owner, and tells it. */

import type { ClientMessage, LogEntry, Operation, SnapshotReason } from './messages';

export type Effect =
  /** Send this to the server. */
  | { kind: 'send'; message: ClientMessage }
  /** The server has welcomed us; where not `resumed`, a snapshot follows. `readOnly`: it takes no commands of us. */
  | { kind: 'connected'; epoch: string; resumed: boolean; readOnly: boolean }
  /** The state is another one now. `operations` is null where all of it was replaced, and `reason` says why. */
  | {
      kind: 'changed';
      fromVersion: number | null;
      toVersion: number;
      operations: readonly Operation[] | null;
      reason: SnapshotReason | null;
    }
  /** Log entries, oldest first; `missed` before them are lost. History may be older than what is there. */
  | {
      kind: 'logs';
      entries: readonly LogEntry[];
      firstSeq: number;
      nextSeq: number;
      missed: number;
      isHistory: boolean;
    }
  /** Another epoch: whatever was mirrored before is void, log entries too. */
  | { kind: 'replaced'; epoch: string }
  /** The answer to a command, or an error that has the command's id. */
  | { kind: 'answered'; id: string | number; ok: boolean; value: unknown; code: string | null; message: string | null }
  /** The server could not use a message of ours. */
  | { kind: 'refused'; code: string; message: string; column: number | null }
  /** The kernel runs a cell since then (ms after 1970), or is free again. Where it does not listen, commands wait. */
  | { kind: 'busy'; busy: boolean; since: number; listens: boolean }
  /** A pong; `ts` is the ping's. */
  | { kind: 'alive'; ts: number }
  /** The server is about to close the link. */
  | { kind: 'farewell'; code: number; reason: string };
