"""All sessions: coalesce, encode once, fan out. Everything happens on one thread, and nothing is done here.

Every method takes ``now`` (seconds, monotonic) and returns the effects that a transport carries out in their order
(:mod:`autobench_nb.sync.effects`). The transport calls :meth:`Hub.flush` when the store or the ring has something new
(at the end of a window), and at once where ``wants_flush`` says so; it calls :meth:`Hub.tick` at ``next_deadline``.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Iterable
from typing import Any

from autobench_nb.config import Config
from autobench_nb.contract.client_messages import Hello
from autobench_nb.contract.codes import CloseCode, ErrorCode
from autobench_nb.contract.limits import AUTH_DEADLINE_S, HELLO_GRACE_S
from autobench_nb.contract.parsing import BadMessage, parse_client
from autobench_nb.logs.entry import Level
from autobench_nb.logs.ring.ring import LogRing
from autobench_nb.state.commit import Commit, Snapshot
from autobench_nb.state.store import StateStore
from autobench_nb.sync.effects import Effect, Outgoing
from autobench_nb.sync.server import encoding
from autobench_nb.sync.server.conversation import Conversation
from autobench_nb.sync.server.faults import Faults
from autobench_nb.sync.server.log_feed import LogFeed
from autobench_nb.sync.server.presence import Presence
from autobench_nb.sync.server.session import Phase, Session
from autobench_nb.sync.server.state_feed import StateFeed
from autobench_nb.sync.server.telemetry import Counters, TelemetryReporter


class Hub:
    """One orchestrator's sessions: what each client is sent of the state and the log. Does no I/O.

    Args:
        store: The state.
        ring: The log.
        epoch: The id of this life of the orchestrator; a client that knows another one begins anew.
        config: The settings.
        token: What a client must show that the handshake did not authenticate; ``None`` lets everyone in.
        wall: Gives seconds since 1970, for what people read.
    """

    def __init__(
        self,
        store: StateStore,
        ring: LogRing,
        *,
        epoch: str,
        config: Config,
        token: str | None = None,
        wall: Callable[[], float] = time.time,
    ) -> None:
        self.epoch = epoch
        self.telemetry = Counters()
        self._store = store
        self._ring = ring
        self._config = config
        self._needs_token = token is not None
        self._wall = wall
        commits, size = config.resume_window_commits, config.resume_window_bytes
        self._state = StateFeed(store.version, epoch=epoch, max_commits=commits, max_bytes=size)
        self._logs = LogFeed(
            ring,
            epoch=epoch,
            allowed=frozenset(config.log_channel_allowlist) or None,
            min_level=Level.parse(config.log_level_min),
            budget=config.client_budget_bytes,
        )
        self._presence = Presence(ring, config.ws_connection_log)
        self._reporter = TelemetryReporter(store, ring, self.telemetry)
        self.faults = Faults(store, ring, self.telemetry, wall)
        self.failed_flushes = 0
        """Flushes in a row that could not read the state; who retries them waits longer each time."""
        self.had_news = False
        """Whether the last flush had something to tell, or failed; not what the one before wrote alone."""
        self._conversation = Conversation(
            *(self._state, self._logs, self._presence, self.telemetry),
            epoch=epoch,
            config=config,
            token=token,
            wall=wall,
        )
        self._sessions: dict[int, Session] = {}
        self._lagging: dict[int, Session] = {}
        # Session: when its first message is due; each wait is always the same, so the first is the earliest.
        self._grace: dict[int, float] = {}
        self._unproven: dict[int, float] = {}
        self._ids = itertools.count(1)

    def prove_by(
        self, proves: Callable[[str, str], bool], only_reads: Callable[[str], bool]
    ) -> None:
        """Have a hello judged by ``proves(given, peer)``: let in; ``only_reads(given)``: to look, not to command."""
        self._conversation.proves = proves
        self._conversation.only_reads = only_reads

    # ------------------------------------------------------------ what a transport asks

    @property
    def is_busy(self) -> bool:
        """Whether a running cell blocks what clients say."""
        return self._conversation.busy is not None

    @property
    def wants_snapshot(self) -> bool:
        """Whether the next flush has to encode the whole state: warm the store first."""
        return bool(self._conversation.hashes) or self._state.wants_snapshot

    @property
    def wants_flush(self) -> bool:
        """Whether a flush has something to do now, without anything new in store or ring."""
        return self.wants_snapshot or self._logs.due

    def next_deadline(self, now: float) -> float | None:  # noqa: ARG002 - every method takes it
        """When :meth:`tick` is to be called; ``None``: nothing waits for the time."""
        firsts = [next(iter(due.values())) for due in (self._grace, self._unproven) if due]
        if self._presence.due is not None:
            firsts.append(self._presence.due)
        return min(firsts, default=None)

    # ------------------------------------------------------------ what happens to a session

    def next_session(self) -> int:
        """An id for one that is about to connect. The one method that any thread may call."""
        return next(self._ids)

    def connect(
        self, now: float, *, authenticated: bool, peer: str = "", session: int | None = None
    ) -> tuple[int, list[Effect]]:
        """A client is there. Nothing is sent before it has said something, or the grace is over.

        ``session`` is what :meth:`next_session` has given (default: it is asked here); it is given back.
        """
        id = self.next_session() if session is None else session
        known, budget = authenticated or not self._needs_token, self._config.client_budget_bytes
        client = Session(id, peer, authenticated=known, budget=budget, now=now)
        self._sessions[id] = client
        if client.authenticated:
            self._grace[id] = now + HELLO_GRACE_S
        else:
            self._unproven[id] = now + AUTH_DEADLINE_S
        return id, []

    def restrict(self, session: int) -> None:
        """Let a client that has just connected look and not command: the handshake has shown the read-only token."""
        self._sessions[session].read_only = True

    def hush(self, session: int, now: float) -> list[Effect]:
        """Perhaps nobody is there: neither counted nor told before it speaks. One that is alone is served at once."""
        self._sessions[session].is_quiet = True
        self._grace[session] = now if len(self._sessions) == 1 else self._grace[session]
        return self.tick(now)

    def disconnect(self, session: int, now: float) -> list[Effect]:
        """The link is gone, whoever closed it."""
        gone = self._sessions.pop(session, None)
        if gone is None:
            return []
        self._forget(gone)
        self._grace.pop(session, None)
        self._unproven.pop(session, None)
        if gone.welcomed and not gone.is_quiet:
            self.telemetry.clients -= 1
            self._presence.disconnected(gone, now)
        return []

    def receive(self, session: int, data: str | bytes, now: float) -> list[Effect]:
        """A message of a client, as it came."""
        out: list[Effect] = []
        client = self._sessions.get(session)
        if client is None or client.phase is Phase.CLOSED:
            return out
        if client.is_quiet:
            self._conversation.end_quiet(client, now)
        try:
            message = parse_client(data)
            if client.phase is Phase.HELLO:
                self._conversation.first(client, message, out, now)
            elif isinstance(message, Hello):
                self._conversation.late_hello(client, message, out, now)
            else:
                self._conversation.handle(client, message, out, now)
        except BadMessage as error:
            self._answer_bad(client, error, out, now)
        self._settle(client, now)
        return out

    def _answer_bad(
        self, client: Session, error: BadMessage, out: list[Effect], now: float
    ) -> None:
        if not client.authenticated:
            self._conversation.refuse(client, "The first message was no hello.", out, now)
            return
        self.telemetry.errors += 1
        if error.code == ErrorCode.UNKNOWN_TYPE:
            client.unknown_type(error, out, now)
        else:
            client.mistake(error, out, now)
        if client.phase is Phase.HELLO and self._unproven.pop(client.id, None) is not None:
            # Its token was right and the rest of its hello was not: it is served as one that says nothing.
            self._grace[client.id] = now + HELLO_GRACE_S

    def end_silent(self, session: int, now: float) -> list[Effect]:
        """Nothing is heard of this client any more, not even an answer to a ping: it is told to come back later."""
        out: list[Effect] = []
        client = self._sessions.get(session)
        if client is not None:
            client.end(CloseCode.TRY_LATER, "Nothing was heard of it for three heartbeats.", out)
            self._settle(client, now)
        return out

    def queued(self, session: int, size: int, now: float) -> list[Effect]:
        """So many bytes wait for this client: after a write that did not finish, and 0 when all has left."""
        out: list[Effect] = []
        client = self._sessions.get(session)
        if client is None:
            return out
        if size:
            self._lagging[session] = client
        else:
            self._lagging.pop(session, None)
        if client.report(size, out, now):
            self.telemetry.resyncs += 1
            self._state.wait(client, "overrun")
            self._logs.catch_up(client)
        if client.takes_more:
            self._logs.wake()
        self._settle(client, now)
        return out

    def dropped(self, session: int, messages: Iterable[Outgoing], now: float) -> list[Effect]:
        """The transport carried out :class:`Drop` and discarded these."""
        out: list[Effect] = []
        client = self._sessions.get(session)
        if client is not None:
            discarded = list(messages)
            self.telemetry.dropped += len(discarded)
            client.dropped(discarded, out)
            self._settle(client, now)
        return out

    def answer(
        self,
        session: int,
        id: str | int,
        *,
        value: Any = None,
        error: tuple[str, str] | None = None,
        now: float = 0.0,
    ) -> list[Effect]:
        """What came of a command; ``error`` is a code and a sentence. Where the client is gone, nothing."""
        out: list[Effect] = []
        client = self._sessions.get(session)
        if client is None or id not in client.commands:
            return out
        client.commands.discard(id)
        try:
            message = encoding.result(id, value=value, error=error)
        except TypeError:
            message = encoding.result(
                id, error=("failed", "The command was run, but what it gave is no JSON value.")
            )
        client.send(message, out, now)
        self._settle(client, now)
        return out

    # ------------------------------------------------------------ what happens to all

    def tick(self, now: float) -> list[Effect]:
        """Serve or refuse those who have said nothing for too long; say how many came and went unsaid."""
        out: list[Effect] = []
        self._presence.report(now)
        waiting = [*self._grace.items(), *self._unproven.items()]
        for id in [id for id, due in waiting if due <= now]:
            client = self._sessions[id]
            if client.authenticated:
                self._conversation.greet(client, None, out, now)
            else:
                self._conversation.refuse(client, "No token came in time.", out, now)
            self._settle(client, now)
        return out

    def flush(self, now: float) -> list[Effect]:
        """Send what is new to all, and what is owed to some. A batch that is open holds back the state alone.

        Raises nothing: what fails is told by ``faults``, and whoever would be stale by it is served anew.
        """
        out: list[Effect] = []
        lagging = list(self._lagging.values())
        begin = self._logs.seq
        commit, snapshot = self._read_state(now)
        try:
            if commit is not None:
                self._state.push(commit, lagging, out, now)
                self.telemetry.patches = self._state.patches
        except Exception as error:  # noqa: BLE001 - one commit that cannot be sent must not end all others
            self.faults.tell("A change of the state could not be sent as a patch.", error)
            self._state.start_over(self._store.version)
            snapshot = None
        try:
            self._logs.push(lagging, out, now)
        except Exception as error:  # noqa: BLE001 - as above
            self.faults.tell("New log entries could not be sent, and count as missed.", error)
            self._skip_log(lagging, out, now)
        try:
            self._serve(snapshot, out, now)
        except Exception as error:  # noqa: BLE001 - as above
            self.faults.tell("What a client was owed could not be sent.", error)
        for client in lagging:
            self._settle(client, now)
        is_echo = commit is None and self._logs.seq == begin and not out
        self.had_news = not is_echo or self.failed_flushes > 0
        return out

    def _skip_log(self, lagging: list[Session], out: list[Effect], now: float) -> None:
        try:
            self._logs.skip(lagging, out, now)
        except Exception as error:  # noqa: BLE001 - the log cannot even be read: a later flush finds all of it
            self.faults.tell("The log could not be read, and is tried again.", error)

    def _read_state(self, now: float) -> tuple[Commit | None, Snapshot | None]:
        """What the store has: its commit, and a snapshot where somebody waits for one."""
        bookkeeping = 0
        try:
            self.faults.report()
            bookkeeping = self._reporter.report(self._state.version, now)
        except Exception as error:  # noqa: BLE001 - a projection of the user's on /logs or /meta may raise anything
            self.faults.tell("The server's own numbers could not be written to the state.", error)
        try:
            if self.wants_snapshot:
                both = self._store.cut(bookkeeping=bookkeeping)
                self.failed_flushes = 0
                return (None, None) if both is None else both
            return self._store.flush(bookkeeping=bookkeeping), None
        except Exception as error:  # noqa: BLE001 - told, and mended by a snapshot
            self.failed_flushes += 1
            self.faults.tell("The state could not be flushed.", error)
            self._state.start_over(self._store.version)
            return None, None
        except BaseException:
            # An interrupt or exit within a subscriber goes on its way: the commit is lost, so a snapshot must follow.
            self._state.start_over(self._store.version)
            raise

    def _serve(self, snapshot: Snapshot | None, out: list[Effect], now: float) -> None:
        """Send snapshots, histories and answers to those who wait for them."""
        served = [] if snapshot is None else self._state.send_snapshot(snapshot, out, now)
        self._logs.serve(out, now)
        for client in served:
            client.release(out, now)
        if snapshot is not None:
            self._conversation.answer_hashes(snapshot, out)

    def busy(
        self, flag: bool, now: float, *, since_s: float | None = None, listens: bool = False
    ) -> list[Effect]:
        """The kernel runs a cell since ``since_s`` (seconds since 1970, default: now), or is free again.

        ``listens``: whether clients are heard meanwhile. Where not, their commands wait, and no heartbeats are due.
        """
        out: list[Effect] = []
        message = self._conversation.become_busy(flag, since_s, listens)
        if message is not None:
            for client in list(self._sessions.values()):
                client.send(message, out, now)
        return out

    def close(self, reason: str, now: float) -> list[Effect]:  # noqa: ARG002 - every method takes it
        """Say goodbye to all."""
        out: list[Effect] = []
        self._presence.report_rest()
        for client in list(self._sessions.values()):
            client.end(CloseCode.GOING_AWAY, reason, out)
            self._forget(client)
        return out

    # ------------------------------------------------------------ keeping house

    def _settle(self, client: Session, now: float) -> None:
        """A session that has been welcomed waits for no deadline; one that has ended costs nothing any more."""
        if client.phase is not Phase.HELLO:
            self._grace.pop(client.id, None)
            self._unproven.pop(client.id, None)
        if client.phase is Phase.CLOSED:
            if client.welcomed and client.ended:
                self._presence.ended(client, client.ended, now)
                client.ended = ""
            self._forget(client)

    def _forget(self, client: Session) -> None:
        self._state.forget(client)
        self._logs.forget(client)
        self._lagging.pop(client.id, None)
        self._conversation.forget(client)
