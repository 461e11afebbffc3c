"""Times of log lines: fractions, offsets, epochs, years that lines do not name, clocks that change."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from autobench_nb.errors import ConfigError
from autobench_nb.logs.formats import LineReader, zone_named
from autobench_nb.logs.formats.layouts import Layout
from autobench_nb.logs.formats.times import Clock, epoch_ms, in_range, zone_ms

BERLIN = ZoneInfo("Europe/Berlin")


def utc(*parts: int) -> float:
    return datetime(*parts, tzinfo=UTC).timestamp() * 1000  # type: ignore[arg-type, misc]


def at(*parts: int) -> float:
    return utc(*parts) / 1000


def times(lines: list[str], now: float = at(2026, 11, 24), **more: object) -> list[str]:
    read = LineReader(now=now, **more).entries(lines)  # type: ignore[arg-type]
    return [
        "-" if one.ts is None else datetime.fromtimestamp(one.ts / 1000, UTC).isoformat()
        for one in read
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-01-15T10:30:45Z", "10:30:45+00:00"),
        ("2026-01-15 10:30:45,5", "10:30:45.500000+00:00"),
        ("2026-01-15 10:30:45.1234567", "10:30:45.123457+00:00"),
        ("2026-01-15 10:30:45.123456789", "10:30:45.123457+00:00"),
        ("2026-01-15T10:30:45.123456789+01:00", "09:30:45.123457+00:00"),
        ("2026-01-15 10:30:45 +0100", "09:30:45+00:00"),
        ("2026-01-15 10:30:45.25 -05:30", "16:00:45.250000+00:00"),
        ("2026-01-15 10:30:45 Z", "10:30:45+00:00"),
        ("2026-01-15 10:30:45 UTC", "10:30:45+00:00"),
        ("2026/01/15 10:30:45", "10:30:45+00:00"),
        ("2026-01-15 10:30:45+02", "08:30:45+00:00"),
    ],
)
def test_iso_times_in_all_their_spellings(text: str, expected: str) -> None:
    assert times([f"{text} ERROR app: x"]) == [f"2026-01-15T{expected}"]
    assert times([f'{{"time": "{text}", "msg": "x"}}']) == [f"2026-01-15T{expected}"]


def test_what_follows_a_time_is_no_offset_unless_it_looks_like_one() -> None:
    [read] = LineReader(now=0).entries(["2026-01-15 10:30:45 - INFO - -12345 is less"])
    assert (read.ts, read.message) == (utc(2026, 1, 15, 10, 30, 45), "-12345 is less")


@pytest.mark.parametrize("factor", [1, 10**3, 10**6, 10**9])
def test_an_epoch_counts_in_whatever_its_size_says(factor: int) -> None:
    assert epoch_ms(1_776_679_443 * factor) == 1_776_679_443_000
    assert epoch_ms(str(1_776_679_443 * factor)) == 1_776_679_443_000


@pytest.mark.parametrize(
    "value", [float("nan"), float("inf"), 10**400, "x", None, True, [], -(10**30), "1" * 5_000]
)
def test_what_is_no_count_is_no_time(value: object) -> None:
    assert epoch_ms(value) is None


def test_the_years_1_to_9999_are_times() -> None:
    assert in_range(utc(1, 1, 1)) is not None
    assert in_range(utc(1, 1, 1) - 1) is None
    assert in_range(utc(9999, 12, 31, 23, 59, 59) + 998) is not None
    assert in_range(utc(9999, 12, 31, 23, 59, 59) + 1_000) is None


@pytest.mark.parametrize(
    ("text", "minutes"),
    [("Z", 0), (" utc", 0), ("+01:00", 60), ("-0530", -330), ("+05", 300), ("CEST", 120), ("PST", -480)],
)  # fmt: skip
def test_zones_have_many_names(text: str, minutes: int) -> None:
    assert zone_ms(text) == minutes * 60_000


@pytest.mark.parametrize("text", ["+99:00", "+00:99", "XYZ"])
def test_a_zone_that_is_none(text: str) -> None:
    assert zone_ms(text) is None


TURN = [f"{day} 10:00:00 h p[1]: x" for day in ("Dec 30", "Dec 31", "Jan  1", "Jan  2")]


@pytest.mark.parametrize("now", [at(2026, 1, 3), at(2026, 1, 2, 12), at(2026, 6, 15)])
def test_a_turn_of_the_year_read_in_january_and_in_june(now: float) -> None:
    assert times(TURN, now) == [
        f"{day}T10:00:00+00:00" for day in ("2025-12-30", "2025-12-31", "2026-01-01", "2026-01-02")
    ]


def test_lines_out_of_order_around_midnight_do_not_turn_the_year_again() -> None:
    lines = [TURN[1], TURN[2], TURN[1], TURN[2]]
    years = [text[:4] for text in times(lines, at(2026, 6, 15))]
    assert years == ["2025", "2026", "2025", "2026"]


def test_a_log_of_more_than_a_year_ends_before_now() -> None:
    months = ["Mar", "Jul", "Nov", "Feb", "Jun", "Oct"]
    lines = [f"{month} 10 10:00:00 h p[1]: x" for month in months]
    years = [text[:4] for text in times(lines, at(2026, 11, 24))]
    assert years == ["2025", "2025", "2025", "2026", "2026", "2026"]


@pytest.mark.parametrize("now", [at(2026, 11, 24), at(2024, 3, 2), at(2028, 2, 20)])
def test_a_29th_of_february_lies_in_a_leap_year_with_what_stands_before_it(now: float) -> None:
    lines = [f"Feb {day} 10:00:00 h p[1]: x" for day in (27, 28, 29)] + [
        "Mar  1 10:00:00 h p[1]: x"
    ]
    assert times(lines, now) == [
        f"2024-{day}T10:00:00+00:00" for day in ("02-27", "02-28", "02-29", "03-01")
    ]


def test_a_year_that_is_given_is_taken() -> None:
    assert [text[:4] for text in times(TURN, year=2019)] == ["2019", "2019", "2020", "2020"]


def test_an_hour_that_comes_twice_goes_on() -> None:
    clocks = ["01:59:00", "02:30:00", "02:59:59", "02:00:00", "02:30:00", "03:00:00"]
    lines = [f"2025-10-26 {clock} INFO app: x" for clock in clocks]
    assert [text[11:19] for text in times(lines, zone=BERLIN)] == [
        "23:59:00", "00:30:00", "00:59:59", "01:00:00", "01:30:00", "02:00:00",
    ]  # fmt: skip


def test_a_time_that_clocks_jump_over_is_counted_from_before_the_jump() -> None:
    lines = [f"2026-03-29 {clock} INFO app: x" for clock in ("01:59:59", "02:30:00", "03:00:00")]
    assert [text[11:19] for text in times(lines, zone=BERLIN)] == [
        "00:59:59",
        "01:30:00",
        "01:00:00",
    ]


def test_a_clock_without_a_date_goes_over_midnight() -> None:
    lines = [f"{clock} [main] INFO  app - x" for clock in ("23:59:58,500", "00:00:01,000")]
    assert times(lines, at(2026, 11, 24, 12)) == [
        "2026-11-23T23:59:58.500000+00:00",
        "2026-11-24T00:00:01+00:00",
    ]


def test_a_leap_second_is_the_next_minute() -> None:
    assert times(["2016-12-31 23:59:60 INFO x"]) == ["2017-01-01T00:00:00+00:00"]


@pytest.mark.parametrize("name", ["Mars/Phobos", "", "../etc/passwd", "Europe", "x" * 5_000])
def test_a_zone_that_nobody_knows_is_named(name: str) -> None:
    with pytest.raises(ConfigError, match="Europe/Berlin"):
        zone_named(name)


def test_a_layout_of_any_kind() -> None:
    layout = Layout(
        Clock(now=0), "%A, %d. %B %Y, %I:%M:%S %p".replace("%A", "%a").replace("%B", "%b")
    )
    assert layout.local("Thursday, 15. January 2026, 12:30:45 PM") == utc(2026, 1, 15, 12, 30, 45)
    assert layout.local("Thursday, 15. Nonsense 2026, 12:30:45 PM") is None


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("2026-12-31 23:59:60 ERROR x", "2026-12-31T23:00:00+00:00"),
        ("2026-06-30 23:59:60.5 ERROR x", "2026-06-30T22:00:00.500000+00:00"),
        ("[15-Jan-2026 10:30:45 America/New_York] PHP Warning:  x", "2026-01-15T15:30:45+00:00"),
        ("[15-Jul-2026 10:30:45 America/New_York] PHP Warning:  x", "2026-07-15T14:30:45+00:00"),
        ("[15-Jan-2026 10:30:45 Europe/Nowhere] PHP Warning:  x", "2026-01-15T10:30:45+00:00"),
        ("[15-Jan-2026 10:30:45] PHP Warning:  x", "2026-01-15T09:30:45+00:00"),
        ("2026-01-15 10:30:45.123 PDT ERROR x", "2026-01-15T17:30:45.123000+00:00"),
        ("2026-01-15 10:30:45 GET /x", "2026-01-15T09:30:45+00:00"),
        ("01/15/2026 12:30:45 AM ERROR x", "2026-01-14T23:30:45+00:00"),
        ("01/15/2026 12:30:45.250 PM ERROR x", "2026-01-15T11:30:45.250000+00:00"),
        ("03/04/2026 10:30:45 PM ERROR x", "2026-03-04T21:30:45+00:00"),
        ("1768473045123456789 ERROR x", "2026-01-15T10:30:45.123457+00:00"),
        ("1768473045.5 ERROR x", "2026-01-15T10:30:45.500000+00:00"),
    ],
)
def test_odd_times_in_a_zone_that_lines_do_not_name(line: str, expected: str) -> None:
    assert times([line], zone=BERLIN) == [expected]


def test_days_and_months_in_either_order_are_told_by_the_lines_around() -> None:
    day_first = [f"{day:02d}/03/2026 10:00:00 ERROR x" for day in (11, 12, 13, 14)]
    month_first = [f"03/{day:02d}/2026 10:00:00 ERROR x" for day in (11, 12, 13, 14)]
    march = [f"2026-03-{day}T10:00:00+00:00" for day in (11, 12, 13, 14)]
    assert times(day_first) == times(month_first) == march


def test_seconds_that_jump_within_a_minute_and_minutes_that_go_back_are_read() -> None:
    clocks = ["10:30:59", "10:30:01", "10:29:60", "10:31:00", "10:30:30"]
    seconds = [59, 1, 0, 60, 30]
    for line in ("Jan 15 {} h p: x", "2026-01-15 {} ERROR x", "[Thu Jan 15 {} 2026] [error] x"):
        read = list(LineReader(now=at(2026, 11, 24)).entries([line.format(one) for one in clocks]))
        start = utc(2026, 1, 15, 10, 30)
        assert [(one.ts or 0) - start for one in read] == [second * 1_000 for second in seconds]


@pytest.mark.parametrize(
    "counts",
    [
        ["1774652321", "1774652321", "1774652322"],
        ["0", "1", "999999999", "1000000000", "9999999999", "10000000000"],
        ["1774652321.5", "1774652321500", "1774652321500000", "1774652321500000000"],
        ["-1774652321", "1774652321"],
        ["1774652321", "no time"],
        ["1774652321", ""],
        ["1774652321", "1" * 400],
        ["1774652321", "nan", "inf"],
        ["\u0661774652321", "1774652321"],
        [" 177465232", "1774652321"],
    ],
)
def test_counts_since_1970_are_at_once_what_they_are_one_by_one(counts: list[str]) -> None:
    layout = Layout(Clock(now=0.0), "epoch")
    each = [layout.local(text) for text in counts]
    assert layout.all(counts) == (None if None in each else each)
