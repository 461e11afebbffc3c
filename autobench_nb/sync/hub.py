"""All sessions: coalesce, encode once, fan out. Everything happens on one thread, and nothing is done here.

Every method takes ``now`` (seconds, monotonic) and returns the effects that a transport carries out in their order
(:mod:`autobench_nb.sync.effects`). The transport calls :meth:`Hub.flush` when the store or the ring has something new
(at the end of a window), and at once where ``wants_flush`` says so; it calls :meth:`Hub.tick` at ``next_deadline``.
"""

from __future__ import annotations

import hmac
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

import orjson

from autobench_nb.config import Config
from autobench_nb.errors import QueryError
from autobench_nb.logs.entry import Level
from autobench_nb.logs.ring import LogRing
from autobench_nb.state.store import StateStore
from autobench_nb.sync import replies
from autobench_nb.sync.canonical import state_hash
from autobench_nb.sync.effects import Compute, Effect, Outgoing, RunCommand
from autobench_nb.sync.logfeed import BATCH_ENTRIES, LogFeed
from autobench_nb.sync.messages import (
    BadMessage,
    Code,
    Command,
    Hello,
    Ping,
    Replay,
    Resume,
    Resync,
    Subscribe,
    parse,
)
from autobench_nb.sync.presence import Presence
from autobench_nb.sync.session import (
    AUTH_DEADLINE_S,
    GOING_AWAY,
    HELLO_GRACE_S,
    MAX_COMMANDS,
    POLICY,
    History,
    Phase,
    Session,
)
from autobench_nb.sync.statefeed import StateFeed

TELEMETRY_INTERVAL_S: Final = 1.0
HASH_COMMAND: Final = "state.hash"


@dataclass(slots=True)
class Telemetry:
    """What ``/meta/telemetry`` says. The transport adds to ``bytes_sent`` and sets ``loop_lag_ms``."""

    clients: int = 0
    patches: int = 0
    bytes_sent: int = 0
    dropped: int = 0
    resyncs: int = 0
    loop_lag_ms: float = 0.0
    errors: int = 0

    def to_wire(self) -> dict[str, int | float]:
        return {
            "clients": self.clients,
            "patches": self.patches,
            "bytesSent": self.bytes_sent,
            "dropped": self.dropped,
            "resyncs": self.resyncs,
            "loopLagMs": round(self.loop_lag_ms, 1),
            "errors": self.errors,
        }


class Hub:
    """One orchestrator's sessions.

    ``token``: what a client must show that the handshake did not authenticate; ``None`` lets everyone in. ``wall``:
    seconds since 1970, for what people read.
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
        self.telemetry = Telemetry()
        self._store = store
        self._ring = ring
        self._config = config
        self._token = None if token is None else token.encode()
        self._wall = wall
        self._state = StateFeed(
            store.version,
            epoch=epoch,
            max_commits=config.resume_window_commits,
            max_bytes=config.resume_window_bytes,
        )
        self._logs = LogFeed(
            ring,
            epoch=epoch,
            allowed=frozenset(config.log_channel_allowlist) or None,
            min_level=Level.parse(config.log_level_min),
        )
        self._presence = Presence(ring)
        self._sessions: dict[int, Session] = {}
        self._lagging: dict[int, Session] = {}
        # session -> when its first message is due; the waits are constant, so the first is the earliest
        self._grace: dict[int, float] = {}
        self._unproven: dict[int, float] = {}
        self._hashes: list[tuple[Session, str | int]] = []
        self._last_id = 0
        self._busy_since_ms: int | None = None
        self._logs_told: dict[str, int] = {}
        self._telemetry_told: dict[str, int | float] = {}
        self._telemetry_at = float("-inf")

    # ------------------------------------------------------------ what a transport asks

    @property
    def wants_snapshot(self) -> bool:
        """Whether the next flush has to encode the whole state: warm the store first."""
        return bool(self._hashes) or self._state.wants_snapshot

    @property
    def wants_flush(self) -> bool:
        """Whether a flush has something to do now, without anything new in store or ring."""
        return self.wants_snapshot or self._logs.due or self._presence.due

    def next_deadline(self, now: float) -> float | None:  # noqa: ARG002 - every method takes it
        """When :meth:`tick` is to be called; ``None``: nothing waits for the time."""
        firsts = [next(iter(due.values())) for due in (self._grace, self._unproven) if due]
        return min(firsts, default=None)

    # ------------------------------------------------------------ what happens to a session

    def connect(
        self, now: float, *, authenticated: bool, peer: str = ""
    ) -> tuple[int, list[Effect]]:
        """A client is there. Nothing is sent before it has said something, or the grace is over."""
        self._last_id += 1
        session = Session(
            self._last_id,
            peer,
            authenticated=authenticated or self._token is None,
            budget=self._config.client_budget_bytes,
            now=now,
        )
        self._sessions[session.id] = session
        if session.authenticated:
            self._grace[session.id] = now + HELLO_GRACE_S
        else:
            self._unproven[session.id] = now + AUTH_DEADLINE_S
        return session.id, []

    def disconnect(self, session: int, now: float) -> list[Effect]:
        """The link is gone, whoever closed it."""
        gone = self._sessions.pop(session, None)
        if gone is None:
            return []
        self._forget(gone)
        if gone.welcomed:
            self.telemetry.clients -= 1
            self._presence.left(gone, now)
        return []

    def receive(self, session: int, data: str | bytes, now: float) -> list[Effect]:
        """A message of a client, as it came."""
        out: list[Effect] = []
        client = self._sessions.get(session)
        if client is None or client.phase is Phase.CLOSED:
            return out
        try:
            message = parse(data)
            if client.phase is Phase.HELLO:
                self._first(client, message, out, now)
            elif isinstance(message, Hello):
                self._hello_again(client, out, now)
            else:
                self._handle(client, message, out, now)
        except BadMessage as error:
            if client.authenticated:
                self.telemetry.errors += 1
                client.mistake(error, out, now)
            else:
                self._refuse(client, "The first message was no hello.", out)
        self._settle(client)
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
        self._settle(client)
        return out

    def dropped(
        self,
        session: int,
        messages: Iterable[Outgoing],
        now: float,  # noqa: ARG002
    ) -> list[Effect]:
        """The transport carried out :class:`Drop` and discarded these."""
        out: list[Effect] = []
        client = self._sessions.get(session)
        if client is not None:
            discarded = list(messages)
            self.telemetry.dropped += len(discarded)
            client.dropped(discarded, out)
            self._settle(client)
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
            message = replies.result(id, value=value, error=error)
        except TypeError:
            message = replies.result(
                id, error=("failed", "The command was run, but what it gave is no JSON value.")
            )
        client.send(message, out, now)
        self._settle(client)
        return out

    # ------------------------------------------------------------ what happens to all

    def tick(self, now: float) -> list[Effect]:
        """Serve or refuse those who have said nothing for too long."""
        out: list[Effect] = []
        waiting = [*self._grace.items(), *self._unproven.items()]
        for id in [id for id, due in waiting if due <= now]:
            client = self._sessions[id]
            if client.authenticated:
                self._greet(client, None, out, now)
            else:
                self._refuse(client, "No token came in time.", out)
            self._settle(client)
        return out

    def flush(self, now: float) -> list[Effect]:
        """Send what is new to all, and what is owed to some. A batch that is open holds back the state alone."""
        out: list[Effect] = []
        self._presence.report()
        self._refresh(now)
        lagging = list(self._lagging.values())
        snapshot = None
        if self.wants_snapshot:
            both = self._store.cut()
            commit, snapshot = (None, None) if both is None else both
        else:
            commit = self._store.flush()
        if commit is not None:
            self._state.push(commit, lagging, out, now)
            self.telemetry.patches = self._state.patches
        self._logs.push(lagging, out, now)
        if snapshot is not None:
            served = self._state.take(snapshot, out, now)
            self._logs.serve(out, now)
            for client in served:
                client.release(out, now)
            for client, id in self._hashes:
                work = partial(_hash, snapshot.version, snapshot.data)
                out.append(Compute(client.id, id, work))
            self._hashes.clear()
        else:
            self._logs.serve(out, now)
        for client in lagging:
            self._settle(client)
        return out

    def busy(self, flag: bool, now: float) -> list[Effect]:
        """The loop is about to be blocked, or is free again: clients do not count their heartbeats meanwhile."""
        out: list[Effect] = []
        if flag == (self._busy_since_ms is not None):
            return out
        since = int(self._wall() * 1e3)
        self._busy_since_ms = since if flag else None
        message = replies.server_busy(flag, since)
        for client in list(self._sessions.values()):
            client.send(message, out, now)
        return out

    def close(self, reason: str, now: float) -> list[Effect]:  # noqa: ARG002 - every method takes it
        """Say goodbye to all."""
        out: list[Effect] = []
        for client in list(self._sessions.values()):
            client.end(GOING_AWAY, reason, out)
            self._forget(client)
        return out

    # ------------------------------------------------------------ the first message

    def _first(self, client: Session, message: Any, out: list[Effect], now: float) -> None:
        if not client.authenticated:
            token = message.token if isinstance(message, Hello) else None
            if token is None or not self._is_token(token):
                self._refuse(client, "The token is not right.", out)
                return
            client.authenticated = True
        if isinstance(message, Hello):
            client.greeted = client.owes_ack = True
            self._greet(client, message.resume, out, now)
        else:
            self._greet(client, None, out, now)
            self._handle(client, message, out, now)

    def _is_token(self, token: str) -> bool:
        if self._token is None:
            return True
        return hmac.compare_digest(token.encode("utf-8", "surrogatepass"), self._token)

    def _refuse(self, client: Session, reason: str, out: list[Effect]) -> None:
        self._presence.refused(client, reason)
        client.end(POLICY, reason, out)

    def _greet(self, client: Session, resume: Resume | None, out: list[Effect], now: float) -> None:
        """Welcome; then what the client lacks, or at the next flush the snapshot and the history."""
        self._grace.pop(client.id, None)
        self._unproven.pop(client.id, None)
        client.phase = Phase.SYNCING
        client.welcomed = True
        self.telemetry.clients += 1
        self._presence.came(client)
        version, seq = self._state.version, self._logs.seq
        same = resume is not None and resume.epoch == self.epoch
        knows_log = resume is not None and same and resume.next_seq <= seq
        resumed = (
            resume is not None and knows_log and self._state.window.reaches(resume.state_version)
        )
        client.send(
            replies.welcome(
                epoch=self.epoch,
                server_time_s=self._wall(),
                state_version=version,
                next_seq=seq,
                resumed=resumed,
            ),
            out,
            now,
        )
        if self._busy_since_ms is not None:
            client.send(replies.server_busy(True, self._busy_since_ms), out, now)
        if resume is not None and resumed:
            client.seq = resume.next_seq
            self._state.resume(client, resume.state_version, out, now)
            client.release(out, now)
        else:
            self._state.wait(client, self._reason(resume))
            client.history = History(last=self._config.client_logs_snapshot)
            if resume is not None and knows_log:
                client.history = History(since=resume.next_seq)
        self._logs.catch_up(client)

    def _reason(self, resume: Resume | None) -> str:
        if resume is None:
            return "connect"
        if resume.epoch != self.epoch:
            return "epoch"
        return "too-old" if resume.state_version < self._state.version else "resync"

    def _hello_again(self, client: Session, out: list[Effect], now: float) -> None:
        if client.greeted:
            raise BadMessage(Code.HELLO_TWICE, "This connection has said hello before.")
        client.greeted = True
        if client.want is None:
            client.send(replies.ack(), out, now)
        else:
            client.owes_ack = True

    # ------------------------------------------------------------ later messages

    def _handle(self, client: Session, message: Any, out: list[Effect], now: float) -> None:
        match message:
            case Ping(ts):
                self._pong(client, ts, out, now)
            case Subscribe():
                self._subscribe(client, message, out, now)
            case Resync():
                self._resync(client, message, out, now)
            case Replay(epoch=epoch):
                if epoch is not None and epoch != self.epoch:
                    self._renew(client)
                else:
                    self._logs.replay(client, message)
            case Command():
                self._command(client, message, out)

    def _pong(self, client: Session, ts: int | float, out: list[Effect], now: float) -> None:
        message = replies.pong(
            ts, state_version=self._state.version, next_seq=client.next_seq, epoch=self.epoch
        )
        client.send(message, out, now)
        if self._config.ws_heartbeat_log:
            self._presence.beat(client)

    def _subscribe(
        self, client: Session, message: Subscribe, out: list[Effect], now: float
    ) -> None:
        filter = None
        if message.logs_query is not None and message.logs_query[0] != client.query:
            filter = (message.logs_query[0], self._compile(message.logs_query[0]))
        wants_snapshot = message.include_snapshot
        if message.slices is not None and message.slices[0] != client.slices:
            client.slices = message.slices[0]
            wants_snapshot = True
        if wants_snapshot and client.phase is not Phase.BEHIND:
            self._state.wait(client, "resync")
        if filter is not None:
            self._logs.filter(client, *filter, out, now)
        if message.logs_history:
            client.leave_log()
            client.history = client.history or History(
                last=min(message.logs_history, BATCH_ENTRIES)
            )
            self._logs.catch_up(client)

    def _compile(self, query: str | None) -> Any:
        if query is None:
            return None
        from autobench_nb.logs.query import compile_query

        try:
            return compile_query(query)
        except QueryError as error:
            raise BadMessage(Code.BAD_QUERY, str(error), column=error.column) from None

    def _resync(self, client: Session, message: Resync, out: list[Effect], now: float) -> None:
        self.telemetry.resyncs += 1
        if client.phase is Phase.BEHIND:
            return  # the snapshot is on its way already
        if message.epoch is not None and message.epoch != self.epoch:
            self._renew(client)
        elif message.since_version is None:
            self._state.wait(client, "resync")
        elif self._state.window.reaches(message.since_version):
            self._state.resume(client, message.since_version, out, now)
        else:
            is_old = message.since_version < self._state.version
            self._state.wait(client, "too-old" if is_old else "resync")

    def _renew(self, client: Session) -> None:
        """The client stands in another life: it replaces everything."""
        if client.phase is not Phase.BEHIND:
            self._state.wait(client, "epoch")
        client.leave_log()
        client.history = History(last=self._config.client_logs_snapshot)
        self._logs.catch_up(client)

    def _command(self, client: Session, message: Command, out: list[Effect]) -> None:
        if message.id in client.commands:
            raise BadMessage(
                Code.BAD_FIELD, "A command with this id has no answer yet.", id=message.id
            )
        if len(client.commands) >= MAX_COMMANDS:
            raise BadMessage(
                Code.TOO_MANY_COMMANDS,
                f"{MAX_COMMANDS} commands wait for their answers: wait for some of them.",
                id=message.id,
            )
        client.commands.add(message.id)
        if message.name == HASH_COMMAND:
            self._hashes.append((client, message.id))
        else:
            out.append(RunCommand(client.id, message.id, message.name, message.args))

    # ------------------------------------------------------------ keeping house

    def _settle(self, client: Session) -> None:
        """A session that has ended costs nothing any more."""
        if client.phase is Phase.CLOSED:
            if client.welcomed and client.ended:
                self._presence.ended(client, client.ended)
                client.ended = ""
            self._forget(client)

    def _forget(self, client: Session) -> None:
        self._state.forget(client)
        self._logs.forget(client)
        self._grace.pop(client.id, None)
        self._unproven.pop(client.id, None)
        self._lagging.pop(client.id, None)
        if self._hashes:
            self._hashes = [(who, id) for who, id in self._hashes if who is not client]

    def _refresh(self, now: float) -> None:
        """Write ``/logs`` where the ring has moved, and the telemetry with whatever else there is to send.

        The telemetry alone is no reason to send anything: an idle server stays silent. Nor is anything written while
        a batch is open: that would wait for whoever opened it.
        """
        logs = self._ring.metadata()
        has_moved = logs != self._logs_told
        if not has_moved and self._store.version == self._state.version:
            return
        telemetry = self.telemetry.to_wire()
        is_due = (
            now - self._telemetry_at >= TELEMETRY_INTERVAL_S and telemetry != self._telemetry_told
        )
        if not has_moved and not is_due:
            return

        def change() -> None:
            if has_moved:
                self._store.merge("/logs", logs)
            if is_due:
                self._store.set("/meta/telemetry", telemetry)

        if self._store.attempt(change):
            self._logs_told = logs
            if is_due:
                self._telemetry_at = now
                self._telemetry_told = telemetry


def _hash(version: int, data: bytes) -> dict[str, Any]:
    return {"version": version, "hash": state_hash(orjson.loads(data))}
