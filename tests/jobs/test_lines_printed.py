"""What becomes of what a command prints: levels, tracebacks, pictures, prompts."""

from __future__ import annotations

import shlex
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from autobench_nb.errors import JobError
from autobench_nb.jobs import Job, Run, Runner
from autobench_nb.logs.entry import Level
from autobench_nb.logs.formats import level_of_line
from autobench_nb.processes.stdin import INPUT_LIMIT
from autobench_nb.state.model import JobStatus
from tests.jobs.conftest import PATIENCE_S, Bench

WANTED: dict[str, Level | None] = {
    "12% done": None,
    "0 errors": None,
    "mirror: fine": None,
    "error": None,
    "no error: here": None,
    "terror: it grows": None,
    "gcc: x.c:1:2: warning: unused": Level.WARN,
    "x.c:1:10: fatal error: foo.h: No such file": Level.ERROR,
    "x.c:3:1: error: expected ';'": Level.ERROR,
    "error[E0308]: mismatched types": Level.ERROR,
    "src/a.ts(1,2): error TS2304: Cannot find name": Level.ERROR,
    "[WARN] low": Level.WARN,
    "[ERROR] no": Level.ERROR,
    "[error] no": Level.ERROR,
    "ERROR: x": Level.ERROR,
    "Error: x": Level.ERROR,
    "Warning: x": Level.WARN,
    "warning: x": Level.WARN,
    "WARNING:root:x": Level.WARN,
    "CRITICAL:root:x": Level.FATAL,
    "DEBUG:asyncio:x": Level.DEBUG,
    "INFO: error: none": Level.INFO,
    "fatal: not a repository": Level.FATAL,
    "ValueError: bad": Level.ERROR,
    "x.py:3: DeprecationWarning: old": Level.WARN,
    "KeyboardInterrupt: ": Level.ERROR,
    "2026-01-02 03:04:05,678 ERROR x": Level.ERROR,
    "2026-01-02T03:04:05.678Z WARN [main] x": Level.WARN,
    "2026-01-02 03:04:05.678 | WARNING  | a:b:1 - x": Level.WARN,
    "12:00:00 [main] DEBUG com.example - x": Level.DEBUG,
    "[2026-01-02 03:04:05] ERROR: x": Level.ERROR,
    "[W 12:00:00.123 NotebookApp] x": Level.WARN,
    "[E 2026-01-02 12:00:00.123 ServerApp] x": Level.ERROR,
    "[I 12:00:00 x] x": Level.INFO,
    "E0102 03:04:05.678 1 x.go:1] x": Level.ERROR,
    "\x1b[31mERROR\x1b[0m: x": Level.ERROR,
    "\x1b[1m\x1b[33mwarning\x1b[0m\x1b[1m: unused\x1b[0m": Level.WARN,
    '{"level": "warn", "msg": "x"}': Level.WARN,
    '{"level": 50, "msg": "x"}': Level.FATAL,
    '{"severity": "ERROR", "message": "x"}': Level.ERROR,
    '{"a": 1}': None,
    "{no json": None,
    'time="2026-01-02" level=error msg="x"': Level.ERROR,
    "ts=1 level=debug msg=x": Level.DEBUG,
}


def only(run: Run) -> Job:
    assert run.wait(PATIENCE_S)
    (job,) = run.jobs
    return job


def python(code: str) -> list[list[str]]:
    return [[sys.executable, "-I", "-S", "-c", code]]


def wait_for(bench: Bench, condition: Callable[[], bool]) -> None:
    """Wait until a change of the state makes it true."""
    happened = threading.Event()

    def look(_: object) -> None:
        if condition():
            happened.set()

    bench.store.subscribe(look, "/jobs")
    for _ in range(int(PATIENCE_S / 0.01)):
        bench.store.flush()
        if happened.wait(0.01) or condition():
            return
    raise AssertionError("it has not come to that")


# --- levels


@pytest.mark.parametrize("text", WANTED)
def test_a_line_has_the_level_that_it_says(text: str) -> None:
    assert level_of_line(text) == WANTED[text]


@pytest.mark.parametrize("stream", ["", " >&2"])
def test_every_level_is_found_in_a_flood_of_lines_on_either_stream(
    bench: Bench, runner: Runner, tmp_path: Path, stream: str
) -> None:
    file = tmp_path / "lines"
    fill = "plain text\n" * 7
    file.write_text("".join(f"{text}\n{fill}" for text in WANTED))
    entries = bench.entries(only(runner.submit(f"cat {file}{stream}")))
    found = {entry.message: entry.level for entry in entries if entry.message != "plain text"}
    assert found == {text: level or Level.INFO for text, level in WANTED.items()}
    assert sum(entry.message == "plain text" for entry in entries) == 7 * len(WANTED)


# --- tracebacks


def test_a_traceback_is_one_error_whose_text_is_whole(bench: Bench, runner: Runner) -> None:
    job = only(runner.submit(python("print('before', flush=True)\ndef f(): 1 / 0\nf()")))
    before, trace = bench.entries(job)
    assert before.message == "before"
    assert (trace.message, trace.level) == ("ZeroDivisionError: division by zero", Level.ERROR)
    assert trace.exc is not None
    assert trace.exc.startswith("Traceback (most recent call last):\n")
    assert trace.exc.endswith(trace.message)
    record = bench.record(job)
    assert record["lines"] == 1 + trace.exc.count("\n") + 1
    # One is the traceback, the other what the runner says of the job's end.
    assert record["errors"] == 2


def test_a_traceback_whose_lines_come_one_by_one_is_one(bench: Bench, runner: Runner) -> None:
    code = (
        "import os\n"
        "for line in ('Traceback (most recent call last):', '  File x', '    y', 'ValueError: z'):\n"
        "    os.write(1, line.encode()); os.write(1, b'\\n')\n"
    )
    (entry,) = bench.entries(only(runner.submit(python(code))))
    assert (entry.message, entry.level) == ("ValueError: z", Level.ERROR)


def test_an_error_line_that_begins_no_traceback_is_logged_while_the_command_runs(
    bench: Bench, fifo: Path
) -> None:
    logged = threading.Event()

    def log(channel: str, level: Level, message: str, *rest: object, **more: object) -> None:
        if message == "Error: early":
            logged.set()

    runner = Runner(bench.store, log)
    run = runner.submit(f"echo 'Error: early'; cat {fifo}")
    assert logged.wait(PATIENCE_S)
    fifo.write_bytes(b"")
    assert only(run).status is JobStatus.SUCCEEDED
    runner.close()


# --- pictures


def test_nested_bars_are_one_picture_and_a_line_each(bench: Bench, fifo: Path) -> None:
    runner = bench.runner(report_interval_s=0.001)
    bars = "".join(f"\\router {n}%% |\\n\\rinner {n}%% |\\033[A" for n in (10, 25, 50))
    run = runner.submit(f"printf '{bars}'; cat {fifo}; printf '\\n\\n'; echo done")
    job = run.jobs[0]
    wait_for(bench, lambda: bench.record(job)["current"] == "outer 50% |\ninner 50% |")
    assert bench.record(job)["progress"] == 0.5
    fifo.write_bytes(b"")
    only(run)
    assert bench.lines(job) == ["outer 50% |", "inner 50% |", "done"]


def test_lines_after_a_picture_are_lines_while_the_command_runs(bench: Bench, fifo: Path) -> None:
    logged = threading.Event()

    def log(channel: str, level: Level, message: str, *rest: object, **more: object) -> None:
        if message == "later":
            logged.set()

    runner = Runner(bench.store, log)
    run = runner.submit(f"printf 'a\\nb\\033[A\\rc\\n\\n'; echo later; cat {fifo}")
    assert logged.wait(PATIENCE_S)
    fifo.write_bytes(b"")
    assert only(run).status is JobStatus.SUCCEEDED
    runner.close()


def test_the_percent_of_a_progress_line_is_the_jobs_progress(bench: Bench, fifo: Path) -> None:
    runner = bench.runner(report_interval_s=0.001)
    run = runner.submit(f"printf '\\r 10%%|#    |\\r 45%%|##   | 9/20\\r'; cat {fifo}")
    job = run.jobs[0]
    wait_for(bench, lambda: bench.record(job)["progress"] == 0.45)
    assert job.current == " 45%|##   | 9/20"
    fifo.write_bytes(b"")
    only(run)


# --- prompts


def test_an_unfinished_line_is_what_the_job_does_now_and_a_prompt_can_be_answered(
    bench: Bench,
) -> None:
    runner = bench.runner(report_interval_s=0.001)
    run = runner.submit("printf 'Go on? '; read answer; echo \"said $answer\"", stdin=True)
    job = run.jobs[0]
    wait_for(bench, lambda: bench.record(job)["current"] == "Go on? ")
    job.send("yes\n")
    assert only(run).status is JobStatus.SUCCEEDED
    assert bench.lines(job) == ["Go on? said yes"]
    assert bench.record(job)["current"] is None


def test_a_prompt_in_a_terminal_can_be_answered(bench: Bench) -> None:
    runner = bench.runner(report_interval_s=0.001)
    run = runner.submit("printf 'Go on? '; read answer; echo \"said $answer\"", pty=True)
    job = run.jobs[0]
    wait_for(bench, lambda: bench.record(job)["current"] == "Go on? ")
    job.send("yes\n")
    only(run)
    assert bench.lines(job) == ["Go on? yes", "said yes"]


@pytest.mark.parametrize("pty", [False, True])
def test_the_input_can_be_ended(bench: Bench, runner: Runner, fifo: Path, pty: bool) -> None:
    quiet = "stty -echo; " if pty else ""
    run = runner.submit(f"{quiet}echo > {fifo}; cat; echo end", pty=pty, stdin=not pty)
    fifo.read_text()
    run.jobs[0].send("one\n")
    run.jobs[0].send("two\n", end=True)
    only(run)
    assert bench.lines(run.jobs[0]) == ["one", "two", "end"]


def test_much_can_be_sent(bench: Bench, runner: Runner, fifo: Path) -> None:
    run = runner.submit(f"echo > {fifo}; wc -c", stdin=True)
    fifo.read_text()
    run.jobs[0].send(b"x" * 1_000_000, end=True)
    only(run)
    assert bench.lines(run.jobs[0]) == ["1000000"]


def test_what_cannot_be_sent_is_refused_with_the_reason(
    bench: Bench, runner: Runner, fifo: Path
) -> None:
    run = runner.submit(f"echo > {fifo}; cat {fifo}")
    fifo.read_text()
    with pytest.raises(JobError, match="run it with stdin=True or pty=True"):
        run.jobs[0].send("y\n")
    fifo.write_text("")
    only(run)
    with pytest.raises(JobError, match="it has ended"):
        run.jobs[0].send("y\n")


@pytest.mark.parametrize("pty", [False, True])
def test_what_is_sent_before_the_command_has_started_waits_for_it(
    bench: Bench, runner: Runner, fifo: Path, pty: bool
) -> None:
    before = runner.submit(f"cat {fifo}")
    quiet = "stty -echo; " if pty else ""
    run = runner.submit(f"{quiet}read a; read b; echo $a, $b", pty=pty, stdin=not pty)
    assert run.jobs[0].status is JobStatus.QUEUED
    run.jobs[0].send("one\n")
    run.jobs[0].send("two\n")
    fifo.write_text("")
    only(before)
    only(run)
    assert bench.lines(run.jobs[0])[-1] == "one, two"


def test_what_is_sent_at_once_reaches_the_command(bench: Bench, runner: Runner) -> None:
    for _ in range(20):
        run = runner.submit("cat; echo end", stdin=True)
        run.jobs[0].send("at once\n", end=True)
        only(run)
        assert bench.lines(run.jobs[0]) == ["at once", "end"]


def test_a_queued_job_takes_no_more_than_a_running_one(runner: Runner, fifo: Path) -> None:
    before = runner.submit(f"cat {fifo}")
    run = runner.submit("cat", stdin=True)
    run.jobs[0].send(b"x" * INPUT_LIMIT, end=True)
    with pytest.raises(JobError, match="its input has been ended"):
        run.jobs[0].send("more")
    run.cancel()
    assert run.wait(PATIENCE_S)
    with pytest.raises(JobError, match="it has ended"):
        run.jobs[0].send("more")
    fifo.write_text("")
    only(before)


def test_a_command_that_does_not_read_does_not_take_without_end(runner: Runner, fifo: Path) -> None:
    run = runner.submit(f"echo > {fifo}; exec sleep 1000", stdin=True)
    fifo.read_text()
    # As much as waits at most: a pipe takes less than all of it, so that some goes on waiting.
    run.jobs[0].send(b"x" * INPUT_LIMIT)
    with pytest.raises(JobError, match="it has not read"):
        run.jobs[0].send(b"x" * INPUT_LIMIT)
    run.cancel()
    assert run.wait(PATIENCE_S)


# --- their surroundings


def test_a_python_that_is_ended_has_printed_its_lines(
    bench: Bench, runner: Runner, monkeypatch: pytest.MonkeyPatch, fifo: Path
) -> None:
    monkeypatch.delenv("PYTHONUNBUFFERED", raising=False)
    code = f"print(1); open({str(fifo)!r}, 'w').close(); import time; time.sleep(1000)"
    run = runner.submit(f"{sys.executable} -c {shlex.quote(code)}")
    fifo.read_text()
    run.cancel()
    assert run.wait(PATIENCE_S)
    assert bench.lines(run.jobs[0]) == ["1"]


@pytest.mark.parametrize(
    ("own", "env", "seen"),
    [
        (None, {}, "1"),
        ("", {}, ""),
        ("x", {}, "x"),
        (None, {"PYTHONUNBUFFERED": "0"}, "0"),
        (None, {"PYTHONUNBUFFERED": None}, "unset"),
        ("x", {"PYTHONUNBUFFERED": None}, "unset"),
    ],
)
def test_the_user_has_the_last_word_on_buffering(
    bench: Bench,
    runner: Runner,
    monkeypatch: pytest.MonkeyPatch,
    own: str | None,
    env: dict[str, str | None],
    seen: str,
) -> None:
    monkeypatch.delenv("PYTHONUNBUFFERED", raising=False)
    if own is not None:
        monkeypatch.setenv("PYTHONUNBUFFERED", own)
    run = runner.submit("echo ${PYTHONUNBUFFERED-unset}", env=env)
    assert bench.lines(only(run)) == [seen]


def test_the_servers_token_is_not_passed_on(
    bench: Bench, runner: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AUTOBENCH_TOKEN", "secret")
    assert bench.lines(only(runner.submit("echo ${AUTOBENCH_TOKEN-unset}"))) == ["unset"]


# --- what a shell costs


def test_a_shells_own_start_is_measured_and_taken_off_on_request(runner: Runner) -> None:
    (shown,) = only(runner.submit("true")).results
    (bare,) = only(runner.submit([["true"]])).results
    assert shown.shell_s is not None
    assert shown.shell_s > 0
    assert bare.shell_s is None
    slow = f"sleep {20 * shown.shell_s}"
    (less,) = only(runner.submit(slow, subtract_shell=True)).results
    assert less.wall_s is not None
    assert less.shell_s == shown.shell_s
    assert less.wall_s > 19 * shown.shell_s


def test_a_colour_cut_in_two_is_whole_again(bench: Bench, runner: Runner) -> None:
    code = "import os\nfor part in (b'\\x1b', b'[3', b'1mred\\x1b[0', b'm\\n'): os.write(1, part)"
    job = only(runner.submit(python(code)))
    assert bench.lines(job) == ["\x1b[31mred\x1b[0m"]


@pytest.mark.parametrize("sent", ["\ud800", 5, None, ["a"]])
def test_what_is_neither_text_nor_bytes_is_not_sent_and_nothing_of_it_arrives(
    bench: Bench, runner: Runner, sent: Any
) -> None:
    run = runner.submit("cat", stdin=True)
    with pytest.raises(JobError, match=r"lone surrogate|neither text nor bytes"):
        run.jobs[0].send(sent)
    run.jobs[0].send(memoryview(b"right\n"), end=True)  # type: ignore[arg-type]
    only(run)
    assert bench.lines(run.jobs[0]) == ["right"]
