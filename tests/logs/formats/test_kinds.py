"""Logs of forty-odd kinds: the format that is found, and how many times, levels, loggers and messages are right."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone

import pytest

from autobench_nb.logs.formats import LineReader, builtin_formats
from tests.logs.formats.kinds import JAVA, KINDS, LOGHUB, PYTHON, Kind

NOW = datetime(2026, 11, 24, 10, tzinfo=UTC).timestamp()
each = pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)


def test_there_are_at_least_the_sixteen_kinds_and_each_has_fifteen_lines() -> None:
    assert len(LOGHUB) == 16
    assert all(len(kind.lines(kind.entries())) >= 15 for kind in KINDS)


@each
def test_every_time_level_logger_and_message_is_right(kind: Kind) -> None:
    said = kind.entries()
    read = list(LineReader(now=NOW).entries(kind.lines(said)))
    assert [one.format for one in read] == [kind.format] * len(said)
    if kind.step:
        assert [round(one.ts or 0) for one in read] == [
            round(one.when.timestamp() * 1000) for one in said
        ]
    assert [one.level.wire for one in read] == [one.level for one in said]
    if kind.reads_logger:
        assert [one.logger for one in read] == [one.logger for one in said]
    firsts = [one.message.split("\n")[0] for one in read]
    assert firsts == [kind.shows(one.message) for one in said]


@each
def test_lines_below_an_entry_are_part_of_it(kind: Kind) -> None:
    said = kind.entries()
    read = list(LineReader(now=NOW).entries(kind.lines(said)))
    assert [one.lines for one in read] == [1 + len(one.below) for one in said]
    for one, other in zip(read, said, strict=True):
        if other.below in (JAVA, PYTHON):
            assert one.exc == "\n".join(other.below)
        elif other.below:
            assert one.message.split("\n")[1:] == list(other.below)


@each
def test_the_format_is_named_and_every_line_is_counted(kind: Kind) -> None:
    said = kind.entries()
    reader = LineReader(now=NOW)
    lines = kind.lines(said)
    list(reader.entries(lines))
    assert reader.format in (kind.format, None if kind.format == "logfmt" else kind.format)
    below = len(lines) - len(said)
    assert dict(reader.counts) == {kind.format: len(said), **({"joined": below} if below else {})}


@each
def test_a_zone_that_lines_do_not_name_is_the_reader_s(kind: Kind) -> None:
    said = kind.entries()
    lines = kind.lines(said)
    zone = timezone(timedelta(hours=2))
    here = [one.ts for one in LineReader(now=NOW).entries(lines)]
    there = [one.ts for one in LineReader(now=NOW, zone=zone).entries(lines)]
    moved = {(a or 0) - (b or 0) for a, b in zip(here, there, strict=True)}
    counts_or_names = re.search(r'\d(?:Z| ?\+0000)| UTC|"time": 1', lines[0])
    names_zone = counts_or_names or kind.name in ("Thunderbird", "HPC") or not kind.step
    assert moved == ({0.0} if names_zone else {7_200_000.0})


@each
def test_a_banner_and_foreign_lines_change_nothing_for_the_others(kind: Kind) -> None:
    said = kind.entries()
    lines = ["*** welcome ***", *kind.lines(said), "a line of another kind"]
    read = list(LineReader(now=NOW).entries(lines))
    assert [one.message for one in (read[0], read[-1])] == [lines[0], lines[-1]]
    assert [one.level.wire for one in read[1:-1]] == [one.level for one in said]


@pytest.mark.parametrize(
    ("name", "example"),
    [(one.name, example) for one in builtin_formats() for example in one.examples],
)
def test_each_example_of_a_definition_is_read_in_that_format(name: str, example: str) -> None:
    [read] = LineReader(now=NOW).entries([example])
    assert read.format == name


def test_every_definition_has_an_example_that_it_fits() -> None:
    for one in builtin_formats():
        assert one.examples, one.name
        for example in one.examples:
            assert one.regex.fullmatch(example), (one.name, example)
            assert one.starts is None or one.starts.match(example), (one.name, example)
