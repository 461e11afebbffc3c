"""Reads log files of other programs: line by line, each in the format that fits, unknown lines kept as they are.

A :class:`LineReader` tries the format that fitted last first, so a file of one format costs one match a line. A line
that no format takes keeps its text, the time of the line before, and the level ``info``.

Formats: syslog (RFC 3164 and RFC 5424), log4j and its kin (Python's ``%(asctime)s - %(name)s - ...`` too), Apache's
error log, JSON lines.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any

from autobench_nb.logs.entry import Level


@dataclass(frozen=True, slots=True)
class ParsedLine:
    """What one line says. ``ts`` is milliseconds since 1970 UTC, ``None`` where no line has said a time yet.

    ``format`` is ``syslog``, ``log4j``, ``apache``, ``json`` or ``plain``.
    """

    ts: float | None
    level: Level
    message: str
    format: str
    logger: str | None = None
    channel: str | None = None
    fields: Mapping[str, Any] = field(default_factory=dict)


_Parser = Callable[["LineReader", str], "ParsedLine | None"]

_MONTHS = {
    "jan": 1, "feb": 2, "mar": 3, "apr": 4, "may": 5, "jun": 6,
    "jul": 7, "aug": 8, "sep": 9, "oct": 10, "nov": 11, "dec": 12,
}  # fmt: skip

_RFC3164 = re.compile(
    r"(?:<(?P<pri>\d{1,3})>)?(?P<month>[A-Z][a-z]{2}) +(?P<day>\d{1,2}) (?P<h>\d\d):(?P<m>\d\d):(?P<s>\d\d) "
    r"(?P<host>\S+) (?P<tag>[^\s:\[]+)(?: [\d.]+)?(?:\[(?P<pid>\d+)\])?: ?(?P<message>.*)"
)
_RFC5424 = re.compile(
    r"<(?P<pri>\d{1,3})>1 (?P<time>\S+) (?P<host>\S+) (?P<app>\S+) (?P<pid>\S+) (?P<msgid>\S+) "
    r"(?:-|(?P<data>(?:\[(?:[^\]\\]|\\.)*\])+)) ?(?P<message>.*)"
)
_LOG4J = re.compile(
    r"\[?(?P<time>\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d(?:[.,]\d{1,6})?(?:Z|[+-]\d\d:?\d\d)?)\]?[ \t]*(?P<rest>.*)"
)
_LEVEL_WORD = re.compile(
    r"\[?(?P<level>TRACE|DEBUG|FINE|INFO|NOTICE|WARN|WARNING|ERROR|SEVERE|CRITICAL|FATAL)\]?(?=[\s:\-]|$)",
    re.I,
)
_SOURCE = re.compile(
    r"\[(?P<source>\S+?|[^\]]+)\](?=\s|: |$)|(?P<name>[A-Za-z_$][\w.$\-/]*)(?=:? - |: )"
)
_APACHE = re.compile(
    r"\[\w{3} (?P<month>[A-Z][a-z]{2}) +(?P<day>\d{1,2}) (?P<clock>\d\d:\d\d:\d\d)(?P<fraction>\.\d{1,6})? "
    r"(?P<year>\d{4})\] \[(?:(?P<module>\w+):)?(?P<level>\w+)\] (?P<message>.*)"
)
_SEVERITIES = (50, 50, 50, 40, 30, 20, 20, 10)
"""RFC 5424 section 6.2.1, from emergency to debug."""

_OTHER_LEVELS = {
    "trace": 10, "fine": 10, "notice": 20, "severe": 40, "err": 40, "emerg": 50, "alert": 50, "crit": 50,
}  # fmt: skip
_TIME_KEYS = ("ts", "time", "timestamp", "@timestamp", "asctime", "t", "date")
_LEVEL_KEYS = ("level", "severity", "lvl", "levelname", "loglevel", "log.level")
_MESSAGE_KEYS = ("message", "msg", "event", "text", "log")
_LOGGER_KEYS = ("logger", "name", "logger_name", "module")


class LineReader:
    """Reads the lines of one source in their order.

    ``zone`` is what times without one are in; ``year`` what syslog's times without one begin with (default: the
    newest that does not lie in the future of ``now``, seconds since 1970). A December that is followed by a January
    begins the next year.
    """

    def __init__(self, *, now: float, zone: tzinfo = UTC, year: int | None = None) -> None:
        self._now = now
        self._zone = zone
        self._year = year
        self._month = 0
        self._last_ts: float | None = None
        self._parsers: list[_Parser] = [_json, _rfc5424, _rfc3164, _apache, _log4j]

    def read(self, line: str) -> ParsedLine:
        """Parse one line (its end of line may still be there)."""
        text = line.rstrip("\r\n")
        for index, parser in enumerate(self._parsers):
            parsed = parser(self, text)
            if parsed is not None:
                if index:
                    self._parsers.insert(0, self._parsers.pop(index))
                if parsed.ts is not None:
                    self._last_ts = parsed.ts
                return parsed
        return ParsedLine(self._last_ts, Level.INFO, text, "plain")

    def stamp(
        self, year: int, month: int, day: int, clock: str, fraction: str = ""
    ) -> float | None:
        """Milliseconds since 1970 of a wall time in the reader's zone; None for a day that is none."""
        hour, minute, second = (int(part) for part in clock.split(":"))
        micros = int((fraction.lstrip(".,") + "000000")[:6])
        try:
            # A leap second (":60") is the first moment of the next minute.
            wall = datetime(year, month, day, hour, minute, min(second, 59), micros, self._zone)
        except ValueError:
            return None
        return (wall + timedelta(seconds=second - min(second, 59))).timestamp() * 1000

    def guess_year(self, month: int, day: int) -> int:
        """The year of a syslog line, which says none."""
        if self._year is None:
            today = datetime.fromtimestamp(self._now, self._zone) + timedelta(days=1)
            self._year = today.year - ((month, day) > (today.month, today.day))
        elif self._month == 12 and month == 1:
            self._year += 1
        self._month = month
        return self._year

    def iso(self, text: str) -> float | None:
        """Milliseconds since 1970 of an ISO 8601 time, in the reader's zone where it names none."""
        try:
            time = datetime.fromisoformat(text.replace(",", "."))
        except ValueError:
            return None
        return (time if time.tzinfo else time.replace(tzinfo=self._zone)).timestamp() * 1000


def level_of(word: object) -> Level | None:
    """A level from any of the names that loggers use for one, or from a number; None where it is none."""
    if isinstance(word, str) and word.strip().lower() in _OTHER_LEVELS:
        return Level(_OTHER_LEVELS[word.strip().lower()])
    try:
        return Level.parse(word)
    except ValueError:
        return None


def _rfc3164(reader: LineReader, line: str) -> ParsedLine | None:
    match = _RFC3164.fullmatch(line)
    month = _MONTHS.get(match["month"].lower()) if match else None
    if match is None or month is None:
        return None
    day = int(match["day"])
    clock = f"{match['h']}:{match['m']}:{match['s']}"
    ts = reader.stamp(reader.guess_year(month, day), month, day, clock)
    fields: dict[str, Any] = {"host": match["host"]}
    if match["pid"]:
        fields["pid"] = int(match["pid"])
    level = _SEVERITIES[int(match["pri"]) % 8] if match["pri"] else _spoken(match["message"])
    return ParsedLine(ts, Level(level), match["message"], "syslog", match["tag"], None, fields)


def _spoken(message: str) -> int:
    """Syslog files lose the severity; some programs say it again at the start of the message."""
    lowered = message[:9].lower()
    if lowered.startswith(("error:", "fatal:")):
        return 40
    return 30 if lowered.startswith("warning:") else 20


def _rfc5424(reader: LineReader, line: str) -> ParsedLine | None:
    match = _RFC5424.fullmatch(line)
    if match is None:
        return None
    names = {"host": "host", "pid": "pid", "msgid": "msgid", "data": "data"}
    said = {name: match[group] for name, group in names.items() if match[group] not in (None, "-")}
    logger = None if match["app"] == "-" else match["app"]
    level = Level(_SEVERITIES[int(match["pri"]) % 8])
    return ParsedLine(
        reader.iso(match["time"]), level, match["message"], "syslog", logger, None, said
    )


def _apache(reader: LineReader, line: str) -> ParsedLine | None:
    match = _APACHE.fullmatch(line)
    month = _MONTHS.get(match["month"].lower()) if match else None
    if match is None or month is None:
        return None
    ts = reader.stamp(
        int(match["year"]), month, int(match["day"]), match["clock"], match["fraction"] or ""
    )
    level = level_of(match["level"]) or Level.INFO
    return ParsedLine(ts, level, match["message"], "apache", match["module"])


def _log4j(reader: LineReader, line: str) -> ParsedLine | None:
    match = _LOG4J.fullmatch(line)
    ts = reader.iso(match["time"]) if match else None
    if match is None or ts is None:
        return None
    rest, level, logger = match["rest"], None, None
    # Level and source stand in either order, with " - " or nothing between; what is left is the message.
    for _ in range(3):
        rest = rest.removeprefix("- ").lstrip()
        found = _LEVEL_WORD.match(rest) if level is None else None
        if found:
            level, rest = level_of(found["level"]), rest[found.end() :].lstrip(" \t:")
            continue
        source = _SOURCE.match(rest) if logger is None else None
        if source is None:
            break
        logger, rest = source["source"] or source["name"], rest[source.end() :].lstrip(" \t:")
    message = rest.removeprefix("- ")
    return ParsedLine(ts, level or Level.INFO, message, "log4j", logger)


def _json(reader: LineReader, line: str) -> ParsedLine | None:
    if not line.startswith("{"):
        return None
    try:
        record = json.loads(line)
    except ValueError:
        return None
    rest = dict(record)

    def take(keys: tuple[str, ...]) -> Any:
        return next((rest.pop(key) for key in keys if rest.get(key) is not None), None)

    ts, level, message = take(_TIME_KEYS), level_of(take(_LEVEL_KEYS)), take(_MESSAGE_KEYS)
    logger, channel = take(_LOGGER_KEYS), take(("channel",))
    return ParsedLine(
        _json_time(reader, ts),
        level or Level.INFO,
        message if isinstance(message, str) else line if message is None else json.dumps(message),
        "json",
        logger if isinstance(logger, str) else None,
        channel if isinstance(channel, str) else None,
        rest if message is not None else {},
    )


def _json_time(reader: LineReader, value: Any) -> float | None:
    """A number below 10^11 counts seconds (that is the year 5138), a larger one milliseconds (pino, bunyan)."""
    if isinstance(value, str):
        return reader.iso(value)
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return float(value) * (1000 if abs(value) < 1e11 else 1)
    return None
