"""Layouts of wall times, written as for ``strptime``. Times repeat from line to line: what was read is remembered."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date
from itertools import repeat
from operator import mul
from typing import Final

from autobench_nb.logs.formats.times import DAY_MS, EPOCH_DAY, Clock, epoch_ms, in_year

REMEMBERED: Final = 8_192
"""Minutes that a layout remembers; with more it begins anew."""

_SECOND_DIGITS: Final = 10
"""Digits of a count of seconds, from 2001 to 2286."""
_MONTHS: Final = {
    name: number
    for number, name in enumerate(
        ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"), 1
    )
}
_SECONDS: Final = {f"{second:02d}": second * 1000.0 for second in range(61)}
"""Milliseconds of what stands for the seconds."""
_DIRECTIVES: Final = {
    "Y": r"(?P<Y>\d{4})", "y": r"(?P<y>\d\d)", "m": r"(?P<m>\d{1,2})", "d": r" ?(?P<d>\d{1,2})",
    "b": r"(?P<b>[A-Za-z]{3})[a-z]*\.?", "H": r"(?P<H>\d{1,2})", "I": r"(?P<H>\d{1,2})", "M": r"(?P<M>\d{1,2})",
    "S": r"(?P<S>\d{1,2})", "p": r"(?P<p>[AaPp])[Mm]", "a": r"[A-Za-z]{2,9}\.?", "%": "%",
}  # fmt: skip


def needs_order(layout: str) -> bool:
    """Whether times of this layout leave the year, or the day, to the order of the lines."""
    return layout not in ("iso", "epoch") and "%Y" not in layout and "%y" not in layout


class Layout:
    """Reads wall times of one layout. :meth:`local` and :meth:`utc` give milliseconds, or None for no time.

    The layout has strptime's ``%Y %y %m %d %b %a %H %I %M %S %p``; a blank stands for any number of blanks, commas,
    ``_``, ``T``, ``:`` and ``-``; ``iso`` is ``%Y-%m-%d %H:%M:%S`` with any separators, ``epoch`` a count since 1970.
    Without a year, or without a day, the clock's order tells them. Fraction and zone stand in groups of their own.
    """

    def __init__(self, clock: Clock, layout: str) -> None:
        self._clock = clock
        self._minutes: dict[str, float] = {}
        self._utc_minutes: dict[str, float] = {}
        self._date_text = ""
        self._date: date | None = None
        self._is_iso = layout == "iso"
        self._is_epoch = layout == "epoch"
        self._ends_in_clock = self._is_iso or layout.endswith("%H:%M:%S")
        self._pattern = _pattern(layout)
        # What stands behind the seconds has a known length.
        self._tail = 5 if layout.endswith("%S %Y") else 3 if layout.endswith("%S %p") else 0
        self._has_seconds = self._is_iso or self._tail > 0 or layout.endswith("%S")
        # What depends on the line before is not to be remembered beyond that line.
        self._is_ordered = needs_order(layout)
        self._remembered_day: date | None = None

    def local(self, text: str) -> float | None:
        """``text`` as a time in the clock's zone."""
        if self._is_epoch:
            return epoch_ms(text)
        self._forget_other_days()
        found = self._known(self._minutes, text)
        if found is not None:
            return found
        wall = self._wall(text)
        if wall is None:
            return None
        ms, once = self._clock.local_ms(*wall)
        if once and ms is not None:
            self._remember(self._minutes, text, ms, wall[1])
        return ms

    def utc(self, text: str) -> float | None:
        """``text`` as a time in UTC, for lines that name their zone."""
        if self._is_epoch:
            return epoch_ms(text)
        self._forget_other_days()
        found = self._known(self._utc_minutes, text)
        if found is not None:
            return found
        wall = self._wall(text)
        if wall is None:
            return None
        ms = float((wall[0].toordinal() - EPOCH_DAY) * DAY_MS + wall[1])
        self._remember(self._utc_minutes, text, ms, wall[1])
        return ms

    def all(self, texts: Iterable[str], *, in_utc: bool = False) -> list[float] | None:
        """All of ``texts``, in their order, as :meth:`local` or :meth:`utc` read each; None if one is no time."""
        if self._is_epoch:
            return _counts(texts)
        read = self.utc if in_utc else self.local
        known = self._utc_minutes if in_utc else self._minutes
        self._forget_other_days()
        tail = self._tail
        times: list[float] = []
        before, ms = "", 0.0
        for text in texts:
            if text != before:
                minute = known.get(text[: -2 - tail] + text[-tail:] if tail else text[:-2])
                second = _SECONDS.get(text[-2 - tail : -tail] if tail else text[-2:])
                if minute is None or second is None:
                    one = read(text)
                    if one is None:
                        return None
                    ms = one
                else:
                    ms = minute + second
                before = text
            times.append(ms)
        return times

    def _known(self, minutes: dict[str, float], text: str) -> float | None:
        """The time of a text whose minute was read before."""
        tail = self._tail
        minute = minutes.get(text[: -2 - tail] + text[-tail:] if tail else text[:-2])
        second = _SECONDS.get(text[-2 - tail : -tail] if tail else text[-2:])
        return None if minute is None or second is None else minute + second

    def _remember(self, minutes: dict[str, float], text: str, ms: float, of_day: int) -> None:
        """Keep the minute of ``text``, where its last two digits are the seconds."""
        tail = self._tail
        second = _SECONDS.get(text[-2 - tail : -tail] if tail else text[-2:])
        # A leap second is of the next minute, whose own seconds begin anew.
        if not self._has_seconds or second is None or second != of_day % 60_000:
            return
        if self._is_ordered:
            self._remembered_day = self._clock.last_day
        if len(minutes) >= (1 if self._is_ordered else REMEMBERED):
            minutes.clear()
        minutes[text[: -2 - tail] + text[-tail:] if tail else text[:-2]] = ms - second

    def _forget_other_days(self) -> None:
        """Where days are told by their order, a line of another layout may have gone on to another day."""
        if self._is_ordered and self._remembered_day is not self._clock.last_day:
            self._minutes.clear()
            self._utc_minutes.clear()
            self._date_text, self._date = "", None

    def _wall(self, text: str) -> tuple[date, int] | None:
        """Day and milliseconds of the day. Where the date stands as in the line before, only the clock is read."""
        if not self._ends_in_clock or text[-6:-5] != ":" or text[-3:-2] != ":":
            return self._any(text)
        date_text = text[:-8]
        if date_text != self._date_text:
            found = self._iso(text) if self._is_iso else self._any(text)
            if found is not None:
                self._date_text, self._date = date_text, found[0]
            return found
        hour = text[-8:-6]
        if self._date is None or not hour.isdigit():
            return self._any(text)
        of_day = _of_day(int(hour), int(text[-5:-3]), int(text[-2:]))
        return None if of_day is None else (self._date, of_day)

    def _iso(self, text: str) -> tuple[date, int] | None:
        day = in_year(int(text[:4]), int(text[5:7]), int(text[8:10]))
        of_day = _of_day(int(text[11:13]), int(text[14:16]), int(text[17:19]))
        return None if of_day is None or day is None else (day, of_day)

    def _any(self, text: str) -> tuple[date, int] | None:
        match = self._pattern.fullmatch(text)
        if match is None:
            return None
        said = match.groupdict()
        hour = int(said.get("H", 0))
        if "p" in said:
            hour = hour % 12 + (12 if said["p"] in "pP" else 0)
        of_day = _of_day(hour, int(said.get("M", 0)), int(said.get("S", 0)))
        if of_day is None:
            return None
        day = self._day(said, of_day)
        return None if day is None else (day, of_day)

    def _day(self, said: dict[str, str], of_day: int) -> date | None:
        month = _MONTHS.get(said["b"].lower(), 0) if "b" in said else int(said.get("m", 0))
        if "d" not in said:
            return self._clock.clock_day(of_day)
        day = int(said["d"])
        if "Y" in said:
            return in_year(int(said["Y"]), month, day)
        if "y" in said:
            year = int(said["y"])
            return in_year(year + (1900 if year >= 69 else 2000), month, day)
        return self._clock.day_of(month, day)


def _counts(texts: Iterable[str]) -> list[float] | None:
    """Counts since 1970 as milliseconds; None if one is no time. Most follow one another within a second."""
    texts = list(texts)
    if set(map(len, texts)) == {_SECOND_DIGITS} and "".join(texts).isdecimal():
        return list(map(mul, map(float, texts), repeat(1e3)))
    times: list[float] = []
    before, ms = "", 0.0
    for text in texts:
        if text != before:
            if len(text) == _SECOND_DIGITS and text.isdecimal():
                ms = float(text) * 1e3
            else:
                one = epoch_ms(text)
                if one is None:
                    return None
                ms = one
            before = text
        times.append(ms)
    return times


def _of_day(hour: int, minute: int, second: int) -> int | None:
    """Milliseconds since midnight. A leap second (":60") is the first moment of the next minute."""
    if hour > 23 or minute > 59 or second > 60:
        return None
    return ((hour * 60 + minute) * 60 + second) * 1000


def _pattern(layout: str) -> re.Pattern[str]:
    """The layout as a pattern with one group for each directive. Raises ValueError for a directive that is none."""
    parts: list[str] = []
    letters = iter(layout)
    for letter in letters:
        if letter == "%":
            directive = next(letters, "")
            if directive not in _DIRECTIVES:
                raise ValueError(f"%{directive} is no part of a time that can be read here")
            parts.append(_DIRECTIVES[directive])
        else:
            parts.append("[ ,_T:-]+" if letter == " " else re.escape(letter))
    try:
        return re.compile("".join(parts), re.ASCII)
    except re.error:
        raise ValueError("a part of a time can stand in it only once") from None
