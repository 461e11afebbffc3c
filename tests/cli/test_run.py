"""``autobench-nb run``: real recipes in real processes, with and without a terminal, answered, cancelled, killed."""

from __future__ import annotations

import json
import os
import pty
import re
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import pandas as pd
import pytest

from autobench_nb.cli.main import main
from autobench_nb.machine.noise import Noise
from tests.living import is_alive

PATIENCE_S = 60.0
HEAD = "apiVersion: autobench/v1\nkind: Benchmark\nmetadata: {name: small}\n"
GOOD = (
    HEAD
    + """\
spec:
  parameters:
    words: {type: integer, default: 3}
  steps:
    - id: count
      matrix: {tool: [sort, cat]}
      run: 'seq ${parameters.words} | ${matrix.tool} | tail -1'
      repeat: 2
      extract: {count: {regex: '(\\d+)', unit: line}}
"""
)
COMMAND = (sys.executable, "-m", "autobench_nb.cli")
ESCAPES = re.compile(r"\x1b\[[\d;?]*[A-Za-z]")


def recipe(folder: Path, text: str) -> Path:
    file = folder / "recipe.yaml"
    file.write_text(text, "utf-8")
    return file


def steps(*lines: str) -> str:
    return HEAD + "spec:\n  steps:\n" + "".join(f"    - {line}\n" for line in lines)


def run(
    *arguments: str | Path, given: str = "", folder: Path | None = None
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*COMMAND, *map(str, arguments)],
        input=given,
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
        cwd=folder,
    )


def test_a_run_that_succeeds_tells_its_steps_and_gives_a_table(tmp_path: Path) -> None:
    done = run("run", recipe(tmp_path, GOOD), "-p", "words=7")
    assert done.returncode == 0, done.stderr
    assert re.search(r"small: 2 steps, words=7; run \S+", done.stderr)
    assert "count[sort]: succeeded" in done.stderr
    head, *rows = done.stdout.splitlines()
    assert head.split() == ["STEP", "STATUS", "N", "WALL", "CPU", "MEMORY", "COUNT"]
    assert [row.split()[:3] for row in rows] == [
        ["count[sort]", "succeeded", "2"],
        ["count[cat]", "succeeded", "2"],
    ]
    assert "7.00 ± 0 line" in rows[0]
    assert "\x1b" not in done.stderr + done.stdout


def test_everything_comes_out_as_json_and_each_repetition_as_parquet_and_csv(
    tmp_path: Path,
) -> None:
    file = recipe(tmp_path, GOOD)
    whole = run("run", file, "--format", "json")
    assert whole.returncode == 0, whole.stderr
    told = json.loads(whole.stdout)
    assert told["run"]["status"] == "succeeded"
    assert len(told["results"]) == 4
    assert {row["machine"] for row in told["results"]} <= told["machines"].keys()
    for name, read in (("out.parquet", pd.read_parquet), ("out.csv", pd.read_csv)):
        done = run("run", file, "-o", tmp_path / name)
        assert (done.returncode, done.stdout) == (0, ""), done.stderr
        frame = read(tmp_path / name)
        assert frame["count"].tolist() == [3, 3, 3, 3]
        assert frame["tool"].tolist() == ["sort", "sort", "cat", "cat"]
        assert frame["wall"].min() > 0
    assert sorted(os.listdir(tmp_path)) == ["out.csv", "out.parquet", "recipe.yaml"]


def test_a_repetitions_machine_and_its_noise_stand_in_csv_and_parquet(tmp_path: Path) -> None:
    file = recipe(tmp_path, GOOD.replace("seq ", "sleep 0.05; seq "))
    for name, read in (("out.parquet", pd.read_parquet), ("out.csv", pd.read_csv)):
        done = run("run", file, "-o", tmp_path / name)
        assert done.returncode == 0, done.stderr
        frame = read(tmp_path / name)
        assert {*Noise._fields} <= {*frame.columns}
        assert frame["machine"].notna().all()
        assert frame["cpu"].min() >= 0
        assert frame["memory"].notna().all() or frame["memory"].isna().all()
    machines = json.loads(run("run", file, "--format", "json").stdout)["machines"]
    assert {*frame["machine"]} <= machines.keys()


CLOSED = """import os, sys
os.close(int(sys.argv[1]))
os.execv(sys.executable, [sys.executable, "-m", "autobench_nb.cli", "run", *sys.argv[2:]])
"""


@pytest.mark.parametrize("number", [0, 1, 2])
def test_a_standard_stream_that_is_closed_ends_no_run(tmp_path: Path, number: int) -> None:
    file = recipe(tmp_path, GOOD)
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            CLOSED,
            str(number),
            str(file),
            "--journal",
            str(tmp_path / "lab.db"),
        ],
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert ("STEP" in done.stdout) is (number != 1)
    assert ("succeeded" in done.stderr) is (number != 2)


@pytest.mark.parametrize("form", ["table", "json"])
def test_whoever_reads_the_results_may_stop_reading(tmp_path: Path, form: str) -> None:
    read, write = os.pipe()
    process = subprocess.Popen(
        [*COMMAND, "run", str(recipe(tmp_path, GOOD)), "--format", form],
        stdin=subprocess.DEVNULL,
        stdout=write,
        stderr=subprocess.PIPE,
        text=True,
    )
    os.close(read)
    os.close(write)
    _, err = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 0, err
    assert "Traceback" not in err
    assert "Exception" not in err


def test_whoever_reads_the_lines_may_stop_reading_and_the_run_goes_on(tmp_path: Path) -> None:
    read, write = os.pipe()
    text = steps(
        f"{{id: a, run: 'echo a >> {tmp_path}/did'}}",
        f"{{id: b, needs: [a], run: 'echo b >> {tmp_path}/did'}}",
    )
    process = subprocess.Popen(
        [*COMMAND, "run", str(recipe(tmp_path, text))],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=write,
        text=True,
    )
    os.close(read)
    os.close(write)
    out, _ = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 0
    assert "succeeded" in out
    assert (tmp_path / "did").read_text() == "a\nb\n"


@pytest.mark.parametrize(
    ("step", "code", "left"),
    [
        ("{id: a, run: 'echo big > data.bin'}", 0, None),
        (
            "{id: a, run: 'echo big > data.bin; echo hi > out.txt', artifacts: [out.txt]}",
            0,
            "artifacts",
        ),
        ("{id: a, run: 'echo big > data.bin; exit 3'}", 1, "data.bin"),
    ],
)
def test_a_folder_that_was_made_for_a_run_goes_with_its_success_but_for_artifacts(
    tmp_path: Path, step: str, code: int, left: str | None
) -> None:
    made = tmp_path / "tmp"
    made.mkdir()
    done = subprocess.run(
        [*COMMAND, "run", str(recipe(tmp_path, steps(step)))],
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
        env={**os.environ, "TMPDIR": str(made)},
    )
    assert done.returncode == code, done.stderr
    folders = [*made.glob("autobench-*")]
    if left is None:
        assert folders == []
        assert str(made) not in done.stderr
        return
    (folder,) = folders
    assert os.listdir(folder) == [left]
    assert f"{'artifacts stay' if code == 0 else 'files stay'} in {folder}" in done.stderr


def test_a_step_that_misses_what_lies_beside_the_recipe_is_told_which_option_helps(
    tmp_path: Path,
) -> None:
    (tmp_path / "mine.sh").write_text("echo found")
    file = recipe(tmp_path, steps("{id: own, run: sh mine.sh}"))
    done = run("run", file, folder=tmp_path)
    assert done.returncode == 1
    assert "with --folder . its steps find the files that are here" in done.stderr
    done = run("run", file, "--folder", ".", folder=tmp_path)
    assert (done.returncode, "--folder" in done.stderr) == (0, False)


def test_a_failed_step_is_exit_status_one_with_its_last_lines(tmp_path: Path) -> None:
    text = steps("{id: bad, run: 'seq 9; echo gone wrong >&2; exit 4'}")
    done = run("run", recipe(tmp_path, text))
    assert done.returncode == 1
    assert "bad: failed" in done.stderr
    assert "exit status 4" in done.stderr
    assert "gone wrong" in done.stderr
    assert "     6\n" in done.stderr
    assert "     4\n" not in done.stderr


def test_a_step_whose_time_is_up_ends_the_run_with_124(tmp_path: Path) -> None:
    done = run("run", recipe(tmp_path, steps("{id: slow, run: 'sleep 60', timeout: 200ms}")))
    assert done.returncode == 124, done.stderr
    assert "slow: timeout" in done.stderr


@pytest.mark.parametrize(
    ("text", "options", "told"),
    [
        (GOOD.replace("Benchmark", "Bench"), (), "kind"),
        (GOOD, ("-p", "words=many"), "words"),
        (GOOD, ("-p", "sizes=3"), "sizes"),
        (GOOD, ("-p", "words"), "-p words has no value"),
        (GOOD, ("-o", "out.xlsx"), ".parquet"),
        (GOOD, ("-o", "no/such/folder/out.json"), "there is no folder"),
        (GOOD, ("-o", "."), ""),
        (GOOD, ("--parallelism", "0"), "parallelism"),
        (steps("{id: a, run: 'true', needs: [a]}"), (), "a"),
        ("{", (), ""),
    ],
)
def test_what_cannot_begin_is_exit_status_two_and_runs_nothing(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    text: str,
    options: Sequence[str],
    told: str,
) -> None:
    file = recipe(tmp_path, text.replace("seq ", f"touch {tmp_path}/ran; seq "))
    monkeypatch.chdir(tmp_path)
    assert main(["run", str(file), *options]) == 2
    said = capsys.readouterr()
    assert said.err.startswith("autobench-nb: ")
    assert told in said.err
    assert not (tmp_path / "ran").exists()


ASKS = steps(
    "{id: ask, operator: {ask: 'Is the cable in?', answers: [yes, no], fails: [no]}}",
    "{id: after, needs: [ask], run: 'true'}",
)


@pytest.mark.parametrize(("given", "code"), [("\nperhaps\nY", 0), ("no\n", 1)])
def test_a_question_is_answered_by_a_line_of_the_input(
    tmp_path: Path, given: str, code: int
) -> None:
    done = run("run", recipe(tmp_path, ASKS), given=given)
    assert done.returncode == code, done.stderr
    assert "ask asks: Is the cable in? [yes/no]" in done.stderr


def test_where_nobody_can_answer_the_run_is_cancelled(tmp_path: Path) -> None:
    done = run("run", recipe(tmp_path, ASKS))
    assert done.returncode == 3, done.stderr
    assert "nobody can answer" in done.stderr


class Terminal:
    """A program on a terminal of its own."""

    def __init__(self, *arguments: str | Path) -> None:
        parent, child = pty.openpty()
        self._parent = parent
        self.text = ""
        self.process = subprocess.Popen(
            [*COMMAND, *map(str, arguments)],
            stdin=child,
            stdout=child,
            stderr=child,
            start_new_session=True,
            env={**os.environ, "TERM": "xterm-256color", "COLUMNS": "100", "LINES": "30"},
        )
        os.close(child)

    def until(self, text: str) -> None:
        """Read until it shows ``text``."""
        end = time.monotonic() + PATIENCE_S
        while text not in self.text:
            assert time.monotonic() < end, self.text
            self._read()

    def _read(self) -> bool:
        ready, _, _ = select.select([self._parent], [], [], 0.2)
        if not ready:
            return True
        try:
            data = os.read(self._parent, 65_536)
        except OSError:  # Linux says so at the end of a terminal
            data = b""
        self.text += ESCAPES.sub("", data.decode("utf-8", "replace"))
        self.raw = data
        return bool(data)

    def type(self, text: str) -> None:
        os.write(self._parent, text.encode())

    def end(self) -> int:
        while self._read():
            if self.process.poll() is not None and not select.select([self._parent], [], [], 0)[0]:
                break
        return self.process.wait(PATIENCE_S)

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        os.close(self._parent)


@pytest.fixture
def terminals() -> Iterator[list[Terminal]]:
    made: list[Terminal] = []
    yield made
    for one in made:
        one.close()


def test_in_a_terminal_a_picture_is_drawn_and_a_question_answered(
    tmp_path: Path, terminals: list[Terminal]
) -> None:
    terminal = Terminal("run", recipe(tmp_path, ASKS))
    terminals.append(terminal)
    terminal.until("Is the cable in? [yes/no]")
    terminal.until("0 of 2 steps")
    terminal.type("yes\n")
    assert terminal.end() == 0, terminal.text
    assert "succeeded; 2 of 2 steps" in terminal.text


LONG = "{{id: long, run: 'echo $$ > {place}/pid; trap \"\" TERM; sleep 300 & wait; sleep 300'}}"


def pid_in(file: Path) -> int:
    end = time.monotonic() + PATIENCE_S
    while time.monotonic() < end:
        if file.exists() and file.read_text().strip():
            return int(file.read_text())
        select.select([], [], [], 0.05)
    raise AssertionError("the step did not begin")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_cancels_the_run_in_order_and_says_so(tmp_path: Path, number: int) -> None:
    work = f"echo $$ > {tmp_path}/pid; exec sleep 300"
    text = steps(f"{{id: long, run: '{work}'}}", "{id: b, run: 'true', needs: [long]}")
    process = subprocess.Popen(
        [*COMMAND, "run", str(recipe(tmp_path, text)), "--format", "json"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    with process:
        pid = pid_in(tmp_path / "pid")
        process.send_signal(number)
        out, err = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 3, err
    assert "the run is cancelled in order; once more kills it" in err
    assert json.loads(out)["run"]["status"] == "cancelled"
    assert not is_alive(pid)


def test_ctrl_c_twice_ends_the_program_and_what_it_started(
    tmp_path: Path, terminals: list[Terminal]
) -> None:
    terminal = Terminal("run", recipe(tmp_path, steps(LONG.format(place=tmp_path))))
    terminals.append(terminal)
    pid = pid_in(tmp_path / "pid")
    os.kill(terminal.process.pid, signal.SIGINT)
    terminal.until("once more kills it")
    os.kill(terminal.process.pid, signal.SIGINT)
    assert terminal.process.wait(PATIENCE_S) == 130
    end = time.monotonic() + PATIENCE_S
    while is_alive(pid):
        assert time.monotonic() < end, "the step outlived the program"
        select.select([], [], [], 0.05)
