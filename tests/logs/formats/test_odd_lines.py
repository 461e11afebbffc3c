"""No line ends the reader, none is lost, and whatever cannot be read is kept as it is."""

from __future__ import annotations

from datetime import UTC, datetime, tzinfo
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autobench_nb.logs.entry import Level
from autobench_nb.logs.formats import LineReader, ParsedLine, builtin_formats, level_of_line
from autobench_nb.logs.formats.decoding import LineDecoder
from autobench_nb.logs.formats.times import END_MS, FIRST_MS
from tests.logs.formats.kinds import KINDS

NOW = datetime(2026, 11, 24, 10, tzinfo=UTC).timestamp()
ZONES: list[tzinfo] = [UTC, ZoneInfo("Europe/Berlin"), ZoneInfo("Pacific/Apia")]

ODD = {
    "nanoseconds": '{"ts":1776679443500000000,"msg":"x"}',
    "NaN": '{"ts":NaN,"msg":"x"}',
    "Infinity": '{"ts":Infinity,"msg":"x"}',
    "minus Infinity": '{"ts":-Infinity,"level":-Infinity,"msg":"x"}',
    "400 digits": '{"ts":' + "7" * 400 + ',"msg":"x"}',
    "5,000 digits": '{"ts":' + "7" * 5_000 + ',"msg":"x"}',
    "1e400": '{"ts":1e400,"level":1e400,"msg":"x"}',
    "100,000 [": "[" * 100_000,
    "100,000 {": '{"a":' * 100_000,
    "deep and closed": '{"msg":' + "[" * 20_000 + "]" * 20_000 + "}",
    "the end of time": "9999-12-31 23:59:59 ERROR x",
    "the end of time elsewhere": "9999-12-31 23:59:59 -1400 ERROR x",
    "before time": "0001-01-01T00:00:00+14:00 ERROR x",
    "year 0": "0000-01-01 00:00:00 ERROR x",
    "month 13": "2026-13-01 00:00:00 ERROR x",
    "day 32": "2026-01-32 00:00:00 ERROR x",
    "hour 25": "2026-01-01 25:00:00 ERROR x",
    "offset 99": "2026-01-01T00:00:00+99:99 ERROR x",
    "Foo 99": "Foo 99 99:99:99 h p: x",
    "Feb 30": "Feb 30 10:00:00 h p: x",
    "a lone surrogate": "\ud800 x",
    "a surrogate in JSON": '{"msg":"\\ud800","level":"info","a":"\\udfff"}',
    "NUL": "a\0b 2026-01-01 00:00:00",
    "10 MB": "x" * 10_000_000,
    "10 MB of a format": "2026-01-01 00:00:00 INFO " + "x " * 5_000_000,
    "10 MB of JSON": '{"level":"info","msg":"' + "x" * 10_000_000 + '"}',
    "an open string": '{"msg":"' + '\\"' * 50_000,
    "syslog's priority": "<999>Jan  1 00:00:00 h p: x",
    "objects for everything": '{"level":{"name":{}},"time":{"$date":{}},"msg":{},"name":[],"log":{"level":{}}}',
    "empty keys": '{"":"","msg":""}',
    "only blanks": "  \t ",
    "empty": "",
    "foreign digits": "٢٠٢٦-٠١-٠١ ٠٠:٠٠:٠٠ ERROR x",
    "superscripts": "²³ level=²",
    "an escape": "\x1b[31mERROR\x1b[0m x \x1b[",
    "brackets": "[[[[[[[[[[[[[[[[[[[[ - - [",
    "quotes": 'a="b\\"c" d="',
    "line separators": "a\u2028b\x85c\rd",
}


def in_bounds(entry: ParsedLine) -> bool:
    return entry.ts is None or FIRST_MS <= entry.ts < END_MS


@pytest.mark.parametrize("line", ODD.values(), ids=ODD.keys())
@pytest.mark.parametrize("zone", ZONES, ids=str)
def test_an_odd_line_ends_nothing_and_the_next_one_is_read(line: str, zone: tzinfo) -> None:
    good = "2026-01-15 10:30:45,123 - my.app - WARNING - hello"
    reader = LineReader(now=NOW, zone=zone)
    read = list(reader.entries([good, line, good, line, good]))
    assert sum(one.lines for one in read) == 5 == sum(reader.counts.values())
    assert all(in_bounds(one) for one in read)
    assert (read[-1].format, read[-1].level, read[-1].message) == ("python", Level.WARN, "hello")
    assert in_bounds(LineReader(now=NOW, zone=zone).read(line))
    level_of_line(line)


@pytest.mark.parametrize(
    "name",
    ["month 13", "day 32", "hour 25", "year 0", "Foo 99", "Feb 30", "NUL", "a lone surrogate", "10 MB", "100,000 ["],
)  # fmt: skip
def test_what_cannot_be_read_is_kept_as_it_is(name: str) -> None:
    [read] = LineReader(now=NOW).entries([ODD[name]])
    assert (read.ts, read.message, read.format) == (None, ODD[name], "plain")


def test_a_level_is_kept_even_where_the_time_is_none() -> None:
    [read] = LineReader(now=NOW).entries(['{"ts":NaN,"level":"error","msg":"x"}'])
    assert (read.ts, read.level, read.message) == (None, Level.ERROR, "x")


def test_a_time_that_cannot_be_read_stays_with_the_entry() -> None:
    [read] = LineReader(now=NOW).entries(['{"time":"yesterday","msg":"x"}'])
    assert read.fields == {"time": "yesterday"}


def test_ten_megabytes_of_a_known_format_are_one_whole_message() -> None:
    [read] = LineReader(now=NOW).entries([ODD["10 MB of a format"]])
    assert (read.format, len(read.message)) == ("iso", 10_000_000)


LINES = [line for kind in KINDS for line in kind.lines(kind.entries(6))]
EXAMPLES = [example for one in builtin_formats() for example in one.examples]
PIECES = st.sampled_from(list("0123456789:-./[]{}()\"'\\ \t|<>=,ZT+aAeEIW\0\x1b\u2028\r²٣é\ud800"))


@st.composite
def damaged(draw: st.DrawFn) -> str:
    """A line of some format with a few characters changed, added or taken away."""
    line = draw(st.sampled_from(LINES + EXAMPLES))
    for _ in range(draw(st.integers(0, 4))):
        at = draw(st.integers(0, len(line)))
        piece = draw(st.text(PIECES, max_size=3))
        line = line[:at] + piece + line[at + draw(st.integers(0, 3)) :]
    return line


@settings(max_examples=300, deadline=None)
@given(
    st.lists(st.one_of(damaged(), st.text(max_size=40), st.sampled_from(LINES)), max_size=30),
    st.sampled_from(ZONES),
    st.integers(1, 9),
)
def test_every_line_is_accounted_for(lines: list[str], zone: tzinfo, step: int) -> None:
    lines = [line.replace("\n", " ") for line in lines]
    reader = LineReader(now=NOW, zone=zone)
    read: list[ParsedLine] = []
    for at in range(0, len(lines), step):
        read += reader.feed(lines[at : at + step])
    read += reader.finish()
    assert sum(one.lines for one in read) == len(lines) == sum(reader.counts.values())
    assert all(in_bounds(one) for one in read)
    kept = "\n".join(
        "\n".join([one.message, one.exc or ""]) for one in read if one.format == "plain"
    )
    assert all(line in kept or "\x1b" in line for line in lines if line.startswith("\u2028"))
    for line in lines:
        level_of_line(line)


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=400), st.integers(1, 50))
def test_any_bytes_become_lines(data: bytes, step: int) -> None:
    decoder = LineDecoder()
    lines = [
        line for at in range(0, len(data), step) for line in decoder.feed(data[at : at + step])
    ]
    lines += decoder.finish()
    reader = LineReader(now=NOW)
    assert sum(one.lines for one in reader.entries(lines)) == len(lines)
    "\n".join(lines).encode()
