"""The same machine, seen from the client: it applies what follows on what it has, and asks for what does not.

A mirror never guesses. Where a patch does not start at its version it says that it is stale, and asks; where entries
are missing in front of a batch it asks for them; where the server says that they are gone, it counts them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import orjson

from autobench_nb.errors import ProtocolError, StateError
from autobench_nb.state.patch import apply_patch
from autobench_nb.sync import replies
from autobench_nb.sync.canonical import state_hash
from autobench_nb.sync.messages import PROTOCOL
from autobench_nb.sync.replies import parse_reply

ASK_AGAIN_S: Final = 2.0
"""A question that was not answered for so long is asked again, when there is still a reason to."""

LOST_HISTORY: Final = 200
"""Entries asked for where the first history did not come; the plan's default."""


@dataclass(frozen=True, slots=True)
class SendUp:
    """Send this message to the server."""

    data: bytes


@dataclass(frozen=True, slots=True)
class Connected:
    """The server has welcomed us. Where not ``resumed``, a snapshot follows."""

    epoch: str
    resumed: bool


@dataclass(frozen=True, slots=True)
class Changed:
    """The state is another one now. ``operations`` is ``None`` where all of it was replaced; ``reason`` says why."""

    from_version: int | None
    to_version: int
    operations: tuple[dict[str, Any], ...] | None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class LogsArrived:
    """Log entries in their wire form, oldest first. ``missed``: so many before them are lost.

    ``is_history``: they are what was asked for, may be older than what is there, and are merged by ``seq``.
    """

    entries: tuple[dict[str, Any], ...]
    first_seq: int
    next_seq: int
    missed: int
    is_history: bool = False


@dataclass(frozen=True, slots=True)
class Replaced:
    """Another epoch: whatever was mirrored before is void, log entries too."""

    epoch: str


@dataclass(frozen=True, slots=True)
class Answered:
    """The answer to a command, or an error that has the command's id."""

    id: str | int
    ok: bool
    value: Any = None
    code: str | None = None
    message: str | None = None


@dataclass(frozen=True, slots=True)
class CommandRefused:
    """The server could not use a message of ours."""

    code: str
    message: str
    column: int | None = None


@dataclass(frozen=True, slots=True)
class Busy:
    """Heartbeats are suspended while the server is busy."""

    busy: bool


@dataclass(frozen=True, slots=True)
class Alive:
    """A pong; ``ts`` is the ping's."""

    ts: int | float


@dataclass(frozen=True, slots=True)
class Farewell:
    """The server is about to close the link."""

    code: int
    reason: str


MirrorEffect = (
    SendUp
    | Connected
    | Changed
    | LogsArrived
    | Replaced
    | Answered
    | CommandRefused
    | Busy
    | Alive
    | Farewell
)


class Mirror:
    """State and log position of one orchestrator, as far as its messages have come.

    ``epoch`` and ``state`` are ``None`` before the first snapshot. ``stale``: the state is known not to be the newest,
    and was asked for. ``missed``: log entries lost in this epoch. Who reads the state must not change it: a patch
    leaves the old one as it was.
    """

    def __init__(self) -> None:
        self.epoch: str | None = None
        self.version: int | None = None
        self.state: dict[str, Any] | None = None
        self.next_seq: int | None = None
        self.missed = 0
        self.stale = False
        self._linked = (
            False  # whether this link has told its epoch: patches and batches do not carry one
        )
        self._seen_version = 0  # the newest of which we know
        self._seen_seq = 0
        self._asked_state_at: float | None = None
        self._asked_logs_at: float | None = None

    # ------------------------------------------------------------ what we say

    def hello(self, token: str | None = None) -> bytes:
        """The first message on a new link, with where we stand. Questions asked on the old link are forgotten."""
        self._linked = False
        self._asked_state_at = self._asked_logs_at = None
        payload: dict[str, Any] = {"capabilities": ["json-patch", "resume"]}
        if token is not None:
            payload["token"] = token
        if self.epoch is not None and self.version is not None and self.next_seq is not None:
            payload["resume"] = {
                "epoch": self.epoch,
                "stateVersion": self.version,
                "nextSeq": self.next_seq,
            }
        return orjson.dumps({"type": "hello", "payload": payload})

    def hash(self) -> str | None:
        """What ``state.hash`` would say of this state."""
        return None if self.state is None else state_hash(self.state)

    # ------------------------------------------------------------ what we hear

    def receive(self, message: str | bytes | Mapping[str, Any], now: float) -> list[MirrorEffect]:
        """Take one message. Raises :class:`ProtocolError` for what is none, and then nothing has changed."""
        out: list[MirrorEffect] = []
        reply = parse_reply(message)
        match reply:
            case replies.StatePatch():
                self._patch(reply, out, now)
            case replies.LogsAppend():
                self._append(reply, out, now)
            case replies.StateSnapshot():
                self._snapshot(reply, out)
            case replies.LogsHistory():
                self._history(reply, out, now)
            case replies.Pong():
                self._pong(reply, out, now)
            case replies.Welcome():
                if reply.protocol != PROTOCOL:
                    raise ProtocolError(
                        "protocol", f"The server speaks protocol {reply.protocol}, not {PROTOCOL}."
                    )
                self._live_in(reply.epoch, out)
                out.append(Connected(reply.epoch, reply.resumed))
            case replies.CommandResult(id=id, ok=ok, value=value, code=code, message=text):
                out.append(Answered(id, ok, value, code, text))
            case replies.Error(code=code, message=text, id=id, column=column):
                if id is not None:
                    out.append(Answered(id, False, None, code, text))
                else:
                    out.append(CommandRefused(code, text, column))
            case replies.ServerBusy(busy=busy):
                out.append(Busy(busy))
            case replies.Bye(code=bye, reason=reason):
                out.append(Farewell(bye, reason))
        return out

    def _live_in(self, epoch: str, out: list[MirrorEffect]) -> None:
        """The link belongs to this epoch. Where it is another one: replace everything, merge nothing."""
        self._linked = True
        if epoch == self.epoch:
            return
        if self.epoch is not None:
            out.append(Replaced(epoch))
        self.epoch = epoch
        self.version = self.state = self.next_seq = None
        self.missed = self._seen_version = self._seen_seq = 0
        self.stale = False
        self._asked_state_at = self._asked_logs_at = None

    # ------------------------------------------------------------ state

    def _snapshot(self, reply: replies.StateSnapshot, out: list[MirrorEffect]) -> None:
        self._live_in(reply.epoch, out)
        if self.version is not None and reply.state_version < self.version:
            return  # a late copy of an older one
        before, self.version, self.state = self.version, reply.state_version, reply.data
        self._arrived()
        out.append(Changed(before, reply.state_version, None, reply.reason))

    def _patch(self, reply: replies.StatePatch, out: list[MirrorEffect], now: float) -> None:
        if not self._linked:
            self._ask_state(out, now)
            return
        self._seen_version = max(self._seen_version, reply.to_version)
        if self.version is None or reply.from_version != self.version:
            if self.version is None or reply.to_version > self.version:
                self._ask_state(out, now)
            return  # else it is a copy of one that we have
        try:
            state = apply_patch(self.state, reply.patch)
        except StateError:
            state = None
        if not isinstance(state, dict) or state.get("version") != reply.to_version:
            self.version = None  # what we have is not what the server thinks that we have
            self._ask_state(out, now)
            return
        self.state = state
        self.version = reply.to_version
        self._arrived()
        if reply.patch:
            out.append(Changed(reply.from_version, reply.to_version, tuple(reply.patch)))

    def _arrived(self) -> None:
        self.stale = (self.version or 0) < self._seen_version
        if not self.stale:
            self._asked_state_at = None

    def _ask_state(self, out: list[MirrorEffect], now: float) -> None:
        self.stale = True
        if self._asked_state_at is not None and now - self._asked_state_at < ASK_AGAIN_S:
            return
        self._asked_state_at = now
        question: dict[str, Any] = {"type": "state.resync"}
        if self._linked and self.version is not None:
            question |= {"epoch": self.epoch, "sinceVersion": self.version}
        out.append(SendUp(orjson.dumps(question)))

    # ------------------------------------------------------------ log

    def _append(self, reply: replies.LogsAppend, out: list[MirrorEffect], now: float) -> None:
        if not self._linked:
            self._ask_logs(out, now)
            return
        self._seen_seq = max(self._seen_seq, reply.next_seq)
        if self.next_seq is None or reply.first_seq - reply.missed > self.next_seq:
            self._ask_logs(out, now)
            return
        mine = self.next_seq
        missed = min(reply.missed, max(0, reply.first_seq - mine))
        self._advance(reply.next_seq, missed)
        entries = tuple(entry for entry in reply.entries if entry["seq"] >= mine)
        if entries or missed:
            first = max(reply.first_seq, mine + missed)
            out.append(LogsArrived(entries, first, reply.next_seq, missed))

    def _history(self, reply: replies.LogsHistory, out: list[MirrorEffect], now: float) -> None:
        self._live_in(reply.epoch, out)
        self._seen_seq = max(self._seen_seq, reply.next_seq)
        if self.next_seq is None:
            # The first one. What lies before it was never asked for.
            self.next_seq = reply.first_seq - reply.missed
        if reply.first_seq - reply.missed > self.next_seq:
            self._ask_logs(out, now)  # it does not reach back to where we stand
            return
        mine = self.next_seq
        missed = min(reply.missed, max(0, reply.first_seq - mine))
        self._advance(reply.next_seq, missed)
        out.append(
            LogsArrived(
                tuple(reply.entries), reply.first_seq, reply.next_seq, missed, is_history=True
            )
        )
        if mine < self.next_seq < self._seen_seq:
            self._asked_logs_at = None
            self._ask_logs(out, now)  # an answer is bounded: there is more

    def _advance(self, next_seq: int, missed: int) -> None:
        self.missed += missed
        self.next_seq = max(self.next_seq or 0, next_seq)
        if self.next_seq >= self._seen_seq:
            self._asked_logs_at = None

    def _ask_logs(self, out: list[MirrorEffect], now: float) -> None:
        if self._asked_logs_at is not None and now - self._asked_logs_at < ASK_AGAIN_S:
            return
        self._asked_logs_at = now
        question: dict[str, Any]
        if (
            self.next_seq is None
        ):  # the history was lost: what lies before it is not ours to ask for
            payload = {"includeSnapshot": False, "logsHistory": LOST_HISTORY}
            question = {"type": "subscribe", "payload": payload}
        else:
            question = {"type": "logs.replay", "sinceSeq": self.next_seq}
            if self._linked:
                question["epoch"] = self.epoch
        out.append(SendUp(orjson.dumps(question)))

    # ------------------------------------------------------------ heartbeat

    def _pong(self, reply: replies.Pong, out: list[MirrorEffect], now: float) -> None:
        out.append(Alive(reply.ts))
        self._live_in(reply.epoch, out)
        self._seen_version = max(self._seen_version, reply.state_version)
        self._seen_seq = max(self._seen_seq, reply.next_seq)
        if self.version is None or self.stale or self.version < self._seen_version:
            self._ask_state(out, now)
        if self.next_seq is None or self.next_seq < self._seen_seq:
            self._ask_logs(out, now)
