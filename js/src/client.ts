/**
 * One link and one mirror for a page and orchestrator, however many views look at it.
 *
 * A view retains its client and lets it go; the last one to leave closes the link. (Every widget of a notebook loads its
 * own copy of this code: runtime.ts sees to it that one of them serves all.)
 */

import { batch, type ReadonlySignal, type Signal, signal } from '@preact/signals';
import { Backfill } from './backfill';
import { CommandError, PendingCommands } from './commands';
import type { Carrier } from './links/comm';
import type { LinkInfo, LinkKind, LinkStatus } from './links/link';
import type { LinkChoice } from './links/report';
import { openSignedIn } from './links/signIn';
import { type Surroundings, surroundingsOf } from './links/surroundings';
import { LinkSwitch } from './links/switch';
import { LogStore } from './logs/store/store';
import { PendingReplays } from './replays';
import { stateHash } from './sync/canonical';
import { type AppState, type Commands, type LogEntry, type LogsHistory, type Operation, ProtocolError } from './sync/messages';
import { type Effect, Mirror } from './sync/mirror';
import { equal } from './sync/read';

export { CommandError } from './commands';
export type { LinkInfo, LinkKind, LinkStatus, Phase } from './links/link';
export type { LinkChoice } from './links/report';

/** A view that goes and comes (a cell runs again) finds the link still there. */
const LINGER_MS = 3_000;
const VERIFY_TRIES = 3;

/** What the last patch touched, for views that show change. */
export interface Change {
  readonly operations: readonly Operation[] | null;
}

/** The kernel runs a cell. */
export interface KernelBusy {
  /** Since when, by our own clock, in ms after 1970. */
  readonly since: number;
  /** Whether commands go through all the same. */
  readonly listens: boolean;
}

export class Client {
  readonly logs = new LogStore();
  /** Whether the kernel is no more than a client of the server, and hands on what goes by widget message. */
  readonly relayed: Signal<boolean> = signal(false);
  private readonly mirror = new Mirror();
  private readonly link: LinkSwitch;
  private readonly backfill: Backfill;
  private readonly states: Signal<AppState | null> = signal(null);
  private readonly epochs: Signal<string | null> = signal(null);
  private readonly statuses: Signal<LinkStatus>;
  private readonly choices: Signal<readonly LinkChoice[]> = signal([]);
  private readonly readOnlys: Signal<boolean> = signal(false);
  private readonly seens: Signal<number | null> = signal(null);
  private heardAt: number | null = null;
  private readonly changes: Signal<Change> = signal({ operations: null });
  private readonly busies: Signal<KernelBusy | null> = signal(null);
  private readonly commands = new PendingCommands(
    (message) => this.link.send(message),
    () => this.isDeaf,
  );
  private readonly replays = new PendingReplays((message) => this.link.send(message));
  /** While somebody verifies: states by version, since a patch may overtake the answer. */
  private watched: Map<number, AppState> | null = null;
  private readonly askers = new Set<() => void>();
  private viewers = 0;
  private leaving: ReturnType<typeof setTimeout> | undefined;
  private isClosed = false;
  /** A notebook's view has its kernel, the standalone page its server: what helps differs. */
  host: 'notebook' | 'page' = 'notebook';

  constructor(
    private readonly onClose: () => void = () => {},
    surroundings: Surroundings = surroundingsOf(globalThis.document, globalThis.location?.href ?? 'http://localhost/'),
  ) {
    this.link = new LinkSwitch(
      {
        hello: (token) => ({ message: this.mirror.offer(token), position: this.mirror.position }),
        takeOver: (position, { epoch, resumed }, isBeside) => {
          this.mirror.takeOver(position, epoch, resumed, isBeside);
          this.forgetReplays();
        },
        message: (text) => this.receive(text),
        lost: () => this.lost(),
        isOwed: () => this.commands.count.peek() > 0,
        ask: () => {
          for (const ask of this.askers) ask();
        },
        status: (status) =>
          batch(() => {
            const isLinked = status.phase === 'live' || status.phase === 'stale';
            this.statuses.value = status;
            this.seens.value = isLinked ? null : this.heardAt;
            const { choices } = this.link;
            if (!equal(choices, this.choices.peek())) this.choices.value = choices;
          }),
      },
      surroundings,
    );
    this.choices.value = this.link.choices;
    this.statuses = signal(this.link.status);
    this.backfill = new Backfill(
      this.logs,
      () => this.states.peek()?.logs,
      (since, limit) => this.ask(since, limit),
    );
  }

  /** The whole state; never changed in place, so what is the same object is the same. Null before the first snapshot. */
  get state(): ReadonlySignal<AppState | null> {
    return this.states;
  }

  get epoch(): ReadonlySignal<string | null> {
    return this.epochs;
  }

  get status(): ReadonlySignal<LinkStatus> {
    return this.statuses;
  }

  /** Whether the server takes no commands of this client: its token lets it look alone. */
  get readOnly(): ReadonlySignal<boolean> {
    return this.readOnlys;
  }

  /** When the server was heard of last, in ms since 1970, while it is not; clocks stand still there. Else null. */
  get lastSeen(): ReadonlySignal<number | null> {
    return this.seens;
  }

  /** The cell that the kernel runs; null while it is free, or nothing is known. */
  get busy(): ReadonlySignal<KernelBusy | null> {
    return this.busies;
  }

  /** Commands that are not answered yet. */
  get waiting(): ReadonlySignal<number> {
    return this.commands.count;
  }

  /** The operations that led to the present state; null where all of it was replaced. */
  get change(): ReadonlySignal<Change> {
    return this.changes;
  }

  /** Here is the server; and what shows its views. */
  offer(info: LinkInfo, host: Client['host'] = 'notebook'): void {
    this.host = host;
    this.link.offer(info, host === 'page');
    this.relayed.value = info.via === 'client';
  }

  /** A widget of this page can carry messages to the kernel and back. Returns how to take it away. */
  carry(carrier: Carrier): () => void {
    return this.link.carry(carrier);
  }

  /** A message came by a widget. False: it is for somebody else. */
  hears(content: { type?: unknown }, buffers: readonly (ArrayBuffer | ArrayBufferView)[]): boolean {
    return this.link.hears(content, buffers);
  }

  /** Each link, the best first: whether it is used, and why not. */
  get links(): ReadonlySignal<readonly LinkChoice[]> {
    return this.choices;
  }

  /** Use this link where it can be had; null: the best. */
  want(kind: LinkKind | null): void {
    this.link.want(kind);
  }

  /** Try those links again that failed. */
  tryLinks(): void {
    this.link.retry();
  }

  /** Where the standalone page can be opened from here: at its own address, or through the proxy. */
  get page(): string | null {
    return this.link.page;
  }

  /** Whether this view stands in a notebook from where a page that shows the same can be opened. */
  get hasPage(): boolean {
    return this.host === 'notebook' && this.page !== null;
  }

  /** Open the standalone page, signed in by a code that works once. To be called in a click, as browsers ask. */
  async openPage(): Promise<void> {
    const { page } = this;
    if (this.host !== 'notebook' || page === null) return;
    await openSignedIn(page, async () => (await this.command('session.code', {})).code);
  }

  /** Nobody can say where the server is; `reason` is for people. */
  gone(reason: string): void {
    this.link.gone(reason);
  }

  /** `ask` is called when it would help to be told again where the server is. Returns how to end that. */
  onAsk(ask: () => void): () => void {
    this.askers.add(ask);
    return () => this.askers.delete(ask);
  }

  /** Keep the link while a view looks. Returns how to let go. */
  retain(): () => void {
    clearTimeout(this.leaving);
    this.viewers++;
    let held = true;
    return () => {
      if (!held) return;
      held = false;
      if (--this.viewers === 0) this.leaving = setTimeout(() => this.close(), LINGER_MS);
    };
  }

  /** Try now, and count failures anew. */
  reconnect(): void {
    this.link.reconnect();
  }

  /** Have the server do something. Rejects with `CommandError`. */
  command<Name extends keyof Commands>(name: Name, args: Commands[Name]['args']): Promise<Commands[Name]['result']> {
    return this.commands.ask(name, args);
  }

  /** Fetch log entries again. Resolves when the answer is in `logs`, or none will come. */
  async replay(sinceSeq: number, limit: number): Promise<void> {
    await this.ask(sinceSeq, limit);
  }

  /**
   * Ask the server for the hash of its state and compare: true where the mirror equals it.
   *
   * Rejects with `CommandError` where the server does not answer, or the version asked about never came by.
   */
  async verify(): Promise<boolean> {
    for (let i = 0; i < VERIFY_TRIES; i++) {
      const state = this.states.peek();
      this.watched ??= new Map();
      if (state !== null) this.watched.set(state.version, state);
      try {
        const { version, hash } = await this.command('state.hash', {});
        const then = this.watched?.get(version);
        if (then !== undefined) return stateHash(then) === hash;
      } finally {
        this.watched = null;
      }
    }
    throw new CommandError('conflict', 'The state changes too fast to be compared.');
  }

  close(): void {
    if (this.isClosed) return;
    this.isClosed = true;
    clearTimeout(this.leaving);
    this.link.close();
    this.onClose();
  }

  /** Whether what is said now is heard only when the cell ends. */
  private get isDeaf(): boolean {
    const busy = this.busies.peek();
    return busy !== null && !busy.listens;
  }

  // ---- what comes ----

  private receive(text: string): void {
    this.heardAt = Date.now();
    let effects: Effect[];
    let message: object;
    try {
      message = JSON.parse(text) as object;
      effects = this.mirror.receive(message, performance.now() / 1000);
    } catch (error) {
      if (!(error instanceof ProtocolError || error instanceof SyntaxError)) throw error;
      console.warn(`AutoBench: a message of the server was not understood: ${error.message}`);
      return;
    }
    batch(() => {
      for (const effect of effects) this.carryOut(effect, message);
      this.link.stale(this.mirror.stale);
    });
  }

  private carryOut(effect: Effect, message: object): void {
    switch (effect.kind) {
      case 'send':
        this.link.send(effect.message);
        break;
      case 'connected':
        this.begin(effect.epoch);
        this.readOnlys.value = effect.readOnly;
        this.busies.value = null; // if a cell runs, that is said next
        // Where the link was lost halfway through the past.
        if (effect.resumed && this.logs.nextSeq > 0) void this.backfill.start();
        break;
      case 'replaced':
        // Also where the epoch is the same, and we stood where this server has never been.
        this.epochs.value = null;
        this.begin(effect.epoch);
        break;
      case 'changed':
        this.changed(effect.operations);
        break;
      case 'logs':
        if (effect.isHistory) this.history(message as LogsHistory);
        else this.logs.append({ ...effect, type: 'logs.append', entries: effect.entries as LogEntry[] });
        break;
      case 'answered':
        this.commands.answered(effect);
        break;
      case 'refused':
        console.warn(`AutoBench: the server did not take a message: ${effect.code}: ${effect.message}`);
        break;
      case 'busy':
        this.busies.value = effect.busy
          ? // Widget messages are the kernel's to hear, whatever the server listens to.
            { since: Math.min(effect.since, Date.now()), listens: effect.listens && this.link.status.link !== 'comm' }
          : null;
        this.link.busy(this.isDeaf);
        break;
      case 'alive':
        this.link.alive(effect.ts);
        break;
      case 'farewell':
        this.link.bye(effect.code, effect.reason);
        break;
    }
  }

  /** This epoch it is. Where it is another one than before: replace everything, merge nothing. */
  private begin(epoch: string): void {
    if (this.epochs.peek() === epoch) return;
    this.epochs.value = epoch;
    this.states.value = null;
    this.backfill.stop();
    this.logs.reset(epoch);
  }

  private changed(operations: readonly Operation[] | null): void {
    const { state } = this.mirror;
    if (state === null) return;
    const before = this.states.peek()?.serverConfig;
    this.changes.value = { operations };
    this.states.value = state;
    this.watched?.set(state.version, state);
    if (before === undefined || (before !== state.serverConfig && !equal(before, state.serverConfig))) {
      const held = this.logs.capacity;
      this.logs.adopt(state.serverConfig);
      this.link.adopt(state.serverConfig.ws);
      const more = before === undefined || this.logs.capacity > held;
      if (more && this.logs.nextSeq > 0) void this.backfill.start();
    }
  }

  private history(message: LogsHistory): void {
    const isFirst = this.logs.nextSeq === 0;
    this.logs.history(message);
    const since = message.firstSeq - message.missed;
    if (!this.replays.answered(since) && isFirst) void this.backfill.start();
  }

  private ask(sinceSeq: number, limit: number): Promise<boolean> {
    return this.replays.ask(this.epochs.peek(), sinceSeq, limit);
  }

  private lost(): void {
    this.commands.lost();
    this.busies.value = null;
    this.forgetReplays();
  }

  /** Another link does not answer what this one was asked; what is still wanted is asked for anew. */
  private forgetReplays(): void {
    this.replays.lost();
    this.backfill.stop();
  }
}

const clients = new Map<string, Client>();

/** The client for an orchestrator: `key` is its epoch, or where there is none the server's address. */
export function clientFor(key: string): Client {
  let client = clients.get(key);
  if (client === undefined) {
    client = new Client(() => clients.delete(key));
    clients.set(key, client);
  }
  return client;
}
