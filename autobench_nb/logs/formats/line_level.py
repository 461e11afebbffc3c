"""The level that one line says, whatever its format: for output that comes line by line."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache
from typing import Final

import orjson

from autobench_nb.logs.entry import Level
from autobench_nb.logs.formats.catalogue import default_catalogue
from autobench_nb.logs.formats.layouts import Layout
from autobench_nb.logs.formats.levels import HEAD, level_in_text, uncoloured
from autobench_nb.logs.formats.parser import level_parser_of
from autobench_nb.logs.formats.structured import said_level
from autobench_nb.logs.formats.times import Clock

_DATED = re.compile(
    r"\d(?::\d\d|\d{3}[-/.]\d\d|\d[-/.]\d\d[-/. ]|\d{5}|\.\d{3}|[/-][A-Z][a-z]{2}[/-]\d)", re.ASCII
)
"""Something like a part of a time."""
_matched_last: list[int] = []
"""The format that fitted last is tried first, since lines of one program look alike; any thread may set it."""
_JSON_CHARS: Final = 64 * 1024
_ISO: Final = Layout(Clock(now=0.0), "iso")


def level_of_line(text: str) -> Level | None:
    """The level that a line says: ``ERROR: x``, ``[W 12:00:01]``, in colour too, JSON, logfmt, any known format.

    Args:
        text: One line; only its beginning is looked at, so that a long one takes no longer.

    Returns:
        The level, or None where the line says none. Never raises.
    """
    head = text[:HEAD]
    if "\x1b" in head:
        head = uncoloured(head)
    head = head.lstrip()
    if head.startswith("{"):
        return _json_level(text)
    # A format that fits has the last word, but only lines that say a time (or a letter, as Android's) can have one
    # whose level the text itself does not show.
    if _DATED.search(head, 0, 64) is not None or head[:1] == "<" or head[1:2] == "/":
        formats = default_catalogue().formats
        for place in (*_matched_last, *default_catalogue().starting_with(head[0])):
            found = _level_parser(place)(head)
            if found is None:
                continue
            if found[0] is not None or not formats[place].generic:
                _matched_last[:] = [place]
                return found[0]
            if place not in _matched_last:
                # What fits nearly everything does not stand in the way of what knows the level.
                return None
    return level_in_text(head)


@cache
def _level_parser(place: int) -> Callable[[str], tuple[Level | None] | None]:
    return level_parser_of(default_catalogue().formats[place])


def _json_level(text: str) -> Level | None:
    if len(text) > _JSON_CHARS:
        return None
    try:
        record = orjson.loads(text)
    except ValueError:
        return None
    if not isinstance(record, dict):
        return None
    return said_level(record)
