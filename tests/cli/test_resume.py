"""``run --journal``, ``list --journal``, ``resume --journal``: what was killed is listed, and goes on."""

from __future__ import annotations

import signal
import subprocess
from pathlib import Path

import pytest

from autobench_nb.cli.main import main
from tests.cli.test_run import COMMAND, PATIENCE_S, pid_in, recipe, run, steps


def test_a_run_that_was_killed_is_listed_as_interrupted_and_goes_on_where_it_was(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    journal, done, gate = tmp_path / "lab.db", tmp_path / "done", tmp_path / "gate"
    text = steps(
        f"{{id: first, run: 'echo once >> {done}'}}",
        f"{{id: second, needs: [first], run: 'echo $$ > {tmp_path}/pid; test -e {gate} || exec sleep 300'}}",
        f"{{id: third, needs: [second], run: 'echo last >> {done}'}}",
    )
    process = subprocess.Popen(
        [*COMMAND, "run", str(recipe(tmp_path, text)), "--journal", str(journal)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    with process:
        pid_in(tmp_path / "pid")
        process.send_signal(signal.SIGKILL)
        assert process.wait(PATIENCE_S) == -signal.SIGKILL
    assert main(["list", "--journal", str(journal)]) == 0
    said = capsys.readouterr()
    assert "interrupted" in said.out
    assert "1 of 3" in said.out
    assert "resume --journal" in said.err
    gate.touch()
    again = run("resume", "--journal", journal)
    assert again.returncode == 0, again.stderr
    assert done.read_text() == "once\nlast\n"
    assert main(["list", "--journal", str(journal)]) == 0
    told = capsys.readouterr().out
    assert "interrupted" not in told
    assert "3 of 3" in told
