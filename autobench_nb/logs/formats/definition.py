"""What a log format is: a definition that can be written in TOML, and what becomes of it.

A definition names a pattern; what its groups are called says what they are:

- ``time`` with ``fraction`` (of a second) or ``millis`` (whole milliseconds), ``zone``, and ``year`` or ``half``
  (of the day: AM, PM) where they stand apart;
- ``level``, ``logger``, ``channel``, ``message``, ``pri`` (the number of RFC 5424 that holds the severity);
- ``source``: a second place where the logger may stand;
- ``partial``: an entry that goes on in the next line; every other group is a field of the entry.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final, Literal

from autobench_nb.errors import ConfigError
from autobench_nb.logs.entry import Level
from autobench_nb.logs.formats.levels import level_of

Continuation = Literal["indented", "any", "none"]

_LEVEL = (
    r"(?P<level>(?i:trace|debug|verbose|finest|finer|fine|info|information|notice|success|warn|warning|error|"
    r"severe|fatal|critical|crit|alert|emerg|panic|dpanic|trc|dbg|inf|wrn|err|ftl|config))"
)
_ZONE = (
    r"(?P<zone>[+-]\d\d(?::?\d\d)?\b|Z\b|UTC\b| (?:[+-]\d\d:?\d\d|Z|UTC|GMT|WES?T|CES?T|EES?T|MSK|IST|JST|KST|BST|"
    r"A?[EC][SD]T|[MP][SD]T|[A-Z][a-z]+/[A-Z][A-Za-z_]+)\b)?"
)
# RE2's subset of Python's syntax: no pattern may look around or back, so that none takes long for any line.
MACROS: Final[Mapping[str, str]] = {
    "iso": r"(?P<time>\d{4}[-/]\d\d[-/]\d\d[T _]\d\d:\d\d:\d\d)(?:[.,:](?P<fraction>\d{1,9}))?"
    rf"{_ZONE}",
    "zone": _ZONE,
    "clock": r"(?P<time>\d\d:\d\d:\d\d)(?:[.,](?P<fraction>\d{1,9}))?",
    "level": _LEVEL,
    "rest": r"\]?[ \t]*(?:[-|:,] ?)?(?:(?:\[(?P<thread>[^\]]*)\] ?|(?P<pid>\d+) |"
    r"(?P<logger>[A-Za-z_$][\w.$/-]*)(?: - |: | +))?"
    rf"[\[(<]?{_LEVEL}(?:[\])>]:?|[:!]|\b)[ \t|]*(?:- )?)?"
    r"(?:(?P<source>[A-Za-z_$][\w.$/-]*)(?: - |: ))?(?P<message>.*)",
    "name": r"[A-Za-z_$][\w.$/:-]*",
    "host": r"[^\s:\[\]|]+",
}
"""What ``%{name}`` stands for in a pattern."""

_MACRO = re.compile(r"%\{(\w+)\}")
_KEYS: Final = frozenset(
    {"name", "pattern", "time", "levels", "level", "continuation", "first", "has", "generic", "spoken", "inner",
     "examples"}
)  # fmt: skip
_PARTS: Final = frozenset(
    {"time", "fraction", "millis", "zone", "year", "half", "level", "logger", "channel", "message", "pri",
     "partial", "source"}
)  # fmt: skip


@dataclass(frozen=True)
class Format:
    """One log format.

    Attributes:
        name: What the summary calls it; several definitions may share one.
        pattern: A regular expression that fits the whole line, with macros.
        time: The layout of the group ``time``: ``iso``, ``epoch``, or as for ``strptime``.
        levels: Words of the group ``level`` that mean something else than usual.
        level: The level where none is said.
        continuation: Which lines below belong to an entry: ``indented`` ones and tracebacks, ``any`` that no format
            takes, or ``none``.
        first: The characters with which a line can begin, as in a character class; empty: any.
        has: A text that every such line has; it is looked for before the pattern, which takes longer.
        generic: Whether it fits many kinds of log, and so is chosen only where no other fits as well.
        spoken: Whether a message may begin with its level.
        inner: Whether the message is itself a line of another log, as in a container's.
        examples: Lines that it fits.
    """

    name: str
    pattern: str
    time: str = ""
    levels: Mapping[str, Level] = field(default_factory=dict)
    level: Level = Level.INFO
    continuation: Continuation = "indented"
    first: str = ""
    has: str = ""
    generic: bool = False
    spoken: bool = False
    inner: bool = False
    examples: tuple[str, ...] = ()

    @cached_property
    def regex(self) -> re.Pattern[str]:
        """The compiled pattern, made when first needed."""
        return re.compile(_MACRO.sub(lambda found: MACROS[found[1]], self.pattern), re.ASCII)

    @cached_property
    def starts(self) -> re.Pattern[str] | None:
        """What the first character of a line must be like."""
        return re.compile(f"[{self.first}]", re.ASCII) if self.first else None

    @cached_property
    def fields(self) -> tuple[tuple[str, int], ...]:
        """The groups that are fields, with their places among all groups (from 0)."""
        groups = self.regex.groupindex.items()
        return tuple((name, place - 1) for name, place in groups if name not in _PARTS)

    def matches(self, line: str) -> bool:
        """Whether the pattern fits; the line's time may still be none."""
        return self.has in line and self.regex.fullmatch(line) is not None

    def place(self, part: str) -> int:
        """Where the group ``part`` stands among all (from 0); -1 where the pattern has none."""
        return self.regex.groupindex.get(part, 0) - 1


def read_formats(text: str, source: str, *, is_trusted: bool = False) -> list[Format]:
    """The definitions of a TOML text: its tables ``[[format]]``.

    Args:
        text: The TOML.
        source: What to call it in an error, such as the file's name.
        is_trusted: Patterns are compiled when they are first needed, not to find out whether they can be.

    Raises:
        ConfigError: It is no TOML, or a definition cannot be; the error names which, and what it takes.
    """
    try:
        tables = tomllib.loads(text).get("format")
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise ConfigError(source, str(error), "TOML with tables [[format]]") from None
    if not isinstance(tables, list) or not tables:
        raise ConfigError(source, tables, "TOML with at least one table [[format]]")
    made = [_format(table, source) for table in tables]
    if not is_trusted:
        for format in made:
            _check(format, f"{source}: format {format.name}")
    return made


def _format(table: Any, source: str) -> Format:
    if not isinstance(table, dict) or not isinstance(name := table.get("name"), str) or not name:
        raise ConfigError(source, table, "tables [[format]] that each have a name")
    where = f"{source}: format {name}"
    unknown = sorted(set(table) - _KEYS)
    if unknown:
        raise ConfigError(where, unknown[0], f"the keys {', '.join(sorted(_KEYS))}")
    levels = table.get("levels", {})
    if not isinstance(levels, dict):
        raise ConfigError(where, levels, 'levels = {"word" = "info"}')
    return Format(
        name=name,
        pattern=_typed(table, "pattern", str, "", where),
        time=_typed(table, "time", str, "", where),
        levels={word: _level(level, where) for word, level in levels.items()},
        level=_level(table.get("level", "info"), where),
        continuation=_continuation(table.get("continuation", "indented"), where),
        first=_typed(table, "first", str, "", where),
        has=_typed(table, "has", str, "", where),
        generic=_typed(table, "generic", bool, False, where),
        spoken=_typed(table, "spoken", bool, False, where),
        inner=_typed(table, "inner", bool, False, where),
        examples=tuple(_typed(table, "examples", list, [], where)),
    )


def _check(made: Format, where: str) -> None:
    from autobench_nb.logs.formats.layouts import Layout
    from autobench_nb.logs.formats.times import Clock

    try:
        groups = made.regex.groupindex
        _ = made.starts
    except (re.error, KeyError, OverflowError, RecursionError) as error:
        raise ConfigError(where, made.pattern, f"a regular expression ({error})") from None
    if "message" not in groups:
        raise ConfigError(where, made.pattern, "a pattern with a group (?P<message>...)")
    if ("time" in groups) != bool(made.time):
        raise ConfigError(
            where, made.time, "a time layout where the pattern has a group (?P<time>...)"
        )
    try:
        Layout(Clock(now=0), made.time)
    except ValueError as error:
        raise ConfigError(
            where, made.time, f"iso, epoch or a layout as for strptime ({error})"
        ) from None


def _typed(table: Mapping[str, Any], key: str, kind: type, default: Any, where: str) -> Any:
    value = table.get(key, default)
    if not isinstance(value, kind):
        raise ConfigError(f"{where}: {key}", value, f"a {kind.__name__}")
    return value


def _level(value: Any, where: str) -> Level:
    level = level_of(value)
    if level is None:
        raise ConfigError(where, value, "levels debug, info, warn, error, fatal")
    return level


def _continuation(value: Any, where: str) -> Continuation:
    if value not in ("indented", "any", "none"):
        raise ConfigError(where, value, "continuation indented, any or none")
    result: Continuation = value
    return result
