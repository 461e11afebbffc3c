"""A format's definition as a function from a line to what it says."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from autobench_nb.logs.entry import Level
from autobench_nb.logs.formats.definition import Format
from autobench_nb.logs.formats.levels import SEVERITIES, leading_level, level_of
from autobench_nb.logs.formats.parsed import NAME_CHARS, NO_FIELDS, ParsedLine
from autobench_nb.logs.formats.times import END_MS, FIRST_MS, Clock, zone_ms

HEAD_CHARS: Final = 2_048
"""Characters of a line that a pattern is held against; what lies beyond belongs to the message."""
REMEMBERED: Final = 1_024

Parse = Callable[[str], "ParsedLine | None"]
_new = tuple.__new__


def parser_of(format: Format, clock: Clock) -> Parse:
    """A function that reads one line of ``format``, with its times read by ``clock``; None where it does not fit."""
    match = format.regex.fullmatch
    message_at, logger_at, source_at, channel_at = (
        format.place(part) for part in ("message", "logger", "source", "channel")
    )
    time_of = _times(format, clock)
    level_from = _levels(format)
    fields_of = _fields(format)
    name, has = format.name, format.has

    def parse(line: str) -> ParsedLine | None:
        tail = ""
        if len(line) > HEAD_CHARS:
            line, tail = line[:HEAD_CHARS], line[HEAD_CHARS:]
        if has not in line:
            return None
        found = match(line)
        if found is None:
            return None
        said = found.groups()
        ts = time_of(said)
        if ts is False:
            return None
        message = said[message_at] or ""
        logger = said[logger_at] if logger_at >= 0 else None
        if logger is None and source_at >= 0:
            logger = said[source_at]
        if logger is not None and len(logger) > NAME_CHARS:
            logger = logger[:NAME_CHARS]
        channel = said[channel_at] if channel_at >= 0 else None
        return _new(
            ParsedLine,
            (
                ts,
                level_from(said, message),
                message + tail if tail else message,
                name,
                logger or None,
                channel[:NAME_CHARS] if channel else None,
                NO_FIELDS if fields_of is None else fields_of(said),
                None,
                1,
            ),
        )

    return parse


def level_parser_of(format: Format) -> Callable[[str], Level | None] | None:
    """A function that reads only the level of a line of ``format``; None where such lines say none."""
    if format.place("level") < 0 and format.place("pri") < 0:
        return None
    match, message_at, level_from = format.regex.fullmatch, format.place("message"), _levels(format)

    def level(line: str) -> Level | None:
        found = match(line)
        return (
            None if found is None else level_from(found.groups(), found.groups()[message_at] or "")
        )

    return level


def _times(format: Format, clock: Clock) -> Callable[[tuple[str | None, ...]], Any]:
    """The time of a match: milliseconds, None where the line says none, False where what it says is no time."""
    time_at, fraction_at, millis_at, zone_at, year_at = (
        format.place(part) for part in ("time", "fraction", "millis", "zone", "year")
    )
    if time_at < 0:
        return lambda _said: None
    layout = clock.layout(format.time)
    local, utc = layout.local, layout.utc
    zones: dict[str, float | None] = {}

    def zone_of(text: str) -> float | None:
        if text not in zones:
            if len(zones) >= REMEMBERED:
                zones.clear()
            zones[text] = zone_ms(text)
        return zones[text]

    def time_of(said: tuple[str | None, ...]) -> float | bool | None:
        text = said[time_at]
        if text is None:
            return None
        if year_at >= 0 and said[year_at] is not None:
            text = f"{text} {said[year_at]}"
        zone = said[zone_at] if zone_at >= 0 else None
        offset = None if zone is None else zone_of(zone)
        if offset is None:
            ms = local(text)
        else:
            ms = utc(text)
            if ms is not None:
                ms -= offset
        if ms is None:
            return False
        if fraction_at >= 0 and (fraction := said[fraction_at]) is not None:
            ms += int(fraction) * _SCALE[len(fraction)]
        elif millis_at >= 0 and (millis := said[millis_at]) is not None:
            ms += int(millis)
        return ms if FIRST_MS <= ms < END_MS else False

    return time_of


_SCALE: Final = tuple(10.0 ** (3 - digits) for digits in range(32))


def _levels(format: Format) -> Callable[[tuple[str | None, ...], str], Level]:
    """The level of a match and its message."""
    level_at, pri_at = format.place("level"), format.place("pri")
    default, spoken = format.level, format.spoken
    known: dict[str, Level] = dict(format.levels)

    def level_from(said: tuple[str | None, ...], message: str) -> Level:
        if pri_at >= 0 and (pri := said[pri_at]) is not None:
            return SEVERITIES[int(pri) % 8]
        if level_at >= 0 and (word := said[level_at]) is not None:
            level = known.get(word)
            if level is None:
                if len(known) >= REMEMBERED:
                    known.clear()
                    known.update(format.levels)
                level = known[word] = level_of(word) or default
            return level
        return (leading_level(message) if spoken else None) or default

    return level_from


def _fields(format: Format) -> Callable[[tuple[str | None, ...]], Mapping[str, Any]] | None:
    """The fields of a match; a group whose pattern is only digits is a number."""
    places = format.fields
    partial_at = format.place("partial")
    if partial_at >= 0:
        places = (*places, ("partial", partial_at))
    if not places:
        return None

    numbers = {name for name, _ in places if f"(?P<{name}>\\d+)" in format.pattern}
    plain = [(name, place) for name, place in places if name not in numbers]
    counted = [(name, place) for name, place in places if name in numbers]

    def fields_of(said: tuple[str | None, ...]) -> Mapping[str, Any]:
        fields: dict[str, Any] = {}
        for name, place in counted:
            if (value := said[place]) is not None:
                fields[name] = int(value) if len(value) < 16 else value
        for name, place in plain:
            if value := said[place]:
                fields[name] = value
        return fields

    return fields_of
