"""Cancel, time limits, what is left behind, back pressure, the end of everything."""

from __future__ import annotations

import gc
import os
import select
import signal
import subprocess
import sys
import textwrap
import threading
from pathlib import Path

import pytest

from autobench_nb.errors import ClosedError
from autobench_nb.jobs import Runner, current_job
from autobench_nb.logs.entry import Level
from autobench_nb.processes.command import ProcessSpec
from autobench_nb.processes.launchers import Launchers
from autobench_nb.state.model import JobStatus
from tests.jobs.conftest import PATIENCE_S, Bench
from tests.living import is_alive

ROOT = Path(__file__).resolve().parents[2]


def test_a_running_command_is_cancelled_with_all_that_it_started(
    bench: Bench, runner: Runner, fifo: Path
) -> None:
    run = runner.submit(f"sleep 1000 & echo $! > {fifo}; wait")
    child = int(fifo.read_text())
    assert run.cancel() == 1
    assert run.wait(PATIENCE_S)
    assert run.status is JobStatus.CANCELLED
    assert not is_alive(child)
    assert bench.record(run.jobs[0])["reason"] == "cancelled"


def test_a_queued_job_is_cancelled_at_once_and_never_runs(
    bench: Bench, runner: Runner, fifo: Path
) -> None:
    first = runner.submit(f"echo > {fifo}; sleep 1000")
    second = runner.submit("echo ran")
    fifo.read_text()
    assert second.cancel() == 1
    assert second.done
    assert second.status is JobStatus.CANCELLED
    assert bench.store.get("/jobs/queue") == []
    first.cancel()
    assert first.wait(PATIENCE_S)
    assert bench.lines(second.jobs[0]) == []


def test_what_has_ended_cannot_be_cancelled(runner: Runner) -> None:
    run = runner.submit("true")
    run.wait(PATIENCE_S)
    assert run.cancel() == 0
    assert run.jobs[0].cancel() is False
    assert runner.cancel("no such job") == 0


def test_a_job_can_be_cancelled_by_its_id(runner: Runner, fifo: Path) -> None:
    run = runner.submit({"a": f"echo > {fifo}; sleep 1000", "b": "true"})
    fifo.read_text()
    assert runner.jobs.cancel(run.jobs[0].id)
    assert run.wait(PATIENCE_S)
    assert [job.status for job in run.jobs] == [JobStatus.CANCELLED, JobStatus.SUCCEEDED]


def test_the_time_limit_ends_a_command(bench: Bench, runner: Runner) -> None:
    run = runner.submit("sleep 1000", timeout_s=0.05)
    assert run.wait(PATIENCE_S)
    assert (run.status, run.jobs[0].reason) == (JobStatus.TIMEOUT, "took longer than 0.05 s")
    assert run.results[0].signal == "SIGTERM"


def test_the_time_limit_is_for_each_repetition(runner: Runner) -> None:
    run = runner.submit("true", repeat=3, timeout_s=30)
    assert run.wait(PATIENCE_S)
    assert run.status is JobStatus.SUCCEEDED


def test_a_command_that_ignores_sigterm_is_killed(runner: Runner, fifo: Path) -> None:
    run = runner.submit(f"trap '' TERM; echo > {fifo}; while :; do sleep 1000; done")
    fifo.read_text()
    run.cancel()
    assert run.wait(PATIENCE_S)
    assert run.results[0].signal == "SIGKILL"


def test_a_stopped_command_can_be_cancelled(runner: Runner, fifo: Path) -> None:
    run = runner.submit(f"echo $$ > {fifo}; kill -STOP $$; sleep 1000")
    fifo.read_text()
    run.cancel()
    assert run.wait(PATIENCE_S)
    assert run.status is JobStatus.CANCELLED


def test_a_command_in_a_terminal_can_be_cancelled(runner: Runner, fifo: Path) -> None:
    run = runner.submit(f"echo > {fifo}; cat", pty=True)
    fifo.read_text()
    run.cancel()
    assert run.wait(PATIENCE_S)
    assert run.status is JobStatus.CANCELLED


def test_a_background_process_that_holds_the_pipe_does_not_hang_the_job(
    bench: Bench, runner: Runner, fifo: Path
) -> None:
    run = runner.submit(f"sleep 1000 & echo $! > {fifo}; echo done")
    child = int(fifo.read_text())
    assert run.wait(PATIENCE_S)
    assert run.status is JobStatus.SUCCEEDED
    assert bench.lines(run.jobs[0]) == ["done"]
    assert not is_alive(child)
    warnings = [entry for entry in bench.entries(run.jobs[0], "job") if entry.level is Level.WARN]
    assert "left processes behind" in warnings[0].message


def test_a_daemon_that_holds_the_pipe_does_not_hang_the_job(
    bench: Bench, runner: Runner, fifo: Path
) -> None:
    code = f"import os; os.setsid(); open({str(fifo)!r}, 'w').write(str(os.getpid())); import time; time.sleep(1000)"
    run = runner.submit(f'{sys.executable} -I -S -c "{code}" & echo done')
    daemon = int(fifo.read_text())
    assert run.wait(PATIENCE_S)
    assert bench.lines(run.jobs[0]) == ["done"]
    assert not is_alive(daemon)


def test_a_daemon_that_is_to_be_kept_lives_on_and_the_job_ends(
    bench: Bench, runner: Runner, fifo: Path
) -> None:
    run = runner.submit(
        f"setsid sh -c 'echo $$ > {fifo}; exec sleep 1000' & cat {fifo}", keep_daemons=True
    )
    assert run.wait(PATIENCE_S)
    assert run.status is JobStatus.SUCCEEDED
    (daemon,) = map(int, bench.lines(run.jobs[0]))
    runner.close()
    assert is_alive(daemon)
    os.kill(daemon, signal.SIGKILL)


def test_what_is_no_daemon_is_ended_also_where_daemons_are_kept(
    bench: Bench, runner: Runner
) -> None:
    run = runner.submit("sleep 1000 & echo $!", keep_daemons=True)
    assert run.wait(PATIENCE_S)
    (child,) = map(int, bench.lines(run.jobs[0]))
    assert not is_alive(child)


def test_a_cancelled_command_keeps_no_daemon(runner: Runner, fifo: Path) -> None:
    run = runner.submit(
        f"setsid sh -c 'echo $$ > {fifo}; exec sleep 1000' & wait", keep_daemons=True
    )
    daemon = int(fifo.read_text())
    run.cancel()
    assert run.wait(PATIENCE_S)
    assert not is_alive(daemon)


def test_what_a_background_process_prints_soon_after_is_logged(
    bench: Bench, runner: Runner, fifo: Path
) -> None:
    run = runner.submit(f"(cat {fifo}; echo late) & echo first")
    fifo.write_text("")
    assert run.wait(PATIENCE_S)
    assert bench.lines(run.jobs[0]) == ["first", "late"]


# --- back pressure


def test_a_flooding_command_is_slowed_by_its_pipe_and_not_buffered(
    bench: Bench, tmp_path: Path
) -> None:
    """Only so much leaves the command as was read, plus what its pipe holds."""
    opened, asked = threading.Event(), threading.Event()

    def ready(timeout_s: float) -> bool:
        if not timeout_s:
            return opened.is_set()
        asked.set()
        return opened.wait(timeout_s)

    runner = bench.runner(ready=ready)
    progress = tmp_path / "written"
    code = f"""
        import os
        line = b"x" * 99 + b"\\n"
        with open({str(progress)!r}, "wb", 0) as file:
            for number in range(20_000):
                os.write(1, line)
                file.write(b".")
    """
    run = runner.submit([[sys.executable, "-I", "-S", "-c", textwrap.dedent(code)]])
    assert asked.wait(PATIENCE_S)
    written = progress.stat().st_size * 100
    assert written <= 3 * 65_536 + 100
    opened.set()
    assert run.wait(PATIENCE_S)
    assert run.jobs[0].log.lines == 20_000


def test_a_log_that_nobody_drains_does_not_stall_a_job_for_ever(bench: Bench) -> None:
    def never_ready(timeout_s: float) -> bool:
        threading.Event().wait(timeout_s)
        return False

    run = bench.runner(ready=never_ready).submit("seq 100000")
    assert run.wait(PATIENCE_S)
    assert run.jobs[0].log.lines == 100_000


def test_a_job_that_waits_for_the_log_can_be_cancelled(bench: Bench) -> None:
    asked = threading.Event()

    def full(timeout_s: float) -> bool:
        asked.set()
        threading.Event().wait(timeout_s)
        return False

    run = bench.runner(ready=full).submit("yes")
    assert asked.wait(PATIENCE_S)
    run.cancel()
    assert run.wait(PATIENCE_S)
    assert run.status is JobStatus.CANCELLED


# --- the end


def test_close_ends_what_runs_and_what_waits(bench: Bench, runner: Runner, fifo: Path) -> None:
    run = runner.submit([f"echo $$ > {fifo}; sleep 1000", "true"])
    pid = int(fifo.read_text())
    runner.close()
    assert run.done
    assert {job.status for job in run.jobs} == {JobStatus.CANCELLED}
    assert not is_alive(pid)
    jobs = bench.store.get("/jobs")
    assert (jobs["queue"], jobs["running"]) == ([], [])


def test_a_closed_runner_takes_nothing_and_closing_again_does_nothing(runner: Runner) -> None:
    runner.close()
    runner.close()
    with pytest.raises(ClosedError):
        runner.submit("true")


def test_a_callable_that_does_not_end_is_left_behind_and_named(
    bench: Bench, runner: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("autobench_nb.jobs.runner.CLOSE_PATIENCE_S", 0.05)
    started, free = threading.Event(), threading.Event()

    def stubborn() -> None:
        started.set()
        free.wait()

    run = runner.submit(stubborn)
    started.wait(PATIENCE_S)
    runner.close()
    assert "never looks at job.cancelled" in bench.ring.last(1).entries[0].message
    free.set()
    assert run.wait(PATIENCE_S)
    for thread in threading.enumerate():
        if thread.name.startswith("autobench-job"):
            thread.join(PATIENCE_S)


def test_a_callable_may_close_its_own_runner(bench: Bench, runner: Runner) -> None:
    run = runner.submit(runner.close)
    assert run.wait(PATIENCE_S)
    assert run.status is JobStatus.CANCELLED
    for thread in threading.enumerate():
        if thread.name.startswith("autobench-job"):
            thread.join(PATIENCE_S)


def test_a_callable_that_looks_is_cancelled(runner: Runner) -> None:
    started = threading.Event()

    def patient() -> str:
        started.set()
        job = current_job()
        assert job is not None
        while not job.cancelled:
            pass
        return "partial"

    run = runner.submit(patient)
    started.wait(PATIENCE_S)
    run.cancel()
    assert run.wait(PATIENCE_S)
    assert (run.status, run.results[0].value) == (JobStatus.CANCELLED, None)


SCRIPT = """
import os, sys
from autobench_nb.jobs import Runner
from autobench_nb.logs.ring.ring import LogRing
from autobench_nb.state.store import StateStore

runner = Runner(StateStore(), LogRing().append, grace_s=0.2)
runner.submit("echo $$ > {fifo}; trap '' TERM; sleep 1000; sleep 1000")
print(open("{fifo}").read(), flush=True)
{then}
"""


@pytest.mark.parametrize(
    "then", ["", "sys.exit(3)", "raise RuntimeError", "os.kill(os.getpid(), 9)"]
)
def test_nothing_outlives_the_interpreter_however_it_ends(fifo: Path, then: str) -> None:
    code = SCRIPT.format(fifo=fifo, then=then)
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        check=False,
    )
    pid = int(done.stdout)
    _wait_for_end_of(pid)
    assert not is_alive(pid)


def _wait_for_end_of(pid: int) -> None:
    try:
        descriptor = os.pidfd_open(pid)
    except ProcessLookupError:
        return
    select.select([descriptor], [], [], PATIENCE_S)
    os.close(descriptor)


def test_a_launcher_whose_answers_nobody_read_ends_its_command(fifo: Path) -> None:
    """The socket is reset then, rather than just closed."""
    launchers = Launchers()
    launcher = launchers.take()
    null = os.open(os.devnull, os.O_RDWR)
    left = f"(trap '' TERM; sh -c 'echo $PPID' > {fifo}; sleep 1000; sleep 1000) &"
    command = ProcessSpec(argv=("/bin/sh", "-c", left), cwd="/", env=dict(os.environ))
    launcher.start(command, [null] * 3)
    os.close(null)
    pid = int(fifo.read_text())
    select.select([launcher], [], [], PATIENCE_S)
    launcher.after_fork_in_child()
    _wait_for_end_of(pid)
    assert not is_alive(pid)
    launchers.close()


def test_a_runner_that_was_let_go_of_leaves_no_launcher(bench: Bench) -> None:
    runner = Runner(bench.store, bench.ring.append)
    run = runner.submit(
        "cut -d' ' -f4 /proc/$PPID/stat; cut -d' ' -f4 /proc/$(cut -d' ' -f4 /proc/$PPID/stat)/stat"
    )
    run.wait(PATIENCE_S)
    launcher, keeper = map(int, bench.lines(run.jobs[0]))
    assert is_alive(launcher)
    assert is_alive(keeper)
    runner.close()
    del runner, run
    gc.collect()
    assert not is_alive(launcher)
    assert not is_alive(keeper)
