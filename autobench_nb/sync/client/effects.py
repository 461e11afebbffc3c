"""What a mirror asks of its link, and what it tells those who look at it."""

from __future__ import annotations

from typing import Any

from msgspec import Struct


class SendUp(Struct, frozen=True):
    """Send this message to the server."""

    data: bytes


class Connected(Struct, frozen=True):
    """The server has welcomed us. Where not ``resumed``, a snapshot follows; ``read_only``: we may not command."""

    epoch: str
    resumed: bool
    read_only: bool = False


class Changed(Struct, frozen=True):
    """The state is another one now. ``operations`` is ``None`` where all of it was replaced; ``reason`` says why."""

    from_version: int | None
    to_version: int
    operations: tuple[dict[str, Any], ...] | None
    reason: str | None = None


class LogsArrived(Struct, frozen=True):
    """Log entries in their wire form, oldest first. ``missed``: so many before them are lost.

    ``is_history``: they are what was asked for, may be older than what is there, and are merged by ``seq``.
    """

    entries: tuple[dict[str, Any], ...]
    first_seq: int
    next_seq: int
    missed: int
    is_history: bool = False


class Replaced(Struct, frozen=True):
    """Another epoch: whatever was mirrored before is void, log entries too."""

    epoch: str


class Answered(Struct, frozen=True):
    """The answer to a command, or an error that has the command's id."""

    id: str | int
    ok: bool
    value: Any = None
    code: str | None = None
    message: str | None = None


class CommandRefused(Struct, frozen=True):
    """The server could not use a message of ours."""

    code: str
    message: str
    column: int | None = None


class Busy(Struct, frozen=True):
    """The kernel runs a cell since ``since_ms`` (after 1970), or is free again.

    Where it does not ``listen`` meanwhile, heartbeats are suspended and commands wait.
    """

    busy: bool
    since_ms: int | float
    listens: bool

    @property
    def is_deaf(self) -> bool:
        """Whether nothing that is said is heard before the cell ends."""
        return self.busy and not self.listens


class Alive(Struct, frozen=True):
    """A pong; ``ts`` is the ping's."""

    ts: int | float


class Farewell(Struct, frozen=True):
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
