"""The ring: numbers without a hole, exact capacity, bounded memory, the wire."""

from __future__ import annotations

import gc
import itertools
import threading
import tracemalloc
from collections.abc import Callable
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autobench_nb.errors import ConfigError
from autobench_nb.logs import Channels, Level, LogEntry, LogRing
from autobench_nb.logs.ring import intake as intake_module
from autobench_nb.logs.ring.columns import CHUNK_ROWS, WIRE_MESSAGE_LIMIT
from autobench_nb.logs.ring.inbox import INBOX_LIMIT, INBOX_WEIGHT
from autobench_nb.logs.text import MESSAGE_LIMIT


def filled(count: int, capacity: int = 500, **options: Any) -> LogRing:
    ring = LogRing(capacity, **options)
    for number in range(count):
        ring.append("app", Level.INFO, f"m{number}")
    return ring


def wire(ring: LogRing, seq: int = 0) -> list[dict[str, Any]]:
    entries: list[dict[str, Any]] = orjson.loads(ring.since(seq).wire())
    return entries


def test_entries_are_numbered_from_zero() -> None:
    ring = filled(3)
    assert [(entry.seq, entry.message) for entry in ring.since(0).entries] == [
        (0, "m0"),
        (1, "m1"),
        (2, "m2"),
    ]
    assert (ring.first_seq, ring.next_seq, ring.size, ring.evicted) == (0, 3, 3, 0)


@pytest.mark.parametrize("count", [0, 1, 9, 10, 11, 4_095, 4_096, 4_097, 12_345])
def test_capacity_is_exact(count: int) -> None:
    ring = filled(count, capacity=10)
    assert ring.next_seq == count
    assert ring.size == min(count, 10)
    assert ring.first_seq == ring.next_seq - ring.size == ring.evicted
    assert [entry.message for entry in ring.since(0).entries] == [
        f"m{n}" for n in range(max(0, count - 10), count)
    ]


def test_metadata_is_that_of_a_ring_of_slots() -> None:
    assert filled(1_203, capacity=500).metadata() == {
        "nextSeq": 1_203,
        "capacity": 500,
        "size": 500,
        "head": 203,
    }


def test_since_tells_what_is_no_longer_held() -> None:
    ring = filled(20, capacity=5)
    batch = ring.since(3)
    assert (batch.first_seq, batch.next_seq, batch.missed) == (15, 20, 12)
    assert ring.since(17).missed == 0
    assert len(ring.since(99)) == 0
    assert ring.since(99).first_seq == 20


def test_since_with_a_limit_gives_the_oldest_and_last_the_newest() -> None:
    ring = filled(10_000, capacity=9_000)
    batch = ring.since(4_000, 200)
    assert (batch.first_seq, batch.next_seq, len(batch.entries)) == (4_000, 4_200, 200)
    assert batch.entries[-1].message == "m4199"
    assert [entry.seq for entry in ring.last(3).entries] == [9_997, 9_998, 9_999]
    assert len(ring.last(99_999)) == 9_000
    assert len(ring.last(0)) == 0


def test_entries_are_a_sequence() -> None:
    entries = filled(9_000, capacity=9_000).since(10).entries
    assert entries[0].seq == 10
    assert entries[-1].seq == 8_999
    assert [entry.seq for entry in entries[5_000:5_002]] == [5_010, 5_011]
    assert [entry.seq for entry in itertools.islice(reversed(entries), 2)] == [8_999, 8_998]
    with pytest.raises(IndexError):
        entries[8_990]


def test_a_batch_stays_what_it_was_when_the_ring_goes_on() -> None:
    ring = filled(100, capacity=100)
    batch = ring.since(0)
    for number in range(20_000):
        ring.append("app", "info", str(number))
    assert ring.size == 100
    assert [entry.message for entry in batch.entries] == [f"m{n}" for n in range(100)]
    assert len(orjson.loads(batch.wire())) == 100


def test_resize_keeps_the_newest_and_growing_brings_nothing_back() -> None:
    ring = filled(1_000, capacity=1_000)
    ring.resize(10)
    assert (ring.first_seq, ring.size) == (990, 10)
    ring.resize(1_000)
    assert (ring.first_seq, ring.size) == (990, 10)
    ring.append("app", "info", "more")
    assert (ring.first_seq, ring.size) == (990, 11)


@pytest.mark.parametrize("capacity", [0, -1, 1.5, True])
def test_a_capacity_that_is_none_is_refused(capacity: Any) -> None:
    with pytest.raises(ConfigError, match="log_capacity"):
        LogRing(capacity)


@given(st.lists(st.tuples(st.integers(0, 3_000), st.integers(1, 6_000)), max_size=8))
@settings(deadline=None, max_examples=40)
def test_the_ring_is_a_list_that_forgets(steps: list[tuple[int, int]]) -> None:
    ring = LogRing(1_000)
    model: list[str] = []
    first = 0
    for count, capacity in steps:
        for _ in range(count):
            ring.append("app", "info", f"m{len(model)}")
            model.append(f"m{len(model)}")
        first = max(first, len(model) - ring.capacity)
        ring.resize(capacity)
        first = max(first, len(model) - capacity)
        assert (ring.first_seq, ring.next_seq) == (first, len(model))
        assert [entry.message for entry in ring.since(0).entries] == model[first:]


def test_all_that_an_entry_carries_comes_back() -> None:
    ring = LogRing(10, clock=lambda: 1_700_000_000.123456)
    ids: dict[str, Any] = {"logger": "a.b", "job_id": "j1", "step_id": "s1", "device_id": "psu0"}
    ring.append("psu", "warning", "hot", fields={"temp": {"c": 81.5}}, exc="Trace\nback", **ids)
    (entry,) = ring.since(0).entries
    assert entry.ts == 1_700_000_000_123.456
    assert entry[5:13] == (
        Level.WARN,
        "hot",
        "a.b",
        "j1",
        "s1",
        "psu0",
        {"temp.c": 81.5},
        "Trace\nback",
    )
    assert wire(ring) == [entry.to_wire()]


def test_a_time_may_be_given_to_the_microsecond() -> None:
    ring = LogRing(10)
    ring.append("app", "info", "then", ts=1_732_443_323_123.457)
    assert ring.since(0).entries[0].ts == 1_732_443_323_123.457


@pytest.mark.parametrize("ts", [float("nan"), float("inf"), 1e300])
def test_what_is_no_time_is_refused(ts: float) -> None:
    with pytest.raises(ValueError, match="milliseconds"):
        LogRing(10).append("app", "info", "x", ts=ts)


def test_what_is_no_level_is_refused_and_nothing_is_logged() -> None:
    ring = LogRing(10)
    with pytest.raises(ValueError, match="no log level"):
        ring.append("app", "loud", "x")
    assert ring.next_seq == 0


class Broken:
    def __str__(self) -> str:
        raise RuntimeError("no text")


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        (5, "5"),
        (None, "None"),
        (b"a\xff", "a\\xff"),
        (["x"], "['x']"),
        ("\ud83d", "\\ud83d"),
        ("a\udcffb", "a\\xffb"),
        (Broken(), "<Broken: its text cannot be had, RuntimeError>"),
        ("", ""),
        ("\0\x1b[31m\n\u2028", "\0\x1b[31m\n\u2028"),
    ],
)
def test_odd_messages_are_kept_among_good_ones(given: Any, kept: str) -> None:
    ring = LogRing(10)
    for message in ("before", given, "after €"):
        ring.append("app", "info", message)
    assert [entry["message"] for entry in wire(ring)] == ["before", kept, "after €"]


def test_odd_names_are_made_text() -> None:
    ring = LogRing(10)
    odd: Any = ["list"]
    ring.append(odd, "info", "x", job_id=odd)
    ring.append("  two\nwords  ", "info", "x", logger="\udcff")
    first, second = ring.since(0).entries
    assert (first.channel, first.job_id) == ("['list']", "['list']")
    assert (second.channel, second.logger) == ("two words", "\\xff")


@given(st.lists(st.text(st.characters(), max_size=40), max_size=60))
@settings(deadline=None)
def test_any_text_comes_back_from_cold_chunks_too(messages: list[str]) -> None:
    ring = LogRing(100)
    for message in messages:
        ring.append("app", "info", message)
    chunks = [part.chunk for part in ring.since(0).parts]
    expected = [entry["message"] for entry in wire(ring)]
    for hot in chunks:  # one, or none
        assert [hot.message(row) for row in range(len(hot))] == expected
        hot.release_text()
        assert [hot.message(row) for row in range(len(hot))] == expected
        assert hot.messages(0, len(hot)) == expected
        assert hot.messages(len(hot) // 2, len(hot)) == expected[len(hot) // 2 :]


def test_the_wire_is_what_the_entries_say_hot_or_cold() -> None:
    ring = LogRing(100_000)
    for number in range(30_000):
        fields = {"n": number} if number % 1_000 == 0 else None
        ring.append(
            "ä" if number % 3 else "app",
            10 + number % 5 * 10,
            f"é{number}",
            job_id=f"j{number % 7}",
            fields=fields,
        )
    batch = ring.since(0)
    assert orjson.loads(batch.wire()) == [entry.to_wire() for entry in batch.entries]
    assert batch.wire() is batch.wire()


def test_the_wire_can_be_limited_to_channels_levels_and_a_predicate() -> None:
    ring = LogRing(10_000)
    for number in range(9_000):
        ring.append(("app", "psu")[number % 2], ("info", "warn", "error")[number % 3], f"m{number}")

    def seqs(**options: Any) -> list[int]:
        return [entry["seq"] for entry in orjson.loads(ring.since(0).wire(**options))]

    assert seqs(allowed=["psu"]) == list(range(1, 9_000, 2))
    assert seqs(min_level=Level.ERROR) == list(range(2, 9_000, 3))
    assert seqs(allowed={"psu"}, min_level=Level.ERROR) == list(range(5, 9_000, 6))
    assert seqs(allowed=[]) == []

    def last_digit(entry: LogEntry) -> bool:
        return entry.message.endswith("7")

    assert seqs(allowed=["psu"], predicate=last_digit) == list(range(7, 9_000, 10))


def test_the_rings_min_level_is_what_the_wire_shows_and_not_what_is_held() -> None:
    ring = LogRing(10, min_level=Level.WARN)
    ring.append("app", "debug", "quiet")
    ring.append("app", "error", "loud")
    assert ring.size == 2
    assert [entry["message"] for entry in wire(ring)] == ["loud"]


def test_a_channels_new_look_shows_on_entries_that_are_held() -> None:
    channels = Channels()
    ring = LogRing(10, channels=channels)
    ring.append("psu", "info", "x")
    ring.since(0).wire()
    channels.register("psu", emoji="⚡", color="#fff")
    assert (wire(ring)[0]["emoji"], wire(ring)[0]["color"]) == ("⚡", "#fff")


def test_a_10_mb_line_is_whole_in_the_ring_and_cut_on_the_wire() -> None:
    ring = LogRing(10)
    line = "ab" * 5_000_000
    ring.append("app", "info", "before")
    ring.append("app", "info", line)
    _, cut = wire(ring)
    assert cut["message"] == line[:WIRE_MESSAGE_LIMIT]
    assert cut["cut"] == len(line)
    assert LogEntry.from_wire(cut).cut == len(line)
    whole = ring.entry(1)
    assert whole is not None
    assert whole.message == line
    assert orjson.loads(ring.since(0).wire(predicate=lambda entry: True))[1] == cut


def test_a_line_past_the_stated_limit_is_cut_and_marked() -> None:
    ring = LogRing(2)
    ring.append("app", "info", "x" * (MESSAGE_LIMIT + 5))
    entry = ring.entry(0)
    assert entry is not None
    assert len(entry.message) < MESSAGE_LIMIT + 60
    assert entry.message.endswith("… [cut: 16,777,221 characters]")


def test_an_entry_that_is_not_held_is_none() -> None:
    ring = filled(20, capacity=5)
    assert ring.entry(3) is None
    assert ring.entry(20) is None
    assert ring.entry(-1) is None
    entry = ring.entry(15)
    assert entry is not None
    assert entry.seq == 15


def test_counts_tell_how_many_lines_a_job_has_at_each_level() -> None:
    ring = LogRing(100_000)
    for number in range(10_000):
        ring.append("app", "warn" if number % 10 == 0 else "info", "x", job_id=f"j{number % 2}")
    ring.append("app", "error", "x")
    counts = ring.counts()
    assert counts["j0"] == {Level.INFO: 4_000, Level.WARN: 1_000}
    assert counts["j1"] == {Level.INFO: 5_000}
    assert counts[None] == {Level.ERROR: 1}
    assert sum(ring.counts("channel")["app"].values()) == 10_001
    with pytest.raises(ValueError, match="no column"):
        ring.counts("message")


def test_on_dirty_is_called_once_between_reads_and_outside_the_lock() -> None:
    calls: list[int] = []
    other: list[int] = []

    def on_dirty() -> None:
        thread = threading.Thread(target=lambda: other.append(ring.capacity))
        thread.start()
        thread.join(5)
        calls.append(1)

    ring = LogRing(10, on_dirty=on_dirty)
    for _ in range(3):
        ring.append("app", "info", "x")
    assert len(calls) == 1
    ring.since(0)
    assert len(calls) == 1
    ring.append("app", "info", "x", fields={"a": 1})
    assert len(calls) == 2
    assert len(other) == 2


def test_a_flood_that_nobody_reads_is_drained_by_those_who_log() -> None:
    ring = LogRing(100)
    for number in range(3 * INBOX_LIMIT):
        ring.append("app", "info", str(number))
        assert len(ring._inbox) <= INBOX_LIMIT
    assert ring.next_seq == 3 * INBOX_LIMIT


def test_heavy_lines_are_drained_before_they_pile_up() -> None:
    ring = LogRing(10)
    for _ in range(40):
        ring.append("app", "info", "x" * 1_000_000)
        assert len(ring._inbox) <= 9


def test_memory_in_bytes_is_bounded_too() -> None:
    ring = LogRing(1_000, max_bytes=20_000_000)
    for _ in range(100):
        ring.append("app", "info", "x" * 1_000_000)
    assert ring.next_seq == 100
    assert ring.size < 30
    assert ring.first_seq == ring.next_seq - ring.size
    assert ring.since(0).missed == ring.first_seq


def test_memory_stays_bounded_through_floods() -> None:
    ring = LogRing(5_000)

    def flood(count: int) -> None:
        for number in range(count):
            ring.append(
                "app",
                "info",
                f"line {number} of a flood",
                job_id=f"job{number}",
                fields={"n": number},
            )
            if number % 500 == 0:
                ring.since(ring.next_seq - 100).wire()

    flood(12_000)
    gc.collect()
    tracemalloc.start()
    try:
        flood(5_000)
        gc.collect()
        before = tracemalloc.get_traced_memory()[0]
        flood(20_000)
        gc.collect()
        after = tracemalloc.get_traced_memory()[0]
    finally:
        tracemalloc.stop()
    assert after - before < 4_000_000


def test_a_new_job_a_line_does_not_fill_the_source_table() -> None:
    ring = LogRing(100)
    for number in range(5 * CHUNK_ROWS):
        ring.append("app", "info", "x", job_id=f"job{number}")
    assert ring.next_seq == 5 * CHUNK_ROWS
    assert len(ring._intake._sources) <= CHUNK_ROWS + 256


def test_eight_threads_at_full_speed_leave_no_hole_while_readers_read() -> None:
    ring = LogRing(1_000_000)
    each = 12_000
    start = threading.Barrier(10)
    done = threading.Event()
    failures: list[str] = []

    def write(name: int) -> None:
        start.wait()
        for number in range(each):
            if number % 100 == 0:
                ring.append("app", "info", f"{name} {number}", fields={"n": number})
            else:
                ring.append("app", "info", f"{name} {number}")

    def read() -> None:
        start.wait()
        seen = 0
        while True:
            ended = done.is_set()
            batch = ring.since(seen)
            if batch.first_seq != seen or batch.missed:
                failures.append(f"{batch.first_seq} after {seen}")
            numbers = [entry["seq"] for entry in orjson.loads(batch.wire())]
            if numbers != list(range(seen, batch.next_seq)):
                failures.append(f"a hole after {seen}")
            seen = batch.next_seq
            if ended:
                break
        if seen != 8 * each:
            failures.append(f"{seen} seen")

    writers = [threading.Thread(target=write, args=(name,)) for name in range(8)]
    readers = [threading.Thread(target=read) for _ in range(2)]
    for thread in writers + readers:
        thread.start()
    for thread in writers:
        thread.join()
    done.set()
    for thread in readers:
        thread.join()
    assert failures == []
    order: dict[str, list[int]] = {}
    for entry in ring.since(0).entries:
        name, number = entry.message.split()
        order.setdefault(name, []).append(int(number))
    assert all(numbers == list(range(each)) for numbers in order.values())
    assert len(order) == 8


@pytest.mark.parametrize("where", ["dump_fields", "cut_exc", "_columns"])
def test_an_interrupt_in_a_drain_loses_and_doubles_nothing(
    where: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    ring = filled(10)
    assert ring.next_seq == 10
    ring.append("app", "info", "m10", fields={"a": 1}, exc="trace")
    ring.append("app", "info", "m11", fields={"b": 2}, exc="trace")
    real: Callable[..., Any] = getattr(intake_module, where)
    calls = itertools.count()

    def interrupted(*given: Any) -> Any:
        result = real(*given)
        if next(calls) == (0 if where == "_columns" else 1):
            raise KeyboardInterrupt
        return result

    monkeypatch.setattr(intake_module, where, interrupted)
    with pytest.raises(KeyboardInterrupt):
        ring.since(0)
    entries = ring.since(0).entries
    assert [entry.message for entry in entries] == [f"m{n}" for n in range(12)]
    assert [entry.fields for entry in entries[10:]] == [{"a": 1}, {"b": 2}]


def test_a_finalizer_that_logs_in_a_drain_does_not_lock_up(monkeypatch: pytest.MonkeyPatch) -> None:
    ring = filled(5)
    real = intake_module._columns

    def logging_columns(batch: Any) -> Any:
        if len(batch) == 5:
            for number in range(INBOX_LIMIT + 5):
                ring.append("app", "info", f"late {number}")
        return real(batch)

    monkeypatch.setattr(intake_module, "_columns", logging_columns)
    assert ring.next_seq >= 5
    assert ring.next_seq == 5 + INBOX_LIMIT + 5


def test_a_writer_logs_as_append_does() -> None:
    ring = LogRing(10, clock=lambda: 1.0)
    writer = ring.writer("psu", logger="a", job_id="j1")
    writer.append(Level.WARN, "hot")
    writer.append("warning", "hot", None, {"t": 1}, "exc")
    writer.at(1.0, 35, "hot")
    ring.append("psu", "warn", "hot", logger="a", job_id="j1")
    first, rich, odd, same = ring.since(0).entries
    assert first[1:] == odd[1:] == same[1:]
    assert (rich.fields, rich.exc) == ({"t": 1}, "exc")
    with pytest.raises(ValueError, match="no log level"):
        writer.append("loud", "x")


def test_a_line_so_long_that_it_is_taken_in_at_once_is_told_of_like_any_other() -> None:
    told: list[int] = []
    ring = LogRing(10, on_dirty=lambda: told.append(1))
    ring.since(0)
    ring.append("psu", 20, "x" * (INBOX_WEIGHT + 1))
    assert told == [1]
    assert ring.next_seq == 1


@pytest.mark.parametrize("count", [0, 7, 10, 11, 4_097, 8_407])
def test_what_is_held_and_what_is_lost_add_up_to_what_was_written(count: int) -> None:
    account = filled(count, capacity=10).account()
    assert (account.held, account.written) == (min(count, 10), count)
    assert account.held + account.lost == account.written
    assert account.remedy == ("log_capacity=100_000" if count > 10 else "")


def test_a_ring_that_was_made_larger_names_no_remedy_until_it_is_full_again() -> None:
    ring = filled(20, capacity=10)
    ring.resize(200_000)
    assert (ring.account().lost, ring.account().remedy) == (10, "")
    assert str(ring.account()) == "10 held + 10 lost = 20 written"


@pytest.mark.parametrize(
    "messages",
    [
        [],
        [""],
        ["one", "two", "three"],
        ["short", "l" * 1_025, "short again"],
        ["a\ud800b", "nul \0", "bidi \u202e", "x" * (MESSAGE_LIMIT + 10)],
        [f"m{number}" for number in range(INBOX_LIMIT + 1_000)],
    ],
    ids=["none", "empty", "few", "one long", "odd", "more than wait"],
)
def test_many_at_once_are_what_they_are_one_by_one(messages: list[str]) -> None:
    told: dict[str, int] = {"once": 0, "each": 0}

    def tell(name: str) -> Callable[[], None]:
        def on_dirty() -> None:
            told[name] += 1

        return on_dirty

    ticks = itertools.count(1_700_000_000)
    once = LogRing(20_000, clock=lambda: float(next(ticks)), on_dirty=tell("once"))
    once.append_all("benchmark", Level.INFO, messages, "stderr", "7")
    ticks = itertools.count(1_700_000_000)
    each = LogRing(20_000, clock=lambda: float(next(ticks)), on_dirty=tell("each"))
    for message in messages:
        each.append("benchmark", Level.INFO, message, None, "stderr", "7")
    assert list(once.since(0).entries) == list(each.since(0).entries)
    assert told["once"] == told["each"]
