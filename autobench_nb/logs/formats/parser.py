"""A format's definition as what reads its lines, many at once.

Regular expressions find what a line says; everything else is done column by column, since most lines of a log say the
same as the line before but for their message.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from itertools import repeat
from math import inf
from operator import add, sub
from typing import Any, Final, Protocol, TypeVar, cast

from autobench_nb.logs.entry import Level
from autobench_nb.logs.formats.definition import Format
from autobench_nb.logs.formats.layouts import Layout
from autobench_nb.logs.formats.levels import SEVERITIES, level_of, spoken_level, spoken_levels
from autobench_nb.logs.formats.parsed import NAME_CHARS, NO_FIELDS, ParsedLine
from autobench_nb.logs.formats.times import END_MS, FIRST_MS, Clock, named_offset_ms, zone_ms

HEAD_CHARS: Final = 2_048
"""Characters of a line that a pattern is held against; what lies beyond belongs to the message."""
REMEMBERED: Final = 1_024

Said = Sequence[str | None]
"""What one group says in each of some lines."""
_Value = TypeVar("_Value")
_new: Final = partial(tuple.__new__, ParsedLine)


class LineParser(Protocol):
    """Reads lines of one format. What :meth:`find` gives for a line is read by :meth:`entries`."""

    def parse(self, line: str) -> ParsedLine | None:
        """One line; None where it does not fit."""

    def count(self, lines: Sequence[str]) -> int:
        """How many of the lines fit, one after the other."""

    def find(self, lines: Sequence[str]) -> list[Any]:
        """What fits of the lines, None for each that does not, without a look at their times."""

    def entries(self, found: Sequence[Any]) -> list[ParsedLine] | None:
        """What lines say that were found (without those that are None), in their order.

        Returns:
            The entries; None where a line's time is none, so that they have to be read one by one.
        """


class Remembered(dict[Any, _Value]):
    """Values of texts that come again and again, made when first asked for; past a limit it begins anew."""

    def __init__(self, make: Callable[[Any], _Value]) -> None:
        super().__init__()
        self.make = make

    def __missing__(self, text: object) -> _Value:
        if len(self) >= REMEMBERED:
            self.clear()
        value = self[text] = self.make(text)
        return value


class FormatParser:
    """Reads lines of ``format``, with its times read by ``clock``."""

    def __init__(self, format: Format, clock: Clock) -> None:
        self._match = format.regex.fullmatch
        self._name, self._has = format.name, format.has
        self._message_at = format.place("message")
        self._logger_at, self._source_at = format.place("logger"), format.place("source")
        self._channel_at = format.place("channel")
        self._times = None if format.place("time") < 0 else _Times(format, clock)
        self._levels = _Levels(format)
        self._fields = _Fields(format)
        self._names = Remembered(_short_name)

    def parse(self, line: str) -> ParsedLine | None:
        """One line; None where it does not fit."""
        tail = ""
        if len(line) > HEAD_CHARS:
            line, tail = line[:HEAD_CHARS], line[HEAD_CHARS:]
        found = self._match(line) if self._has in line else None
        if found is None:
            return None
        read = self.entries([found])
        if read is None:
            return None
        return read[0]._replace(message=read[0].message + tail) if tail else read[0]

    def count(self, lines: Sequence[str]) -> int:
        """How many of the lines fit, one after the other."""
        found = [one for one in self.find(lines) if one is not None]
        if not found or self._are_times(found):
            return len(found)
        return sum(self._are_times([one]) for one in found)

    def _are_times(self, found: Sequence[Any]) -> bool:
        return self._times is None or self._times(_columns(found)) is not None

    def find(self, lines: Sequence[str]) -> list[Any]:
        """What the pattern finds in each line. Lines that are too long for it are left to :meth:`parse`."""
        match = self._match
        if max(map(len, lines), default=0) > HEAD_CHARS:
            return [match(line) if len(line) <= HEAD_CHARS else None for line in lines]
        return list(map(match, lines))

    def entries(self, found: Sequence[Any]) -> list[ParsedLine] | None:
        """What lines say that were found, in their order; None where a line's time is none."""
        columns = _columns(found)
        times = repeat(None) if self._times is None else self._times(columns)
        if times is None:
            return None
        messages = columns[self._message_at]
        if None in messages:
            messages = [message or "" for message in messages]
        fields = self._fields(columns)
        return list(
            map(
                _new,
                zip(
                    times,
                    self._levels(columns, messages),
                    messages,
                    repeat(self._name),
                    self._loggers(columns),
                    self._channels(columns),
                    repeat(NO_FIELDS) if fields is None else fields,
                    repeat(None),
                    repeat(1, len(found)),
                ),
            )
        )

    def _loggers(self, columns: Sequence[Said]) -> Iterable[str | None]:
        if self._logger_at < 0:
            return repeat(None)
        loggers = columns[self._logger_at]
        if self._source_at >= 0:
            sources = columns[self._source_at]
            loggers = [b if a is None else a for a, b in zip(loggers, sources, strict=True)]
        return map(self._names.__getitem__, loggers)

    def _channels(self, columns: Sequence[Said]) -> Iterable[str | None]:
        if self._channel_at < 0:
            return repeat(None)
        return map(self._names.__getitem__, columns[self._channel_at])


def _short_name(name: Any) -> str | None:
    return name[:NAME_CHARS] or None if name else None


def _columns(found: Sequence[Any]) -> list[Said]:
    return list(zip(*[one.groups() for one in found], strict=True))


class _Times:
    """The times of matches in milliseconds, None where a line says none."""

    def __init__(self, format: Format, clock: Clock) -> None:
        self._time_at = format.place("time")
        self._apart_at = [at for part in ("half", "year") if (at := format.place(part)) >= 0]
        self._part_at = max(format.place("fraction"), format.place("millis"))
        self._parts = _FRACTIONS if format.place("fraction") >= 0 else _MILLISECONDS
        self._zone_at = format.place("zone")
        self._layout = Layout(clock, format.time)
        self._zones = Remembered(zone_ms)

    def __call__(self, columns: Sequence[Said]) -> list[float | None] | None:
        """One time for each line; None where one of them is no time."""
        texts = columns[self._time_at]
        for place in self._apart_at:
            texts = [
                time if time is None or part is None else f"{time} {part}"
                for time, part in zip(texts, columns[place], strict=True)
            ]
        if None not in texts:
            return self._said(texts, columns)
        return [None] if len(texts) == 1 else self._one_by_one(columns)

    def _one_by_one(self, columns: Sequence[Said]) -> list[float | None] | None:
        """The same where some lines say no time."""
        times: list[float | None] = []
        for row in zip(*columns, strict=True):
            one = self([(said,) for said in row])
            if one is None:
                return None
            times += one
        return times

    def _said(self, texts: Sequence[Any], columns: Sequence[Said]) -> list[Any] | None:
        zones = columns[self._zone_at] if self._zone_at >= 0 else None
        times: list[float] | None
        if zones is None or zones.count(None) == len(texts):
            times = self._layout.all(texts)
        else:
            offsets = [None if zone is None else self._zones[zone] for zone in zones]
            times = self._zoned(texts, offsets, zones)
        if times is None:
            return None
        if self._part_at >= 0 and (parts := columns[self._part_at]).count(None) < len(texts):
            # Milliseconds come again and again, microseconds do not.
            if len(parts[0] or "") <= 3:
                read: Iterable[float] = map(self._parts.__getitem__, parts)
            else:
                read = _alike(parts) or map(self._parts.make, parts)
            times = list(map(add, times, read))
        return times if min(times) >= FIRST_MS and max(times) < END_MS else None

    def _zoned(
        self, texts: Sequence[str], offsets: Sequence[float | None], zones: Said
    ) -> list[float] | None:
        if None not in offsets:
            times = self._layout.all(texts, in_utc=True)
            return None if times is None else list(map(sub, times, offsets))
        both: list[float] = []
        for text, offset, zone in zip(texts, offsets, zones, strict=True):
            is_named = offset is None and zone is not None and "/" in zone
            in_utc = is_named or offset is not None
            time = self._layout.utc(text) if in_utc else self._layout.local(text)
            if time is None:
                return None
            if is_named:
                offset = named_offset_ms(str(zone), time)
            both.append(time - (offset or 0.0))
        return both


_SCALE: Final = tuple(10.0 ** (3 - digits) for digits in range(10))


def _fraction_ms(digits: str | None) -> float:
    """Milliseconds of the digits behind the point; what is none makes no time."""
    if not digits:
        return 0.0
    digits = digits[:9]
    return int(digits) * _SCALE[len(digits)] if digits.isdecimal() else inf


def _alike(fractions: Said) -> list[float] | None:
    """What :func:`_fraction_ms` says of each, where all have as many digits; else None."""
    count = len(fractions[0] or "")
    if count > 9 or None in fractions or set(map(len, map(str, fractions))) != {count}:
        return None
    said = cast("Sequence[str]", fractions)
    if not "".join(said).isdecimal():
        return None
    scale = _SCALE[count]
    return [number * scale for number in map(int, said)]


def _whole_ms(digits: str | None) -> float:
    return 0.0 if not digits else float(digits) if digits.isdecimal() else inf


# The same for all sources: what one has read, the next need not.
_FRACTIONS: Final = Remembered(_fraction_ms)
_MILLISECONDS: Final = Remembered(_whole_ms)


class _Levels:
    """The levels of matches and their messages."""

    def __init__(self, format: Format) -> None:
        self._level_at, self._pri_at = format.place("level"), format.place("pri")
        self._default, self._is_spoken = format.level, format.spoken
        self._given = format.levels
        self._known = Remembered(self._named)

    def _named(self, word: str) -> Level:
        level = self._given.get(word) or level_of(word)
        return self._default if level is None else level

    def __call__(self, columns: Sequence[Said], messages: Sequence[Any]) -> Iterable[Level]:
        words = columns[self._level_at] if self._level_at >= 0 else None
        numbers = columns[self._pri_at] if self._pri_at >= 0 else None
        if numbers is not None and numbers.count(None) == len(numbers):
            numbers = None
        if numbers is None and words is not None and None not in words:
            return map(self._known.__getitem__, words)
        if numbers is None and (words is None or words.count(None) == len(words)):
            if not self._is_spoken:
                return repeat(self._default)
            return spoken_levels(messages, self._default)
        count = len(messages)
        return map(self.of, words or repeat(None, count), numbers or repeat(None, count), messages)

    def of(self, word: str | None, number: str | None, message: str) -> Level:
        """The level of one match."""
        if number is not None and number.isdecimal():
            return SEVERITIES[int(number[-3:]) % 8]
        if word is not None:
            return self._known[word]
        return (spoken_level(message) if self._is_spoken else None) or self._default


class _Fields:
    """The fields of matches; a group whose pattern is only digits is a number."""

    def __init__(self, format: Format) -> None:
        places = list(format.fields)
        if (partial_at := format.place("partial")) >= 0:
            places.append(("partial", partial_at))
        numbers = {name for name, _ in places if f"(?P<{name}>\\d+)" in format.pattern}
        self._counted = [one for one in places if one[0] in numbers]
        self._plain = [one for one in places if one[0] not in numbers]
        self._numbers = Remembered(_counted)

    def __call__(self, columns: Sequence[Said]) -> list[Mapping[str, Any]] | None:
        """The fields of each line; None where none has any."""
        names: list[str] = []
        values: list[Sequence[Any]] = []
        is_whole = True
        for name, place in self._counted:
            said = columns[place]
            missing = said.count(None)
            if missing < len(said):
                names.append(name)
                values.append(list(map(self._numbers.__getitem__, said)))
                is_whole = is_whole and not missing
        for name, place in self._plain:
            said = columns[place]
            if any(said):
                names.append(name)
                if not all(said):
                    said = [value or None for value in said]
                    is_whole = False
                values.append(said)
        if not names:
            return None
        rows = zip(*values, strict=True)
        if is_whole:
            if len(names) == 1:
                return [{name: value} for name in names for value in values[0]]
            return [dict(zip(names, row, strict=True)) for row in rows]
        return [
            dict(zip(names, row, strict=True))
            if None not in row
            else {name: value for name, value in zip(names, row, strict=True) if value is not None}
            or NO_FIELDS
            for row in rows
        ]


def _counted(digits: str | None) -> int | str | None:
    return int(digits) if digits and len(digits) < 16 else digits


def level_parser_of(format: Format) -> Callable[[str], tuple[Level | None] | None]:
    """A function that reads only a line's level: in a tuple, with None where it says none; None if it does not fit."""
    match, levels, has = format.regex.fullmatch, _Levels(format), format.has
    message_at, level_at, pri_at = (format.place(part) for part in ("message", "level", "pri"))
    is_spoken = format.spoken or format.inner

    def level(line: str) -> tuple[Level | None] | None:
        found = match(line) if has in line else None
        if found is None:
            return None
        said = found.groups()
        word = said[level_at] if level_at >= 0 else None
        number = said[pri_at] if pri_at >= 0 else None
        message = said[message_at] or ""
        if word is None and number is None:
            return (spoken_level(message) if is_spoken else None,)
        return (levels.of(word, number, message),)

    return level
