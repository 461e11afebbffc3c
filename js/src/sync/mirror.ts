/**
 * State and log position of one orchestrator, as far as its messages have come: the twin of autobench_nb/sync/client/mirror.py.
 *
 * A mirror never guesses. Where a patch does not start at its version it says that it is stale, and asks; where entries
 * are missing in front of a batch it asks for them; where the server says that they are gone, it counts them.
 */

import type { Effect } from './effects';
import type {
  AppState,
  Hello,
  HelloPayload,
  LogEntry,
  LogsAppend,
  LogsHistory,
  LogsReplay,
  Operation,
  Pong,
  ServerMessage,
  SliceName,
  StatePatch,
  StateResync,
  StateSnapshot,
  Subscribe,
  SubscribePayload,
  Welcome,
} from './messages';
import { check, OPTIONAL_SLICES, PROTOCOL, ProtocolError, parse, SERVER_CONFIG, SLICES } from './messages';
import { applyPatch, PatchError } from './patch';
import { equal, get, isRecord, widen } from './read';

export type { Effect } from './effects';

/** A question that was not answered for so long is asked again, when there is still a reason to. Seconds. */
export const ASK_AGAIN_S = 2;
/** Entries asked for where the first history did not come. */
const LOST_HISTORY = SERVER_CONFIG.logs.snapshot;

/** Where a mirror stood when it said hello on some link. */
export interface Position {
  readonly epoch: string | null;
  readonly version: number | null;
  readonly state: AppState | null;
}

export class Mirror {
  epoch: string | null = null;
  version: number | null = null;
  /** Never changed in place: a patch leaves the old one as it was. */
  state: AppState | null = null;
  nextSeq: number | null = null;
  /** Log entries lost in this epoch. */
  missed = 0;
  /** The state is known not to be the newest, and was asked for. */
  stale = false;
  /** Only these slices; null: all. Each new link says so again. */
  slices: readonly SliceName[] | null = null;
  /** Only entries that this query finds; null: all. Each new link says so again. */
  logsQuery: string | null = null;
  /** Whether the state that is there has the slices that were subscribed to. */
  private hasSlices = true;
  /** Whether this link has told its epoch: patches and batches do not carry one. */
  private linked = false;
  /** The newest of which we know. */
  private seenVersion = 0;
  private seenSeq = 0;
  /** Patches up to this version lead to where we were before a link took over, and are not shown one by one. */
  private showFrom = 0;
  private unshown: Operation[] = [];
  private askedStateAt: number | null = null;
  private askedLogsAt: number | null = null;

  /** The first message on a new link, with where we stand. Questions asked on the old link are forgotten. */
  hello(token?: string): Hello {
    this.begin();
    return this.offer(token);
  }

  /** As `hello`, on a link beside the one that is heard: nothing changes before `takeOver`. */
  offer(token?: string): Hello {
    const payload: HelloPayload = { capabilities: ['json-patch', 'resume'] };
    if (token !== undefined) payload.token = token;
    if (this.epoch !== null && this.version !== null && this.nextSeq !== null && this.hasSlices) {
      payload.resume = { epoch: this.epoch, stateVersion: this.version, nextSeq: this.nextSeq };
    }
    if (this.slices !== null) payload.slices = [...this.slices];
    if (this.logsQuery !== null) payload.logsQuery = this.logsQuery;
    return { type: 'hello', payload };
  }

  /** Where it stands now. */
  get position(): Position {
    return { epoch: this.epoch, version: this.version, state: this.state };
  }

  /**
   * Hear another link from now on, whose welcome comes next: on it hello was said when we stood at `then`.
   *
   * `resumed`, as the welcome says: its patches begin there, so that is where we go back to; nobody sees it, since the
   * next patch leads past where we are. Entries that have come meanwhile come again, and are known by their seq.
   * `isBeside`: the link before this one still stands, so that we may well be ahead of a welcome that was sent earlier.
   */
  takeOver(then: Position, epoch: string, resumed: boolean, isBeside: boolean): void {
    const goesOn = isBeside && epoch === this.epoch;
    this.begin();
    this.linked = goesOn;
    if (resumed && epoch === this.epoch && then.epoch === epoch) {
      // The other link may have been faster than this welcome: nobody is shown what is older than what was seen.
      this.showFrom = Math.max(this.showFrom, this.version ?? 0);
      this.version = then.version;
      this.state = then.state;
    }
  }

  private begin(): void {
    this.linked = false;
    this.askedStateAt = this.askedLogsAt = null;
  }

  /**
   * Mirror something else from now on, on this link and on those that follow; returns what to send where there is one.
   *
   * What `wants` does not name stays as it is. Until the snapshot of other slices has come the state stays as it was, and
   * stale. `now` in seconds.
   */
  subscribe(now: number, wants: Pick<SubscribePayload, 'slices' | 'logsQuery' | 'logsHistory'>): Subscribe {
    const { slices, logsQuery } = wants;
    if (slices !== undefined && !equal(slices, this.slices)) {
      this.slices = slices;
      this.hasSlices = false;
      this.stale = true;
      this.askedStateAt = now;
    }
    if (logsQuery !== undefined) this.logsQuery = logsQuery;
    return { type: 'subscribe', payload: { ...wants } };
  }

  /**
   * Take one message, as text or parsed (then it is taken over). `now` in seconds.
   *
   * Throws `ProtocolError` for what is none, and then nothing has changed.
   */
  receive(message: string | object, now: number): Effect[] {
    const out: Effect[] = [];
    const reply: ServerMessage | null = typeof message === 'string' ? parse(message) : check(message);
    if (reply === null) return out;
    switch (reply.type) {
      case 'state.patch':
        this.patch(reply, out, now);
        break;
      case 'logs.append':
        this.append(reply, out, now);
        break;
      case 'state.snapshot':
        this.snapshot(reply, out);
        break;
      case 'logs.history':
        this.history(reply, out, now);
        break;
      case 'pong':
        this.pong(reply, out, now);
        break;
      case 'welcome':
        this.welcome(reply, out);
        break;
      case 'result': {
        const { code = null, message: text = null } = reply.error ?? {};
        out.push({ kind: 'answered', id: reply.id, ok: reply.ok, value: reply.value ?? null, code, message: text });
        break;
      }
      case 'error': {
        const { code, message: text, id, column } = reply;
        if (id != null) out.push({ kind: 'answered', id, ok: false, value: null, code, message: text });
        else out.push({ kind: 'refused', code, message: text, column: column ?? null });
        break;
      }
      case 'server.busy':
        out.push({ kind: 'busy', busy: reply.busy, since: reply.since, listens: reply.listens === true });
        break;
      case 'bye':
        out.push({ kind: 'farewell', code: reply.code, reason: reply.reason });
        break;
      case 'ack':
        break;
    }
    return out;
  }

  private welcome(reply: Welcome, out: Effect[]): void {
    if (reply.protocol !== PROTOCOL) {
      throw new ProtocolError('protocol', `The server speaks protocol ${reply.protocol}, not ${PROTOCOL}.`);
    }
    const isAhead = reply.stateVersion < (this.version ?? 0) || reply.nextSeq < (this.nextSeq ?? 0);
    if (!this.linked && reply.epoch === this.epoch && isAhead) {
      // We stand where this server has never been: nothing that we hold is of use.
      this.epoch = null;
      out.push({ kind: 'replaced', epoch: reply.epoch });
    }
    this.liveIn(reply.epoch, out);
    const { epoch, resumed, readOnly = false } = reply;
    out.push({ kind: 'connected', epoch, resumed, readOnly });
  }

  /** The link belongs to this epoch. Where it is another one: replace everything, merge nothing. */
  private liveIn(epoch: string, out: Effect[]): void {
    this.linked = true;
    if (epoch === this.epoch) return;
    if (this.epoch !== null) out.push({ kind: 'replaced', epoch });
    this.epoch = epoch;
    this.version = this.state = this.nextSeq = null;
    this.missed = this.seenVersion = this.seenSeq = this.showFrom = 0;
    this.unshown = [];
    this.stale = false;
    this.askedStateAt = this.askedLogsAt = null;
  }

  // ---- state ----

  private snapshot(reply: StateSnapshot, out: Effect[]): void {
    this.liveIn(reply.epoch, out);
    if (this.version !== null && reply.stateVersion < this.version) return; // a late copy of an older one
    if (!this.isOfSlices(reply.data)) {
      // It was on its way when other slices were subscribed to, or the server has not heard that they were.
      this.hasSlices = false;
      this.stale = true;
      return;
    }
    this.hasSlices = true;
    const before = this.version;
    this.unshown = [];
    this.version = reply.stateVersion;
    this.state = widen(reply.data) as AppState;
    this.arrived();
    out.push({ kind: 'changed', fromVersion: before, toVersion: reply.stateVersion, operations: null, reason: reply.reason });
  }

  /** Whether a snapshot has the slices that were subscribed to, and not those of before. */
  private isOfSlices(data: Record<string, unknown>): boolean {
    const names = Object.keys(data).filter((name) => name !== 'version');
    if (this.slices === null) return this.hasSlices || SLICES.every((name) => names.includes(name));
    // Who asks for what is optional does not know whether it is there.
    const wanted: readonly string[] = this.slices;
    return (
      names.every((name) => wanted.includes(name)) &&
      this.slices.every((name) => names.includes(name) || OPTIONAL_SLICES.includes(name))
    );
  }

  private patch(reply: StatePatch, out: Effect[], now: number): void {
    if (!this.linked) {
      this.askState(out, now);
      return;
    }
    this.seenVersion = Math.max(this.seenVersion, reply.toVersion);
    if (!this.hasSlices) {
      this.askState(out, now); // it may be about slices that are not there: only their snapshot is right
      return;
    }
    if (this.version === null || reply.fromVersion !== this.version) {
      if (this.version === null || reply.toVersion > this.version) this.askState(out, now);
      return; // else it is a copy of one that we have
    }
    const state = this.patched(reply);
    if (state === null) {
      this.version = null; // what we have is not what the server thinks that we have
      this.askState(out, now);
      return;
    }
    this.state = state;
    this.version = reply.toVersion;
    this.arrived();
    const { fromVersion, toVersion, patch } = reply;
    this.unshown.push(...patch);
    if (toVersion < this.showFrom) return;
    const operations = this.unshown;
    this.unshown = [];
    if (operations.length) out.push({ kind: 'changed', fromVersion, toVersion, operations, reason: null });
  }

  /** The next state, or null where the patch does not lead there. */
  private patched(reply: StatePatch): AppState | null {
    try {
      const state = applyPatch(this.state, reply.patch);
      return isRecord(state) && get(state, 'version') === reply.toVersion ? (state as unknown as AppState) : null;
    } catch (error) {
      if (error instanceof PatchError) return null;
      throw error;
    }
  }

  private arrived(): void {
    const version = this.version ?? 0;
    const isBehind = version < this.seenVersion && version >= this.showFrom;
    this.stale = isBehind || !this.hasSlices;
    if (!this.stale) this.askedStateAt = null;
  }

  private askState(out: Effect[], now: number): void {
    this.stale = true;
    if (this.askedStateAt !== null && now - this.askedStateAt < ASK_AGAIN_S) return;
    this.askedStateAt = now;
    out.push({ kind: 'send', message: this.stateQuestion() });
  }

  private stateQuestion(): StateResync | Subscribe {
    if (!this.hasSlices) {
      const slices = this.slices === null ? null : [...this.slices];
      return { type: 'subscribe', payload: { includeSnapshot: true, slices } };
    }
    const message: StateResync = { type: 'state.resync' };
    if (this.linked && this.version !== null && this.epoch !== null) {
      message.epoch = this.epoch;
      message.sinceVersion = this.version;
    }
    return message;
  }

  // ---- log ----

  private append(reply: LogsAppend, out: Effect[], now: number): void {
    if (!this.linked) {
      this.askLogs(out, now);
      return;
    }
    this.seenSeq = Math.max(this.seenSeq, reply.nextSeq);
    if (this.nextSeq === null || reply.firstSeq - reply.missed > this.nextSeq) {
      this.askLogs(out, now);
      return;
    }
    const mine = this.nextSeq;
    const missed = Math.min(reply.missed, Math.max(0, reply.firstSeq - mine));
    this.advance(reply.nextSeq, missed);
    const entries =
      reply.entries.length && (reply.entries[0] as LogEntry).seq >= mine
        ? reply.entries
        : reply.entries.filter((entry) => entry.seq >= mine);
    if (entries.length || missed) {
      const firstSeq = Math.max(reply.firstSeq, mine + missed);
      out.push({ kind: 'logs', entries, firstSeq, nextSeq: reply.nextSeq, missed, isHistory: false });
    }
  }

  private history(reply: LogsHistory, out: Effect[], now: number): void {
    this.liveIn(reply.epoch, out);
    this.seenSeq = Math.max(this.seenSeq, reply.nextSeq);
    // The first one. What lies before it was never asked for.
    if (this.nextSeq === null) this.nextSeq = reply.firstSeq - reply.missed;
    if (reply.firstSeq - reply.missed > this.nextSeq) {
      this.askLogs(out, now); // it does not reach back to where we stand
      return;
    }
    const mine = this.nextSeq;
    const missed = Math.min(reply.missed, Math.max(0, reply.firstSeq - mine));
    this.advance(reply.nextSeq, missed);
    const { entries, firstSeq, nextSeq } = reply;
    out.push({ kind: 'logs', entries, firstSeq, nextSeq, missed, isHistory: true });
    if (mine < this.nextSeq && this.nextSeq < this.seenSeq) {
      this.askedLogsAt = null;
      this.askLogs(out, now); // an answer is bounded: there is more
    }
  }

  private advance(nextSeq: number, missed: number): void {
    this.missed += missed;
    this.nextSeq = Math.max(this.nextSeq ?? 0, nextSeq);
    if (this.nextSeq >= this.seenSeq) this.askedLogsAt = null;
  }

  private askLogs(out: Effect[], now: number): void {
    if (this.askedLogsAt !== null && now - this.askedLogsAt < ASK_AGAIN_S) return;
    this.askedLogsAt = now;
    if (this.nextSeq === null) {
      // The history was lost: what lies before it is not ours to ask for.
      out.push({
        kind: 'send',
        message: { type: 'subscribe', payload: { includeSnapshot: false, logsHistory: LOST_HISTORY } },
      });
      return;
    }
    const message: LogsReplay = { type: 'logs.replay', sinceSeq: this.nextSeq };
    if (this.linked && this.epoch !== null) message.epoch = this.epoch;
    out.push({ kind: 'send', message });
  }

  // ---- heartbeat ----

  private pong(reply: Pong, out: Effect[], now: number): void {
    out.push({ kind: 'alive', ts: reply.ts });
    this.liveIn(reply.epoch, out);
    this.seenVersion = Math.max(this.seenVersion, reply.stateVersion);
    this.seenSeq = Math.max(this.seenSeq, reply.nextSeq);
    if (this.version === null || this.stale || this.version < this.seenVersion) this.askState(out, now);
    if (this.nextSeq === null || this.nextSeq < this.seenSeq) this.askLogs(out, now);
  }
}
