"""Lines that are read many at once say what they say when they are read one by one."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, tzinfo
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autobench_nb.logs.formats import LineReader, ParsedLine
from autobench_nb.logs.formats.reader import LINES_AT_ONCE
from tests.logs.formats.kinds import KINDS, Kind

NOW = datetime(2026, 11, 24, 10, tzinfo=UTC).timestamp()
BERLIN = ZoneInfo("Europe/Berlin")
each = pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)

# What makes a difference between one line and the next: other formats, with times of their own, and none at all.
FOREIGN = [
    "Feb 30 10:00:00 host prog: a day that no year has",
    "Jan  2 03:04:05 host prog[1]: another year-less time",
    "12-31 23:59:59.999  1  2 E tag: yet another",
    "10:30:45 INFO only a clock",
    "2026-13-01 00:00:00,000 INFO [x] a.b: no month",
    "Traceback (most recent call last):",
    '  File "a.py", line 1, in f',
    "ValueError: x",
    "\tindented",
    "plain",
    "",
    "\x1b[31mERROR\x1b[0m: in colour",
    '{"level":"warn","time":"2026-03-27T23:59:60Z","msg":"leap"}',
    "ERROR: no time at all",
]


def read(lines: Sequence[str], step: int, zone: tzinfo = UTC) -> tuple[list[ParsedLine], object]:
    reader = LineReader(now=NOW, zone=zone)
    # The format is found in the first lines: they are the same for every step.
    first = lines[:200]
    done = reader.feed(first)
    for at in range(len(first), len(lines), step):
        done += reader.feed(lines[at : at + step])
    return done + reader.finish(), dict(reader.counts)


def mixed(kind: Kind, places: Iterable[tuple[int, str]], count: int = 90) -> list[str]:
    lines = kind.lines(kind.entries(count)) * 3
    for place, line in places:
        lines.insert(200 + place % (len(lines) - 200), line)
    return lines


@each
def test_every_kind_with_foreign_lines_is_read_alike(kind: Kind) -> None:
    lines = mixed(kind, ((number * 37, line) for number, line in enumerate(FOREIGN)))
    for zone in (UTC, BERLIN):
        assert read(lines, len(lines), zone) == read(lines, 1, zone)


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from(KINDS),
    st.lists(st.tuples(st.integers(0, 1_000), st.sampled_from(FOREIGN)), max_size=8),
    st.integers(2, 50),
)
def test_any_mixture_is_read_alike(kind: Kind, places: list[tuple[int, str]], step: int) -> None:
    lines = mixed(kind, places)
    assert read(lines, step) == read(lines, 1)


def test_the_order_of_times_without_a_year_holds_over_many_lines_at_once() -> None:
    """Half a year of one line a day, and in between lines of another format, of the same days."""
    days = [datetime(2025, 9, 1, tzinfo=UTC).timestamp() + day * 86_400 for day in range(240)]
    lines = []
    for day in days:
        moment = datetime.fromtimestamp(day, UTC)
        lines.append(f"{moment:%b} {moment.day:2d} 10:00:00 host prog[1]: x")
        lines.append(f"{moment:%m-%d} 10:00:01.000  1  2 I tag: y")
    reader = LineReader(now=NOW)
    entries = reader.feed(lines) + reader.finish()
    said = [(entry.ts or 0) / 1000 for entry in entries]
    assert said == [day + 36_000 + second for day in days for second in (0, 1)]


def test_lines_in_colour_are_read_in_their_format() -> None:
    lines = [
        f"\x1b[32m2026-01-15 10:30:{second:02d}.123\x1b[0m | \x1b[1mERROR   \x1b[0m | app:run:4 - \x1b[1mx\x1b[0m"
        for second in range(60)
    ]
    reader = LineReader(now=NOW)
    entries = reader.feed(lines) + reader.finish()
    assert dict(reader.counts) == {"loguru": 60}
    assert {entry.message for entry in entries} == {"x"}


def test_a_line_that_is_too_long_for_a_pattern_stands_among_others() -> None:
    short = "2026-01-15 10:30:45,123 - my.app - INFO - x"
    lines = [short, short + "y" * 5_000, short] * (LINES_AT_ONCE // 2)
    reader = LineReader(now=NOW)
    entries = reader.feed(lines) + reader.finish()
    assert {entry.format for entry in entries} == {"python"}
    assert [len(entry.message) for entry in entries[:3]] == [1, 5_001, 1]
