"""The query language in Python: the shared vectors, and what only Python has."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autobench_nb.contract.numbers import number_text
from autobench_nb.errors import QueryError
from autobench_nb.logs.entry import LogEntry
from autobench_nb.logs.query.query import compile_query, parse
from tests.logs.query.strategies import queries

VECTORS: dict[str, Any] = json.loads(
    (Path(__file__).parents[2] / "vectors" / "query.json").read_text("utf-8")
)
ENTRIES = [LogEntry.from_wire(wire) for wire in VECTORS["entries"]]


def seqs(text: str, zone: str = "UTC") -> list[int]:
    test = compile_query(text, now=VECTORS["now"], zone=ZoneInfo(zone))
    return [entry.seq for entry in ENTRIES if test(entry)]


def readable(text: str) -> bool:
    try:
        parse(text)
    except QueryError:
        return False
    return True


@pytest.mark.parametrize("vector", VECTORS["queries"], ids=lambda vector: vector["query"])
def test_a_query_of_the_vectors_finds_its_entries(vector: dict[str, Any]) -> None:
    assert seqs(vector["query"]) == vector["seqs"]
    assert parse(vector["query"]).text == vector["text"]
    assert parse(vector["text"]) == parse(vector["query"])


@pytest.mark.parametrize("vector", VECTORS["zones"], ids=lambda vector: vector["query"])
def test_times_of_the_vectors_count_in_their_zone(vector: dict[str, Any]) -> None:
    zone = ZoneInfo(vector["zone"])
    resolved = parse(vector["query"]).resolved(now=VECTORS["now"], zone=zone)
    assert resolved.text == vector["resolved"]
    assert parse(resolved.text) == resolved
    assert seqs(vector["query"], vector["zone"]) == vector["seqs"]


@pytest.mark.parametrize("vector", VECTORS["bad"], ids=lambda vector: vector["query"])
def test_a_bad_query_of_the_vectors_says_where_and_what(vector: dict[str, Any]) -> None:
    with pytest.raises(QueryError) as caught:
        parse(vector["query"])
    assert caught.value.column == vector["column"] + 1, "vectors hold offsets, as the page does"
    assert caught.value.expected == vector["expected"]
    assert str(caught.value) == vector["message"]


@given(text=queries.filter(readable))
def test_what_is_printed_reads_back_as_the_same_query(text: str) -> None:
    assert parse(parse(text).text) == parse(text)
    assert parse(parse(text).text).text == parse(text).text


def test_a_query_without_terms_takes_every_entry() -> None:
    assert seqs("") == [entry.seq for entry in ENTRIES]


def test_relative_times_count_from_the_given_moment() -> None:
    entry = ENTRIES[0]
    assert compile_query("since:-5m", now=entry.ts / 1e3 + 299)(entry)
    assert not compile_query("since:-5m", now=entry.ts / 1e3 + 301)(entry)


def test_text_that_no_utf8_can_carry_is_searched_all_the_same() -> None:
    entry = ENTRIES[0]._replace(message="lone \ud800 half")
    assert compile_query("/lone . half/")(entry)
    assert compile_query("half")(entry)


def test_a_name_that_is_not_there_matches_no_pattern_of_it() -> None:
    entry = ENTRIES[0]._replace(logger=None, job_id="")
    assert not compile_query("logger:*")(entry)
    assert not compile_query("job:* OR has:job")(entry)


@given(value=st.floats(allow_nan=False, allow_infinity=False))
def test_a_number_is_written_so_that_it_reads_back(value: float) -> None:
    assert float(number_text(value)) == value


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0"),
        (-0.0, "0"),
        (100.0, "100"),
        (1e21, "1e+21"),
        (1e20, "100000000000000000000"),
        (1e-6, "0.000001"),
        (1.5e-7, "1.5e-7"),
        (-12.25, "-12.25"),
        (5e-324, "5e-324"),
    ],
)
def test_a_number_is_written_as_javascript_writes_it(value: float, text: str) -> None:
    assert number_text(value) == text


def test_a_refused_query_names_the_column_in_plain_words() -> None:
    with pytest.raises(
        QueryError, match=r"at column 14: expected a level: debug, info, warn, error or fatal\.$"
    ):
        parse("noise level>=9warn")


def test_a_regex_at_the_size_limit_is_taken() -> None:
    assert compile_query("/a{999}/")(ENTRIES[0]._replace(message="a" * 999))
    assert compile_query("/(?:[^a]{10}[^b]){40}/")(ENTRIES[0]) in (True, False)
