"""Queries look at text as a reader sees it, in entries and in columns alike; what was written stays as it was."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from autobench_nb.errors import QueryError
from autobench_nb.logs import LogRing
from autobench_nb.logs.query import chunk_rows
from autobench_nb.logs.query.predicate import QueryFilter, RegexKernel, matching
from autobench_nb.logs.query.query import parse
from autobench_nb.logs.query.seen import rows_with_hidden, seen, seen_all
from autobench_nb.logs.ring.batch import LogBatch
from autobench_nb.logs.ring.columns import WIRE_MESSAGE_LIMIT
from tests.logs.query.strategies import NOW, patterns, quoted
from tests.logs.query.test_columns import WAYS, often, ways

VECTORS: dict[str, Any] = json.loads(
    (Path(__file__).parents[2] / "vectors" / "seen.json").read_text("utf-8")
)
RAWS = [vector["raw"] for vector in VECTORS["texts"]]
PIECES = ("\x1b", "[", "]", "1", ";", "m", "\x9b", "\x9d", "\x9c", "\x07", "\\", "\n", "\t", "\r")
escaped = st.lists(
    st.sampled_from(
        [*PIECES, "\x1b[1m", "\x1b]8;;x\x07", "\x7f", "\xad", "\u202e", "ab", "k", "Ä"]
    ),
    max_size=12,
).map("".join)


def batch_of(messages: list[str]) -> LogBatch:
    ring = LogRing(20_000)
    for message in messages:
        ring.append("a", "info", message, NOW)
    return ring.since(0)


def found(batch: LogBatch, text: str, kernel: RegexKernel | None) -> list[int]:
    test = QueryFilter.of(parse(text), now=NOW, kernel=kernel)
    return [
        int(row) + chunk.first_seq
        for chunk, start, stop in batch.parts
        for row in matching(chunk, start, stop, batch.channels, test)
    ]


def readable(text: str) -> bool:
    try:
        parse(text)
    except QueryError:
        return False
    return True


@pytest.mark.parametrize("vector", VECTORS["texts"], ids=lambda vector: vector["name"])
def test_a_text_of_the_vectors_is_seen_as_the_page_shows_it(vector: dict[str, Any]) -> None:
    assert seen(vector["raw"]) == vector["seen"]
    # What is seen hides nothing more.
    assert seen(vector["seen"]) == vector["seen"]


def test_many_texts_are_seen_as_each_of_them_is() -> None:
    assert seen_all(RAWS) == [seen(raw) for raw in RAWS]
    assert seen_all([]) == []


@pytest.mark.parametrize("vector", VECTORS["queries"], ids=lambda vector: ascii(vector["query"]))
def test_a_query_finds_what_is_seen(
    monkeypatch: pytest.MonkeyPatch, vector: dict[str, Any]
) -> None:
    batch = batch_of(RAWS)
    predicate = parse(vector["query"]).predicate(now=NOW)
    assert [entry.seq for entry in batch.entries if predicate(entry)] == vector["finds"]
    for few, kernel in WAYS:
        monkeypatch.setattr(chunk_rows, "FEW_ROWS", few)
        assert (few, found(batch, vector["query"], kernel)) == (few, vector["finds"])


def test_what_was_written_stays() -> None:
    assert [entry.message for entry in batch_of(RAWS).entries] == RAWS


def test_a_traceback_is_searched_as_it_is_seen() -> None:
    ring = LogRing(10)
    ring.append("a", "error", "no", NOW, exc="Trace\x1b[31mback\x1b[0m:\n  it fa\x1b[1miled")
    batch = ring.since(0)
    for text in ("traceback", "exc:failed", "/back:$|failed$/", "-31m"):
        assert found(batch, text, None) == [0]
        assert parse(text).predicate(now=NOW)(batch.entries[0])


@often(200)
@given(
    messages=st.lists(escaped, min_size=1, max_size=40),
    needle=st.text(alphabet="abkm1;‹›␇U+\n", min_size=1, max_size=4),
    way=ways,
)
def test_words_in_columns_agree_with_entries(
    monkeypatch: pytest.MonkeyPatch,
    messages: list[str],
    needle: str,
    way: tuple[int, RegexKernel | None],
) -> None:
    few, kernel = way
    monkeypatch.setattr(chunk_rows, "FEW_ROWS", few)
    batch = batch_of(messages)
    predicate = parse(quoted(needle)).predicate(now=NOW)
    expected = [seq for seq, entry in enumerate(batch.entries) if predicate(entry)]
    assert found(batch, quoted(needle), kernel) == expected


@often(150)
@given(
    messages=st.lists(escaped, min_size=1, max_size=40),
    text=patterns.map("/{}/".format).filter(readable),
    way=ways,
)
def test_regexes_in_columns_agree_with_entries(
    monkeypatch: pytest.MonkeyPatch,
    messages: list[str],
    text: str,
    way: tuple[int, RegexKernel | None],
) -> None:
    few, kernel = way
    monkeypatch.setattr(chunk_rows, "FEW_ROWS", few)
    batch = batch_of(messages)
    predicate = parse(text).predicate(now=NOW)
    expected = [seq for seq, entry in enumerate(batch.entries) if predicate(entry)]
    assert found(batch, text, kernel) == expected


@given(messages=st.lists(escaped, min_size=1, max_size=40), start=st.integers(0, 3))
def test_no_row_that_hides_something_is_overlooked(messages: list[str], start: int) -> None:
    ((chunk, _, stop),) = batch_of(messages).parts
    rows = rows_with_hidden(chunk.text, chunk.offsets[min(start, stop) :]) + min(start, stop)
    assert set(rows.tolist()) == {
        row for row in range(min(start, stop), stop) if seen(messages[row]) != messages[row]
    }


def test_every_character_that_a_row_marks_is_found_in_bytes() -> None:
    marked = [chr(point) for point in [*range(0xD800), *range(0xE000, 0xE0100)]]
    marked = [char for char in marked if seen(char) != char]
    assert len(marked) > 200
    ((chunk, _, _),) = batch_of([f"<{char}é" for char in marked]).parts
    rows = rows_with_hidden(chunk.text, chunk.offsets)
    assert np.array_equal(rows, np.arange(len(marked)))


@pytest.mark.parametrize("kept", [0, chunk_rows.SEEN_KEPT])
def test_a_query_that_takes_a_chunk_in_turns_finds_the_same(
    monkeypatch: pytest.MonkeyPatch, kept: int
) -> None:
    monkeypatch.setattr(chunk_rows, "SEEN_KEPT", kept)
    monkeypatch.setattr(chunk_rows, "FEW_ROWS", 0)
    batch = batch_of(["fa\x1b[0miled" if n % 3 else "plain" for n in range(3_000)])
    wanted = [n for n in range(3_000) if n % 3]
    for text in ("failed", "/^failed$/"):
        test = QueryFilter.of(parse(text), now=NOW, kernel=WAYS[1][1])
        for turn in (100, 1_000, 3_000):
            rows: list[int] = []
            for chunk, start, stop in batch.parts:
                for begin in range(start, stop, turn):
                    end = min(stop, begin + turn)
                    rows += matching(chunk, begin, end, batch.channels, test).tolist()
            assert rows == wanted


def test_of_a_long_message_as_much_is_looked_at_as_the_wire_carries() -> None:
    long = "\x1b[1m" + "x" * (WIRE_MESSAGE_LIMIT - 10) + "fa\x1b[0miled"
    batch = batch_of([long, "fa\x1b[0miled", "plain"] * 20)
    for kernel in (None, WAYS[1][1]):
        assert found(batch, "failed", kernel) == list(range(1, 60, 3))
        assert found(batch, "/x{20}/", kernel) == list(range(0, 60, 3))


@pytest.mark.parametrize(
    "nasty",
    [
        "\x1b]" * 20_000,
        "\x9d" * 20_000,
        "\x1b[" + "1" * 20_000,
        "\x1bP" * 20_000,
        "\x1b[1;" * 20_000,
    ],
)
def test_what_is_made_to_take_long_is_seen_as_quickly_as_it_is_long(nasty: str) -> None:
    """Were it quadratic, it would be a million times what is bounded here: no clock is needed to see it."""
    assert len(seen(nasty)) <= 8 * len(nasty)
    assert not re.search("[\x1b\x9d]", seen(nasty))
