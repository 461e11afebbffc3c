"""Python and TypeScript read and mean the same, on what hypothesis thinks of."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from autobench_nb.errors import QueryError
from autobench_nb.logs.entry import LogEntry
from autobench_nb.logs.query.match import fold
from autobench_nb.logs.query.query import parse
from tests.logs.query.strategies import NOW, entries, patterns, queries, scribbles
from tests.logs.query.typescript import TypeScript

ZONES = ("UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe")


def often(count: int) -> settings:
    """The peer is asked about one example after another, so the fixture may outlive them."""
    fixture = HealthCheck.function_scoped_fixture
    return settings(
        max_examples=count, deadline=None, suppress_health_check=[fixture, HealthCheck.too_slow]
    )


def python_answer(text: str, wire: list[dict[str, Any]], zone: str) -> dict[str, Any]:
    try:
        query = parse(text)
    except QueryError as error:
        return {"column": error.column - 1, "expected": error.expected, "message": str(error)}
    assert parse(query.text) == query
    test = query.predicate(now=NOW, zone=ZoneInfo(zone))
    seqs = [entry.seq for entry in map(LogEntry.from_wire, wire) if test(entry)]
    resolved = query.resolved(now=NOW, zone=ZoneInfo(zone)).text
    return {"text": query.text, "seqs": seqs, "resolved": resolved}


def agree(typescript: TypeScript, text: str, wire: list[dict[str, Any]], zone: str = "UTC") -> None:
    request = {"query": text, "entries": wire, "now": NOW * 1e3, "zone": zone}
    assert typescript.ask(request) == python_answer(text, wire, zone)


@often(400)
@given(text=queries, wire=entries(), zone=st.sampled_from(ZONES))
def test_both_find_the_same_entries(
    typescript: TypeScript, text: str, wire: list[dict[str, Any]], zone: str
) -> None:
    agree(typescript, text, wire, zone)


@often(300)
@given(text=scribbles, wire=entries())
@example(text="😀 (", wire=[])
def test_both_read_or_refuse_any_text_alike(
    typescript: TypeScript, text: str, wire: list[dict[str, Any]]
) -> None:
    agree(typescript, text, wire)


@often(300)
@given(pattern=patterns, flags=st.sampled_from(("", "i")), wire=entries())
def test_both_take_and_match_the_same_regexes(
    typescript: TypeScript, pattern: str, flags: str, wire: list[dict[str, Any]]
) -> None:
    agree(typescript, f"/{pattern}/{flags}", wire)


def test_both_fold_every_letter_alike(typescript: TypeScript) -> None:
    # Letters that Unicode got lately are known to one runtime and not yet to another.
    letters = [chr(point) for point in range(0x10000) if not 0xD800 <= point <= 0xDFFF]
    there = typescript.ask({"folded": letters})
    differ = {letter for letter, other in zip(letters, there, strict=True) if fold(letter) != other}
    newer = {
        letter
        for letter in differ
        if not letter.isalpha() or letter >= "\ua7c0" or "\u1c89" <= letter < "\u1c8b"
    }
    assert differ == newer


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize(
    "day", ["2025-03-09", "2025-03-30", "2025-04-06", "2025-10-05", "2025-10-26", "2025-11-02"]
)
def test_both_place_clock_times_alike_when_clocks_change(
    typescript: TypeScript, zone: str, day: str
) -> None:
    for hour in range(4):
        for minute in (0, 15, 30, 59):
            agree(typescript, f"since:{day}T{hour:02}:{minute:02}", [], zone)
