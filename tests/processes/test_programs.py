"""Where a program is found, as ``execvp`` finds it."""

from __future__ import annotations

import errno
import os
import subprocess
from pathlib import Path

import pytest

from autobench_nb.processes.launcher.programs import find_program


@pytest.fixture
def folders(tmp_path: Path) -> Path:
    """Three folders: in ``a`` a file that cannot be executed, in ``b`` a folder of the name, in ``c`` the program."""
    for name in "abc":
        (tmp_path / name).mkdir()
    (tmp_path / "a" / "prog").write_text("#!/bin/sh\n")
    (tmp_path / "b" / "prog").mkdir()
    (tmp_path / "c" / "prog").symlink_to("/bin/true")
    return tmp_path


@pytest.mark.parametrize("names", ["c", "ac", "abc", "bc", "xc", "cab"])
def test_the_first_file_that_can_be_executed_is_the_program(folders: Path, names: str) -> None:
    path = os.pathsep.join(str(folders / name) for name in names)
    found = find_program("prog", path)
    assert os.path.samefile(found, folders / "c" / "prog")
    assert subprocess.run([found], check=False).returncode == 0


@pytest.mark.parametrize(
    ("names", "number"),
    [("x", errno.ENOENT), ("b", errno.ENOENT), ("", errno.ENOENT), ("xb", errno.ENOENT)],
)
def test_what_is_nowhere_is_not_found(folders: Path, names: str, number: int) -> None:
    path = os.pathsep.join(str(folders / name) for name in names) or str(folders)
    with pytest.raises(OSError, match="prog") as raised:
        find_program("prog", path)
    assert raised.value.errno == number


@pytest.mark.parametrize("names", ["a", "ab", "xa"])
def test_a_file_that_cannot_be_executed_is_refused(folders: Path, names: str) -> None:
    path = os.pathsep.join(str(folders / name) for name in names)
    with pytest.raises(PermissionError):
        find_program("prog", path)


def test_an_empty_part_of_the_path_is_the_folder_itself(
    folders: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folders / "c")
    assert os.path.samefile(find_program("prog", f"/nowhere{os.pathsep}"), folders / "c" / "prog")


def test_a_name_with_a_slash_is_taken_as_it_is() -> None:
    assert find_program("./prog", "/nowhere") == "./prog"
    assert find_program("/no/prog", None) == "/no/prog"


def test_without_a_path_the_system_s_own_is_searched() -> None:
    assert os.path.samefile(find_program("true", None), "/bin/true")
