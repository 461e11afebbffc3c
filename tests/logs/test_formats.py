"""Lines of other programs' logs, each read in the format that fits."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest

from autobench_nb.logs.entry import Level
from autobench_nb.logs.formats import LineReader, ParsedLine

NOW = datetime(2026, 11, 24, 10, tzinfo=UTC).timestamp()
LOGHUB = Path(__file__).resolve().parents[3] / "shared" / "data" / "loghub"


def read(line: str) -> ParsedLine:
    return LineReader(now=NOW).read(line)


def time_of(line: str) -> datetime:
    ts = read(line).ts
    assert ts is not None
    return datetime.fromtimestamp(ts / 1000, UTC)


def test_syslog_gives_program_host_and_pid() -> None:
    parsed = read("Jun 14 15:16:01 combo sshd(pam_unix)[19939]: check pass; user unknown\r\n")
    assert parsed.format == "syslog"
    assert parsed.logger == "sshd(pam_unix)"
    assert parsed.message == "check pass; user unknown"
    assert parsed.fields == {"host": "combo", "pid": 19939}


def test_syslog_without_a_year_never_lies_in_the_future() -> None:
    assert time_of("Nov 24 09:00:00 h p: x").year == 2026
    assert time_of("Dec 10 06:55:46 h p: x").year == 2025


def test_a_january_after_a_december_begins_the_next_year() -> None:
    reader = LineReader(now=NOW)
    december, january = reader.read("Dec 31 23:59:59 h p: x"), reader.read("Jan  1 00:00:00 h p: x")
    assert december.ts is not None
    assert january.ts == december.ts + 1000


def test_a_priority_gives_the_level() -> None:
    assert read("<34>1 2003-10-11T22:14:15.003Z mymachine su - ID47 - failed").level == Level.FATAL
    assert read("<13>Nov 24 09:00:00 h p: x").level == Level.INFO


def test_structured_data_of_rfc_5424_is_kept() -> None:
    parsed = read('<165>1 2003-10-11T22:14:15.003Z h app 7 ID [x@1 a="b \\] c"] said')
    assert parsed.fields["data"] == '[x@1 a="b \\] c"]'
    assert parsed.message == "said"


@pytest.mark.parametrize(
    ("line", "format", "level", "logger", "message"),
    [
        (
            "2015-07-29 17:41:44,747 - WARN  [Q[my=1]/0:0:E@774] - out: 3200",
            "zookeeper",
            30,
            "E",
            "out: 3200",
        ),
        (
            "2024-01-01 12:00:00,123 - my.app - WARNING - hello there",
            "python",
            30,
            "my.app",
            "hello there",
        ),
        ("2024-01-01T12:00:00Z ERROR main.py: gone", "iso", 40, "main.py", "gone"),
        ("[2024-01-01 12:00:00] FATAL: disk", "iso", 50, None, "disk"),
        ("2024-01-01 12:00:00 nothing - more", "iso", 20, "nothing", "more"),
    ],
)
def test_what_begins_with_an_iso_time_gives_level_and_logger(
    line: str, format: str, level: int, logger: str | None, message: str
) -> None:
    parsed = read(line)
    assert (parsed.format, parsed.level, parsed.logger, parsed.message) == (
        format,
        level,
        logger,
        message,
    )


def test_apache_gives_level_and_year() -> None:
    line = "[Sun Dec 04 04:47:44 2005] [error] mod_jk child in error state 6"
    assert read(line).level == Level.ERROR
    assert time_of(line) == datetime(2005, 12, 4, 4, 47, 44, tzinfo=UTC)


@pytest.mark.parametrize("time", ["1700000000", "1700000000000", '"2023-11-14T22:13:20Z"'])
def test_json_lines_take_seconds_milliseconds_and_iso_times(time: str) -> None:
    parsed = read(f'{{"time": {time}, "level": "warning", "msg": "hi", "temp": 81.5}}')
    assert (parsed.ts, parsed.level, parsed.message) == (1.7e12, Level.WARN, "hi")
    assert parsed.fields == {"temp": 81.5}


def test_json_without_a_message_is_shown_whole() -> None:
    assert read('{"x":1}').message == '{"x":1}'


def test_an_unknown_line_keeps_its_text_and_the_time_before() -> None:
    reader = LineReader(now=NOW)
    first = reader.read("2024-01-01 12:00:00 ERROR a: b")
    second = reader.read("\tat Foo.bar(Foo.java:12) ")
    assert second == ParsedLine(first.ts, Level.INFO, "\tat Foo.bar(Foo.java:12) ", "plain")


@pytest.mark.parametrize(
    "line", ["", "{broken", "Foo 99 99:99:99 h p: x", "[Sun Foo 99 04:47:44 2005] [e] m"]
)
def test_what_only_looks_like_a_format_is_plain(line: str) -> None:
    assert read(line) == ParsedLine(None, Level.INFO, line, "plain")


def test_a_time_without_a_zone_is_in_the_reader_s() -> None:
    zone = timezone(timedelta(hours=2))
    there = LineReader(now=NOW, zone=zone).read("2024-01-01 12:00:00 INFO x").ts
    here = read("2024-01-01 12:00:00 INFO x").ts
    assert there is not None
    assert here == there + 7_200_000


@pytest.mark.parametrize(
    ("name", "format", "least"),
    [
        ("Apache", "apache", 2000),
        ("Linux", "syslog", 1990),
        ("OpenSSH", "syslog", 2000),
        ("Zookeeper", "zookeeper", 2000),
    ],
)
def test_real_logs_are_recognised(name: str, format: str, least: int) -> None:
    path = LOGHUB / f"{name}.log"
    if not path.is_file():
        pytest.skip("the loghub samples are not part of the project")
    reader = LineReader(now=NOW)
    with path.open(encoding="utf-8", newline="\n") as lines:
        counts = Counter(reader.read(line).format for line in lines)
    assert counts[format] >= least
    assert sum(counts.values()) == 2000
