"""Loops that are followed: what the state says of them while they run and after every kind of end."""

from __future__ import annotations

import gc
import threading
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

import autobench_nb as ab
from autobench_nb.errors import ClosedError, JobError
from autobench_nb.jobs.track import KEPT, Track
from tests.leaks import nothing_is_left

PATIENCE_S = 30.0


@pytest.fixture
def bench() -> Iterator[ab.Orchestrator]:
    with nothing_is_left(), ab.Orchestrator() as bench:
        yield bench


def record(bench: ab.Orchestrator, track: Track[Any]) -> dict[str, Any]:
    found = bench.state.get(f"/jobs/items/{track.id}")
    assert isinstance(found, dict)
    return found


def once(
    bench: ab.Orchestrator, track: Track[Any], holds: Callable[[dict[str, Any]], bool]
) -> None:
    """Wait until the track's record is so."""
    fact = threading.Event()

    def look(*_: object) -> None:
        found = bench.state.get(f"/jobs/items/{track.id}", None)
        if found is not None and holds(found):
            fact.set()

    end = bench.state.subscribe(look, "/jobs/items")
    try:
        bench.serve(thread=True)
        look()
        assert fact.wait(PATIENCE_S)
    finally:
        end()


def test_what_is_iterated_by_async_for_is_refused_with_what_helps(
    bench: ab.Orchestrator,
) -> None:
    async def items() -> AsyncIterator[int]:
        yield 1

    with pytest.raises(JobError, match=r"by a plain loop: count with done\.update\(\)"):
        bench.track(items())  # type: ignore[arg-type]


def test_a_loop_gives_its_items_and_its_record_says_that_it_succeeded(
    bench: ab.Orchestrator,
) -> None:
    track = bench.track([3, 1, 2], name="sizes")
    assert len(track) == 3
    assert list(track) == [3, 1, 2]
    found = record(bench, track)
    expected = {"name": "sizes", "status": "succeeded", "done": 1, "progress": 1.0, "etaS": None}
    assert found.items() >= expected.items()
    assert found["meanS"] > 0
    assert bench.jobs[track.id]["name"] == "sizes"
    assert bench.state.get(f"/jobs/runs/{track.id}/name") == "sizes"


def test_while_it_runs_the_record_says_how_far_it_is_and_what_is_left(
    bench: ab.Orchestrator,
) -> None:
    track = bench.track(range(4), name="slow")
    for item in track:
        if item == 1:
            once(bench, track, lambda found: found["progress"] == 0.25 and found["etaS"] > 0)
            found = record(bench, track)
            assert (found["status"], found["done"]) == ("running", 0)
            assert found["current"].startswith("1 of 4 items, ")
    assert record(bench, track)["etaS"] is None


def test_without_a_total_it_counts_and_estimates_nothing(bench: ab.Orchestrator) -> None:
    track: Track[int] = bench.track(number for number in range(3))
    for item in track:
        if item == 2:
            once(bench, track, lambda found: (found["current"] or "").startswith("2 items, "))
            assert record(bench, track)["etaS"] is None
            assert record(bench, track)["fraction"] is None
    assert record(bench, track)["progress"] == 1.0
    with pytest.raises(TypeError):
        len(track)


def leave_by_break(items: Iterable[int]) -> None:
    for item in items:
        if item == 2:
            break


def leave_by_return(items: Iterable[int]) -> None:
    for item in items:
        if item == 2:
            return


def leave_by_error(items: Iterable[int]) -> None:
    def body() -> None:
        for item in items:
            if item == 2:
                raise KeyError(item)

    with pytest.raises(KeyError):
        body()


def leave_a_generator(items: Iterable[int]) -> None:
    iterator = iter(items)
    next(iterator), next(iterator), next(iterator)
    del iterator
    gc.collect()


@pytest.mark.parametrize(
    "leave", [leave_by_break, leave_by_return, leave_by_error, leave_a_generator]
)
def test_a_loop_that_is_left_is_cancelled_and_says_where(
    bench: ab.Orchestrator, leave: Callable[[Iterable[int]], None]
) -> None:
    track = bench.track(range(10))
    leave(track)
    found = record(bench, track)
    assert (found["status"], found["reason"]) == ("cancelled", "left after 2 of 10 items")


def test_an_error_of_the_iterable_is_a_failure_and_is_raised(bench: ab.Orchestrator) -> None:
    def broken() -> Iterator[int]:
        yield 1
        raise OSError("the file ended")

    track = bench.track(broken(), total=5)
    with pytest.raises(OSError, match="the file ended"):
        list(track)
    found = record(bench, track)
    assert found["status"] == "failed"
    assert found["reason"] == "OSError after 1 of 5 items: the file ended"


def test_within_with_an_error_of_the_body_is_a_failure(bench: ab.Orchestrator) -> None:
    def body() -> None:
        with bench.track(range(5)) as track:
            tracks.append(track)
            for item in track:
                if item == 3:
                    raise ValueError("bad item")

    tracks: list[Track[int]] = []
    with pytest.raises(ValueError, match="bad item"):
        body()
    assert record(bench, tracks[0])["reason"] == "ValueError after 3 of 5 items: bad item"


def test_items_can_be_counted_by_hand(bench: ab.Orchestrator) -> None:
    by_hand: Track[None] = bench.track(total=10, name="by hand")
    with by_hand as track:
        track.update(4)
        once(bench, track, lambda found: found["progress"] == 0.4)
        track.update()
    assert (track.n, record(bench, track)["status"]) == (5, "succeeded")


def test_iterated_again_it_is_another_job(bench: ab.Orchestrator) -> None:
    track = bench.track([1, 2])
    assert list(track) == [1, 2]
    first = track.id
    assert list(track) == [1, 2]
    assert track.id != first
    assert bench.state.get(f"/jobs/items/{first}/status") == "succeeded"


def test_loops_within_loops_are_jobs_of_one_run(bench: ab.Orchestrator) -> None:
    outer = bench.track(range(2), name="outer")
    for _ in outer:
        for _ in bench.track(range(3), name="inner"):
            pass
    items = bench.state.get("/jobs/items").values()
    assert [item["name"] for item in items].count("inner") == 2
    assert {item["runId"] for item in items} == {outer.id}


def test_loops_of_many_threads_do_not_mix(bench: ab.Orchestrator) -> None:
    def work(number: int) -> int:
        return sum(bench.track(range(1_000), name=f"thread {number}"))

    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(work, range(32))) == {sum(range(1_000))}
    items = bench.state.get("/jobs/items").values()
    assert {item["status"] for item in items} == {"succeeded"}
    assert len({item["runId"] for item in items}) == 32


def test_within_a_job_it_is_the_jobs_progress(bench: ab.Orchestrator) -> None:
    half, go_on = threading.Event(), threading.Event()

    def work() -> None:
        for item in bench.track(range(4), name="parts"):
            if item == 2:
                half.set()
                assert go_on.wait(PATIENCE_S)

    run = bench.run(work)
    assert half.wait(PATIENCE_S)
    fact = threading.Event()
    pointer = f"/jobs/items/{run.jobs[0].id}"

    def look(*_: object) -> None:
        if bench.state.get(pointer)["fraction"] == 0.5:
            fact.set()

    bench.state.subscribe(look, pointer)
    bench.serve(thread=True)
    look()
    assert fact.wait(PATIENCE_S)
    assert bench.state.get(pointer)["current"].startswith("parts: 2 of 4 items")
    go_on.set()
    assert run.wait(PATIENCE_S)


def test_more_items_than_were_told_are_no_more_than_all(bench: ab.Orchestrator) -> None:
    track = bench.track(range(5), total=3)
    for item in track:
        if item == 4:
            assert (track.fraction, track.eta_s) == (1.0, 0.0)


def test_of_many_loops_the_last_are_kept(bench: ab.Orchestrator) -> None:
    for number in range(KEPT + 10):
        list(bench.track([number], name=str(number)))
    items = bench.state.get("/jobs/items").values()
    assert [item["name"] for item in items] == [str(number) for number in range(10, KEPT + 10)]
    assert len(bench.state.get("/jobs/runs")) == KEPT


def test_a_loop_within_a_batch_is_not_held_up_and_is_told_afterwards(
    bench: ab.Orchestrator,
) -> None:
    with bench.state.batch():
        track = bench.track([1, 2])
        assert list(track) == [1, 2]
    once(bench, track, lambda found: found["status"] == "succeeded")


def test_a_loop_that_runs_when_the_orchestrator_closes_goes_on_and_is_told_cancelled() -> None:
    with nothing_is_left():
        bench = ab.Orchestrator()
        track = bench.track(range(3))
        seen = []
        for item in track:
            seen.append(item)
            bench.close()
        assert seen == [0, 1, 2]
        assert record(bench, track)["reason"] == "the orchestrator was closed"
        with pytest.raises(ClosedError):
            bench.track([1])


@pytest.mark.parametrize("total", [-1, 2.5, "3", True, float("nan")])
def test_a_total_that_is_none_is_refused(bench: ab.Orchestrator, total: Any) -> None:
    with pytest.raises(JobError, match="total="):
        bench.track([1], total=total)


def test_what_cannot_be_iterated_is_refused(bench: ab.Orchestrator) -> None:
    with pytest.raises(JobError, match="cannot be iterated"):
        bench.track(5)  # type: ignore[arg-type]
    with pytest.raises(JobError, match="update"):
        list(bench.track(total=3))
