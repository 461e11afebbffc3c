"""``autobench-nb list --journal``: what a journal holds."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import autobench_nb as ab
from autobench_nb.cli.main import main


def test_the_runs_of_a_journal_are_listed_also_while_it_is_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "lab.db"
    with ab.Orchestrator(journal=file) as bench:
        good = bench.run({"a": "true", "b": "true"}, name="good")
        bad = bench.run("exit 3", name="bad\x1b[2J")
        assert good.wait(30)
        assert bad.wait(30)
        assert main(["list", "--journal", str(file)]) == 0
    head, *rows = capsys.readouterr().out.splitlines()
    assert head.split() == ["RUN", "NAME", "STATUS", "STEPS", "BEGAN", "TOOK", "REASON"]
    assert [row.split()[0] for row in rows] == [good.id, bad.id]
    assert "succeeded" in rows[0]
    assert "2 of 2" in rows[0]
    assert "failed" in rows[1]
    assert "\x1b" not in rows[1]
    assert main(["list", "--journal", str(file), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert [one["status"] for one in told] == ["succeeded", "failed"]


def test_a_journal_without_runs_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with ab.Orchestrator(journal=tmp_path / "lab.db"):
        pass
    assert main(["list", "--journal", str(tmp_path / "lab.db")]) == 0
    assert "holds no run" in capsys.readouterr().err


@pytest.mark.parametrize("words", [("list",), ("resume",)])
@pytest.mark.parametrize("kind", ["missing", "a folder", "no database"])
def test_what_is_no_journal_is_exit_status_two(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], words: tuple[str, ...], kind: str
) -> None:
    file = tmp_path / "lab.db"
    if kind == "a folder":
        file.mkdir()
    elif kind == "no database":
        file.write_bytes(b"hello, this is no database at all" * 100)
    assert main([*words, "--journal", str(file)]) == 2
    said = capsys.readouterr().err
    assert said.startswith("autobench-nb: ")
    assert "lab.db" in said


def test_nothing_interrupted_cannot_be_resumed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "lab.db"
    with ab.Orchestrator(journal=file) as bench:
        assert bench.run("true").wait(30)
    assert main(["resume", "--journal", str(file)]) == 2
    assert main(["resume", "--journal", str(file), "no-such-run"]) == 2
    assert "no-such-run" in capsys.readouterr().err
