"""What a query finds in columns is what its test of entries finds, whichever way the columns are searched."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, example, given, settings
from hypothesis import strategies as st

from autobench_nb.errors import QueryError
from autobench_nb.logs import LogRing
from autobench_nb.logs.query import chunk_rows
from autobench_nb.logs.query.literal import Literal, unfolded
from autobench_nb.logs.query.match import fold
from autobench_nb.logs.query.predicate import QueryFilter, RegexKernel, matching
from autobench_nb.logs.query.query import parse
from autobench_nb.logs.ring.batch import LogBatch
from autobench_nb.logs.ring.columns import WIRE_MESSAGE_LIMIT
from autobench_nb.tables.regex_kernel import search_column
from tests.logs.query.strategies import LETTERS, NOW, entries, patterns, queries, quoted, texts

BERLIN = ZoneInfo("Europe/Berlin")
WAYS = [(0, None), (0, search_column), (24, None), (24, search_column), (10**9, None)]
"""From how many rows on the columns are searched, and what helps with regexes."""
ways = st.sampled_from(WAYS)
each_way = pytest.mark.parametrize(("few", "kernel"), WAYS)


def often(count: int) -> settings:
    fixture = HealthCheck.function_scoped_fixture
    return settings(
        max_examples=count, deadline=None, suppress_health_check=[fixture, HealthCheck.too_slow]
    )


def readable(text: str) -> bool:
    try:
        parse(text)
    except QueryError:
        return False
    return True


def ring_of(wire: list[dict[str, Any]]) -> LogRing:
    ring = LogRing(20_000, max_bytes=1 << 40)
    for entry in wire:
        ring.append(
            entry["channel"],
            entry["level"],
            entry["message"],
            entry["ts"],
            entry.get("logger"),
            entry.get("jobId"),
            entry.get("stepId"),
            entry.get("deviceId"),
            entry.get("fields"),
            entry.get("exc"),
        )
    return ring


def batch_of(messages: list[str]) -> LogBatch:
    """Entries that differ in their message only."""
    same = {"channel": "a", "level": "info", "ts": NOW}
    return ring_of([{**same, "message": message} for message in messages]).since(0)


def found(batch: LogBatch, text: str, kernel: RegexKernel | None, start: int = 0) -> list[int]:
    test = QueryFilter.of(parse(text), now=NOW, zone=BERLIN, kernel=kernel)
    seqs: list[int] = []
    for chunk, begin, end in batch.parts:
        first = max(begin, start - chunk.first_seq)
        if first < end:
            rows = matching(chunk, first, end, batch.channels, test)
            seqs += (rows + chunk.first_seq).tolist()
    return seqs


def expected(batch: LogBatch, text: str, start: int = 0) -> list[int]:
    predicate = parse(text).predicate(now=NOW, zone=BERLIN)
    return [entry.seq for entry in batch.entries if entry.seq >= start and predicate(entry)]


@often(250)
@given(wire=entries(), text=queries.filter(readable), start=st.integers(0, 3), way=ways)
@example(
    wire=[{"ts": NOW, "channel": "a", "level": "info", "message": "\u212a"}],
    text="k",
    start=0,
    way=WAYS[0],
)
@example(
    wire=[{"ts": NOW, "channel": "a", "level": "info", "message": "İx"}],
    text='"i̇x"',
    start=0,
    way=WAYS[0],
)
@example(
    wire=[{"ts": NOW, "channel": "a", "level": "info", "message": "ΑΣ"}],
    text="ας",
    start=0,
    way=WAYS[0],
)
def test_columns_and_entries_agree(
    monkeypatch: pytest.MonkeyPatch,
    wire: list[dict[str, Any]],
    text: str,
    start: int,
    way: tuple[int, RegexKernel | None],
) -> None:
    few, kernel = way
    monkeypatch.setattr(chunk_rows, "FEW_ROWS", few)
    batch = ring_of(wire).since(0)
    assert found(batch, text, kernel, start) == expected(batch, text, start)


@often(200)
@given(
    messages=st.lists(texts, min_size=1, max_size=30),
    pattern=patterns,
    flags=st.sampled_from(("", "i")),
    way=ways,
)
def test_regexes_in_columns_agree(
    monkeypatch: pytest.MonkeyPatch,
    messages: list[str],
    pattern: str,
    flags: str,
    way: tuple[int, RegexKernel | None],
) -> None:
    few, kernel = way
    monkeypatch.setattr(chunk_rows, "FEW_ROWS", few)
    text = f"/{pattern}/{flags}"
    assume(readable(text))
    batch = batch_of(messages)
    assert found(batch, text, kernel) == expected(batch, text)


@often(300)
@given(
    messages=st.lists(texts, min_size=1, max_size=30),
    needle=st.text(alphabet=LETTERS, min_size=1, max_size=4),
)
def test_words_in_columns_agree_where_letters_change_their_length(
    monkeypatch: pytest.MonkeyPatch, messages: list[str], needle: str
) -> None:
    monkeypatch.setattr(chunk_rows, "FEW_ROWS", 0)
    batch = batch_of(messages)
    assert found(batch, quoted(needle), None) == expected(batch, quoted(needle))


def test_every_letter_that_folds_is_found_by_what_it_folds_to(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(chunk_rows, "FEW_ROWS", 0)
    single, several = unfolded()
    pairs = [(char, folded) for folded, chars in single.items() for char in chars] + list(
        several.items()
    )
    assert len(pairs) > 1_000
    batch = batch_of([f"<{char}>" for char, _ in pairs])
    (chunk, start, stop), *others = batch.parts
    assert not others
    for seq, (char, folded) in enumerate(pairs):
        assert fold(char) == folded
        rows = chunk_rows.ChunkRows(chunk, start, stop, batch.channels)
        hits, unsure = Literal.folded(f"<{folded}>").rows(rows.written)
        assert hits[seq] or (unsure is not None and unsure[seq])


def test_a_match_does_not_reach_into_the_next_line() -> None:
    messages = ["ab", "c", "", "abc", "bc", "abab", "cabc"] * 10
    batch = batch_of(messages)
    for text in ("abc", "/abc/", "/ab.?c/", "ba", '"bcab"', "/b$/", "/^c/", "-abc", "/b\\Bc/"):
        assert found(batch, text, None) == expected(batch, text)
        assert found(batch, text, search_column) == expected(batch, text)


VECTORS: dict[str, Any] = json.loads(
    (Path(__file__).parents[2] / "vectors" / "query.json").read_text("utf-8")
)


@each_way
def test_the_vectors_hold_in_columns(
    monkeypatch: pytest.MonkeyPatch, few: int, kernel: RegexKernel | None
) -> None:
    monkeypatch.setattr(chunk_rows, "FEW_ROWS", few)
    batch = ring_of(VECTORS["entries"]).since(0)
    (part,) = batch.parts
    for vector in VECTORS["queries"]:
        query = parse(vector["query"])
        test = QueryFilter.of(query, now=VECTORS["now"], zone=ZoneInfo("UTC"), kernel=kernel)
        rows = matching(part.chunk, part.start, part.stop, batch.channels, test)
        assert (vector["query"], rows.tolist()) == (vector["query"], vector["seqs"])


@each_way
@pytest.mark.parametrize("text", ["tail", "/tail/", "/l$/", "-tail", "head tail", "/x{3}t/"])
def test_of_a_long_message_only_what_the_wire_carries_is_looked_at(
    monkeypatch: pytest.MonkeyPatch, few: int, kernel: RegexKernel | None, text: str
) -> None:
    monkeypatch.setattr(chunk_rows, "FEW_ROWS", few)
    limit = WIRE_MESSAGE_LIMIT
    messages = [
        "head" + fill * (limit - 8 + shift) + "tail" for shift in range(-4, 5) for fill in "xé"
    ]
    batch = ring_of(
        [
            {"channel": "a", "level": "info", "message": m, "ts": NOW}
            for m in messages + ["head", "tail"] * 30
        ]
    ).since(0)
    assert found(batch, text, kernel) == expected(batch, text)


@pytest.mark.parametrize(
    "text",
    [
        *(
            "fields.x>=50",
            "-fields.x>=50",
            "fields.x:10..20",
            "fields.x:7",
            "fields.x:1e1",
            "fields.x:*5",
        ),
        *(
            "fields.x:/^1/",
            "fields.x:true",
            "fields.x:null",
            "has:fields.x",
            "-has:fields.x",
            "fields.y>0",
        ),
        *(
            'fields."a b":c',
            "fields.x:7,text",
            "has:fields",
            "has:fields.y,exc",
            "fields.x>=50 fields.x<60",
        ),
        *("fields.é:ü", 'fields."q\\"":1', "fields.x:70.0", "fields.x<-1"),
    ],
)
def test_own_fields_are_read_from_columns_as_from_entries(text: str) -> None:
    values: list[Any] = [
        7,
        7.0,
        "7",
        "7.0",
        True,
        False,
        None,
        "text",
        55.5,
        -3,
        "1e1",
        1e21,
        "",
        '"x":99',
    ]
    wire = [
        {
            "channel": "a",
            "level": "info",
            "message": "m",
            "ts": NOW,
            "fields": [
                {"x": values[number % len(values)]},
                {"y": number, "x": number % 100},
                {"a b": "c", "z": '"x":99,"y":1', "é": "ü", 'q"': 1},
                None,
            ][number % 4],
            "exc": "Error" if number % 50 == 0 else None,
        }
        for number in range(5_000)
    ]
    batch = ring_of(wire).since(0)
    for _ in range(2):  # read, and then kept
        assert found(batch, text, None) == expected(batch, text)
        assert found(batch, text, None, 1_001) == expected(batch, text, 1_001)
    assert all(len(part.chunk.kept) <= 4 for part in batch.parts)


@pytest.mark.parametrize("odd", [{}, {'a"x': 7, 'b,"x': 8}, {"z": ',"x":5', "w": '{"x":6}'}])
@pytest.mark.parametrize("text", ["fields.x>=50", "fields.x<-1.5", "fields.x>1e20", "has:fields.x"])
def test_numbers_are_found_among_whatever_stands_beside_them(
    odd: dict[str, Any], text: str
) -> None:
    numbers = [0, -3, 55.5, 99, 1e21, -2.25e-3, 2**53 - 1]
    wire = [
        {
            "channel": "a",
            "level": "info",
            "message": "m",
            "ts": NOW,
            "fields": [{"x": number, **odd}, {**odd, "xx": 70, "x": number}, odd or None][
                place % 3
            ],
        }
        for place, number in enumerate(numbers * 300)
    ]
    batch = ring_of(wire).since(0)
    assert found(batch, text, None) == expected(batch, text)


def test_a_chunk_keeps_few_columns_of_own_fields() -> None:
    wire = [
        {
            "channel": "a",
            "level": "info",
            "message": "m",
            "ts": NOW,
            "fields": {f"f{n}": n for n in range(9)},
        }
        for _ in range(4_096)
    ]
    batch = ring_of(wire).since(0)
    for name in range(9):
        assert len(found(batch, f"fields.f{name}:{name}", None)) == 4_096
    assert len(batch.parts[0].chunk.kept) == 4
    many = [
        {
            "channel": "a",
            "level": "info",
            "message": "m",
            "ts": NOW,
            "fields": {"id": f"job {number}"},
        }
        for number in range(4_096)
    ]
    batch = ring_of(many).since(0)
    assert found(batch, 'fields.id:"job 7"', None) == [7]
    assert not batch.parts[0].chunk.kept


def test_a_regex_that_the_kernel_does_not_take_is_still_searched() -> None:
    asked: list[str] = []

    def refusing(text: bytes, offsets: Any, pattern: str) -> None:
        asked.append(pattern)

    batch = batch_of([f"m{n}" for n in range(99)])
    assert found(batch, "/m[0-9]$/", refusing) == list(range(10))
    assert asked


def test_rows_that_the_source_leaves_out_are_not_searched() -> None:
    wire = [
        {"channel": f"c{n % 2}", "level": "info", "message": "m", "ts": NOW} for n in range(200)
    ]
    batch = ring_of(wire).since(0)
    asked: list[int] = []
    chunk = batch.parts[0].chunk

    def spying(text: bytes, offsets: Any, pattern: str) -> Any:
        asked.append(len(offsets))
        return np.ones(len(offsets) - 1, np.bool_)

    test = QueryFilter.of(parse("/./ channel:none"), now=NOW, kernel=spying)
    assert not len(matching(chunk, 0, 200, batch.channels, test))
    assert not asked
    test = QueryFilter.of(parse("/./ channel:c0"), now=NOW, kernel=spying)
    assert len(matching(chunk, 0, 200, batch.channels, test)) == 100
    assert asked
    assert matching(chunk, 0, 200, batch.channels, test, np.array([4, 5, 6])).tolist() == [4, 6]


def test_many_hits_a_line_do_not_reach_into_the_next_line() -> None:
    batch = batch_of(["a" * 20, "a", "", "a" * 20, "ab"] * 20)
    for text in ("aa", "aab", "-aa"):
        assert found(batch, text, None) == expected(batch, text)


def test_bytes_of_two_cases_make_no_third_letter() -> None:
    # р and Р differ in both bytes, and a byte of each makes Ѡ.
    batch = batch_of(["р", "Р", "Ѡ", "ѡ", "рС"] * 20)
    for text in ("р", "рс", "/р/i", "/[рР]с/i"):
        assert found(batch, text, None) == expected(batch, text)
