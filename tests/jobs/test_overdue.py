"""Callables that do not end when they should: their records and the log say so."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Callable
from typing import Any

import pytest

from autobench_nb.jobs import LocalExecutor, Run, Runner, current_job
from autobench_nb.logs.entry import Level
from autobench_nb.state.model import JobStatus
from tests.jobs.conftest import PATIENCE_S, Bench


class Stubborn:
    """Ends when the test says so."""

    def __init__(self) -> None:
        self.started, self.free = threading.Event(), threading.Event()

    def __call__(self) -> str:
        self.started.set()
        self.free.wait(PATIENCE_S)
        return "late"

    async def coroutine(self) -> str:
        return self()

    async def swallows(self) -> str:
        self.started.set()
        while not self.free.is_set():
            with contextlib.suppress(asyncio.CancelledError):
                await asyncio.sleep(0.01)
        return "late"


def runner_of(bench: Bench) -> Runner:
    return bench.runner(executors={"local": LocalExecutor(notice_s=0.01)}, report_interval_s=0.0)


def wait_until_said(bench: Bench, run: Run) -> dict[str, Any]:
    """The record, once it says why the job should have ended."""
    changed = threading.Event()
    unsubscribe = bench.store.subscribe(lambda _commit: changed.set())
    record: dict[str, Any] = {}
    for _ in range(int(PATIENCE_S * 50)):
        changed.clear()
        record = bench.record(run.jobs[0])
        if record["reason"] is not None:
            break
        bench.store.flush()
        changed.wait(0.02)
    unsubscribe()
    return record


KINDS: list[Callable[[Stubborn], Callable[[], Any]]] = [
    lambda stubborn: stubborn,
    lambda stubborn: stubborn.coroutine,
    lambda stubborn: stubborn.swallows,
]


@pytest.mark.parametrize("kind", KINDS, ids=["plain", "blocking coroutine", "swallows the cancel"])
@pytest.mark.parametrize("how", ["limit", "cancel"])
def test_a_callable_that_ignores_its_end_says_so_in_row_and_log(
    bench: Bench, kind: Callable[[Stubborn], Callable[[], Any]], how: str
) -> None:
    stubborn = Stubborn()
    run = runner_of(bench).submit(
        {"it": kind(stubborn)}, timeout_s=0.01 if how == "limit" else None
    )
    assert stubborn.started.wait(PATIENCE_S)
    if how == "cancel":
        assert run.cancel() == 1
    record = wait_until_said(bench, run)
    assert record["status"] == "running"
    fact = "took longer than 0.01 s" if how == "limit" else "cancelled"
    assert record["reason"].startswith(f"{fact}; it goes on")
    assert run.jobs[0].reason == record["reason"]
    said = [one for one in bench.entries(run.jobs[0], "job") if one.level is Level.WARN]
    assert [fact in one.message and "isolate=True" in one.message for one in said] == [True]
    stubborn.free.set()
    assert run.wait(PATIENCE_S)
    expected = JobStatus.TIMEOUT if how == "limit" else JobStatus.CANCELLED
    assert run.status is expected
    assert "goes on" not in str(bench.record(run.jobs[0])["reason"])


def test_of_a_callable_that_ends_in_time_nothing_is_said(bench: Bench) -> None:
    runner = bench.runner(executors={"local": LocalExecutor(notice_s=PATIENCE_S)})

    def looks() -> None:
        job = current_job()
        assert job is not None
        while not job.cancelled:
            pass

    run = runner.submit(looks, timeout_s=0.01)
    assert run.wait(PATIENCE_S)
    assert [one for one in bench.entries(run.jobs[0], "job") if one.level is Level.WARN] == []


def test_each_repetition_is_looked_after_for_itself(bench: Bench) -> None:
    run = runner_of(bench).submit(lambda: None, repeat=20, timeout_s=30)
    assert run.wait(PATIENCE_S)
    assert run.status is JobStatus.SUCCEEDED
    assert run.jobs[0].log.warnings == 0
