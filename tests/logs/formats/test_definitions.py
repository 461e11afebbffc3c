"""Formats as data: what a user's TOML can say, and what it is told where it cannot be."""

from __future__ import annotations

import time

import pytest

from autobench_nb.errors import ConfigError
from autobench_nb.logs.entry import Level
from autobench_nb.logs.formats import Catalogue, LineReader, builtin_formats, read_formats

MINE = r"""
[[format]]
name = "furnace"
pattern = '(?P<time>[\d.]+ [\d:]+) \| (?P<logger>\w+) \| (?P<level>\w+) \| (?P<kelvin>\d+) \| (?P<message>.*)'
time = "%d.%m.%Y %H:%M:%S"
levels = { heiss = "warn", kaputt = "fatal" }
continuation = "any"
"""


def test_a_user_s_format_is_read_and_goes_before_the_package_s() -> None:
    catalogue = Catalogue(read_formats(MINE, "mine.toml"))
    lines = ["15.01.2026 10:30:45 | ofen | heiss | 1200 | opened", "anything goes here", "really"]
    [read] = LineReader(now=1.8e9, catalogue=catalogue).entries(lines)
    assert (read.format, read.level, read.logger) == ("furnace", Level.WARN, "ofen")
    assert (read.message, read.lines) == ("opened\nanything goes here\nreally", 3)
    assert read.fields == {"kelvin": 1200}
    assert read.ts == 1_768_473_045_000


def test_one_format_alone_is_read_where_it_is_named() -> None:
    lines = ["2026-01-15 10:30:45,123 - my.app - ERROR - x", '{"msg":"x","level":"error"}']
    named = LineReader(now=0, catalogue=Catalogue(only="json"))
    assert [one.format for one in named.entries(lines)] == ["plain", "json"]
    none = LineReader(now=0, catalogue=Catalogue(only="plain"))
    assert [one.message for one in none.entries(lines)] == lines


def test_a_format_that_nobody_knows_is_named_with_those_there_are() -> None:
    with pytest.raises(ConfigError, match=r"sislog.*syslog"):
        Catalogue(only="sislog")


BASE = '[[format]]\nname = "a"\n'


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "at least one table"),
        ("x = 1", "at least one table"),
        ("[[format]\n", "TOML"),
        ("[format]\nname = 'a'", "at least one table"),
        ("[[format]]\npattern = 'x'", "each have a name"),
        ("[[format]]\nname = 5", "each have a name"),
        (BASE + "pattern = '('", "a regular expression"),
        (BASE + "pattern = '[z-a]'", "a regular expression"),
        (BASE + "pattern = '%{nothing}'", "a regular expression"),
        (BASE + "pattern = 'x'", r"message"),
        (BASE + "pattern = '(?P<message>.*)'\ntime = 'iso'", "time layout where"),
        (BASE + "pattern = '(?P<time>.)(?P<message>.*)'", "time layout where"),
        (BASE + "pattern = '(?P<time>.)(?P<message>.*)'\ntime = '%Q'", "strptime"),
        (BASE + "pattern = '(?P<time>.)(?P<message>.*)'\ntime = '%'", "strptime"),
        (BASE + "pattern = '(?P<time>.)(?P<message>.*)'\ntime = '%Y%Y'", "strptime"),
        (BASE + "pattern = '(?P<message>.*)'\nlevels = { x = 'loud' }", "levels debug"),
        (BASE + "pattern = '(?P<message>.*)'\nlevels = 3", "levels ="),
        (BASE + "pattern = '(?P<message>.*)'\nlevel = 'loud'", "levels debug"),
        (BASE + "pattern = '(?P<message>.*)'\ncontinuation = 'maybe'", "indented, any or none"),
        (BASE + "pattern = '(?P<message>.*)'\nfirst = 'z-a'", "a regular expression"),
        (BASE + "pattern = '(?P<message>.*)'\ngeneric = 'yes'", "a bool"),
        (BASE + "pattern = 5", "a str"),
        (BASE + "pattern = '(?P<message>.*)'\ncolour = 'red'", "the keys"),
    ],
)
def test_a_definition_that_cannot_be_says_why(text: str, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        read_formats(text, "mine.toml")


ANYTHING = (
    BASE
    + """
pattern = '(?P<time>[^|]*)\\|(?P<fraction>[^|]*)\\|(?P<zone>[^|]*)\\|(?P<pri>[^|]*)\\|(?P<message>.*)'
time = "%Y-%m-%d %H:%M:%S"
"""
)


@pytest.mark.parametrize("fraction", ["", "5", "7" * 400, "x", "-1", "\u00b2", "\u0665"])
def test_a_format_whose_groups_take_anything_reads_any_line(fraction: str) -> None:
    catalogue = Catalogue(read_formats(ANYTHING, "mine.toml"))
    for zone in ("", "+01:00", "+xx", "-", "+99:99", "/", "A/B", "\ud800/x"):
        for pri in ("", "11", "x", "9" * 500):
            line = f"2026-01-15 10:30:45|{fraction}|{zone}|{pri}|said"
            [read] = LineReader(now=1.8e9, catalogue=catalogue).entries([line])
            assert read.message.endswith("said")
            assert read.ts is not None
            assert abs(read.ts - 1_768_473_045_000) <= 24 * 3_600_000


def test_no_pattern_of_the_package_takes_long_for_any_line() -> None:
    """Each against lines that make a careless one go back and forth: the time of all grows as their length does."""
    pieces = [
        "a ",
        "[",
        "] ",
        "- ",
        ": ",
        "1",
        "A",
        '"',
        "\\",
        "a.b",
        "(",
        "a:",
        "[a] ",
        "= ",
        "{a}",
        " ",
        "a[1",
        '\\"',
    ]
    starts = sorted(
        {
            example[:cut]
            for one in builtin_formats()
            for example in one.examples
            for cut in (0, 24, 60)
        }
    )

    def steps(length: int) -> float:
        lines = [
            start + piece * (length // len(piece)) for start in starts[:60] for piece in pieces
        ]
        begin = time.process_time()
        for one in builtin_formats():
            for line in lines:
                one.regex.fullmatch(line)
        return time.process_time() - begin

    steps(100)
    assert steps(1_600) < 60 * steps(100)
