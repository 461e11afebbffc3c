"""The levels of the log: their names on the wire, and their numbers."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Final


class LevelName(StrEnum):
    """A log level's name on the wire, in rising order."""

    DEBUG = "debug"
    INFO = "info"
    WARN = "warn"
    ERROR = "error"
    FATAL = "fatal"


LEVEL_NAMES: Final[tuple[str, ...]] = tuple(name.value for name in LevelName)
LEVELS: Final[Mapping[str, int]] = MappingProxyType(
    {name: 10 * place for place, name in enumerate(LEVEL_NAMES, 1)}
)
"""Number by name: those of the standard ``logging`` module, whose WARNING and CRITICAL are ``warn`` and ``fatal``."""
