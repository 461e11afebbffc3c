"""A process that was begun in odd surroundings works all the same, or says what is missing."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
BARE = "env -i PYTHONPATH=$PYTHONPATH"
WORKS = {
    "nothing in the environment": BARE,
    "an ASCII locale": f"{BARE} LC_ALL=C PYTHONCOERCECLOCALE=0 PYTHONUTF8=0 PATH=/usr/bin:/bin",
    "no home, no place for temporary files, a read-only folder": "cd /proc; env HOME=/nowhere TMPDIR=/nowhere",
    "standard input, output and errors closed": "exec <&- >&- 2>&-; exec",
    "a full disk behind its output": "exec >/dev/full 2>&1; exec",
    "forty descriptors": "ulimit -n 40; exec",
    "signals that are ignored": "trap '' TERM INT HUP PIPE CHLD USR1; exec",
    "no rights for files that it makes": "umask 0777; exec",
}


def told(tmp_path: Path, surroundings: str, *arguments: str) -> dict[str, Any]:
    answer = tmp_path / "answer"
    answer.touch()
    words = [sys.executable, "-m", "tests.edges.odd_surroundings", str(answer), *arguments]
    subprocess.run(
        ["sh", "-c", f"{surroundings} {shlex.join(words)}"],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        check=True,
        timeout=120,
    )
    said: dict[str, Any] = json.loads(answer.read_text())
    return said


@pytest.mark.parametrize("surroundings", WORKS)
def test_it_works_all_the_same(tmp_path: Path, surroundings: str) -> None:
    said = told(tmp_path, WORKS[surroundings])
    assert said["status"] == 200
    assert said["jobs"] == [["succeeded", None]] * 4
    expected = ["h\u00e9llo", "\\xe9", "called", "a\\xffb"]
    if "closed" in surroundings:
        expected.remove("called")  # Python itself prints nowhere then: sys.stdout is None
    assert said["printed"] == expected


@pytest.mark.parametrize("cwd", [None, "/"])
def test_a_folder_that_is_gone_is_said_and_another_may_be_given(
    tmp_path: Path, cwd: str | None
) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    inside = f"cd {shlex.quote(str(gone))}; rmdir {shlex.quote(str(gone))};"
    said = told(tmp_path, inside, *([] if cwd is None else [cwd]))
    assert said["status"] == 200
    statuses = [status for status, _ in said["jobs"]]
    if cwd is None:
        assert statuses == ["failed", "failed", "succeeded", "failed"]
        assert "give a cwd" in said["jobs"][0][1]
    else:
        assert statuses == ["succeeded"] * 4
