"""Wall times of log lines as milliseconds since 1970: zones, counts, and what a line leaves unsaid."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, tzinfo
from typing import Any, Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from autobench_nb.errors import ConfigError

FIRST_MS: Final = -62_135_596_800_000.0
"""The beginning of the year 1."""
END_MS: Final = 253_402_300_799_999.0
"""The end of the year 9999, but for its last millisecond, which rounding could carry beyond."""
BACK_DAYS: Final = 31
"""A line without a year that lies further back than this belongs to the next year."""

DAY_MS: Final = 86_400_000
EPOCH_DAY: Final = date(1970, 1, 1).toordinal()
_ZONES: Final = {
    "": 0, "Z": 0, "UTC": 0, "GMT": 0, "WET": 0, "BST": 60, "CET": 60, "WEST": 60, "CEST": 120, "EET": 120,
    "EEST": 180, "MSK": 180, "JST": 540, "KST": 540, "AEST": 600, "AEDT": 660, "EST": -300, "EDT": -240, "CST": -360,
    "CDT": -300, "IST": 330, "MST": -420, "MDT": -360, "PST": -480, "PDT": -420,
}  # fmt: skip
"""Minutes east of Greenwich of the names that stand in logs."""


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
    if not digits.isdecimal():
        return None
    hours, minutes = int(digits[:2]), int(digits[2:4] or 0)
    if hours > 23 or minutes > 59:
        return None
    return (hours * 60 + minutes) * (-60_000.0 if text[0] == "-" else 60_000.0)


def named_offset_ms(name: str, wall_ms: float) -> float:
    """Milliseconds east of Greenwich of the IANA zone ``name`` when clocks there show ``wall_ms``; 0 if unknown."""
    try:
        moment = datetime.fromtimestamp(wall_ms / 1000, UTC).replace(
            tzinfo=zone_named(name.strip())
        )
        return (moment.utcoffset() or timedelta()) / timedelta(milliseconds=1)
    except (ConfigError, ValueError, OverflowError, OSError):
        return 0.0


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
        self.last_day: date | None = None
        """The day of the line before, of those that say no year or no day."""
        self._last_clock = 0
        self._last_ms: float | None = None
        self.corrected_years = 0
        """By how many years the first guess was off, as later lines have shown."""

    def start_earlier(self, years: int) -> None:
        """Begin so many years before the newest possible one, as a first look at the source has shown."""
        self._first_latest = _replaced(self._latest, self._latest.year - years)

    @property
    def state(self) -> tuple[Any, ...]:
        """What later times depend on; :meth:`restore` takes it."""
        return self.last_day, self._last_clock, self._last_ms, self.corrected_years

    def has_moved(self, state: tuple[Any, ...]) -> bool:
        """Whether times that say no year or no day are read in another way than they were at ``state``."""
        return state[:2] != (self.last_day, self._last_clock)

    def restore(self, state: tuple[Any, ...]) -> None:
        """Forget the times that were read since ``state`` was taken."""
        self.last_day, self._last_clock, self._last_ms, self.corrected_years = state

    def day_of(self, month: int, day: int) -> date | None:
        """The day of a line that says no year; None for a day that no year has."""
        if not (1 <= month <= 12 and 1 <= day <= 31):
            return None
        found = self._first(month, day) if self.last_day is None else self._next(month, day)
        if found is not None:
            self.last_day = found
        return found

    def _first(self, month: int, day: int) -> date | None:
        if self._given_year is not None:
            return in_year(self._given_year, month, day)
        return _newest(self._first_latest.year, month, day, self._first_latest)

    def _next(self, month: int, day: int) -> date | None:
        before = self.last_day
        assert before is not None
        earliest = before - timedelta(days=BACK_DAYS)
        years = range(before.year - 1, before.year + 2)
        days = (in_year(year, month, day) for year in years)
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
        day = self.last_day
        if day is None:
            day = self._today - timedelta(days=milliseconds > self._now_ms)
        elif milliseconds < self._last_clock - DAY_MS // 2:
            day += timedelta(days=1)
        self.last_day, self._last_clock = day, milliseconds
        return day

    def local_ms(self, day: date, milliseconds: int) -> tuple[float | None, bool]:
        """A wall time in the zone: milliseconds since 1970, and whether the same wall time comes only once."""
        wall = float((day.toordinal() - EPOCH_DAY) * DAY_MS + milliseconds)
        if self.is_utc:
            return in_range(wall), True
        # The leap second of a day's end is no time of that day: its offset is that of the second before.
        minutes, rest = divmod(min(milliseconds, DAY_MS - 1000) // 1000, 60)
        moment = datetime(
            day.year, day.month, day.day, minutes // 60, minutes % 60, rest, tzinfo=self.zone
        )
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


def in_year(year: int, month: int, day: int) -> date | None:
    """That day; None where the year has none such."""
    try:
        return date(year, month, day)
    except ValueError:
        return None


def _newest(year: int, month: int, day: int, latest: date) -> date | None:
    """The newest such day from ``year`` back that is not after ``latest``; None where no year has it."""
    for candidate in range(year, year - 9, -1):
        found = in_year(candidate, month, day)
        if found is not None and found <= latest:
            return found
    return None


def _replaced(day: date, year: int) -> date:
    return in_year(year, day.month, day.day) or date(year, 2, 28)
