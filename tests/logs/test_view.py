"""What ``bench.logs`` is: a live, lazy sequence that can be asked."""

from __future__ import annotations

import gc
from dataclasses import replace
from weakref import ref

import pytest

from autobench_nb.errors import QueryError
from autobench_nb.logs import LogEntry, LogRing, LogView
from autobench_nb.logs.query.chunk_rows import ChunkRows, Mask
from autobench_nb.logs.query.predicate import query_filter
from autobench_nb.logs.query.query import compile_query


def ring_of(count: int, capacity: int = 20_000) -> LogRing:
    ring = LogRing(capacity, clock=lambda: 1_000_000.0)
    for number in range(count):
        ring.append(
            ("app", "psu")[number % 2],
            ("info", "warn")[number % 3 == 0],
            f"m{number}",
            job_id=f"j{number % 5}",
        )
    return ring


def test_a_view_is_the_ring_as_it_is_now() -> None:
    ring = ring_of(10_000)
    view = LogView(ring)
    assert len(view) == 10_000
    assert [view[0].seq, view[-1].seq, view[5_000].seq] == [0, 9_999, 5_000]
    assert [entry.seq for entry in view[9_998:]] == [9_998, 9_999]
    ring.append("app", "info", "new")
    assert view[-1].message == "new"
    assert [entry.seq for entry in view] == list(range(10_001))
    with pytest.raises(IndexError):
        view[10_001]


def test_a_query_gives_what_it_finds_and_can_be_asked_again() -> None:
    view = LogView(ring_of(10_000)).query("level>=warn channel:psu")
    assert [entry.seq for entry in view][:3] == [3, 9, 15]
    narrower = view.query("job:j4")
    expected = [n for n in range(10_000) if n % 2 == 1 and n % 3 == 0 and n % 5 == 4]
    assert [entry.seq for entry in narrower] == expected
    assert len(narrower) == len(expected)
    assert narrower[-1].seq == expected[-1]
    assert bool(LogView(ring_of(5)).query("nothinglikeit")) is False


def test_a_query_stays_live() -> None:
    ring = ring_of(10)
    view = LogView(ring).query("special")
    assert list(view) == []
    ring.append("app", "info", "a special line")
    assert [entry.seq for entry in view] == [10]


def test_any_function_can_ask() -> None:
    def even(entry: LogEntry) -> bool:
        return entry.seq % 2 == 0

    view = LogView(ring_of(100)).where(even).query("level:warn")
    assert [entry.seq for entry in view] == list(range(0, 100, 6))


def test_a_view_can_be_bounded_by_seq() -> None:
    view = LogView(ring_of(10_000, capacity=5_000)).between(4_990, 5_010)
    assert [entry.seq for entry in view] == list(range(5_000, 5_010))
    assert len(view.between(5_005)) == 5
    assert len(view.query("level:warn")) == 3
    assert len(view.between(0, 10)) == 0


def test_relative_times_count_from_now() -> None:
    now = [1_000_000.0]
    ring = LogRing(10, clock=lambda: now[0])
    ring.append("app", "info", "old")
    now[0] += 600
    ring.append("app", "info", "new")
    view = LogView(ring, wall=lambda: now[0]).query("since:-5m")
    assert [entry.message for entry in view] == ["new"]


def test_a_query_that_cannot_be_read_says_where() -> None:
    with pytest.raises(QueryError) as caught:
        LogView(ring_of(1)).query("level>=loud")
    assert caught.value.column == 8, "counted from 1, as on the wire"


def test_a_query_is_not_asked_of_single_entries_where_the_source_decides() -> None:
    asked: list[int] = []
    ring = ring_of(1_000)
    query = query_filter("channel:psu", now=0)

    def spying(entry: LogEntry) -> bool:
        asked.append(entry.seq)
        return query(entry)

    spied = replace(query, predicate=spying)
    assert len(LogView(ring, spied)) == 500
    assert len(LogView(ring).where(spied).where(query_filter("job:j1", now=0))) == 100
    assert asked == []


def test_only_new_entries_are_looked_at_again() -> None:
    looked: list[int] = []
    ring = ring_of(10_000)
    query = query_filter("m1", now=0)

    def spying(rows: ChunkRows, asked: Mask) -> Mask:
        looked.append(rows.count)
        return query.row_test(rows, asked)

    view = LogView(ring).where(replace(query, row_test=spying))
    count = len(view)
    assert sum(looked) == 10_000
    looked.clear()
    ring.append("app", "info", "m1 again")
    assert len(view) == count + 1
    assert sum(looked) < 4_096
    assert view[-1].message == "m1 again"


def test_a_function_is_asked_anew_when_there_are_new_entries() -> None:
    chosen = {1}
    ring = ring_of(10_000)
    view = LogView(ring).where(lambda entry: entry.seq in chosen)
    narrowed = view.query("level:debug,info,warn")
    assert [len(view), len(narrowed)] == [1, 1]
    chosen.add(2)
    ring.append("app", "info", "new")
    assert [len(view), len(narrowed)] == [2, 2]


def test_what_is_evicted_is_not_held_by_a_view() -> None:
    ring = ring_of(10_000, capacity=10_000)
    views = [LogView(ring).query(text) for text in ("m1", "level>=info", "")]
    views.append(LogView(ring).where(lambda entry: entry.seq % 2 == 0))
    chunks = [ref(part.chunk) for part in ring.since(0).parts]
    assert all(len(view) for view in views)
    assert all(view[0].seq < 10 for view in views)
    for number in range(20_000):
        ring.append("app", "info", f"m{number}")
    assert ring.first_seq == 20_000
    gc.collect()
    assert [chunk() for chunk in chunks] == [None] * len(chunks)
    assert all(view[0].seq >= 20_000 for view in views)


def test_while_the_oldest_are_evicted_one_by_one_a_view_loses_them_too() -> None:
    ring = ring_of(6_000, capacity=6_000)
    view = LogView(ring).query("m*1 OR m1")
    for number in range(50):
        assert [entry.seq for entry in view] == [
            entry.seq for entry in ring.since(0).entries if "m1" in entry.message
        ]
        ring.append("app", "info", f"m{number}")


def test_iteration_gives_the_entries_that_access_gives() -> None:
    ring = LogRing(20_000, clock=lambda: 1_000_000.0)
    for number in range(9_000):
        ring.append(
            ("app", "psu")[number % 2],
            "info",
            ("plain", "öäü €", "")[number % 3] * (number % 7),
            fields={"n": number} if number % 10 == 0 else None,
            exc="Error: ä" if number % 13 == 0 else None,
            logger="a.b" if number % 4 else None,
        )
    view = LogView(ring)
    entries = list(view)
    assert entries == [view[number] for number in range(9_000)]
    assert entries == list(reversed(list(reversed(ring.since(0).entries))))
    for query in ("ö", "-plain", "seq:5..9,4095..4097,8999", "has:exc"):
        predicate = compile_query(query)
        assert list(view.query(query)) == [entry for entry in entries if predicate(entry)]


def test_the_repr_says_how_many() -> None:
    assert repr(LogView(ring_of(1_234))) == "<LogView of 1,234 entries>"
    assert "matching" in repr(LogView(ring_of(10)).query("m1"))


def test_a_view_says_where_all_entries_are_and_how_the_ring_is_made_larger() -> None:
    ring = LogRing(500)
    for n in range(8_407):
        ring.append("app", "info", f"m{n}")
    view = LogView(ring)
    assert (view.held, view.lost, view.written) == (500, 7_907, 8_407)
    assert repr(view) == (
        "<LogView of 500 entries: 500 held + 7,907 lost = 8,407 written; "
        "a larger ring: log_capacity=100_000>"
    )
    narrow = view.query("m8406")
    assert (len(narrow), narrow.held, narrow.lost) == (1, 500, 7_907)
    assert "1 matching entries: 500 held + 7,907 lost" in repr(narrow)
