"""Each notebook runs from top to bottom and gives the outputs that are saved in it (strict nbval)."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))


def test_there_are_notebooks() -> None:
    assert "01-quickstart.ipynb" in [path.name for path in NOTEBOOKS]


@pytest.mark.slow
@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda path: path.stem)
def test_it_runs_and_gives_what_is_saved_in_it(notebook: Path, tmp_path: Path) -> None:
    """In a pytest of its own, whose settings are not ours: nbval collects each cell as a test.

    Options that this run has from its environment are not passed on: with ``-n 2`` the cells of one
    notebook would be dealt to two kernels.
    """
    (tmp_path / "pytest.ini").write_text(
        "[pytest]\nasyncio_default_fixture_loop_scope = function\n"
    )
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"]
    options = ["-c", str(tmp_path / "pytest.ini"), "--nbval", "--nbval-current-env"]
    done = subprocess.run(
        [*command, *options, str(notebook)],
        cwd=ROOT,
        env={name: value for name, value in os.environ.items() if name != "PYTEST_ADDOPTS"},
        capture_output=True,
        text=True,
        timeout=280,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-8_000:] + done.stderr[-2_000:]
    assert " passed" in done.stdout
