/**
 * All links of one orchestrator as one: at most three are open or tried, one feeds the mirror, and another takes over when it
 * is better or that one dies. What is decided, is decided in choice.ts.
 */

import { type ClientMessage, parseIfType, type Welcome } from '../sync/messages';
import type { Position } from '../sync/mirror';
import { type Attempt, type Decision, decide, type Facts, pageAddress, type Reaches, reaches } from './choice';
import { type Carrier, CommHub } from './comm';
import { LINK_KINDS, type LinkInfo, type LinkKind, type LinkStatus, type Way, type WsConfig } from './link';
import { choiceOf, type LinkChoice, type Standing, statusOf } from './report';
import { byAnyOf, bySocket, SocketLink } from './socket';
import type { Surroundings } from './surroundings';

/** What the switch tells its owner. */
export interface SwitchEvents {
  /** The first message of a link, with the token where there is one, and where the mirror stands that it speaks for. */
  hello(token: string | undefined): { message: ClientMessage; position: Position };
  /** This link is heard from now on, and its welcome comes next. */
  takeOver(position: Position, welcome: Welcome, isBeside: boolean): void;
  message(text: string): void;
  /** Nothing is heard any more; messages that were not answered never will be. */
  lost(): void;
  /** Whether answers are owed, for which a link that another one takes over from stays a while. */
  isOwed(): boolean;
  /** Tries keep failing or are refused: where the server is may have changed. */
  ask(): void;
  status(status: LinkStatus): void;
}

const GONE = 'The kernel that made this view is gone.';
const OTHER_EPOCH = 'another orchestrator answers there';
const STRANGER = 'what answers there cannot show that it is the server: it was told nothing';
/** A link that was taken over from stays so long for answers that are still owed. */
const DRAIN_MS = 10_000;
const RESULT = '{"type":"result"';
/** On a link that is heard already: the kernel spoke unasked before, and begins anew now that it was asked. */
const WELCOME = '{"type":"welcome"';

/** Widget messages need neither an address nor the token: who may speak to the kernel is let in. */
const BY_COMM: LinkInfo = { url: '' };

interface Line {
  readonly link: SocketLink;
  /** Where the mirror stood when this link said hello. */
  position: Position | null;
  live: boolean;
  /** Why it will not do until something changes. */
  refusal: string | null;
  resting: boolean;
  /** Whether it was asked why it fails, since it last stood. */
  isExplained: boolean;
  /** Taken over from, and heard for answers alone. */
  draining: ReturnType<typeof setTimeout> | null;
}

export class LinkSwitch {
  private readonly lines: Record<LinkKind, Line>;
  private readonly comm: CommHub;
  private info: LinkInfo | null = null;
  private isOwnPage = false;
  private proxyStatus: number | null = null;
  private isAskingProxy = false;
  /** Where the direct link has been live, so that the server's own page is there too. */
  private provenUrl: string | null = null;
  private feed: LinkKind | null = null;
  private wanted: LinkKind | null = null;
  private said: string | null = null;
  private isClosed = false;
  private applying = false;

  constructor(
    private readonly events: SwitchEvents,
    private readonly surroundings: Surroundings,
    random: () => number = Math.random,
  ) {
    this.comm = new CommHub(() => this.apply());
    this.lines = {
      direct: this.line(bySocket('direct'), random),
      proxy: this.line(
        byAnyOf('proxy', () => this.reaches.proxy.urls ?? []),
        random,
      ),
      comm: this.line(this.comm.way, random),
    };
  }

  // ---- what the owner asks ----

  get status(): LinkStatus {
    return statusOf(this.standings, this.isKernelGone ? GONE : this.said);
  }

  /** Where the standalone page can be opened from here, if anywhere. */
  get page(): string | null {
    return this.isOwnPage ? null : pageAddress(this.facts);
  }

  get choices(): readonly LinkChoice[] {
    const { reaches: reach, standings } = this;
    return LINK_KINDS.map((kind) => choiceOf(kind, reach[kind], standings[kind]));
  }

  /** Here is the server. `isOwnPage`: this page came from it. */
  offer(info: LinkInfo, isOwnPage: boolean): void {
    const isNew = this.info?.url !== info.url || this.info.token !== info.token || this.info.epoch !== info.epoch;
    this.info = info;
    this.isOwnPage = isOwnPage;
    this.said = null;
    if (isNew) this.forgive();
    this.apply();
  }

  /** A widget of this page can carry messages. Returns how to take it away. */
  carry(carrier: Carrier): () => void {
    this.said = null;
    return this.comm.add(carrier);
  }

  /** A message came by a widget. False: it is for somebody else. */
  hears(content: { type?: unknown }, buffers: Parameters<CommHub['hears']>[1]): boolean {
    return this.comm.hears(content, buffers);
  }

  /** Use this one where it can be had, or with null the best. */
  want(kind: LinkKind | null): void {
    this.wanted = kind;
    this.retry();
  }

  /** Try those again that failed; what is live stays. */
  retry(): void {
    this.forgive();
    this.askProxyAgain();
    this.apply();
  }

  adopt(config: WsConfig): void {
    for (const kind of LINK_KINDS) this.lines[kind].link.adopt(config);
  }

  alive(ts: number): void {
    this.feeding?.alive(ts);
  }

  busy(busy: boolean): void {
    this.feeding?.busy(busy);
  }

  stale(stale: boolean): void {
    this.feeding?.stale(stale);
  }

  bye(code: number, reason: string): void {
    this.feeding?.bye(code, reason);
  }

  /** Nobody can say where the server is; `reason` is for people. */
  gone(reason: string): void {
    if (this.feed !== null) return;
    this.said = reason;
    this.apply();
    this.tell();
  }

  send(message: ClientMessage): boolean {
    return this.feeding?.send(message) ?? false;
  }

  /** Try now, and count failures anew. */
  reconnect(): void {
    this.said = null;
    this.forgive();
    this.askProxyAgain();
    this.events.ask();
    const before = this.feed;
    this.apply();
    // What was not live has been tried by now.
    if (before !== null) this.lines[before].link.reconnect();
  }

  close(): void {
    this.isClosed = true;
    this.comm.close();
    for (const kind of LINK_KINDS) {
      this.stopDraining(kind);
      this.lines[kind].link.close();
    }
    this.feed = null;
    this.events.status({ ...this.lines.direct.link.status, phase: 'closed' });
  }

  // ---- what the links say ----

  private line(way: Way, random: () => number): Line {
    const { kind } = way;
    const link = new SocketLink(
      {
        hello: (token) => {
          const { message, position } = this.events.hello(token);
          this.lines[kind].position = position;
          return message;
        },
        message: (text) => this.message(kind, text),
        stranger: () => this.refuse(kind, STRANGER),
        lost: () => this.lost(kind),
        ask: () => this.events.ask(),
        status: () => {
          this.explain(kind);
          this.apply();
          this.tell();
        },
      },
      random,
      way,
    );
    return { link, position: null, live: false, refusal: null, resting: true, isExplained: false, draining: null };
  }

  private message(kind: LinkKind, text: string): void {
    const line = this.lines[kind];
    if (line.draining !== null) {
      if (text.startsWith(RESULT)) this.events.message(text);
      if (!this.events.isOwed()) this.stopDraining(kind);
    } else if (line.live && !text.startsWith(WELCOME)) {
      this.events.message(text);
    } else {
      this.first(kind, text);
    }
  }

  /** The first message of a link has to be the right welcome; then it is heard in place of the one before. */
  private first(kind: LinkKind, text: string): void {
    const welcome = parseIfType('welcome', text);
    if (welcome === null) return;
    const line = this.lines[kind];
    const expected = this.info?.epoch || null;
    if (expected !== null && welcome.epoch !== expected) {
      this.refuse(kind, OTHER_EPOCH);
      return;
    }
    const before = this.feed;
    const position = line.position ?? { epoch: null, version: null, state: null };
    line.live = true;
    if (kind === 'direct') this.provenUrl = this.info?.url ?? null;
    this.feed = kind;
    this.said = null;
    if (before !== null && before !== kind) this.retire(before);
    this.events.takeOver(position, welcome, before !== null);
    line.link.welcomed();
    this.events.message(text);
    this.apply();
  }

  /** Somebody else answers there: leave it alone, unless the kernel knows better now. */
  private refuse(kind: LinkKind, why: string): void {
    this.lines[kind].refusal = why;
    this.apply();
    this.events.ask();
  }

  /** Let go of the link that fed until now, at once or when the answers that it owes have come. */
  private retire(kind: LinkKind): void {
    const line = this.lines[kind];
    line.live = false;
    if (!this.events.isOwed()) return; // apply lets it rest
    line.draining = setTimeout(() => this.stopDraining(kind), DRAIN_MS);
  }

  private stopDraining(kind: LinkKind): void {
    const line = this.lines[kind];
    if (line.draining === null) return;
    clearTimeout(line.draining);
    line.draining = null;
    this.apply();
  }

  private lost(kind: LinkKind): void {
    const line = this.lines[kind];
    line.live = false;
    if (line.draining !== null) {
      clearTimeout(line.draining);
      line.draining = null;
    }
    if (this.feed !== kind) return;
    this.feed = null;
    this.events.lost();
  }

  // ---- what follows ----

  private get feeding(): SocketLink | null {
    return this.feed === null ? null : this.lines[this.feed].link;
  }

  private get facts(): Facts {
    const { href, baseUrl } = this.surroundings;
    const { info, isOwnPage, proxyStatus } = this;
    const isHere = info !== null && info.url === this.provenUrl;
    return { href, baseUrl, info, isOwnPage, isHere, proxyStatus, hasCarrier: this.comm.hasCarrier };
  }

  private get reaches(): Reaches {
    return reaches(this.facts);
  }

  /** The kernel that could be asked is no more: then neither is its server. */
  private get isKernelGone(): boolean {
    return this.comm.isGone;
  }

  private get decision(): Decision {
    const attempts = {} as Record<LinkKind, Attempt>;
    for (const kind of LINK_KINDS) attempts[kind] = this.attempt(kind);
    return decide(this.reaches, attempts, this.wanted);
  }

  private attempt(kind: LinkKind): Attempt {
    const { live, refusal, resting, link } = this.lines[kind];
    const { phase, attempts } = link.status;
    const isOver = phase === 'denied' || (phase === 'closed' && !resting);
    return { live, failures: attempts, hopeless: refusal !== null || isOver || (this.isKernelGone && !live) };
  }

  /** Open, leave and close links as decided. */
  private apply(): void {
    if (this.isClosed || this.applying) return;
    this.applying = true;
    try {
      this.askProxy();
      const { open } = this.decision;
      for (const kind of LINK_KINDS) {
        const line = this.lines[kind];
        if (open.includes(kind)) {
          line.resting = false;
          line.link.use(kind === 'comm' || this.info === null ? BY_COMM : this.info);
        } else if (!line.resting && line.draining === null && !line.live) {
          line.resting = line.link.status.phase !== 'closed' && line.link.status.phase !== 'denied';
          if (line.resting) line.link.rest();
        }
      }
    } finally {
      this.applying = false;
    }
    this.tell();
  }

  private forgive(): void {
    for (const kind of LINK_KINDS) {
      const line = this.lines[kind];
      line.refusal = null;
      if (!line.live) line.link.forget();
      if (!line.live) line.resting = true;
    }
  }

  private askProxyAgain(): void {
    if (this.proxyStatus !== 200) this.proxyStatus = null;
  }

  private askProxy(): void {
    const { baseUrl } = this.surroundings;
    if (baseUrl === null || this.proxyStatus !== null || this.isAskingProxy || this.isOwnPage || this.info === null) return;
    this.isAskingProxy = true;
    void this.surroundings.askProxy(baseUrl).then((status) => {
      this.isAskingProxy = false;
      this.proxyStatus = status;
      this.apply();
    });
  }

  /** A socket that never opened may have been refused for a reason that only a request of HTTP is told. */
  private explain(kind: LinkKind): void {
    const line = this.lines[kind];
    const { link, refusal } = line;
    const { phase, attempts } = link.status;
    if (attempts === 0) line.isExplained = false;
    const isUnknown = phase === 'waiting' && refusal === null && (attempts > 1 || !link.hasStood);
    const url = isUnknown && kind !== 'comm' ? this.reaches[kind].urls?.[0] : undefined;
    if (url === undefined || line.isExplained) return;
    line.isExplained = true;
    void this.surroundings.askWhy(url).then((why) => {
      if (why !== null && !line.live && link.status.attempts > 0) link.because(why);
    });
  }

  private tell(): void {
    if (!this.isClosed && !this.applying) this.events.status(this.status);
  }

  private get standings(): Record<LinkKind, Standing> {
    const all = {} as Record<LinkKind, Standing>;
    for (const kind of LINK_KINDS) {
      const { link, live, refusal, resting } = this.lines[kind];
      const { feed, wanted } = this;
      all[kind] = { status: link.status, live, refusal, resting, feeds: feed === kind, wanted: wanted === kind };
    }
    return all;
  }
}
