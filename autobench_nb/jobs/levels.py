"""What level a printed line says it has: in its own words, in any of the usual notations."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import accumulate
from typing import Any, Final

import orjson
import re2

from autobench_nb.logs.entry import Level

LOOKED_AT: Final = 400
"""Characters at a line's start in which its level is looked for; JSON is read up to :data:`JSON_LIMIT`."""
JSON_LIMIT: Final = 65_536

_COLOR = re.compile(r"\x1b\[[\d;:]*[A-Za-z]")
_WORDS = (
    "TRACE|DEBUG|FINE|FINER|FINEST|VERBOSE|INFO|NOTICE|SUCCESS"
    "|WARN|WARNING|ERROR|ERR|SEVERE|CRITICAL|CRIT|FATAL|ALERT|EMERG|PANIC"
)
_LEVELS: Final = {
    **dict.fromkeys(("trace", "debug", "fine", "finer", "finest", "verbose", "d", "t", "v"), Level.DEBUG),
    **dict.fromkeys(("info", "notice", "success", "information", "i"), Level.INFO),
    **dict.fromkeys(("warn", "warning", "w"), Level.WARN),
    **dict.fromkeys(("error", "err", "severe", "e"), Level.ERROR),
    **dict.fromkeys(("critical", "crit", "fatal", "alert", "emerg", "panic", "f", "c"), Level.FATAL),
}  # fmt: skip
# What may stand before the level: times, numbers, one name in brackets.
_BEFORE = r"[\s\d:.,/+TZ|()\-]*(?:\[[^\]]{0,60}\][\s\d:.,|\-]*)?"
_HEAD = re.compile(rf"{_BEFORE}[\[(<*]?\s*(?P<level>{_WORDS})\b(?=\s*[\]):>|*]|\s+|$|-)")
_LETTER = re.compile(r"\[?(?P<level>[DIWEFC])(?: |\d{4} )\d\d:?[\d:-]")
_LOGFMT = re.compile(r'(?:^|\s)(?:level|lvl|severity)="?(?P<level>[A-Za-z]+)')
_SAID = re.compile(
    r"(?P<raised>(?:^|[\s.])[A-Z]\w*(?:Error|Exception)|^(?:KeyboardInterrupt|SystemExit)): "
    r"|(?P<told>\b[A-Z]\w*Warning): "
    r"|(?:^|[\s:\[(*])(?P<fatal>(?i:fatal|critical|panic))(?: error)?\s*[:\]]"
    r"|(?:^|[\s:\[(*])(?P<error>(?i:error))(?:\[\w+\]|\s+[A-Z]{1,4}\d+)?\s*[:\]]"
    r"|(?:^|[\s:\[(*])(?P<warn>(?i:warning|warn))(?:\[\w+\])?\s*[:\]]"
)
_JSON_KEYS: Final = ("level", "severity", "lvl", "levelname", "loglevel", "log.level")

# One pattern for a whole batch of lines: a line in which it does not hit says no level, and begins no traceback.
_HINT: Any = re2.compile(
    rb"(?i)error|warn|fatal|critical|panic|exception|throwable|debug|trace|severe|notice|verbose|alert|emerg"
    rb"|\bfine|\bcrit\b|level|severity|\blvl|interrupt|systemexit|(?-i)(?m:^\[?[DIWEFC](?: |\d{4} )\d\d)"
    rb"|(?m:^  File \"|^(?:/|file:|node:)\S*:\d+\s*$)"
)


def level_of(text: str) -> Level | None:
    """The level that a printed line says it has; None where it says none.

    Read are a level's name or letter at the start, after a time (``2026-01-02 03:04:05 ERROR x``, ``[W 12:00:00]``,
    ``WARNING:root:x``), ``error: x`` within the line as compilers write it, exceptions (``ValueError: x``), JSON
    objects (``{"level": "warn"}``, also pino's and bunyan's numbers) and logfmt (``level=warn``). Colours do not
    matter.
    """
    start = text[:1]
    if start == "{" and len(text) <= JSON_LIMIT:
        level = _json_level(text)
        if level is not None:
            return level
    head = text[:LOOKED_AT]
    if "\x1b" in head:
        head = _COLOR.sub("", head)
    match = _HEAD.match(head) or _LETTER.match(head) or _LOGFMT.search(head)
    if match is not None:
        level = _LEVELS.get(match["level"].lower())
        if level is not None:
            return level
    match = _SAID.search(head)
    if match is None:
        return None
    if match["fatal"]:
        return Level.ERROR
    return Level.WARN if match["warn"] or match["told"] else Level.ERROR


def lines_with_hints(joined: bytes, lengths: Iterator[int]) -> set[int] | None:
    """The numbers of the lines that are worth a closer look.

    Args:
        joined: Lines, each with a newline at its end, as UTF-8.
        lengths: The bytes that each line has with its newline.

    Returns:
        None for none, found by one search of the whole.
    """
    if _HINT.search(joined) is None:
        return None
    found: set[int] = set()
    hits = _HINT.finditer(joined)
    hit = next(hits).start()
    for number, end in enumerate(accumulate(lengths)):
        if hit < end:
            found.add(number)
            while hit < end:
                match = next(hits, None)
                if match is None:
                    return found
                hit = match.start()
    return found


def has_hint(text: str) -> bool:
    """Whether a line is worth a closer look."""
    return _HINT.search(text[:JSON_LIMIT].encode("utf-8", "replace")) is not None


def _json_level(text: str) -> Level | None:
    try:
        parsed = orjson.loads(text)
    except ValueError:
        return None
    if not isinstance(parsed, dict):
        return None
    for key in _JSON_KEYS:
        value = parsed.get(key)
        if isinstance(value, str):
            return _LEVELS.get(value.strip().lower())
        if isinstance(value, int) and not isinstance(value, bool):
            return _level_number(value)
    return None


def _level_number(value: int) -> Level:
    """The levels of pino, bunyan and Python's logging, where 10 is the least."""
    return Level(min(max(value // 10 * 10, Level.DEBUG), Level.FATAL))
