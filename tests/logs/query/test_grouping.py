"""Many tests of one kind are one test, which finds what each of them would."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from autobench_nb.logs.query import chunk_rows, grouping, match
from autobench_nb.logs.query.ast import Match
from autobench_nb.logs.query.grouping import grouped, is_of_source, own_name
from autobench_nb.logs.query.predicate import QueryFilter, RegexKernel
from autobench_nb.logs.query.query import parse
from tests.logs.query.strategies import NOW, entries, queries, texts
from tests.logs.query.test_columns import BERLIN, batch_of, found, often, readable, ring_of, ways


@often(200)
@given(
    wire=entries(),
    parts=st.lists(queries.filter(readable), min_size=2, max_size=6),
    negated=st.booleans(),
    way=ways,
)
@example(
    wire=[{"ts": NOW, "channel": "a", "level": "info", "message": "İx"}],
    parts=['"i̇x"', "zz"],
    negated=False,
    way=(0, None),
)
@example(
    wire=[{"ts": NOW, "channel": "a", "level": "info", "message": "m", "fields": {"temp": None}}],
    parts=["has:fields.temp", "fields.temp:null", "fields.x>=1"],
    negated=True,
    way=(0, None),
)
def test_what_is_asked_together_is_what_each_finds(
    monkeypatch: pytest.MonkeyPatch,
    wire: list[dict[str, Any]],
    parts: list[str],
    negated: bool,
    way: tuple[int, RegexKernel | None],
) -> None:
    few, kernel = way
    monkeypatch.setattr(chunk_rows, "FEW_ROWS", few)
    text = " ".join(f"NOT ({part})" for part in parts) if negated else " OR ".join(parts)
    assume(readable(text))
    batch = ring_of(wire).since(0)
    monkeypatch.setattr(grouping, "MANY", 10**9)
    alone = parse(text).predicate(now=NOW, zone=BERLIN)
    expected = [entry.seq for entry in batch.entries if alone(entry)]
    monkeypatch.setattr(grouping, "MANY", 1)
    together = parse(text).predicate(now=NOW, zone=BERLIN)
    assert [entry.seq for entry in batch.entries if together(entry)] == expected
    assert found(batch, text, kernel) == expected


@often(100)
@given(messages=st.lists(texts, min_size=1, max_size=30), words=st.lists(texts.filter(bool)))
def test_words_are_found_in_many_texts_as_in_each(messages: list[str], words: list[str]) -> None:
    finds = match.AnyFolded(words)
    folded = list(map(match.fold, messages))
    places = [
        place for place, text in enumerate(folded) if any(match.fold(w) in text for w in words)
    ]
    assert finds.places(folded) == places
    assert [place for place, text in enumerate(messages) if finds.found_in(text)] == places


def test_regexes_that_are_too_large_together_are_asked_one_by_one() -> None:
    pattern = "[a-z]{300}"
    text = " OR ".join(f"/{pattern}{number}/" for number in range(100))
    test = QueryFilter.of(parse(text), now=NOW)
    batch = batch_of(["x" * 300 + "7", "x" * 299 + "7", "x" * 9_000 + "99"])
    assert [test.predicate(entry) for entry in batch.entries] == [True, False, True]


def test_each_kind_is_told_from_the_others() -> None:
    text = " OR ".join([f"w{n} OR fields.f{n}>{n} OR channel:c{n} OR /r{n}/" for n in range(20)])
    node = parse(f"{text} OR (a b) OR since:-5m OR has:fields.x,exc").node
    kinds = grouped(node.nodes)  # type: ignore[union-attr]
    counts = [len(kinds.words), len(kinds.patterns), len(kinds.own)]
    assert counts == [20, 20, 20]
    (channels,) = kinds.sources
    assert isinstance(channels, Match)
    assert [item.text for item in channels.items] == [f"c{n}" for n in range(20)]  # type: ignore[union-attr]
    assert len(kinds.rest) == 3


@pytest.mark.parametrize(
    ("query", "is_one"),
    [("level>=warn", True), ("-channel:a", True), ("(job:1 OR logger:x*)", True), ("none", True),
     ("seq:1", False), ("channel:a b", False), ("since:-5m", False), ("fields.x:1", False)],
)  # fmt: skip
def test_what_a_source_tells(query: str, is_one: bool) -> None:
    assert is_of_source(parse(query).node) is is_one


def test_the_field_that_a_test_asks_for() -> None:
    queries = ["fields.x>=1", "fields.x:a", "has:fields.x", "has:fields.x,exc", "x", "seq:1"]
    names = [own_name(parse(query).node) for query in queries]
    assert names == ["x", "x", "x", None, None, None]
