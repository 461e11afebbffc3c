"""What a client says, and what follows from it: the welcome first, then one answer for each message."""

from __future__ import annotations

import hmac
from collections.abc import Callable
from typing import Final

from autobench_nb.config import Config
from autobench_nb.errors import QueryError
from autobench_nb.logs.query.predicate import Wanted
from autobench_nb.logs.query.query import parse as parse_query
from autobench_nb.sync import replies
from autobench_nb.sync.effects import Effect, RunCommand
from autobench_nb.sync.messages import (
    BadMessage,
    ClientMessage,
    Code,
    Command,
    Hello,
    Ping,
    Replay,
    Resume,
    Resync,
    Subscribe,
)
from autobench_nb.sync.server.audiences import Predicate
from autobench_nb.sync.server.log_feed import BATCH_ENTRIES, LogFeed
from autobench_nb.sync.server.presence import Presence
from autobench_nb.sync.server.session import MAX_COMMANDS, POLICY, History, Phase, Session
from autobench_nb.sync.server.state_feed import StateFeed
from autobench_nb.sync.server.telemetry import Counters

HASH_COMMAND: Final = "state.hash"
"""The one command that the hub answers itself: ``{version, hash}``."""


class Conversation:
    """Answers for all sessions; what needs a snapshot or the log is left to the feeds.

    ``hashes``: who waits for the state's hash. ``busy_since_ms``: since when the server is busy, or ``None``.
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
        self._wall = wall
        self.hashes: list[tuple[Session, str | int]] = []
        self.busy_since_ms: int | None = None

    # ------------------------------------------------------------ the first message

    def first(self, client: Session, message: ClientMessage, out: list[Effect], now: float) -> None:
        if not client.authenticated:
            token = message.token if isinstance(message, Hello) else None
            if token is None or not self._is_token(token):
                self.refuse(client, "The token is not right.", out)
                return
            client.authenticated = True
        if isinstance(message, Hello):
            client.greeted = client.owes_ack = True
            self.greet(client, message.resume, out, now)
        else:
            self.greet(client, None, out, now)
            self.handle(client, message, out, now)

    def _is_token(self, token: str) -> bool:
        if self._token is None:
            return True
        return hmac.compare_digest(token.encode("utf-8", "surrogatepass"), self._token)

    def refuse(self, client: Session, reason: str, out: list[Effect]) -> None:
        self._presence.refused(client, reason)
        client.end(POLICY, reason, out)

    def greet(self, client: Session, resume: Resume | None, out: list[Effect], now: float) -> None:
        """Welcome; then what the client lacks, or at the next flush the snapshot and the history."""
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
        if self.busy_since_ms is not None:
            client.send(replies.server_busy(True, self.busy_since_ms), out, now)
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

    def hello_again(self, client: Session, out: list[Effect], now: float) -> None:
        if client.greeted:
            raise BadMessage(Code.HELLO_TWICE, "This connection has said hello before.")
        client.greeted = True
        if client.want is None:
            client.send(replies.ack(), out, now)
        else:
            client.owes_ack = True

    # ------------------------------------------------------------ later messages

    def handle(
        self, client: Session, message: ClientMessage, out: list[Effect], now: float
    ) -> None:
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
        filter = None if message.logs_query is None else self._compile(message.logs_query[0])
        wants_snapshot = message.include_snapshot
        if message.slices is not None and message.slices[0] != client.slices:
            client.slices = message.slices[0]
            wants_snapshot = True
        if wants_snapshot and client.phase is not Phase.BEHIND:
            self._state.wait(client, "resync")
        if filter is not None and filter[0] != client.query:
            self._logs.filter(client, *filter, out, now)
        if message.logs_history:
            client.leave_log()
            client.history = client.history or History(
                last=min(message.logs_history, BATCH_ENTRIES)
            )
            self._logs.catch_up(client)

    def _compile(self, text: str | None) -> tuple[str | None, Predicate | None]:
        """The query with its times made absolute, so that clients share a channel only where they see the same."""
        if text is None:
            return None, None
        now = self._wall()
        try:
            query = parse_query(text).resolved(now=now)
            return query.text, Wanted(query.predicate(now=now), query.judge)
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
            self.hashes.append((client, message.id))
        else:
            out.append(RunCommand(client.id, message.id, message.name, message.args))
