"""One client, seen from the server: what it has been sent, what it may be sent, what it has done wrong."""

from __future__ import annotations

from enum import Enum
from typing import Final, NamedTuple

from autobench_nb.contract.client_messages import LogsReplay
from autobench_nb.contract.codes import CloseCode
from autobench_nb.contract.limits import (
    MAX_MISTAKES,
    MAX_OVERRUNS,
    MAX_UNKNOWN_ANSWERS,
    MISTAKES_PERIOD_S,
    OVERRUNS_PERIOD_S,
    UNKNOWN_PERIOD_S,
)
from autobench_nb.contract.parsing import BadMessage
from autobench_nb.logs.query.predicate import Predicate
from autobench_nb.sync.effects import Close, Drop, Effect, Outgoing, Send
from autobench_nb.sync.server import encoding
from autobench_nb.sync.server.audiences import LogAudience, StateAudience
from autobench_nb.sync.server.slices import Slices

KEPT_KINDS: Final = frozenset({"welcome", "ack", "result", "error", "server.busy"})
"""What no snapshot makes good: it is sent after it, when it was dropped."""


class History(NamedTuple):
    """What a client is owed: the ``last`` so many entries, or those ``since`` a seq."""

    last: int = 0
    since: int | None = None


class Phase(Enum):
    """Where a session stands.

    ``HELLO``: it waits for the first message, and nothing has been sent. ``SYNCING``: it is owed a snapshot or older
    log entries. ``LIVE``: it is sent what is new. ``BEHIND``: its budget was used up, what was queued is dropped, and
    nothing is sent until it has drained. ``CLOSED``: nothing is sent any more.
    """

    HELLO = "hello"
    SYNCING = "syncing"
    LIVE = "live"
    BEHIND = "behind"
    CLOSED = "closed"


class Session:
    """The machine of one client. It knows neither state nor log, only positions and bytes.

    Methods append effects to ``out``. ``limit``, the bytes that may wait, is the budget, or where a larger snapshot is
    on its way that snapshot and a quarter of the budget: else a large state could never be sent.

    Attributes:
        greeted: Whether a hello has come.
        is_quiet: Whether perhaps nobody is there: it has not been heard.
        read_only: Whether it may look and not command.
        snapshot_reason: Why it is owed a snapshot, or ``None``; while it is owed one, it is sent no patches.
        base_version: The version of the snapshot with which its present slices began; 0 where it had these from the
            start, ``None`` as long as that has not been sent. What it held before is no base for their patches.
        seq: Its position in the log while it is in no log audience.
    """

    __slots__ = (
        "_budget",
        "_kept",
        "_kept_bytes",
        "_large",
        "_mistakes",
        "_overruns",
        "_pong",
        "_unanswered",
        "_unknown",
        "ack_pending",
        "authenticated",
        "base_version",
        "commands",
        "connected_at",
        "ended",
        "greeted",
        "history",
        "id",
        "is_quiet",
        "log_audience",
        "peer",
        "phase",
        "predicate",
        "query",
        "queued",
        "read_only",
        "replays",
        "seq",
        "slices",
        "snapshot_reason",
        "state_audience",
        "welcomed",
    )  # fmt: skip

    def __init__(self, id: int, peer: str, *, authenticated: bool, budget: int, now: float) -> None:
        self.id = id
        self.peer = peer
        self.authenticated = authenticated
        self.read_only = False
        self.connected_at = now
        self.phase = Phase.HELLO
        self.welcomed = False
        self.is_quiet = False
        self.ended = ""
        self.greeted = False
        self.ack_pending = False

        self.snapshot_reason: str | None = None
        self.base_version: int | None = 0
        self.history: History | None = None
        self.seq = 0
        self.state_audience: StateAudience | None = None
        self.log_audience: LogAudience | None = None
        self.slices: Slices = None
        self.query: str | None = None
        self.predicate: Predicate | None = None
        self.replays: list[LogsReplay] = []
        self.commands: set[str | int] = set()

        self.queued = 0
        self._budget = budget
        # Bytes of the snapshot that is on its way.
        self._large = 0
        # Answers that were dropped, or came up while it was behind.
        self._kept: list[Outgoing] = []
        self._kept_bytes = 0
        self._pong: Outgoing | None = None
        # When each happened, within its period. Lists, since an empty deque takes 600 bytes.
        self._overruns: list[float] = []
        self._mistakes: list[float] = []
        self._unknown: list[float] = []
        self._unanswered = 0

    @property
    def limit(self) -> int:
        """Bytes that may wait for it."""
        return max(self._budget, self._large + self._budget // 4)

    @property
    def is_open(self) -> bool:
        """Whether it has been welcomed and takes messages."""
        return self.phase in (Phase.SYNCING, Phase.LIVE)

    @property
    def takes_snapshot(self) -> bool:
        """Whether a snapshot can go out now: one at a time, so that asking again and again piles nothing up."""
        return (
            self.snapshot_reason is not None and self.is_open and not (self._large and self.queued)
        )

    @property
    def takes_more(self) -> bool:
        """Whether older entries may be sent: only what the client keeps up with."""
        return self.is_open and self.queued <= self._budget // 4

    @property
    def next_seq(self) -> int:
        """What it was told last of the log."""
        return self.seq if self.log_audience is None else self.log_audience.next_seq

    # ------------------------------------------------------------ positions

    def join_state(self, audience: StateAudience) -> None:
        """Stand where the audience stands, and be sent every patch from now on."""
        self.leave_state()
        audience.add(self)
        self.state_audience = audience
        self._settle()

    def leave_state(self) -> None:
        """Be sent no patches any more."""
        if self.state_audience is not None:
            self.state_audience.discard(self)
            self.state_audience = None
            self._settle()

    def join_log(self, audience: LogAudience) -> None:
        """Stand where the audience stands, and be sent every batch from now on."""
        self.leave_log()
        audience.add(self)
        self.log_audience = audience
        self._settle()

    def leave_log(self) -> None:
        """Be sent no new entries any more, and keep the position."""
        if self.log_audience is not None:
            self.seq = self.log_audience.next_seq
            self.log_audience.discard(self)
            self.log_audience = None
            self._settle()

    def _settle(self) -> None:
        if self.is_open:
            is_live = self.state_audience is not None and self.log_audience is not None
            self.phase = Phase.LIVE if is_live else Phase.SYNCING

    def require_snapshot(self, reason: str) -> None:
        """No patches until it has been sent one. The first reason stays."""
        self.snapshot_reason = self.snapshot_reason or reason
        self.leave_state()

    def change_slices(self, slices: Slices) -> None:
        """Mirror these slices from the next snapshot on."""
        self.slices = slices
        self.base_version = None

    def has_base(self, version: int) -> bool:
        """Whether a client that stands at ``version`` holds the slices that its patches are about."""
        return self.base_version is not None and version >= self.base_version

    # ------------------------------------------------------------ sending

    def send(self, message: Outgoing, out: list[Effect], now: float) -> bool:
        """Send where the budget allows it, fall behind where it does not. False: it was not sent."""
        if self.phase is Phase.BEHIND:
            self._keep(message, out)
            return False
        if not self.is_open:
            return False
        if not self.charge(message, out, now):
            self._keep(message, out)
            return False
        out.append(Send(self.id, message))
        return True

    def send_snapshot(self, version: int, message: Outgoing, out: list[Effect], now: float) -> bool:
        """Send a snapshot, which the budget does not count as long as it is the only one."""
        self._large = len(message)
        if self.base_version is None:
            self.base_version = version
        return self.send(message, out, now)

    def charge(self, message: Outgoing, out: list[Effect], now: float) -> bool:
        """Count the message against the budget, if anything waits at all. False: it did not fit, it is behind now."""
        if self.queued:
            if self.queued + len(message) > self.limit:
                self._fall_behind(out, now)
                return False
            self.queued += len(message)
        return True

    def report(self, size: int, out: list[Effect], now: float) -> bool:
        """So many bytes wait. True where the session was behind and has drained."""
        self.queued = size
        if size > self.limit and self.is_open:
            self._fall_behind(out, now)
        if size:
            return False
        self._large = 0
        if self.phase is not Phase.BEHIND:
            return False
        self.phase = Phase.SYNCING
        # Whatever it was owed before: what it was sent since then is lost.
        self.snapshot_reason = "overrun"
        return True

    def _fall_behind(self, out: list[Effect], now: float) -> None:
        out.append(Drop(self.id))
        overruns = self._overruns = _since(self._overruns, now - OVERRUNS_PERIOD_S)
        if len(overruns) >= MAX_OVERRUNS:
            reason = f"Behind {MAX_OVERRUNS + 1} times within {OVERRUNS_PERIOD_S:.0f} s."
            self.end(CloseCode.TRY_LATER, reason, out)
            return
        overruns.append(now)
        self.phase = Phase.BEHIND
        self.leave()

    def _keep(self, message: Outgoing, out: list[Effect]) -> None:
        """While behind: answers are kept, of pongs the last; the rest the snapshot makes good."""
        if self.phase is not Phase.BEHIND:
            return
        if message.kind == "pong":
            self._pong = message
        elif message.kind in KEPT_KINDS:
            self._kept.append(message)
            self._kept_bytes += len(message)
            if self._kept_bytes > self._budget:
                self.end(CloseCode.TRY_LATER, "Answers wait, and nothing is read.", out)

    def dropped(self, messages: list[Outgoing], out: list[Effect]) -> None:
        """Remember what has to come again of the messages that were discarded."""
        starts = [message.log_start for message in messages if message.log_start is not None]
        self.seq = min([self.seq, *starts])
        for message in messages:
            if message.kind == "logs.history" and message.log_start is not None:
                self.history = History(since=message.log_start)
            elif message.kind == "state.snapshot" and self.base_version:
                self.base_version = None
            self._keep(message, out)

    def release(self, out: list[Effect], now: float) -> None:
        """Send what was kept while behind, now that the snapshot is on its way."""
        kept, self._kept, self._kept_bytes = self._kept, [], 0
        if self._pong is not None:
            kept.append(self._pong)
            self._pong = None
        if self.ack_pending:
            self.ack_pending = False
            kept.insert(0, encoding.ack())
        for message in kept:
            self.send(message, out, now)

    # ------------------------------------------------------------ what it did wrong

    def mistake(self, error: BadMessage, out: list[Effect], now: float) -> None:
        """Say what was wrong; end the connection when it goes on."""
        mistakes = self._mistakes = _since(self._mistakes, now - MISTAKES_PERIOD_S)
        if len(mistakes) >= MAX_MISTAKES:
            reason = (
                f"More than {MAX_MISTAKES} messages within {MISTAKES_PERIOD_S:.0f} s not valid."
            )
            self.end(CloseCode.POLICY, reason, out)
            return
        mistakes.append(now)
        self._report_mistake(error, str(error), out, now)

    def unknown_type(self, error: BadMessage, out: list[Effect], now: float) -> None:
        """Say that the server does not know this type, but not too often: clients of other servers say such things."""
        answers = self._unknown = _since(self._unknown, now - UNKNOWN_PERIOD_S)
        if len(answers) >= MAX_UNKNOWN_ANSWERS:
            self._unanswered += 1
            return
        answers.append(now)
        more, self._unanswered = self._unanswered, 0
        text = f"{error} {more:,} more were not answered." if more else str(error)
        self._report_mistake(error, text, out, now)

    def _report_mistake(self, error: BadMessage, text: str, out: list[Effect], now: float) -> None:
        message = encoding.error_message(error.code, text, id=error.id, column=error.column)
        if self.phase is Phase.HELLO:
            # Authenticated, but not welcomed yet.
            out.append(Send(self.id, message))
        else:
            self.send(message, out, now)

    # ------------------------------------------------------------ ending

    def end(self, code: int, reason: str, out: list[Effect]) -> None:
        """Say why, and close. Where nothing may be sent yet, only close."""
        if self.phase is Phase.CLOSED:
            return
        if self.authenticated:
            out.append(Send(self.id, encoding.bye(code, reason)))
        out.append(Close(self.id, code, reason))
        self.phase = Phase.CLOSED
        self.ended = reason
        self.leave()

    def leave(self) -> None:
        """Out of every audience."""
        self.leave_state()
        self.leave_log()


def _since(times: list[float], start: float) -> list[float]:
    return [time for time in times if time >= start]
