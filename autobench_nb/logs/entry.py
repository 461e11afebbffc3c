"""What one log entry is: its level, its fields, its form on the wire."""

from __future__ import annotations

from collections.abc import Mapping
from enum import IntEnum
from typing import Any, NamedTuple, Self

from autobench_nb.contract.levels import LEVELS
from autobench_nb.logs.channels import NEUTRAL_EMOJI, Channel, Channels

__all__ = ["NEUTRAL_EMOJI", "Channel", "Channels", "Level", "LogEntry"]


class Level(IntEnum):
    """How much an entry matters. The numbers are those of the wire and of the standard logging module."""

    DEBUG = LEVELS["debug"]
    INFO = LEVELS["info"]
    WARN = LEVELS["warn"]
    ERROR = LEVELS["error"]
    FATAL = LEVELS["fatal"]

    @property
    def wire(self) -> str:
        """The name that the wire uses: ``debug``, ``info``, ``warn``, ``error`` or ``fatal``."""
        return WIRE_LEVELS[self]

    @classmethod
    def parse(cls, value: object) -> Level:
        """Read a level from its name in any case (``warning`` and ``critical`` too) or its number.

        A number between two levels is the lower one, as with the standard logging module's own levels; below 10 it is
        ``DEBUG``. Raises :class:`ValueError` for anything else.
        """
        if type(value) is cls:
            return value
        if isinstance(value, str):
            level = _BY_NAME.get(value.strip().lower())
            if level is not None:
                return level
        elif isinstance(value, (int, float)) and not isinstance(value, bool):
            if value >= cls.FATAL:  # also infinity, which int() does not take
                return cls.FATAL
            if value >= cls.DEBUG:
                return cls(int(value) // 10 * 10)
            if value < cls.DEBUG:  # not "else": NaN is no level
                return cls.DEBUG
        raise ValueError(
            f"{value!r} is no log level: it takes debug, info, warn, error, fatal or a number."
        )


WIRE_LEVELS: dict[int, str] = {number: name for name, number in LEVELS.items()}
_BY_NAME = {
    **{level.name.lower(): level for level in Level},
    "warning": Level.WARN,
    "critical": Level.FATAL,
}


class LogEntry(NamedTuple):
    """One entry. ``ts`` is milliseconds since 1970 UTC, with a fraction down to the microsecond.

    ``fields`` is a flat mapping of JSON scalars and must not be changed. ``exc`` is a formatted traceback.
    ``cut`` is set only on what came over the wire with its message cut: the characters that the whole message has.
    """

    seq: int
    ts: float
    channel: str
    emoji: str
    color: str
    level: Level
    message: str
    logger: str | None = None
    job_id: str | None = None
    step_id: str | None = None
    device_id: str | None = None
    fields: Mapping[str, Any] | None = None
    exc: str | None = None
    cut: int | None = None

    def to_wire(self) -> dict[str, Any]:
        """The entry as the wire document describes it, whole; what is not there has no key."""
        wire: dict[str, Any] = {
            "seq": self.seq,
            "ts": self.ts,
            "channel": self.channel,
            "emoji": self.emoji,
            "color": self.color,
            "level": WIRE_LEVELS[self.level],
            "message": self.message,
        }
        for key, value in zip(_OPTIONAL, self[7:], strict=True):
            if value is not None:
                wire[key] = dict(value) if isinstance(value, Mapping) else value
        return wire

    @classmethod
    def from_wire(cls, wire: Mapping[str, Any]) -> Self:
        """Read an entry that came over the wire; unknown keys are ignored.

        Raises :class:`ValueError` when a key is missing or a level is none.
        """
        try:
            return cls(
                wire["seq"],
                float(wire["ts"]),
                wire["channel"],
                wire.get("emoji", NEUTRAL_EMOJI),
                wire.get("color", ""),
                Level.parse(wire["level"]),
                wire["message"],
                *(wire.get(key) for key in _OPTIONAL),
            )
        except (KeyError, TypeError) as error:
            raise ValueError(f"this is no log entry: {error}") from None


_OPTIONAL = ("logger", "jobId", "stepId", "deviceId", "fields", "exc", "cut")
