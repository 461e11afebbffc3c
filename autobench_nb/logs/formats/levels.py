"""What programs call their levels, as words, letters, numbers and colours; and the level that any line says."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from functools import lru_cache
from typing import Any, Final

from autobench_nb.logs.entry import Level

_DEBUG, _INFO, _WARN, _ERROR, _FATAL = Level

_SPOKEN: Final[dict[str, Level]] = {
    **dict.fromkeys(
        ("trace", "debug", "verbose", "finest", "finer", "fine", "trce", "dbug"), _DEBUG
    ),
    **dict.fromkeys(("info", "information", "notice", "success"), _INFO),
    **dict.fromkeys(("warn", "warning"), _WARN),
    **dict.fromkeys(("error", "err", "severe", "failure", "fail"), _ERROR),
    **dict.fromkeys(("fatal", "critical", "crit", "panic", "emergency"), _FATAL),
}
"""Words that are a level wherever a line begins with them."""

_WORDS: Final[dict[str, Level]] = {
    **_SPOKEN,
    **dict.fromkeys(("trc", "trac", "dbg", "debu", "vrb", "silly", "config"), _DEBUG),
    **dict.fromkeys((f"debug{n}" for n in range(1, 6)), _DEBUG),
    **dict.fromkeys((f"trace{n}" for n in range(1, 9)), _DEBUG),
    **dict.fromkeys(("inf", "note", "log", "detail", "hint", "statement", "context"), _INFO),
    **dict.fromkeys(("query", "system", "default", "http", "perf", "display"), _INFO),
    **dict.fromkeys(("wrn",), _WARN),
    **dict.fromkeys(("erro", "eror", "fault"), _ERROR),
    **dict.fromkeys(("ftl", "fata", "pnc", "pani", "alert", "emerg", "assert", "dpanic"), _FATAL),
    **dict.fromkeys(("t", "v", "d"), _DEBUG),
    **dict.fromkeys(("i", "n"), _INFO),
    **dict.fromkeys(("w",), _WARN),
    **dict.fromkeys(("e",), _ERROR),
    **dict.fromkeys(("f", "c", "a"), _FATAL),
}
"""Words that are a level where a format says that a level stands; in lower case."""

SEVERITIES: Final = (_FATAL, _FATAL, _FATAL, _ERROR, _WARN, _INFO, _INFO, _DEBUG)
"""RFC 5424 section 6.2.1, from emergency to debug."""

_ESCAPES = re.compile(r"\x1b\[[0-9;:]*[A-Za-z]")
_LEADING = re.compile(
    r"[\[(<*]{0,3} ?([A-Za-z]{3,11})(?:\[[\w-]{1,40}\])? ?(?:([:!|\])>*]|- )|\s|$)", re.ASCII
)
_LETTER = re.compile(r"\[([TVDIWEFC]) \d", re.ASCII)
_RAISED = re.compile(
    r"(?:[A-Za-z_][\w.]{0,200}?(Error|Exception|Warning)|KeyboardInterrupt|SystemExit)(?:: |:?$)",
    re.ASCII,
)
_PAIR = re.compile(r'(?:^|[\s,])(?:level|lvl|severity)="?([A-Za-z]{1,11})"?(?=[\s,]|$)', re.ASCII)
_COMPILED = re.compile(
    r": (?:(fatal error|error)(?: [A-Z]{1,4}\d{1,6}|\[\w{1,40}\])?|(warning)(?:\[[\w-]{1,40}\])?): ",
    re.ASCII,
)
_RAISED_WITHIN = re.compile(r"[\s.:][A-Z]\w{0,80}(Error|Exception|Warning): ", re.ASCII)
_BUILD = re.compile(
    r"CMake (?:(Warning)|Error)\b|g?make(?:\[\d+\])?: \*\*\* |ninja: (?:error: |build stopped)|> Task :\S+ FAILED$|"
    r"NMAKE : fatal error ",
    re.ASCII,
)
_BEGINNINGS: Final = (
    "Traceback (most recent call last)",
    "Exception in thread ",
    "panic: ",
    "npm ERR! ",
)
_LEADING_CHARS: Final = 28
HEAD: Final = 512
"""Characters of a line in which a level is looked for."""


def uncoloured(text: str) -> str:
    """``text`` without the escape sequences (ECMA-48 CSI) that colour it on a terminal."""
    return _ESCAPES.sub("", text)


def level_of(word: object) -> Level | None:
    """The level of any name that loggers use for one, or of a number of ``logging``; None where it is none."""
    if isinstance(word, str):
        return _WORDS.get(word.strip().lower())
    if isinstance(word, float) and not math.isfinite(word):
        return None
    try:
        return Level.parse(word)
    except ValueError:
        return None


def pino_level(number: float) -> Level:
    """The level of a number of pino and bunyan: 10 trace, 20 debug, 30 info, 40 warn, 50 error, 60 fatal."""
    if number >= 60:
        return _FATAL
    if number >= 50:
        return _ERROR
    if number >= 40:
        return _WARN
    return _INFO if number >= 30 else _DEBUG


def severity_of(value: Any) -> Level | None:
    """The level of a syslog severity, 0 to 7, as a number or its text; else whatever :func:`level_of` reads."""
    text = str(value)
    if len(text) == 1 and text in "01234567":
        return SEVERITIES[int(text)]
    return level_of(value)


_FIRST_TWO: Final = frozenset(
    made for word in _SPOKEN for made in (word[:2], word[:2].upper(), word[:2].title())
)
"""How a word that is a level begins; most lines do not begin so, and are not looked at further."""
_OPENING: Final = frozenset("[(<* ")
"""What may stand before it."""


@lru_cache(maxsize=8_192)
def _begins_with(head: str) -> Level | None:
    match = _LEADING.match(head)
    if match is None:
        return None
    word, mark = match.groups()
    level = _SPOKEN.get(word.lower())
    return level if mark or (word.isupper() and len(word) > 3) else None


def leading_level(text: str) -> Level | None:
    """The level with which a message itself begins: ``error: x``, ``[WARN] x``, ``ERROR x``; None where it does not.

    A word in capitals needs nothing after it; in other letters it is one only before a colon or within brackets.
    """
    if text[:2] in _FIRST_TWO or text[:1] in _OPENING:
        return _begins_with(text[:_LEADING_CHARS])
    return None


def level_in_text(text: str) -> Level | None:
    """The level that a line of no known format says: at its beginning, as a pair, or as compilers do.

    Besides :func:`spoken_level`: ``[W 12:00:01]``, ``level=warn``, ``npm ERR! x``, tracebacks.
    """
    level = leading_level(text)
    if level is not None:
        return level
    first = text[:1]
    if first == "[" and (match := _LETTER.match(text)) is not None:
        return _WORDS[match[1].lower()]
    if "=" in text and (match := _PAIR.search(text)) is not None:
        level = _WORDS.get(match[1].lower())
        if level is not None:
            return level
    level = _level_within(text)
    if level is not None:
        return level
    if first in "CNgmn>" and (found := _BUILD.match(text)) is not None:
        return _WARN if found[1] else _ERROR
    if first in "TEpn":
        if text.startswith(_BEGINNINGS):
            return _ERROR
        if text.startswith("npm WARN "):
            return _WARN
    return None


def spoken_level(message: str) -> Level | None:
    """The level that a message says where it has no place: at its beginning, as compilers do, or as what was raised."""
    return leading_level(message) or _level_within(message)


def spoken_levels(messages: Iterable[str], default: Level) -> list[Level]:
    """What :func:`spoken_level` says of each message, and ``default`` where that is nothing.

    Most messages say none, as one glance shows; it is written out here, since a call for each would take three times as
    long.
    """
    return [
        default
        if message[:2] not in _FIRST_TWO
        and message[:1] not in _OPENING
        and "rror" not in message
        and "arning" not in message
        and "xception" not in message
        and "Inter" not in message
        else spoken_level(message) or default
        for message in messages
    ]


def _level_within(text: str) -> Level | None:
    """``a.c:1:2: error: x``, ``ValueError: x``, ``a.py:3: UserWarning: x``; what may say so is rare."""
    if (
        "rror" not in text
        and "arning" not in text
        and "xception" not in text
        and "Inter" not in text
    ):
        return None
    found = _COMPILED.search(text)
    if found is not None:
        return _WARN if found[2] else _ERROR
    found = _RAISED.match(text) or _RAISED_WITHIN.search(text)
    if found is None:
        return None
    return _WARN if found[1] == "Warning" else _ERROR
