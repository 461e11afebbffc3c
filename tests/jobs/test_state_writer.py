"""Jobs beside open batches, subscribers and projections of the user's: they go on, and the state gets right."""

from __future__ import annotations

import contextlib
import threading
from pathlib import Path
from typing import Any

import pytest

from autobench_nb.jobs import Run, Runner
from autobench_nb.logs.entry import Level
from autobench_nb.logs.ring.ring import LogRing
from autobench_nb.state.commit import Commit
from autobench_nb.state.model import JobStatus
from autobench_nb.state.projections import Projection
from autobench_nb.state.store import StateStore
from tests.jobs.conftest import PATIENCE_S, Bench


def wait_for(bench: Bench, pointer: str, value: Any) -> None:
    """Until the state has it, which a thread of the runner's writes."""
    changed = threading.Event()
    unsubscribe = bench.store.subscribe(lambda _commit: changed.set())
    for _ in range(int(PATIENCE_S * 50)):
        changed.clear()
        if bench.store.get(pointer, None) == value:
            break
        bench.store.flush()
        changed.wait(0.02)
    unsubscribe()
    assert bench.store.get(pointer, None) == value


# --- batches


def test_jobs_can_be_asked_for_and_waited_for_within_a_batch(bench: Bench, runner: Runner) -> None:
    """Before, the job's end waited for the batch, and the batch for the job's end."""
    with bench.store.batch():
        run = runner.submit(["true", "true"])
        assert bench.store.get(f"/jobs/items/{run.jobs[0].id}/runId") == run.id
        assert run.wait(PATIENCE_S)
        assert bench.record(run.jobs[1])["status"] == "succeeded"
    assert bench.store.get("/jobs/running") == []


def test_a_batch_that_another_thread_holds_open_holds_up_no_job(
    bench: Bench, runner: Runner
) -> None:
    run = runner.submit("true")
    with bench.store.batch():
        found: list[bool] = []
        thread = threading.Thread(target=lambda: found.append(_all_of(runner).wait(PATIENCE_S)))
        thread.start()
        thread.join(PATIENCE_S)
    assert found == [True]
    assert run.wait(PATIENCE_S)
    wait_for(bench, "/jobs/queue", [])
    wait_for(bench, "/jobs/running", [])


def _all_of(runner: Runner) -> Run:
    return runner.submit(["true", "true"])


def test_jobs_can_be_cancelled_within_a_batch(bench: Bench, runner: Runner, fifo: Path) -> None:
    with bench.store.batch():
        run = runner.submit([f"echo > {fifo}; sleep 1000", "true"])
        fifo.read_text()
        assert run.cancel() == 2
        assert run.wait(PATIENCE_S)
    assert {job.status for job in run.jobs} == {JobStatus.CANCELLED}
    assert bench.store.get("/jobs/queue") == []


def test_a_runner_can_be_closed_within_a_batch(bench: Bench, runner: Runner, fifo: Path) -> None:
    with bench.store.batch():
        run = runner.submit(f"echo > {fifo}; sleep 1000")
        fifo.read_text()
        runner.close()
        assert run.done
    assert bench.record(run.jobs[0])["status"] == "cancelled"


def test_a_batch_that_is_taken_back_takes_no_job_out_of_the_state(
    bench: Bench, runner: Runner
) -> None:
    before = runner.submit("true")
    assert before.wait(PATIENCE_S)
    with contextlib.suppress(InterruptedError), bench.store.batch():
        bench.store.set("/devices/x", {"type": "t"})
        run = runner.submit(["true", "true"])
        assert run.wait(PATIENCE_S)
        raise InterruptedError
    wait_for(bench, "/jobs/lastCompleted", run.jobs[1].id)
    assert bench.store.get("/devices") == {}
    for job in run.jobs:
        assert bench.record(job) == job.record()


def test_threads_that_batch_submit_and_cancel_at_once_leave_a_state_that_is_right(
    bench: Bench,
) -> None:
    runner = bench.runner(parallelism=2, report_interval_s=0.0)

    def client(number: int) -> None:
        for turn in range(10):
            try:
                with bench.store.batch():
                    bench.store.set(f"/devices/{number}", {"type": str(turn)})
                    run = runner.submit([lambda: None, lambda: None])
                    if turn % 2:
                        run.cancel()
                    if turn % 3 == 0:
                        raise InterruptedError
            except InterruptedError:
                pass
            assert run.wait(PATIENCE_S)

    threads = [threading.Thread(target=client, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE_S)
    runner.close()
    jobs = bench.store.get("/jobs")
    assert (jobs["queue"], jobs["running"], len(jobs["items"])) == ([], [], 80)
    assert {item["status"] for item in jobs["items"].values()} <= {"succeeded", "cancelled"}
    assert {item["id"] for item in jobs["items"].values()} == set(jobs["items"])


# --- subscribers


class Inline:
    """A store that is flushed by whoever mutates it, as an orchestrator's is while nothing serves."""

    def __init__(self) -> None:
        self.store = StateStore(on_dirty=self._flush)
        self.ring = LogRing(10_000)
        self.runner = Runner(self.store, self.ring.append, grace_s=0.2)
        self._turn = threading.Lock()
        self._stale = False

    def _flush(self) -> None:
        self._stale = True
        while self._stale and self._turn.acquire(blocking=False):
            try:
                self._stale = False
                self.store.flush()
            finally:
                self._turn.release()


@pytest.mark.parametrize("what", ["submit", "cancel", "close"])
def test_a_subscriber_may_ask_for_jobs_cancel_them_and_close_the_runner(what: str) -> None:
    bench, asked = Inline(), threading.Event()
    runs: list[Run] = []

    def look(commit: Commit) -> None:
        if bench.store.get("/jobs/lastCompleted") is not None and not asked.is_set():
            asked.set()
            if what == "submit":
                runs.append(bench.runner.submit("true"))
            elif what == "cancel":
                runs.append(bench.runner.submit("sleep 1000"))
                assert runs[0].cancel() == 1
            else:
                bench.runner.close()

    bench.store.subscribe(look, "/jobs")
    with bench.runner:
        assert bench.runner.submit("true").wait(PATIENCE_S)
        assert asked.wait(PATIENCE_S)
        for run in runs:
            assert run.wait(PATIENCE_S)
    assert bench.store.get("/jobs/running") == []
    assert len(bench.store.get("/jobs/items")) == 1 + len(runs)


# --- projections


def by_status(items: dict[str, Any]) -> dict[str, bool]:
    raise ZeroDivisionError("nobody is perfect")


@pytest.mark.parametrize(
    "raises",
    [
        ZeroDivisionError("a"),
        KeyError("b"),
        RecursionError(),
        StopIteration(),
        MemoryError(),
        TypeError("no\nline"),
    ],
)
def test_a_raising_projection_leaves_no_run_unfinished(raises: Exception) -> None:
    broken = threading.Event()

    def count(items: dict[str, Any]) -> dict[str, bool]:
        if broken.is_set():
            raise raises
        return {"any": bool(items)}

    store = StateStore(projections=[Projection("/jobs/items", "/config/features", count)])
    ring = LogRing(10_000)
    with Runner(store, ring.append, report_interval_s=0.0) as runner:
        broken.set()
        runs = [runner.submit(["true", "echo x"], repeat=2), runner.submit(lambda: print("y"))]
        assert [run.wait(PATIENCE_S) for run in runs] == [True, True]
        assert {run.status for run in runs} == {JobStatus.SUCCEEDED}
        broken.clear()
        assert runner.submit("true").wait(PATIENCE_S)
    entries = ring.since(0).entries
    (told,) = [entry for entry in entries if entry.level is Level.ERROR]
    assert type(raises).__name__ in told.message
    assert "count (/jobs/items -> /config/features)" in told.message
    items = store.get("/jobs/items")
    assert {item["status"] for item in items.values()} == {"succeeded"}
    assert len(items) == 4


def test_a_projection_that_never_recovers_ends_no_thread_and_is_told_once() -> None:
    store = StateStore()
    ring = LogRing(10_000)
    store._projector.__init__([Projection("/jobs", "/config/features", by_status)])  # type: ignore[misc]
    store._watched = store._projector.slices
    with Runner(store, ring.append, report_interval_s=0.0) as runner:
        runs = [runner.submit("seq 100", repeat=2) for _ in range(5)]
        assert all(run.wait(PATIENCE_S) for run in runs)
    told = [entry.message for entry in ring.since(0).entries if entry.level is Level.ERROR]
    assert len(told) == 1
    assert "by_status" in told[0]
    assert store.get("/jobs/items") == {}


def test_what_a_projection_raises_keeps_its_type_and_names_the_projection() -> None:
    broken = False

    def check(devices: dict[str, Any]) -> dict[str, bool]:
        if broken:
            raise LookupError("gone")
        return {}

    store = StateStore(projections=[Projection("/devices", "/config/features", check)])
    broken = True
    with pytest.raises(LookupError) as raised:
        store.set("/devices/a", {"type": "t"})
    assert "check (/devices -> /config/features)" in raised.value.__notes__[0]
