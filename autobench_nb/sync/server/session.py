"""One client, seen from the server: what it has been sent, what it may be sent, what it has done wrong."""

from __future__ import annotations

from enum import Enum
from typing import Final, NamedTuple

from autobench_nb.sync import replies
from autobench_nb.sync.effects import Close, Drop, Effect, Outgoing, Send
from autobench_nb.sync.messages import BadMessage, Replay
from autobench_nb.sync.server.audiences import LogAudience, Predicate, StateAudience
from autobench_nb.sync.server.slices import Slices

HELLO_GRACE_S: Final = 0.25
"""A client that the handshake authenticated and that says nothing for so long is served as if it had said hello."""
AUTH_DEADLINE_S: Final = 10.0
"""A client that the handshake did not authenticate has so long to send its token."""

MAX_MISTAKES: Final = 64
MISTAKES_PERIOD_S: Final = 60.0
"""More mistakes than that within the period, and the connection ends."""
MAX_OVERRUNS: Final = 3
OVERRUNS_PERIOD_S: Final = 60.0
"""Behind more often than that within the period, and the connection ends."""
MAX_COMMANDS: Final = 256
"""Commands of one client that may wait for their answer; one more gets an error."""
MAX_REPLAYS: Final = 16
"""Replays of one client that may wait to be served; of more, the oldest is forgotten."""

KEPT_KINDS: Final = frozenset({"welcome", "ack", "result", "error", "server.busy"})
"""What no snapshot makes good: it is sent after it, when it was dropped."""

GOING_AWAY: Final = 1001
POLICY: Final = 1008
TRY_LATER: Final = 1013


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
    """

    __slots__ = (
        "_budget", "_kept", "_kept_bytes", "_large", "_mistakes", "_overruns", "_pong", "authenticated",
        "commands", "connected_at", "ended", "greeted", "history", "id", "log_channel", "owes_ack", "peer",
        "phase", "predicate", "query", "queued", "replays", "seq", "slices", "state_channel", "want", "welcomed",
    )  # fmt: skip

    def __init__(self, id: int, peer: str, *, authenticated: bool, budget: int, now: float) -> None:
        self.id = id
        self.peer = peer
        self.authenticated = authenticated
        self.connected_at = now
        self.phase = Phase.HELLO
        self.welcomed = False
        self.ended = ""
        self.greeted = False
        """Whether a hello has come."""
        self.owes_ack = False

        self.want: str | None = None
        """Why it is owed a snapshot; while it is, it is sent no patches."""
        self.history: History | None = None
        self.seq = 0
        """Its position in the log while it is in no log channel."""
        self.state_channel: StateAudience | None = None
        self.log_channel: LogAudience | None = None
        self.slices: Slices = None
        self.query: str | None = None
        self.predicate: Predicate | None = None
        self.replays: list[Replay] = []
        self.commands: set[str | int] = set()

        self.queued = 0
        self._budget = budget
        self._large = 0  # bytes of the snapshot on its way
        self._kept: list[Outgoing] = []  # results that were dropped, or came up while behind
        self._kept_bytes = 0
        self._pong: Outgoing | None = None
        self._overruns: list[
            float
        ] = []  # when, within the period; lists, since an empty deque takes 600 bytes
        self._mistakes: list[float] = []

    @property
    def limit(self) -> int:
        return max(self._budget, self._large + self._budget // 4)

    @property
    def is_open(self) -> bool:
        """Whether it has been welcomed and takes messages."""
        return self.phase in (Phase.SYNCING, Phase.LIVE)

    @property
    def takes_snapshot(self) -> bool:
        """Whether a snapshot can go out now: one at a time, so that asking again and again piles nothing up."""
        return self.want is not None and self.is_open and not (self._large and self.queued)

    @property
    def takes_more(self) -> bool:
        """Whether older entries may be sent: only what the client keeps up with."""
        return self.is_open and self.queued <= self._budget // 4

    @property
    def next_seq(self) -> int:
        """What it was told last of the log."""
        return self.seq if self.log_channel is None else self.log_channel.told

    # ------------------------------------------------------------ positions

    def join_state(self, channel: StateAudience) -> None:
        """It stands where the channel stands, and is sent every patch from now on."""
        self.leave_state()
        channel.add(self)
        self.state_channel = channel
        self._settle()

    def leave_state(self) -> None:
        if self.state_channel is not None:
            self.state_channel.discard(self)
            self.state_channel = None
            self._settle()

    def join_log(self, channel: LogAudience) -> None:
        """It stands where the channel stands, and is sent every batch from now on."""
        self.leave_log()
        channel.add(self)
        self.log_channel = channel
        self._settle()

    def leave_log(self) -> None:
        if self.log_channel is not None:
            self.seq = self.log_channel.told
            self.log_channel.discard(self)
            self.log_channel = None
            self._settle()

    def _settle(self) -> None:
        if self.is_open:
            is_live = self.state_channel is not None and self.log_channel is not None
            self.phase = Phase.LIVE if is_live else Phase.SYNCING

    def owe_snapshot(self, reason: str) -> None:
        """No patches until it has been sent one. The first reason stays."""
        self.want = self.want or reason
        self.leave_state()

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

    def send_snapshot(self, message: Outgoing, out: list[Effect], now: float) -> bool:
        """Send a snapshot, which the budget does not count as long as it is the only one."""
        self._large = len(message)
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
        self.want = "overrun"  # whatever it was owed before
        return True

    def _fall_behind(self, out: list[Effect], now: float) -> None:
        out.append(Drop(self.id))
        overruns = self._overruns = _since(self._overruns, now - OVERRUNS_PERIOD_S)
        if len(overruns) >= MAX_OVERRUNS:
            reason = f"Behind {MAX_OVERRUNS + 1} times within {OVERRUNS_PERIOD_S:.0f} s."
            self.end(TRY_LATER, reason, out)
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
                self.end(TRY_LATER, "Answers wait, and nothing is read.", out)

    def dropped(self, messages: list[Outgoing], out: list[Effect]) -> None:
        """These were discarded: what has to come again is remembered."""
        starts = [message.log_start for message in messages if message.log_start is not None]
        self.seq = min([self.seq, *starts])
        for message in messages:
            if message.kind == "logs.history" and message.log_start is not None:
                self.history = History(since=message.log_start)
            self._keep(message, out)

    def release(self, out: list[Effect], now: float) -> None:
        """Send what was kept while behind, now that the snapshot is on its way."""
        kept, self._kept, self._kept_bytes = self._kept, [], 0
        if self._pong is not None:
            kept.append(self._pong)
            self._pong = None
        if self.owes_ack:
            self.owes_ack = False
            kept.insert(0, replies.ack())
        for message in kept:
            self.send(message, out, now)

    # ------------------------------------------------------------ ending

    def mistake(self, error: BadMessage, out: list[Effect], now: float) -> None:
        """Say what was wrong; end the connection when it goes on."""
        mistakes = self._mistakes = _since(self._mistakes, now - MISTAKES_PERIOD_S)
        if len(mistakes) >= MAX_MISTAKES:
            self.end(POLICY, f"More than {MAX_MISTAKES} messages were not valid.", out)
            return
        mistakes.append(now)
        message = replies.error(error.code, str(error), id=error.id, column=error.column)
        if self.phase is Phase.HELLO:  # authenticated, but not welcomed yet
            out.append(Send(self.id, message))
        else:
            self.send(message, out, now)

    def end(self, code: int, reason: str, out: list[Effect]) -> None:
        """Say why, and close. Where nothing may be sent yet, only close."""
        if self.phase is Phase.CLOSED:
            return
        if self.authenticated:
            out.append(Send(self.id, replies.bye(code, reason)))
        out.append(Close(self.id, code, reason))
        self.phase = Phase.CLOSED
        self.ended = reason
        self.leave()

    def leave(self) -> None:
        """Out of every channel."""
        self.leave_state()
        self.leave_log()


def _since(times: list[float], start: float) -> list[float]:
    return [time for time in times if time >= start]
