"""Python callables as jobs: output, progress, cancel, measures, returned values."""

from __future__ import annotations

import asyncio
import contextlib
import io
import logging
import os
import sys
import threading
import time
from typing import Any

import pytest

from autobench_nb.jobs import CurrentJob, Job, Run, Runner, current_job
from autobench_nb.jobs.executors.capture import StandIn
from autobench_nb.logs.entry import Level
from autobench_nb.state.model import JobStatus
from tests.jobs.conftest import PATIENCE_S, Bench


def only(run: Run) -> Job:
    assert run.wait(PATIENCE_S)
    (job,) = run.jobs
    return job


def here() -> CurrentJob:
    job = current_job()
    assert job is not None
    return job


# --- output


def test_what_a_callable_prints_is_in_the_log_line_by_line(bench: Bench, runner: Runner) -> None:
    def talk() -> None:
        print("one\ntwo")
        print("three", file=sys.stderr)
        print("four", end="")

    job = only(runner.submit(talk))
    entries = bench.entries(job)
    assert sorted(entry.message for entry in entries) == ["four", "one", "three", "two"]
    assert [entry.message for entry in entries if entry.logger == "stderr"] == ["three"]


def test_a_callables_bytes_are_in_the_log_too(bench: Bench, runner: Runner) -> None:
    job = only(runner.submit(lambda: sys.stdout.buffer.write(b"raw\xff\n")))
    (entry,) = bench.entries(job)
    assert (entry.message, entry.fields) == ("raw\\xff", {"undecodable": 1})


def test_what_other_threads_print_meanwhile_goes_where_it_always_went(
    bench: Bench, runner: Runner, capsys: pytest.CaptureFixture[str]
) -> None:
    inside, printed = threading.Event(), threading.Event()

    def talk() -> None:
        print("the job's")
        inside.set()
        printed.wait(PATIENCE_S)

    run = runner.submit(talk)
    assert inside.wait(PATIENCE_S)
    print("mine")
    assert isinstance(sys.stdout, StandIn)
    printed.set()
    job = only(run)
    assert bench.lines(job) == ["the job's"]
    assert capsys.readouterr().out == "mine\n"


def test_two_callables_at_once_each_have_their_own_output(bench: Bench) -> None:
    runner = bench.runner(parallelism=2)
    together = threading.Barrier(2, timeout=PATIENCE_S)

    def talk() -> None:
        for number in range(100):
            together.wait()
            print(here().id, number)

    run = runner.submit([talk, talk])
    assert run.wait(PATIENCE_S)
    for job in run.jobs:
        assert bench.lines(job) == [f"{job.id} {number}" for number in range(100)]


def test_the_streams_are_put_back_when_the_last_callable_ends(runner: Runner) -> None:
    before = sys.stdout, sys.stderr
    only(runner.submit(lambda: print("x")))
    assert (sys.stdout, sys.stderr) == before


def test_a_stream_that_somebody_else_put_there_meanwhile_stays(runner: Runner) -> None:
    inside, free = threading.Event(), threading.Event()

    def wait() -> None:
        inside.set()
        free.wait(PATIENCE_S)

    before = sys.stdout
    run = runner.submit(wait)
    inside.wait(PATIENCE_S)
    other = io.StringIO()
    with contextlib.redirect_stdout(other):
        free.set()
        only(run)
        assert sys.stdout is other
        print("kept")
    assert other.getvalue() == "kept\n"
    sys.stdout = before  # the stand-in, which would pass everything through as well


def test_a_stand_in_is_whatever_it_stands_for() -> None:
    real = io.StringIO()
    stand_in = StandIn("stdout", real)
    stand_in.write("a")
    stand_in.mark = 1
    assert real.getvalue() == "a"
    assert real.mark == 1  # type: ignore[attr-defined]
    assert not stand_in.isatty()


def test_under_a_real_kernel_cells_keep_their_output_while_a_job_prints() -> None:
    manager_module = pytest.importorskip("jupyter_client.manager")
    pytest.importorskip("ipykernel")
    code = """
import os, sys, threading
sys.path.insert(0, os.getcwd())
from autobench_nb.jobs import Runner
from autobench_nb.logs.ring.ring import LogRing
from autobench_nb.state.store import StateStore
ring = LogRing()
runner = Runner(StateStore(), ring.append)
inside, free = threading.Event(), threading.Event()
def talk():
    print("the job's"); inside.set(); free.wait(); print("the job's end")
run = runner.submit(talk)
inside.wait()
print("the cell's")
print("the cell's error", file=sys.stderr)
"""
    after = """
print("the next cell's"); free.set(); run.wait()
print([e.message for e in ring.since(0).entries if e.channel == "benchmark"]); runner.close()
"""
    quiet = ["--Application.log_level=50"]
    manager, client = manager_module.start_new_kernel(extra_arguments=quiet)
    said: dict[str, str] = {"stdout": "", "stderr": ""}

    def hear(message: dict[str, Any]) -> None:
        if message["msg_type"] == "stream":
            said[message["content"]["name"]] += message["content"]["text"]

    try:
        for cell in (code, after):
            reply = client.execute_interactive(cell, timeout=PATIENCE_S, output_hook=hear)
            assert reply["content"]["status"] == "ok", reply["content"]
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
        manager.cleanup_resources()
        manager.context.destroy()
    assert said["stdout"].splitlines() == [
        "the cell's",
        "the next cell's",
        '["the job\'s", "the job\'s end"]',
    ]
    assert "the cell's error\n" in said["stderr"]
    assert "the job's" not in said["stderr"]


# --- the current job


def test_a_callable_knows_its_job_and_nobody_else_does(runner: Runner) -> None:
    def tell() -> list[Any]:
        return [here().id, here().name, here().repetition]

    job = only(runner.submit({"mine": tell}, repeat=2, warmup=1))
    assert [row.value for row in job.results] == [[job.id, "mine", 1], [job.id, "mine", 2]]
    assert current_job() is None


def test_progress_is_in_the_state_and_the_log_carries_the_job(bench: Bench) -> None:
    runner = bench.runner(report_interval_s=0.0)
    half = threading.Event()

    def work() -> None:
        here().log.warn("half", temp=3)
        here().progress(0.5, "half done")
        half.wait(PATIENCE_S)

    seen: list[dict[str, Any]] = []

    def look(commit: object) -> None:
        record = bench.record(run.jobs[0])
        if record["current"] == "half done":
            seen.append(record)
            half.set()

    bench.store.subscribe(look, "/jobs")
    run = runner.submit(work, repeat=2)
    bench.flush_until(half)
    job = only(run)
    assert seen[0]["progress"] == 0.25
    entry = next(entry for entry in bench.entries(job, "job") if entry.message == "half")
    assert (entry.level, entry.fields) == (Level.WARN, {"temp": 3})
    assert bench.record(job)["warnings"] == 2  # one a repetition


def test_progress_stays_between_none_and_all(runner: Runner) -> None:
    seen: list[float] = []
    ready = threading.Event()

    def work() -> None:
        ready.wait(PATIENCE_S)
        for share in (-1, 7):
            here().progress(share)
            seen.append(run.jobs[0].live()["progress"])

    run = runner.submit(work)
    ready.set()
    assert only(run).status is JobStatus.SUCCEEDED
    assert seen == [0.0, 1.0]


# --- async


def test_an_async_callable_runs_on_a_loop_of_its_own_and_is_logged(
    bench: Bench, runner: Runner
) -> None:
    async def work() -> bool:
        print("from a coroutine")
        await asyncio.create_task(_print("from its task"))
        await asyncio.to_thread(print, "from its thread")
        return threading.current_thread() is threading.main_thread()

    job = only(runner.submit(work))
    assert job.results[0].value is False
    assert bench.lines(job) == ["from a coroutine", "from its task", "from its thread"]


async def _print(text: str) -> None:
    print(text)


def test_an_async_callable_is_cancelled_where_it_waits(runner: Runner) -> None:
    started = threading.Event()
    ended: list[str] = []

    async def work() -> None:
        started.set()
        try:
            await asyncio.Event().wait()
        finally:
            ended.append("cleaned up")

    run = runner.submit(work)
    assert started.wait(PATIENCE_S)
    run.cancel()
    assert only(run).status is JobStatus.CANCELLED
    assert ended == ["cleaned up"]


def test_the_time_limit_ends_an_async_callable(runner: Runner) -> None:
    async def work() -> None:
        await asyncio.Event().wait()

    job = only(runner.submit(work, timeout_s=0.02))
    assert job.status is JobStatus.TIMEOUT
    assert str(job.reason).startswith("took longer than 0.02 s")


def test_a_callable_sees_that_its_time_is_up(runner: Runner) -> None:
    def work() -> None:
        while not here().cancelled:
            pass

    job = only(runner.submit(work, timeout_s=0.02))
    assert job.status is JobStatus.TIMEOUT


# --- failures


def test_an_exception_is_the_reason_and_its_traceback_is_in_the_log(
    bench: Bench, runner: Runner
) -> None:
    def work() -> None:
        raise ValueError("no good")

    job = only(runner.submit(work))
    assert (job.status, job.reason) == (JobStatus.FAILED, "ValueError: no good")
    entry = next(entry for entry in bench.entries(job, "job") if entry.exc)
    assert "raise ValueError" in str(entry.exc)
    assert "in_process.py" not in str(entry.exc)


@pytest.mark.parametrize("error", [SystemExit(3), KeyboardInterrupt(), asyncio.CancelledError()])
def test_whatever_a_callable_raises_ends_that_job_alone(
    runner: Runner, error: BaseException
) -> None:
    def work() -> None:
        raise error

    assert only(runner.submit(work)).status is JobStatus.FAILED
    assert only(runner.submit(lambda: None)).status is JobStatus.SUCCEEDED


# --- measures and values


def test_cpu_seconds_are_those_of_the_callables_thread(runner: Runner) -> None:
    def burn() -> None:
        end = time.thread_time() + 0.1
        while time.thread_time() < end:
            pass

    (row,) = only(runner.submit(burn)).results
    assert row.cpu_user_s is not None
    assert row.wall_s is not None
    assert 0.09 <= row.cpu_user_s + (row.cpu_system_s or 0.0) <= row.wall_s + 0.02


@pytest.mark.skipif(
    not os.path.exists("/proc/self/clear_refs"), reason="only Linux can begin a peak anew"
)
def test_peak_memory_is_what_the_process_held_while_it_ran(runner: Runner) -> None:
    def large() -> None:
        bytearray(200_000_000)[::4096] = b"x" * len(range(0, 200_000_000, 4096))

    first = only(runner.submit(large)).results[0].max_rss_bytes
    second = only(runner.submit(lambda: None)).results[0].max_rss_bytes
    assert first is not None
    assert second is not None
    assert first - second > 150_000_000


def test_what_logging_handlers_write_passes_through(bench: Bench, runner: Runner) -> None:
    """A handler made before holds the real stream: its lines are no output of the job."""
    stream = io.StringIO()
    logger = logging.getLogger("tests.bench")
    handler = logging.StreamHandler(stream)
    logger.addHandler(handler)
    try:
        job = only(runner.submit(lambda: logger.warning("said")))
    finally:
        logger.removeHandler(handler)
    assert (bench.lines(job), stream.getvalue()) == ([], "said\n")
