"""Real commands: what they print, what they cost, how they end."""

from __future__ import annotations

import functools
import os
import sys
import threading
from pathlib import Path

import pytest

from autobench_nb.jobs import Job, Run, Runner
from autobench_nb.logs.entry import Level
from autobench_nb.processes.launchers import Launchers
from autobench_nb.state.model import JobStatus
from tests.jobs.conftest import PATIENCE_S, Bench
from tests.living import is_alive


def only(run: Run) -> Job:
    assert run.wait(PATIENCE_S)
    (job,) = run.jobs
    return job


def python(code: str) -> list[list[str]]:
    return [[sys.executable, "-I", "-S", "-c", code]]


# --- what they print


def test_stdout_and_stderr_are_in_the_log_line_by_line_with_the_job(
    bench: Bench, runner: Runner
) -> None:
    job = only(runner.submit("echo one; echo two; echo three >&2"))
    entries = {entry.message: entry for entry in bench.entries(job)}
    assert set(entries) == {"one", "two", "three"}
    assert {name: entry.logger for name, entry in entries.items()} == {
        "one": None,
        "two": None,
        "three": "stderr",
    }
    assert {entry.level for entry in entries.values()} == {Level.INFO}


def test_lines_are_logged_while_the_command_runs(bench: Bench, runner: Runner, fifo: Path) -> None:
    logged = threading.Event()

    def log(channel: str, level: Level, message: str, *more: object, **named: object) -> None:
        if message == "early":
            logged.set()

    live = Runner(bench.store, log)
    run = live.submit(f"echo early; cat {fifo}")
    assert logged.wait(PATIENCE_S)
    assert not run.done
    fifo.write_bytes(b"late\n")
    assert only(run).status is JobStatus.SUCCEEDED
    live.close()


def test_the_last_line_needs_no_newline(bench: Bench, runner: Runner) -> None:
    assert bench.lines(only(runner.submit("printf 'a\\nb'"))) == ["a", "b"]


def test_undecodable_bytes_are_shown_marked_and_the_job_goes_on(
    bench: Bench, runner: Runner
) -> None:
    job = only(runner.submit(r"printf 'a\377\376b\0c\n'; echo on"))
    first, second = bench.entries(job)
    assert (first.message, first.fields) == ("a\\xff\\xfeb\0c", {"undecodable": 2})
    assert second.message == "on"


def test_a_line_of_10_mb_is_whole_on_request_and_the_job_goes_on(
    bench: Bench, runner: Runner
) -> None:
    job = only(runner.submit("head -c 10485760 /dev/zero | tr '\\0' x; echo; echo on"))
    first, second = bench.entries(job)
    assert first.message == "x" * 10_485_760
    assert second.message == "on"


def test_a_line_of_more_than_a_message_may_have_is_cut_and_marked(
    bench: Bench, runner: Runner
) -> None:
    job = only(runner.submit("head -c 17000000 /dev/zero | tr '\\0' x; echo; echo on"))
    first, second = bench.entries(job)
    assert first.fields == {"cut": 17_000_000}
    assert len(first.message) < 16_800_000
    assert second.message == "on"


def test_a_progress_bar_is_one_line_and_what_the_job_does_now(bench: Bench, fifo: Path) -> None:
    runner = bench.runner(report_interval_s=0.001)
    shown = threading.Event()

    def look(commit: object) -> None:
        if bench.record(run.jobs[0])["current"] == "99%":
            shown.set()

    bench.store.subscribe(look, "/jobs")
    run = runner.submit(rf"printf '1%%\r50%%\r99%%\r'; cat {fifo}; printf '100%%\n'")
    writer = threading.Thread(target=lambda: _until(bench, shown, fifo))
    writer.start()
    job = only(run)
    writer.join()
    (entry,) = bench.entries(job)
    assert (entry.message, entry.fields) == ("100%", {"rewritten": 3})
    assert bench.record(job)["current"] is None


def _until(bench: Bench, shown: threading.Event, fifo: Path) -> None:
    try:
        bench.flush_until(shown)
    finally:
        # In any case, else the command would wait for ever for what it reads.
        fifo.write_bytes(b"")


def test_a_pty_is_a_terminal_and_a_pipe_is_none(bench: Bench, runner: Runner) -> None:
    command = "test -t 0 && test -t 1 && test -t 2 && echo terminal || echo pipe"
    assert bench.lines(only(runner.submit(command, pty=True))) == ["terminal"]
    assert bench.lines(only(runner.submit(command))) == ["pipe"]


def test_a_pty_is_the_controlling_terminal_and_has_a_size(bench: Bench, runner: Runner) -> None:
    lines = bench.lines(only(runner.submit("stty size < /dev/tty", pty=True)))
    assert lines == ["40 120"]


def test_standard_input_is_empty(bench: Bench, runner: Runner) -> None:
    assert bench.lines(only(runner.submit("cat; echo end"))) == ["end"]


def test_warnings_and_errors_are_counted_whatever_stream_says_them(
    bench: Bench, runner: Runner
) -> None:
    job = only(runner.submit("echo warning: a >&2; echo error: b >&2; echo error: c"))
    record = bench.record(job)
    assert (record["lines"], record["warnings"], record["errors"]) == (3, 1, 2)
    counts = bench.ring.counts("job_id")[job.id]
    assert (counts[Level.WARN], counts[Level.ERROR]) == (1, 2)


# --- how they are started


def test_an_argument_vector_goes_to_no_shell(bench: Bench, runner: Runner) -> None:
    assert bench.lines(only(runner.submit([["echo", "$HOME", "a  b"]]))) == ["$HOME a  b"]


def test_env_is_laid_over_the_processs_own_and_none_removes(
    bench: Bench, runner: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AB_KEPT", "kept")
    monkeypatch.setenv("AB_GONE", "gone")
    run = runner.submit("echo $AB_KEPT-$AB_GONE-$AB_NEW", env={"AB_GONE": None, "AB_NEW": "new"})
    assert bench.lines(only(run)) == ["kept--new"]


def test_cwd_is_where_it_runs(bench: Bench, runner: Runner, tmp_path: Path) -> None:
    assert bench.lines(only(runner.submit("pwd -P", cwd=tmp_path))) == [str(tmp_path.resolve())]


def test_python_ignores_sigpipe_but_its_commands_do_not(bench: Bench, runner: Runner) -> None:
    job = only(runner.submit("yes | head -1"))
    assert (bench.lines(job), job.status) == (["y"], JobStatus.SUCCEEDED)


def test_a_command_has_no_descriptors_but_its_own(bench: Bench, runner: Runner) -> None:
    lines = bench.lines(only(runner.submit([["ls", "/proc/self/fd"]])))
    assert lines == ["0", "1", "2", "3"]  # 3 is the folder that ls reads


# --- how they fail


def test_a_command_that_does_not_exist_is_a_failed_job_with_its_reason(
    bench: Bench, runner: Runner
) -> None:
    job = only(runner.submit([["no-such-program-here"]]))
    assert job.status is JobStatus.FAILED
    assert job.reason == "command not found: 'no-such-program-here' is not there and not on PATH"
    record = bench.record(job)
    assert (record["status"], record["reason"]) == ("failed", job.reason)
    assert bench.entries(job, "job")[-1].level is Level.ERROR


def test_a_shell_that_does_not_find_the_command_says_so(runner: Runner) -> None:
    job = only(runner.submit("no-such-program-here"))
    assert job.reason == "exit status 127: command not found by the shell"
    assert job.results[0].exit_code == 127


def test_a_working_directory_that_is_not_there_is_the_reason(
    runner: Runner, tmp_path: Path
) -> None:
    assert "working directory" in str(only(runner.submit("true", cwd=tmp_path / "no")).reason)


def test_a_file_that_is_no_program_is_the_reason(runner: Runner, tmp_path: Path) -> None:
    script = tmp_path / "script"
    script.write_text("echo hi\n")
    assert "permissions" in str(only(runner.submit([[str(script)]])).reason)
    script.chmod(0o755)
    assert "no #! line" in str(only(runner.submit([[str(script)]])).reason)


def test_an_exit_status_is_the_reason_and_in_the_results(runner: Runner) -> None:
    job = only(runner.submit("exit 3"))
    assert (job.status, job.reason) == (JobStatus.FAILED, "exit status 3")
    assert (job.results[0].exit_code, job.results[0].reason) == (3, "exit status 3")


def test_a_death_by_signal_is_the_reason_and_in_the_results(runner: Runner) -> None:
    job = only(runner.submit("kill -9 $$"))
    assert job.reason == "killed by SIGKILL (signal 9), out of memory?"
    assert (job.results[0].exit_code, job.results[0].signal) == (None, "SIGKILL")


def test_the_first_repetition_that_fails_ends_the_job(runner: Runner, tmp_path: Path) -> None:
    job = only(
        runner.submit(
            f"test -e {tmp_path}/x || {{ touch {tmp_path}/x; exit 0; }}; exit 4", repeat=5
        )
    )
    assert [row.status for row in job.results] == ["succeeded", "failed"]
    assert (job.done, job.status) == (1, JobStatus.FAILED)


def test_a_failing_warm_up_is_the_reason_and_no_result(runner: Runner) -> None:
    job = only(runner.submit("exit 4", warmup=1))
    assert job.reason == "while warming up: exit status 4"
    assert len(job.results) == 0


def test_a_failed_job_does_not_stop_the_next(runner: Runner) -> None:
    run = runner.submit(["exit 1", "exit 0"])
    assert run.wait(PATIENCE_S)
    assert [job.status for job in run.jobs] == [JobStatus.FAILED, JobStatus.SUCCEEDED]


def test_a_launcher_that_was_killed_fails_its_job_and_the_next_gets_another(
    bench: Bench, runner: Runner, fifo: Path
) -> None:
    run = runner.submit(f"cut -d' ' -f4 /proc/$PPID/stat > {fifo}; exec sleep 1000")
    os.kill(int(fifo.read_text()), 9)
    assert "launcher process has ended" in str(only(run).reason)
    assert only(runner.submit("true")).status is JobStatus.SUCCEEDED


def test_a_command_whose_starter_was_killed_is_ended_and_says_so(
    runner: Runner, fifo: Path
) -> None:
    run = runner.submit(f"echo $PPID $$ > {fifo}; exec sleep 1000")
    starter, pid = map(int, fifo.read_text().split())
    os.kill(starter, 9)
    assert "the process that waited for it was killed" in str(only(run).reason)
    assert not is_alive(pid)
    assert only(runner.submit("true")).status is JobStatus.SUCCEEDED


# --- what they cost


def test_each_repetition_has_a_row_with_what_it_cost(runner: Runner) -> None:
    job = only(runner.submit(python("sum(range(2_000_000))"), repeat=3, warmup=1))
    assert [row.repetition for row in job.results] == [1, 2, 3]
    for row in job.results:
        assert row.wall_s is not None
        assert row.cpu_user_s is not None
        assert row.cpu_system_s is not None
        assert 0 < row.cpu_user_s + row.cpu_system_s <= row.wall_s + 0.05
        assert row.exit_code == 0


def test_peak_memory_is_the_commands_own_and_not_this_processs(runner: Runner) -> None:
    ballast = b"x" * 300_000_000
    small = only(runner.submit("true")).results[0].max_rss_bytes
    large = only(runner.submit(python("x = b'x' * 100_000_000"))).results[0].max_rss_bytes
    assert small is not None
    assert large is not None
    assert small < 4_000_000 < 100_000_000 < large < len(ballast)


def test_a_peak_that_cannot_be_known_is_empty_and_the_log_says_why(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where there is no starter, a small program inherits the peak of what it was forked from."""
    monkeypatch.setattr(
        "autobench_nb.jobs.executors.local_process.Launchers",
        functools.partial(Launchers, starter=False),
    )
    job = only(bench.runner().submit([["true"]], repeat=2))
    assert [row.max_rss_bytes for row in job.results] == [None, None]
    said = [entry.message for entry in bench.entries(job, "job") if "peak memory" in entry.message]
    assert len(said) == 1
    assert "is not known: here a program inherits" in said[0]


def test_cpu_seconds_count_the_commands_in_a_pipe(runner: Runner) -> None:
    burn = f"{sys.executable} -I -S -c 'import time\nwhile time.process_time() < 0.2: pass'"
    (row,) = only(runner.submit(f"{burn} | cat")).results
    assert row.cpu_user_s is not None
    assert row.cpu_system_s is not None
    assert row.cpu_user_s + row.cpu_system_s >= 0.2
