"""Callables in processes of their own: everything comes back, and they can be ended."""

from __future__ import annotations

import asyncio
import builtins
import ctypes
import logging
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from autobench_nb.errors import JobError
from autobench_nb.jobs import Job, Runner, current_job
from autobench_nb.logs.entry import Level
from autobench_nb.state.model import JobStatus
from tests.jobs.conftest import PATIENCE_S, Bench
from tests.living import is_alive

ROOT = Path(__file__).resolve().parents[2]


def run(runner: Runner, work: Callable[[], Any], **how: Any) -> Job:
    made = runner.submit({"it": work}, isolate=True, **how)
    assert made.wait(PATIENCE_S)
    (job,) = made.jobs
    return job


def test_it_runs_in_another_process_and_its_value_comes_back(bench: Bench, runner: Runner) -> None:
    factor = 7

    def work() -> dict[str, Any]:
        print("out")
        print("err", file=sys.stderr)
        return {"pid": os.getpid(), "times": factor * 6, "where": Path("x")}

    job = run(runner, work)
    value = job.results[0].value
    assert job.status is JobStatus.SUCCEEDED
    assert value["pid"] != os.getpid()
    assert (value["times"], value["where"]) == (42, Path("x"))
    assert sorted(bench.lines(job)) == ["err", "out"]


def test_the_figures_are_those_of_the_call_and_not_of_the_interpreters_start(
    runner: Runner,
) -> None:
    job = run(runner, lambda: None)
    (row,) = job.results
    life = job.lifecycle
    assert row.wall_s is not None
    assert row.cpu_user_s is not None
    assert life.started_ms is not None
    assert life.finished_ms is not None
    assert row.wall_s < (life.finished_ms - life.started_ms) / 1e3 / 4
    assert row.max_rss_bytes is not None
    assert row.max_rss_bytes < 100_000_000


def test_an_exception_comes_back_with_its_traceback(bench: Bench, runner: Runner) -> None:
    def work() -> None:
        raise LookupError("no good")

    job = run(runner, work)
    assert (job.status, job.reason) == (JobStatus.FAILED, "LookupError: no good")
    (entry,) = [entry for entry in bench.entries(job, "job") if entry.exc]
    assert str(entry.exc).startswith("Traceback")
    assert "in work" in str(entry.exc)
    assert "isolated_child.py" not in str(entry.exc)


def exits() -> None:
    sys.exit(3)


def vanishes() -> None:
    os._exit(0)


def breaks() -> None:
    ctypes.string_at(0)


def kills_itself() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


@pytest.mark.parametrize(
    ("work", "reason"),
    [
        (exits, "SystemExit: 3"),
        (vanishes, "the process ended itself"),
        (breaks, "SIGSEGV"),
        (kills_itself, "SIGKILL"),
    ],
)
def test_however_it_ends_only_its_job_fails(
    runner: Runner, work: Callable[[], Any], reason: str
) -> None:
    job = run(runner, work)
    assert job.status is JobStatus.FAILED
    assert reason in str(job.reason)
    assert run(runner, os.getpid).status is JobStatus.SUCCEEDED


def deaf(fifo: str) -> Callable[[], None]:
    def work() -> None:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        Path(fifo).write_text(str(os.getpid()))
        while True:
            signal.pause()

    return work


def test_one_that_ignores_a_cancel_is_killed(runner: Runner, fifo: Path) -> None:
    made = runner.submit(deaf(str(fifo)), isolate=True)
    pid = int(fifo.read_text())
    assert made.cancel() == 1
    assert made.wait(PATIENCE_S)
    assert made.status is JobStatus.CANCELLED
    assert not is_alive(pid)


def test_one_that_ignores_its_time_limit_is_killed(runner: Runner, fifo: Path) -> None:
    made = runner.submit(deaf(str(fifo)), isolate=True, timeout_s=2)
    pid = int(fifo.read_text())
    assert made.wait(PATIENCE_S)
    assert (made.status, made.jobs[0].reason) == (JobStatus.TIMEOUT, "took longer than 2 s")
    assert not is_alive(pid)


def test_closing_the_runner_ends_it(runner: Runner, fifo: Path) -> None:
    made = runner.submit(deaf(str(fifo)), isolate=True)
    pid = int(fifo.read_text())
    runner.close()
    assert made.status is JobStatus.CANCELLED
    assert not is_alive(pid)


def test_its_log_progress_and_current_job_are_the_jobs(bench: Bench, runner: Runner) -> None:
    def work() -> list[Any]:
        job = current_job()
        assert job is not None
        job.progress(0.5, "half")
        job.log.warn("hot", temp=3)
        logging.getLogger("mine").error("three of %d", 7)
        return [job.id, job.name, job.repetition, job.cancelled]

    job = run(runner, work)
    assert job.results[0].value == [job.id, "it", 1, False]
    (hot,) = [entry for entry in bench.entries(job, "job") if entry.message == "hot"]
    assert (hot.level, hot.fields) == (Level.WARN, {"temp": 3})
    (said,) = bench.entries(job, "python")
    assert (said.level, said.logger, said.message) == (Level.ERROR, "mine", "three of 7")


def test_a_coroutine_function_runs_too_and_each_repetition_anew(runner: Runner) -> None:
    async def work() -> int:
        await asyncio.sleep(0)
        return os.getpid()

    job = run(runner, work, repeat=2)
    first, second = (row.value for row in job.results)
    assert first != second


def test_a_value_that_cannot_leave_its_process_is_said(bench: Bench, runner: Runner) -> None:
    job = run(runner, threading.Lock)
    assert (job.status, job.results[0].value) == (JobStatus.SUCCEEDED, None)
    said = [entry.message for entry in bench.entries(job, "job") if entry.level is Level.WARN]
    assert "cannot leave its process" in said[0]


def test_what_cannot_be_sent_is_refused_to_who_asks(bench: Bench, runner: Runner) -> None:
    lock = threading.Lock()
    with pytest.raises(JobError, match=r"'it': the executor 'local' cannot send it.*lock"):
        runner.submit({"it": lambda: lock}, isolate=True)
    assert bench.store.get("/jobs/items") == {}


def test_without_cloudpickle_the_refusal_names_it(
    runner: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = builtins.__import__

    def without(name: str, *args: Any, **kwargs: Any) -> Any:
        if name == "cloudpickle":
            raise ImportError(name)
        return real(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(JobError, match="pip install cloudpickle"):
        runner.submit(lambda: None, isolate=True)
    assert run(runner, os.getpid).status is JobStatus.SUCCEEDED


def test_commands_are_isolated_anyway(bench: Bench, runner: Runner) -> None:
    made = runner.submit("echo x", isolate=True)
    assert made.wait(PATIENCE_S)
    assert bench.lines(made.jobs[0]) == ["x"]


SCRIPT = """
import os
from autobench_nb.jobs import Runner
from autobench_nb.logs.ring.ring import LogRing
from autobench_nb.state.store import StateStore

FACTOR = 7

class Point:
    def __init__(self, x): self.x = x

def helper(): return FACTOR * 6
def work(): return Point(helper())

with Runner(StateStore(), LogRing().append) as runner:
    run = runner.submit(work, isolate=True)
    run.wait()
    value = run.results[0].value
    print(value.x, type(value) is Point)
"""


def test_functions_and_classes_of_main_work() -> None:
    """As a notebook defines them; no guard by ``__name__`` is needed."""
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout == "42 True\n"


def test_an_exception_whose_text_cannot_be_had_is_the_jobs_reason(runner: Runner) -> None:
    def work() -> None:
        class Unsayable(Exception):
            def __str__(self) -> str:
                raise RuntimeError("no text")

            __repr__ = __str__

        raise Unsayable

    job = run(runner, work)
    assert job.status is JobStatus.FAILED
    assert job.reason == "Unsayable: its text cannot be had"
