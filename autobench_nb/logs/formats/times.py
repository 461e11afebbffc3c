"""Wall times of log lines as milliseconds since 1970: layouts, zones, and what a line leaves unsaid.

A layout is written as for ``strptime``. Times repeat from line to line, so that what was read once is remembered.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta, tzinfo
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from autobench_nb.errors import ConfigError

FIRST_MS: Final = -62_135_596_800_000.0
"""The beginning of the year 1."""
END_MS: Final = 253_402_300_799_999.0
"""The end of the year 9999, but for its last millisecond, which rounding could carry beyond."""
REMEMBERED: Final = 8_192
"""Times that a layout remembers; with more it begins anew."""
BACK_DAYS: Final = 31
"""A line without a year that lies further back than this belongs to the next year."""

_DAY_MS: Final = 86_400_000
_EPOCH_DAY: Final = date(1970, 1, 1).toordinal()
_MONTHS: Final = {
    name: number
    for number, name in enumerate(
        ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"), 1
    )
}
_ZONES: Final = {
    "": 0, "Z": 0, "UTC": 0, "GMT": 0, "WET": 0, "BST": 60, "CET": 60, "WEST": 60, "CEST": 120, "EET": 120,
    "EEST": 180, "MSK": 180, "JST": 540, "KST": 540, "AEST": 600, "AEDT": 660, "EST": -300, "EDT": -240, "CST": -360,
    "CDT": -300, "MST": -420, "MDT": -360, "PST": -480, "PDT": -420,
}  # fmt: skip
"""Minutes east of Greenwich of the names that stand in logs."""
_DIRECTIVES: Final = {
    "Y": r"(?P<Y>\d{4})", "y": r"(?P<y>\d\d)", "m": r"(?P<m>\d{1,2})", "d": r" ?(?P<d>\d{1,2})",
    "b": r"(?P<b>[A-Za-z]{3})[a-z]*\.?", "H": r"(?P<H>\d{1,2})", "I": r"(?P<H>\d{1,2})", "M": r"(?P<M>\d{1,2})",
    "S": r"(?P<S>\d{1,2})", "p": r"(?P<p>[AaPp])[Mm]", "a": r"[A-Za-z]{2,9}\.?", "%": "%",
}  # fmt: skip


def in_range(ms: float) -> float | None:
    """``ms`` where a calendar can say it (years 1 to 9999), else None; NaN and infinities are none."""
    return ms if FIRST_MS <= ms < END_MS else None


def epoch_ms(value: object) -> float | None:
    """Milliseconds of a count since 1970 in seconds, milli-, micro- or nanoseconds: its size tells which.

    A number below 10^11 counts seconds (that is the year 5138), each thousand-fold beyond the next smaller unit.
    """
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):  # an integer of 400 digits
        return None
    size = abs(number)
    if size < 1e11:
        return in_range(number * 1e3)
    if size < 1e14:
        return in_range(number)
    return in_range(number / 1e3 if size < 1e17 else number / 1e6)


def zone_ms(text: str) -> float | None:
    """Milliseconds east of Greenwich of ``Z``, ``+02:00``, ``-0500``, ``+05`` or a zone's name; None if unknown."""
    text = text.strip()
    if text[:1] not in ("+", "-"):
        minutes = _ZONES.get(text.upper())
        return None if minutes is None else minutes * 60_000.0
    digits = text[1:].replace(":", "")
    hours, minutes = int(digits[:2]), int(digits[2:4] or 0)
    if hours > 23 or minutes > 59:
        return None
    return (hours * 60 + minutes) * (-60_000.0 if text[0] == "-" else 60_000.0)


def zone_named(name: str) -> tzinfo:
    """The zone of that name in the IANA database, such as ``Europe/Berlin``. Raises :class:`ConfigError`."""
    if name.upper() in ("UTC", "Z"):
        return UTC
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ConfigError("zone", name, "a name such as Europe/Berlin") from None


class Clock:
    """Reads the times of one source in their order.

    Args:
        now: Seconds since 1970 of the newest moment that the source can speak of.
        zone: What times without a zone are in. Where clocks go back, the hour that comes twice is the second one once
            the source has gone on past the first; a time that clocks jump over is counted from before the jump.
        year: The year with which times without one begin; default: the newest that does not lie in the future.
    """

    def __init__(self, *, now: float, zone: tzinfo = UTC, year: int | None = None) -> None:
        self.zone = zone
        self.is_utc = zone is UTC
        self._given_year = year
        moment = datetime.fromtimestamp(now, zone)
        self._now_ms = ((moment.hour * 60 + moment.minute) * 60 + moment.second) * 1000
        self._today = moment.date()
        self._latest = self._today + timedelta(days=1)
        self._first_latest = self._latest
        self._last_day: date | None = None
        self._last_clock = 0
        self._last_ms: float | None = None
        self.corrected_years = 0
        """By how many years the first guess was off, as later lines have shown."""

    def layout(self, layout: str) -> Layout:
        """A reader of times that are written as ``layout`` says; see :class:`Layout`."""
        return Layout(self, layout)

    def start_earlier(self, years: int) -> None:
        """Begin so many years before the newest possible one, as a first look at the source has shown."""
        self._first_latest = _replaced(self._latest, self._latest.year - years)

    def day_of(self, month: int, day: int) -> date | None:
        """The day of a line that says no year; None for a day that no year has."""
        if not (1 <= month <= 12 and 1 <= day <= 31):
            return None
        found = self._first(month, day) if self._last_day is None else self._next(month, day)
        if found is not None:
            self._last_day = found
        return found

    def _first(self, month: int, day: int) -> date | None:
        if self._given_year is not None:
            return _in_year(self._given_year, month, day)
        return _newest(self._first_latest.year, month, day, self._first_latest)

    def _next(self, month: int, day: int) -> date | None:
        before = self._last_day
        assert before is not None
        earliest = before - timedelta(days=BACK_DAYS)
        years = range(before.year - 1, before.year + 2)
        days = (_in_year(year, month, day) for year in years)
        found = next((one for one in days if one is not None and one >= earliest), None)
        if self._given_year is not None or (found is not None and found <= self._latest):
            return found
        # The year of the first line was a guess, and this line shows that it was too late.
        expected = before.year if found is None else found.year
        corrected = _newest(expected, month, day, self._latest)
        if corrected is not None:
            same = _replaced(before, corrected.year)
            is_before = same <= corrected + timedelta(days=BACK_DAYS)
            self.corrected_years += before.year - corrected.year + (not is_before)
        return corrected

    def clock_day(self, milliseconds: int) -> date:
        """The day of a line that says only the time of day; one far behind the line before is of the next day."""
        day = self._last_day
        if day is None:
            day = self._today - timedelta(days=milliseconds > self._now_ms)
        elif milliseconds < self._last_clock - _DAY_MS // 2:
            day += timedelta(days=1)
        self._last_day, self._last_clock = day, milliseconds
        return day

    def local_ms(self, day: date, milliseconds: int) -> tuple[float | None, bool]:
        """A wall time in the zone: milliseconds since 1970, and whether the same wall time comes only once."""
        wall = float((day.toordinal() - _EPOCH_DAY) * _DAY_MS + milliseconds)
        if self.is_utc:
            return in_range(wall), True
        minutes, rest = divmod(milliseconds // 1000, 60)
        moment = datetime(
            day.year, day.month, day.day, minutes // 60, minutes % 60, min(rest, 59),
            tzinfo=self.zone,
        )  # fmt: skip
        first, second = moment.utcoffset(), moment.replace(fold=1).utcoffset()
        if first is None or second is None:
            return in_range(wall), True
        early = wall - first / timedelta(milliseconds=1)
        late = wall - second / timedelta(milliseconds=1)
        ms, once = early, late <= early
        if not once and self._last_ms is not None and early < self._last_ms - 60_000:
            ms = late
        self._last_ms = ms
        return in_range(ms), once


class Layout:
    """Reads wall times of one layout. :meth:`local` and :meth:`utc` give milliseconds, or None for no time.

    The layout has strptime's ``%Y %y %m %d %b %a %H %I %M %S %p``; a blank stands for any number of them; ``iso`` is
    ``%Y-%m-%d %H:%M:%S`` with any separators, ``epoch`` a count since 1970. Without a year, or without a day, the
    clock's order tells them. Fraction and zone stand in groups of their own.
    """

    def __init__(self, clock: Clock, layout: str) -> None:
        self._clock = clock
        self._local: dict[str, float] = {}
        self._utc: dict[str, float] = {}
        self._date_text = ""
        self._date: date | None = None
        self._is_iso = layout == "iso"
        self._is_epoch = layout == "epoch"
        self._ends_in_clock = self._is_iso or layout.endswith("%H:%M:%S")
        self._pattern = _pattern(layout)
        # What depends on the line before is not to be remembered beyond that line.
        said = self._is_iso or "%Y" in layout or "%y" in layout
        self._remembered = REMEMBERED if said else 1

    def local(self, text: str) -> float | None:
        """``text`` as a time in the clock's zone."""
        found = self._local.get(text)
        if found is not None:
            return found
        if self._is_epoch:
            return epoch_ms(text)
        wall = self._wall(text)
        if wall is None:
            return None
        ms, once = self._clock.local_ms(*wall)
        if once and ms is not None:
            self._remember(self._local, text, ms)
        return ms

    def utc(self, text: str) -> float | None:
        """``text`` as a time in UTC, for lines that name their zone."""
        found = self._utc.get(text)
        if found is not None:
            return found
        wall = self._wall(text)
        if wall is None:
            return None
        ms = float((wall[0].toordinal() - _EPOCH_DAY) * _DAY_MS + wall[1])
        self._remember(self._utc, text, ms)
        return ms

    def _remember(self, known: dict[str, float], text: str, ms: float) -> None:
        if len(known) >= self._remembered:
            known.clear()
        known[text] = ms

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
        day = _in_year(int(text[:4]), int(text[5:7]), int(text[8:10]))
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
            return _in_year(int(said["Y"]), month, day)
        if "y" in said:
            year = int(said["y"])
            return _in_year(year + (1900 if year >= 69 else 2000), month, day)
        return self._clock.day_of(month, day)


def _of_day(hour: int, minute: int, second: int) -> int | None:
    """Milliseconds since midnight. A leap second (":60") is the first moment of the next minute."""
    if hour > 23 or minute > 59 or second > 60:
        return None
    return ((hour * 60 + minute) * 60 + second) * 1000


def _in_year(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None


def _newest(year: int, month: int, day: int, latest: date) -> date | None:
    """The newest such day from ``year`` back that is not after ``latest``; None where no year has it."""
    for candidate in range(year, year - 9, -1):
        found = _in_year(candidate, month, day)
        if found is not None and found <= latest:
            return found
    return None


def _replaced(day: date, year: int) -> date:
    return _in_year(year, day.month, day.day) or date(year, 2, 28)


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
            parts.append(" +" if letter == " " else re.escape(letter))
    try:
        return re.compile("".join(parts), re.ASCII)
    except re.error:
        raise ValueError("a part of a time can stand in it only once") from None
