"""What one entry of a log file says."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final, NamedTuple

from autobench_nb.logs.entry import Level

NO_FIELDS: Final[Mapping[str, Any]] = MappingProxyType({})
PLAIN: Final = "plain"
"""The format of a line that no definition takes."""
NAME_CHARS: Final = 128
"""Characters of a logger's or a channel's name; the rest is cut off."""


class ParsedLine(NamedTuple):
    """What one line says, with the lines below it that belong to it.

    Attributes:
        ts: Milliseconds since 1970 UTC, with a fraction; ``None`` where no line has said a time yet.
        level: The level, ``info`` where none is said.
        message: The text without what was taken from it.
        format: The name of the format that fits, or ``plain``.
        logger: The logger, program, class or tag that wrote it.
        channel: The channel, where the line itself names one.
        fields: Everything else that the line names, flat.
        exc: The traceback, its lines joined by newlines.
        lines: How many lines of the file it is made of.
    """

    ts: float | None
    level: Level
    message: str
    format: str
    logger: str | None = None
    channel: str | None = None
    fields: Mapping[str, Any] = NO_FIELDS
    exc: str | None = None
    lines: int = 1
