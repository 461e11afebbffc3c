"""What a client says, and what follows from it: the welcome first, then one answer for each message."""

from __future__ import annotations

import hmac
from collections.abc import Callable
from functools import partial
from typing import Final

import orjson
from msgspec import UNSET, UnsetType

from autobench_nb.config import Config
from autobench_nb.contract.canonical import state_hash
from autobench_nb.contract.client_messages import (
    ClientMessage,
    CommandRequest,
    Hello,
    HelloPayload,
    LogsReplay,
    Ping,
    Resume,
    StateResync,
    Subscribe,
    SubscribePayload,
)
from autobench_nb.contract.codes import CloseCode, ErrorCode
from autobench_nb.contract.commands import READING_COMMANDS, STATE_HASH, StateHash
from autobench_nb.contract.limits import BATCH_ENTRIES, MAX_COMMANDS
from autobench_nb.contract.parsing import BadMessage
from autobench_nb.errors import QueryError
from autobench_nb.logs.query.predicate import Predicate, client_filter
from autobench_nb.state.commit import Snapshot
from autobench_nb.sync.effects import Compute, Effect, Outgoing, RunCommand
from autobench_nb.sync.server import encoding
from autobench_nb.sync.server.log_feed import LogFeed
from autobench_nb.sync.server.presence import Presence
from autobench_nb.sync.server.session import History, Phase, Session
from autobench_nb.sync.server.slices import Slices, sliced_state, slices_of
from autobench_nb.sync.server.state_feed import StateFeed
from autobench_nb.sync.server.telemetry import Counters

READ_ONLY: Final = "This client came in with a read-only token: it may look, and not command."


class Conversation:
    """Answers for all sessions; what needs a snapshot or the log is left to the feeds.

    ``hashes``: who waits for the state's hash. ``busy``: what is told of the cell that runs, if one does.
    ``proves(given, peer)``: whether what a client shows in its hello lets it in; the token does, unless a server that
    knows more (:class:`~autobench_nb.transports.auth.Gate`) judges. ``only_reads(given)``: whether it lets it look and
    not command.
    """

    def __init__(
        self,
        state: StateFeed,
        logs: LogFeed,
        presence: Presence,
        telemetry: Counters,
        *,
        epoch: str,
        config: Config,
        token: str | None,
        wall: Callable[[], float],
    ) -> None:
        self._state = state
        self._logs = logs
        self._presence = presence
        self.telemetry = telemetry
        self.epoch = epoch
        self._config = config
        self._token = None if token is None else token.encode()
        self.proves: Callable[[str, str], bool] = self._is_token
        self.only_reads: Callable[[str], bool] = _never
        self._wall = wall
        self.hashes: list[tuple[Session, str | int]] = []
        self.busy: Outgoing | None = None

    def become_busy(self, busy: bool, since_s: float | None, listens: bool) -> Outgoing | None:
        """Note whether the kernel runs a cell, see :meth:`Hub.busy`; what is to be told of it, if that is new."""
        since_ms = int((self._wall() if since_s is None else since_s) * 1e3)
        message = encoding.server_busy(busy, since_ms, listens=listens or not busy)
        known, self.busy = self.busy, message if busy else None
        if busy:
            return None if known is not None and known.data == message.data else message
        return None if known is None else message

    def answer_hashes(self, snapshot: Snapshot, out: list[Effect]) -> None:
        """Have the state's hash computed for everybody who waits for it."""
        for client, id in self.hashes:
            work = partial(_hash, snapshot.version, snapshot.data, client.slices)
            out.append(Compute(client.id, id, work))
        self.hashes.clear()

    def forget(self, client: Session) -> None:
        """Owe this client nothing any more."""
        if self.hashes:
            self.hashes = [(who, id) for who, id in self.hashes if who is not client]

    # ------------------------------------------------------------ the first message

    def first(self, client: Session, message: ClientMessage, out: list[Effect], now: float) -> None:
        """Let the client in, or refuse it, by its first message.

        Raises:
            BadMessage: Its query cannot be read; then it counts as not having said hello.
        """
        hello = (message.payload or HelloPayload()) if isinstance(message, Hello) else None
        if not client.authenticated:
            token = None if hello is None else hello.token
            if token is None or not self.proves(token, client.peer):
                self.refuse(client, "The token is not right.", out, now)
                return
            client.authenticated = True
            client.read_only = self.only_reads(token)
        if hello is None:
            self.greet(client, None, out, now)
            self.handle(client, message, out, now)
            return
        if hello.logs_query is not UNSET:
            client.query, client.predicate = self._compile(hello.logs_query)
        if hello.slices is not UNSET:
            client.slices = slices_of(hello.slices)
        client.greeted = client.ack_pending = True
        self.greet(client, hello.resume, out, now)

    def _is_token(self, token: str, _peer: str) -> bool:
        if self._token is None:
            return True
        return hmac.compare_digest(token.encode("utf-8", "surrogatepass"), self._token)

    def refuse(self, client: Session, reason: str, out: list[Effect], now: float) -> None:
        """Close without a word: nothing is sent to a client that is not known, not even why."""
        self._presence.refused(client, reason, now)
        client.end(CloseCode.POLICY, reason, out)

    def greet(self, client: Session, resume: Resume | None, out: list[Effect], now: float) -> None:
        """Welcome; then what the client lacks, or at the next flush the snapshot and the history."""
        client.phase = Phase.SYNCING
        client.welcomed = True
        if not client.is_quiet:
            self.count(client, now)
        version, seq = self._state.version, self._logs.seq
        same = resume is not None and resume.epoch == self.epoch
        knows_log = resume is not None and same and resume.next_seq <= seq
        resumed = (
            resume is not None and knows_log and self._state.reaches(client, resume.state_version)
        )
        client.send(
            encoding.welcome(
                epoch=self.epoch,
                server_time_s=self._wall(),
                state_version=version,
                next_seq=seq,
                resumed=resumed,
                read_only=client.read_only,
            ),
            out,
            now,
        )
        if self.busy is not None:
            client.send(self.busy, out, now)
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

    def end_quiet(self, client: Session, now: float) -> None:
        """Take a client for one that is there: it was heard."""
        client.is_quiet = False
        if client.welcomed:
            self.count(client, now)

    def count(self, client: Session, now: float) -> None:
        """Count a client that is there, and tell it."""
        self.telemetry.clients += 1
        self._presence.connected(client, now)

    def _reason(self, resume: Resume | None) -> str:
        """Why a client that was welcomed gets a snapshot. A position that never was is like no position."""
        if resume is None:
            return "connect"
        if resume.epoch != self.epoch:
            return "epoch"
        return "too-old" if resume.state_version < self._state.version else "resync"

    def late_hello(self, client: Session, hello: Hello, out: list[Effect], now: float) -> None:
        """Acknowledge a hello that comes after the grace: its slices and query count, its position does not.

        Raises:
            BadMessage: It is the second one, or its query cannot be read.
        """
        if client.greeted:
            raise BadMessage(ErrorCode.HELLO_TWICE, "This connection has said hello before.")
        asked = hello.payload or HelloPayload()
        wants = SubscribePayload(slices=asked.slices, logs_query=asked.logs_query)
        self._subscribe(client, wants, out, now)
        client.greeted = True
        if client.snapshot_reason is None:
            client.send(encoding.ack(), out, now)
        else:
            client.ack_pending = True

    # ------------------------------------------------------------ later messages

    def handle(
        self, client: Session, message: ClientMessage, out: list[Effect], now: float
    ) -> None:
        """Answer any message but hello. Raises :class:`BadMessage` for what cannot be done."""
        match message:
            case Ping(ts):
                self._pong(client, ts, out, now)
            case Subscribe(payload):
                self._subscribe(client, payload or SubscribePayload(), out, now)
            case StateResync():
                self._resync(client, message, out, now)
            case LogsReplay(epoch=epoch):
                if epoch is not None and epoch != self.epoch:
                    self._renew(client)
                else:
                    self._logs.replay(client, message)
            case CommandRequest():
                self._command(client, message, out, now)

    def _pong(self, client: Session, ts: int | float, out: list[Effect], now: float) -> None:
        message = encoding.pong(
            ts, state_version=self._state.version, next_seq=client.next_seq, epoch=self.epoch
        )
        client.send(message, out, now)
        if self._config.ws_heartbeat_log:
            self._presence.heartbeat(client)

    def _subscribe(
        self, client: Session, asked: SubscribePayload, out: list[Effect], now: float
    ) -> None:
        query: tuple[str | None, Predicate | None] | None = None
        if asked.logs_query is not UNSET:
            query = self._compile(asked.logs_query)
        needs_snapshot = bool(asked.include_snapshot)
        if asked.slices is not UNSET and slices_of(asked.slices) != client.slices:
            client.change_slices(slices_of(asked.slices))
            needs_snapshot = True
        if needs_snapshot and client.phase is not Phase.BEHIND:
            self._state.wait(client, "resync")
        if query is not None and query[0] != client.query:
            self._logs.filter(client, *query, out, now)
        if asked.logs_history:
            client.leave_log()
            client.history = client.history or History(last=min(asked.logs_history, BATCH_ENTRIES))
            self._logs.catch_up(client)

    def _compile(self, text: str | UnsetType | None) -> tuple[str | None, Predicate | None]:
        """The query with its times made absolute, so that clients share an audience only where they see the same."""
        if not text or not text.strip():
            return None, None
        try:
            return client_filter(text, now=self._wall())
        except QueryError as error:
            raise BadMessage(ErrorCode.BAD_QUERY, str(error), column=error.column) from None

    def _resync(self, client: Session, message: StateResync, out: list[Effect], now: float) -> None:
        self.telemetry.resyncs += 1
        if client.phase is Phase.BEHIND:
            # The snapshot is on its way already.
            return
        if message.epoch is not None and message.epoch != self.epoch:
            self._renew(client)
        elif message.since_version is None:
            self._state.wait(client, "resync")
        elif self._state.reaches(client, message.since_version):
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

    def _command(
        self, client: Session, message: CommandRequest, out: list[Effect], now: float
    ) -> None:
        if message.id in client.commands:
            raise BadMessage(
                ErrorCode.BAD_FIELD, "A command with this id has no answer yet.", id=message.id
            )
        if len(client.commands) >= MAX_COMMANDS:
            raise BadMessage(
                ErrorCode.TOO_MANY_COMMANDS,
                f"{MAX_COMMANDS} commands wait for their answers: wait for some of them.",
                id=message.id,
            )
        if client.read_only and message.name not in READING_COMMANDS:
            client.send(encoding.result(message.id, error=("read-only", READ_ONLY)), out, now)
            return
        client.commands.add(message.id)
        if message.name == STATE_HASH.name:
            self.hashes.append((client, message.id))
        else:
            out.append(RunCommand(client.id, message.id, message.name, message.args or {}))


def _never(_given: str) -> bool:
    """No token that is let in is a read-only one."""
    return False


def _hash(version: int, data: bytes, slices: Slices) -> StateHash:
    """What a client that mirrors ``slices`` holds at that version, so that it can compare."""
    return {"version": version, "hash": state_hash(sliced_state(orjson.loads(data), slices))}
