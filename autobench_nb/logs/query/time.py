"""The times of a log query: ``-5m``, ``now``, ``14:30``, ``2026-11-24T10:00``, with or without a zone."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from typing import Final

UNITS: Final = {
    "w": 604_800_000,
    "d": 86_400_000,
    "h": 3_600_000,
    "m": 60_000,
    "s": 1_000,
    "ms": 1,
}
_AGO: Final = re.compile(r"-(?:[0-9]{1,9}(?:\.[0-9]{1,6})?(?:ms|[wdhms]))+")
_PART: Final = re.compile(r"([0-9.]+)(ms|[wdhms])")
_LAST_MS: Final = 32_503_679_999_999
_CLOCK: Final = r"([0-9]{2}):([0-9]{2})(?::([0-9]{2})(?:\.([0-9]{1,6}))?)?"
_TIME: Final = re.compile(_CLOCK)
_DATE: Final = re.compile(
    rf"([0-9]{{4}})-([0-9]{{2}})-([0-9]{{2}})(?:[T ]{_CLOCK}(Z|[+-][0-9]{{2}}:[0-9]{{2}})?)?"
)


def canonical_time(text: str) -> str | None:
    """The time as it is printed, ``None`` where it is no time. Years are 1970 to 2999."""
    if text == "now" or _AGO.fullmatch(text):
        return text
    if (clock := _TIME.fullmatch(text)) is not None:
        return text if _valid(1970, 1, 1, *clock.groups()) else None
    date = _DATE.fullmatch(text)
    if date is None:
        return None
    year, month, day = (int(part) for part in date.groups()[:3])
    if not 1970 <= year <= 2999 or not _valid(year, month, day, *date.groups()[3:7]):
        return None
    zone = date[8]
    if zone not in (None, "Z") and (int(zone[1:3]) > 14 or int(zone[4:]) > 59):
        return None
    return text.replace(" ", "T")


def _valid(year: int, month: int, day: int, *clock: str | None) -> bool:
    try:
        _datetime(year, month, day, clock)
    except ValueError:
        return False
    return True


def _datetime(year: int, month: int, day: int, clock: tuple[str | None, ...]) -> datetime:
    hour, minute, second, fraction = clock
    micros = int((fraction or "0").ljust(6, "0"))
    return datetime(year, month, day, int(hour or 0), int(minute or 0), int(second or 0), micros)


def resolve_time(when: str, now: float, zone: tzinfo | None) -> float:
    """Milliseconds since 1970 UTC of a canonical time.

    ``now``: seconds since 1970. ``zone`` is that of times without one; ``None`` is the machine's. A clock time that the
    zone skips or has twice counts with the offset that held before the change.
    """
    if when == "now":
        return now * 1e3
    if when[0] == "-":
        ago = 0.0
        for part in _PART.finditer(when):
            ago += float(part[1]) * UNITS[part[2]]
        return now * 1e3 - ago
    if (clock := _TIME.fullmatch(when)) is not None:
        today = datetime.fromtimestamp(now, zone)
        return _millis(_datetime(today.year, today.month, today.day, clock.groups()), zone)
    date = _DATE.fullmatch(when)
    assert date is not None, "a canonical time"
    year, month, day = (int(part) for part in date.groups()[:3])
    return _millis(_datetime(year, month, day, date.groups()[3:7]), _offset(date[8]) or zone)


def _offset(text: str | None) -> tzinfo | None:
    if text is None:
        return None
    if text == "Z":
        return UTC
    minutes = int(text[1:3]) * 60 + int(text[4:])
    return timezone(timedelta(minutes=-minutes if text[0] == "-" else minutes))


def _millis(local: datetime, zone: tzinfo | None) -> float:
    moment = local.replace(microsecond=0)
    seconds = moment.timestamp() if zone is None else moment.replace(tzinfo=zone).timestamp()
    return round(seconds) * 1_000 + local.microsecond / 1e3


def print_time(ms: float) -> str:
    """Milliseconds since 1970 UTC as a time with zone, down to the microsecond, e.g. ``2026-11-24T10:00:00.250Z``.

    Before 1970 and after 2999 it is the first or last moment that a query can name.
    """
    micros = round(min(max(ms, 0.0), _LAST_MS) * 1e3)
    moment = datetime(1970, 1, 1) + timedelta(microseconds=micros)
    text = moment.isoformat(timespec="microseconds")
    return f"{text[:-3] if text.endswith('000') else text}Z"
