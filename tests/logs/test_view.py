"""What ``bench.logs`` is: a live, lazy sequence that can be asked."""

from __future__ import annotations

import pytest

from autobench_nb.errors import QueryError
from autobench_nb.logs import LogEntry, LogRing, LogView
from autobench_nb.logs.query.predicate import wanted


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


def test_a_query_gives_those_it_wants_and_can_be_asked_again() -> None:
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
    assert caught.value.column >= 0


def test_what_the_source_decides_is_not_looked_at_line_by_line() -> None:
    asked: list[int] = []
    ring = ring_of(1_000)
    query = wanted("channel:psu", now=0)

    def spying(entry: LogEntry) -> bool:
        asked.append(entry.seq)
        return query(entry)

    spied = type(query)(spying, query.judge)
    assert len(LogView(ring, spied)) == 500
    assert asked == []
    assert len(LogView(ring).where(spied).where(wanted("job:j1", now=0))) == 100
    assert asked == []


def test_the_repr_says_how_many() -> None:
    assert repr(LogView(ring_of(1_234))) == "<LogView of 1,234 entries>"
    assert "wanted" in repr(LogView(ring_of(10)).query("m1"))
