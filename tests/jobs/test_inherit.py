"""What a callable starts and logs belongs to its job: ``job:ID`` is the whole story."""

from __future__ import annotations

import asyncio
import concurrent.futures
import io
import logging
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from multiprocessing.pool import ThreadPool
from pathlib import Path
from typing import Any

import pytest

from autobench_nb.jobs import Job, Runner, current_job
from autobench_nb.jobs.executors.capture import JobStreams
from autobench_nb.jobs.executors.children import ChildOutput
from autobench_nb.logs.entry import Level, LogEntry
from autobench_nb.logs.logger import ChannelLogger
from autobench_nb.logs.ring.ring import LogRing
from autobench_nb.notebook.logging import BridgeHandler
from tests.jobs.conftest import PATIENCE_S, Bench

CHILD = [sys.executable, "-I", "-S", "-c"]


def run(runner: Runner, work: Callable[[], Any]) -> Job:
    made = runner.submit({"it": work})
    assert made.wait(PATIENCE_S)
    (job,) = made.jobs
    assert job.reason is None, job.reason
    return job


def of(bench: Bench, job: Job) -> list[LogEntry]:
    return [entry for entry in bench.ring.since(0).entries if entry.job_id == job.id]


# --- threads and pools


def start_a_thread() -> None:
    thread = threading.Thread(target=print, args=("x",))
    thread.start()
    thread.join()


class Talker(threading.Thread):
    def run(self) -> None:
        print("x")


def start_a_thread_of_a_class() -> None:
    thread = Talker()
    thread.start()
    thread.join()


def start_a_thread_in_a_thread() -> None:
    thread = threading.Thread(target=start_a_thread)
    thread.start()
    thread.join()


def start_a_timer() -> None:
    timer = threading.Timer(0, print, ("x",))
    timer.start()
    timer.join()


def use_a_pool() -> None:
    with concurrent.futures.ThreadPoolExecutor() as pool:
        pool.submit(print, "x").result()


def map_with_a_pool() -> None:
    with concurrent.futures.ThreadPoolExecutor() as pool:
        list(pool.map(print, ["x"]))


def use_an_old_pool() -> None:
    with ThreadPool(1) as pool:
        pool.apply(print, ("x",))
        pool.close()
        pool.join()  # leaving the block alone does not wait for its threads


async def use_the_loops_pool() -> None:
    await asyncio.get_running_loop().run_in_executor(None, print, "x")


async def start_a_task_that_starts_a_thread() -> None:
    await asyncio.create_task(asyncio.to_thread(start_a_thread))


@pytest.mark.parametrize(
    "work",
    [
        start_a_thread,
        start_a_thread_of_a_class,
        start_a_thread_in_a_thread,
        start_a_timer,
        use_a_pool,
        map_with_a_pool,
        use_an_old_pool,
        use_the_loops_pool,
        start_a_task_that_starts_a_thread,
    ],
)
def test_what_its_threads_print_is_the_jobs(
    bench: Bench, runner: Runner, work: Callable[[], Any], capsys: pytest.CaptureFixture[str]
) -> None:
    job = run(runner, work)
    assert bench.lines(job) == ["x"]
    assert capsys.readouterr().out == ""


def test_its_threads_know_the_current_job(runner: Runner) -> None:
    found: list[Any] = []

    def work() -> None:
        thread = threading.Thread(target=lambda: found.append(current_job()))
        thread.start()
        thread.join()

    job = run(runner, work)
    assert found[0].id == job.id


def test_a_pool_that_many_use_gives_each_their_own(
    bench: Bench, runner: Runner, capsys: pytest.CaptureFixture[str]
) -> None:
    """Its worker was started by a job, and serves a cell and another job after that."""
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        first = run(runner, lambda: pool.submit(print, "first").result())
        pool.submit(print, "cell").result()
        second = run(runner, lambda: pool.submit(print, "second").result())
        pool.submit(print, "cell again").result()
    assert (bench.lines(first), bench.lines(second)) == (["first"], ["second"])
    assert capsys.readouterr().out == "cell\ncell again\n"


def test_threads_that_nobodys_job_starts_print_where_they_always_did(
    bench: Bench, runner: Runner, capsys: pytest.CaptureFixture[str]
) -> None:
    run(runner, start_a_thread)
    start_a_thread()
    assert capsys.readouterr().out == "x\n"


def test_a_thread_gets_nothing_else_of_its_starters_context(runner: Runner) -> None:
    import decimal

    found: list[int] = []

    def work() -> None:
        decimal.getcontext().prec = 5
        thread = threading.Thread(target=lambda: found.append(decimal.getcontext().prec))
        thread.start()
        thread.join()

    run(runner, work)
    assert found == [decimal.DefaultContext.prec]


# --- log records


@pytest.fixture
def logger() -> Iterator[logging.Logger]:
    made = logging.getLogger("tests.jobs.inherit")
    made.setLevel(logging.INFO)
    yield made
    made.setLevel(logging.NOTSET)
    made.handlers.clear()
    made.propagate = True


def test_log_records_are_the_jobs_without_any_bridge(
    bench: Bench, runner: Runner, logger: logging.Logger
) -> None:
    def work() -> None:
        logger.info("three of %d", 7, extra={"temp": 3})
        try:
            raise LookupError("gone")
        except LookupError:
            logger.exception("oh")
        thread = threading.Thread(target=logger.warning, args=("from a thread",))
        thread.start()
        thread.join()

    job = run(runner, work)
    said = [entry for entry in of(bench, job) if entry.channel == "python"]
    assert [(entry.level, entry.message, entry.logger) for entry in said] == [
        (Level.INFO, "three of 7", logger.name),
        (Level.ERROR, "oh", logger.name),
        (Level.WARN, "from a thread", logger.name),
    ]
    assert said[0].fields == {"temp": 3}
    assert "LookupError: gone" in str(said[1].exc)
    assert (job.log.warnings, job.log.errors) == (1, 1)


@pytest.mark.parametrize("own", [True, False])
def test_a_bridge_carries_a_jobs_records_once_and_with_its_id_where_the_log_is_the_jobs(
    bench: Bench, runner: Runner, logger: logging.Logger, own: bool
) -> None:
    other = LogRing(100)
    logger.addHandler(BridgeHandler(bench.ring if own else other, "bridged"))
    job = run(runner, lambda: logger.warning("said", extra={"a": 1}))
    logger.warning("after")
    mine = [(entry.channel, entry.message, entry.fields) for entry in of(bench, job)]
    assert (("bridged" if own else "python"), "said", {"a": 1}) in mine
    assert len([entry for entry in mine if entry[1] == "said"]) == 1
    ring = bench.ring if own else other
    found = {entry.message: entry.job_id for entry in ring.since(0).entries}
    assert found["after"] is None
    if not own:
        assert (found["said"], len(found)) == (None, 2)


def test_a_record_whose_arguments_do_not_fit_is_not_lost(
    bench: Bench, runner: Runner, logger: logging.Logger
) -> None:
    logger.propagate = False
    job = run(runner, lambda: logger.warning("%d", "a"))
    assert [entry.message for entry in of(bench, job) if entry.channel == "python"] == ["%d ('a',)"]


def test_a_record_that_is_printed_into_the_job_is_there_once(
    bench: Bench, runner: Runner, logger: logging.Logger
) -> None:
    def work() -> None:
        logger.addHandler(logging.StreamHandler())
        logger.warning("said")

    logger.propagate = False
    job = run(runner, work)
    assert [entry.channel for entry in of(bench, job) if entry.message == "said"] == ["benchmark"]


def test_records_outside_of_jobs_are_handled_as_ever(
    bench: Bench, runner: Runner, logger: logging.Logger
) -> None:
    run(runner, lambda: None)
    stream = io.StringIO()
    logger.addHandler(logging.StreamHandler(stream))
    before = bench.ring.next_seq
    logger.warning("plain")
    assert (stream.getvalue(), bench.ring.next_seq) == ("plain\n", before)


def test_what_a_channels_logger_says_in_a_job_carries_its_id(bench: Bench, runner: Runner) -> None:
    log = ChannelLogger(bench.ring.append, "psu")
    bound = log.bind(device_id="d")

    def work() -> None:
        log.info("a")
        bound.warn("b", temp=3)
        log.at(None, "info", "c", fields={"x": 1})
        log.info("another's", job_id="77")
        thread = threading.Thread(target=log.error, args=("d",))
        thread.start()
        thread.join()

    job = run(runner, work)
    log.info("after")
    assert [entry.message for entry in bench.entries(job, "psu")] == ["a", "b", "c", "d"]
    assert (job.log.warnings, job.log.errors) == (1, 1)
    rest = {
        entry.message: entry.job_id
        for entry in bench.ring.since(0).entries
        if entry.channel == "psu" and entry.job_id != job.id
    }
    assert rest == {"another's": "77", "after": None}


def test_a_logger_of_another_log_says_nothing_of_this_logs_jobs(
    bench: Bench, runner: Runner
) -> None:
    other = LogRing(100)
    job = run(runner, lambda: ChannelLogger(other.append, "x").info("elsewhere"))
    assert [entry.job_id for entry in other.since(0).entries] == [None]
    assert "elsewhere" not in [entry.message for entry in of(bench, job)]


# --- child processes


def test_what_child_processes_print_is_the_jobs_and_in_order(bench: Bench, runner: Runner) -> None:
    def work() -> None:
        for number in range(3):
            print("before", number)
            subprocess.run(["echo", "child", str(number)], check=True)
        subprocess.run("echo err >&2; echo tail; printf open", shell=True, check=True)
        print("after")

    job = run(runner, work)
    lines = bench.lines(job)
    assert lines[:6] == [f"{who} {n}" for n in range(3) for who in ("before", "child")]
    assert sorted(lines[6:-1]) == ["err", "open", "tail"]
    assert lines[-1] == "after"
    assert [entry.message for entry in bench.entries(job) if entry.logger == "stderr"] == ["err"]


async def by_asyncio() -> None:
    process = await asyncio.create_subprocess_exec("echo", "x")
    await process.wait()


def by_stdout() -> None:
    subprocess.run(["echo", "x"], stdout=sys.stdout, check=True)


def by_a_thread() -> None:
    thread = threading.Thread(target=lambda: subprocess.run(["echo", "x"], check=True))
    thread.start()
    thread.join()


def by_a_class() -> None:
    class Child(subprocess.Popen[bytes]):
        pass

    with Child(["echo", "x"]):
        pass


def by_stderr_to_stdout() -> None:
    subprocess.run("echo x >&2", shell=True, stderr=subprocess.STDOUT, check=True)


def without_waiting() -> None:
    process = subprocess.Popen(["echo", "x"])
    os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
    process.poll()


@pytest.mark.parametrize(
    "work", [by_asyncio, by_stdout, by_a_thread, by_a_class, by_stderr_to_stdout, without_waiting]
)
def test_however_a_child_is_started_its_output_is_the_jobs(
    bench: Bench, runner: Runner, work: Callable[[], Any]
) -> None:
    assert bench.lines(run(runner, work)) == ["x"]


def test_output_that_a_callable_takes_for_itself_is_left_to_it(
    bench: Bench, runner: Runner, tmp_path: Path
) -> None:
    def work() -> bytes:
        with open(tmp_path / "out", "w") as file:
            subprocess.run(["echo", "file"], stdout=file, check=True)
        subprocess.run(["echo", "nothing"], stdout=subprocess.DEVNULL, check=True)
        return subprocess.run(["echo", "mine"], capture_output=True, check=True).stdout

    job = run(runner, work)
    assert (job.results[0].value, bench.lines(job)) == (b"mine\n", [])
    assert (tmp_path / "out").read_text() == "file\n"


def test_a_child_that_cannot_be_started_leaves_nothing(bench: Bench, runner: Runner) -> None:
    def work() -> str:
        try:
            subprocess.run(["/no/such/program"], check=True)
        except FileNotFoundError:
            return "said"
        return "not said"

    assert run(runner, work).results[0].value == "said"


def test_a_child_that_outlives_its_job_is_named_and_still_heard(
    bench: Bench, runner: Runner, fifo: Path
) -> None:
    children: list[subprocess.Popen[bytes]] = []
    job = run(
        runner, lambda: children.append(subprocess.Popen(["sh", "-c", f"cat {fifo}; echo late"]))
    )
    assert bench.lines(job) == []
    said = [entry.message for entry in bench.entries(job, "job") if entry.level is Level.WARN]
    assert said == [
        "it: 1 of the processes that it started go on; what they print is still logged."
    ]
    readers = [one for one in threading.enumerate() if one.name == "autobench-child-output"]
    fifo.write_text("")
    assert children[0].wait(PATIENCE_S) == 0
    for reader in readers:
        reader.join(PATIENCE_S)
    assert bench.lines(job) == ["late"]


def test_an_end_that_another_thread_has_read_ends_the_reader_too() -> None:
    """Its thread and a job that waits for the child both read: the last end may come to either."""
    bench = Bench()
    run = bench.runner().submit({"it": lambda: None})
    assert run.wait(PATIENCE_S)
    streams = JobStreams(run.jobs[0].stream, lambda: False)
    output = ChildOutput(streams)
    output.pipe("stdout")
    output.pipe("stderr")
    first, second = list(output._theirs)
    output._theirs.clear()
    read = output.pump

    def read_while_another_does() -> bool:
        is_over = read()
        if threading.current_thread() is output._thread and not is_over:
            os.close(second)
            assert read()
        return is_over

    output.pump = read_while_another_does  # type: ignore[method-assign]
    output.start()
    os.close(first)
    assert output._thread is not None
    output._thread.join(PATIENCE_S)
    assert not output._thread.is_alive()
    bench.close()


def test_a_child_that_prints_without_end_holds_up_neither_its_wait_nor_the_jobs_end(
    bench: Bench, runner: Runner, tmp_path: Path
) -> None:
    pid = tmp_path / "pid"
    before = set(threading.enumerate())
    # It goes on when the shell has ended, for which ``run`` waits.
    script = f"echo first; yes & echo $! > {pid}"
    job = run(runner, lambda: subprocess.run(script, shell=True, check=True))
    os.kill(int(pid.read_text()), signal.SIGKILL)
    for thread in set(threading.enumerate()) - before:
        if thread.name == "autobench-child-output":
            thread.join(PATIENCE_S)
    assert bench.record(job)["lines"] >= 1


def test_children_that_nobodys_job_starts_are_left_alone(
    bench: Bench, runner: Runner, capfd: pytest.CaptureFixture[str]
) -> None:
    run(runner, by_a_thread)
    subprocess.run(["echo", "cell"], check=True)
    assert capfd.readouterr().out == "cell\n"


def test_a_forked_child_prints_where_the_process_prints(
    bench: Bench, runner: Runner, capfd: pytest.CaptureFixture[str]
) -> None:
    """Its log would be a copy that nobody reads."""

    def work() -> None:
        child = os.fork()
        if child == 0:
            print("forked", flush=True)
            os._exit(0)
        os.waitpid(child, 0)
        print("the job's")

    job = run(runner, work)
    assert bench.lines(job) == ["the job's"]
    assert "forked" in capfd.readouterr().out
