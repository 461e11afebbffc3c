"""Commands that no program can be given, and what programs do to those who run them."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import autobench_nb as ab
from autobench_nb.errors import JobError
from autobench_nb.jobs.work import MAX_TIMEOUT_S
from autobench_nb.processes.launcher.launcher import LaunchedCommand

PYTHON = [sys.executable, "-I", "-S", "-c"]


@pytest.fixture(scope="module")
def bench() -> Iterator[ab.Orchestrator]:
    with ab.Orchestrator(environ={}, log_capacity=200_000, parallelism=2) as made:
        yield made


IMPOSSIBLE: dict[str, tuple[Any, dict[str, Any]]] = {
    "a NUL in a text": ("echo a\0b", {}),
    "a NUL in an argument": ([["echo", "a\0b"]], {}),
    "a lone surrogate in a text": ("echo \ud800", {}),
    "a lone surrogate in an argument": ([["echo", "\ud800"]], {}),
    "a lone surrogate in the program": ([["\udbff"]], {}),
    "a lone surrogate in a variable": ("env", {"env": {"A": "\ud800"}}),
    "a lone surrogate in a variable's name": ("env", {"env": {"\ud800": "a"}}),
    "a NUL in a variable's name": ("env", {"env": {"a\0": "a"}}),
    "a NUL in the folder": ("pwd", {"cwd": "/tmp\0"}),
    "a lone surrogate in the folder": ("pwd", {"cwd": "/\ud800"}),
    "a time that no clock has": ("true", {"timeout_s": 1e300}),
    "a time without end": ("true", {"timeout_s": float("inf")}),
}


@pytest.mark.parametrize("what", IMPOSSIBLE)
def test_what_no_program_can_be_given_is_refused_when_it_is_asked_for(
    bench: ab.Orchestrator, what: str
) -> None:
    work, how = IMPOSSIBLE[what]
    with pytest.raises(JobError):
        bench.run(work, **how)


def finished(bench: ab.Orchestrator, work: Any, **how: Any) -> tuple[str | None, list[str]]:
    """Why it failed, if it did, and what it printed."""
    run = bench.run(work, **how)
    assert run.wait(60)
    (job,) = run.jobs
    return job.reason, [e.message for e in bench.logs.query(f"job:{job.id} channel:benchmark")]


def test_other_folders_and_times_are_taken(bench: ab.Orchestrator) -> None:
    assert finished(bench, "pwd", cwd=b"/") == (None, ["/"])
    assert finished(bench, "pwd", cwd=Path("/")) == (None, ["/"])
    assert finished(bench, "true", timeout_s=MAX_TIMEOUT_S) == (None, [])
    reason, _ = finished(bench, "true", cwd=b"/\xff")
    assert reason is not None
    assert "is not there" in reason


def test_why_a_program_cannot_be_started_names_what_is_missing(
    bench: ab.Orchestrator, tmp_path: Path
) -> None:
    script = tmp_path / "script"
    script.write_text("#!/nowhere/interpreter\n")
    script.chmod(0o755)
    for work, how, said in (
        ([[str(script)]], {}, "#! line"),
        ([["./script"]], {"cwd": tmp_path}, "#! line"),
        ([[str(tmp_path)]], {}, "is a directory"),
        ([["/nowhere/at/all"]], {}, "command not found"),
        ("pwd", {"cwd": script}, "is no directory"),
    ):
        reason, printed = finished(bench, work, **how)
        assert said in (reason or "")
        assert printed == []


def test_a_launcher_that_is_given_something_impossible_says_so_and_lives_on(
    bench: ab.Orchestrator, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Another encoding than the notebook's may be in force there: what is refused here is only the first gate.
    command = LaunchedCommand(
        {"argv": ["/bin/echo", "\ud800"], "cwd": "/", "env": {}, "pty": False, "keep": False},
        None,
        adopts=False,
    )
    monkeypatch.setattr("os.chdir", lambda _path: None)
    monkeypatch.setattr(
        "autobench_nb.processes.launcher.launcher.fork_program",
        lambda path, argv, *_rest, **_more: [word.encode() for word in argv],
    )
    with pytest.raises(ValueError, match="surrogates"):
        command.start([0, 1, 2])


PROGRAMS: dict[str, tuple[Any, dict[str, Any], list[str] | None]] = {
    "closes its input": ("exec 0<&-; echo done", {}, ["done"]),
    "closes its output, and goes on": ("exec >&- 2>&-; sleep 0.1", {}, []),
    "looks for a terminal": ("(: </dev/tty) 2>/dev/null || echo none", {}, ["none"]),
    "is run by nohup": ("nohup sh -c 'echo kept'", {}, ["kept"]),
    "is one of a pipe that ends early": ("yes | head -2", {}, ["y", "y"]),
    "prints bytes of another encoding": (r"printf '\351\377\n'", {}, [r"\xe9\xff"]),
    "prints NULs": (r"printf 'a\0b\n'", {}, ["a\0b"]),
    "makes its output one that does not wait": (
        [[*PYTHON, "import os; os.set_blocking(1, False); os.write(1, b'x' * 100 + b'\\n')"]],
        {},
        ["x" * 100],
    ),
    "has few descriptors": ("ulimit -n 5; echo few", {}, ["few"]),
    "takes its own folder away": ("d=$(mktemp -d); cd $d; rmdir $d; echo gone", {}, ["gone"]),
    "leaves a child that prints later": ("(sleep 0.1; echo late) & echo early", {}, ["early", "late"]),
    "asks a terminal for its name and sets its modes": (
        r"printf '\033[>c\033(B\033[?1049h\033[2Jshown\033[=1u\033[!p\n'; sleep 0.1",
        {"pty": True},
        ["shown"],
    ),
}  # fmt: skip


@pytest.mark.parametrize("what", PROGRAMS)
def test_a_program_may_do_that(bench: ab.Orchestrator, what: str) -> None:
    work, how, printed = PROGRAMS[what]
    assert finished(bench, work, **how) == (None, printed)


@pytest.mark.parametrize("pty", [False, True])
def test_a_line_of_ten_megabytes_is_read_in_steps_that_do_not_grow(
    bench: ab.Orchestrator, monkeypatch: pytest.MonkeyPatch, pty: bool
) -> None:
    from autobench_nb.jobs.output import CURRENT_LIMIT
    from autobench_nb.processes.lines import LineSplitter

    looked: list[int] = []
    inner = LineSplitter.head

    def head(self: LineSplitter, size: int) -> bytes:
        state = inner(self, size)
        looked.append(len(state))
        return state

    monkeypatch.setattr(LineSplitter, "head", head)
    reason, printed = finished(bench, [[*PYTHON, "print('x' * 10_000_000)"]], pty=pty)
    assert reason is None
    assert [len(line) for line in printed] == [10_000_000]
    assert max(looked, default=0) <= 4 * CURRENT_LIMIT


def test_more_than_can_be_sent_at_once_is_said(bench: ab.Orchestrator) -> None:
    run = bench.run("echo ready; cat", stdin=True)
    (job,) = run.jobs
    while not bench.logs.query(f"job:{job.id} ready channel:benchmark"):
        pass
    with pytest.raises(JobError, match="at once"):
        job.send("x" * 2_000_000)
    job.send("", end=True)
    assert run.wait(60)
