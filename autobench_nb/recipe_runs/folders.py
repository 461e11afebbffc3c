"""The folders of runs that named none: made for temporary files, and tidied up when nobody needs them any more."""

from __future__ import annotations

import contextlib
import shutil
import tempfile
from pathlib import Path
from typing import Final

PREFIX: Final = "autobench-"
ARTIFACTS: Final = "artifacts"
"""What is kept stands below it."""


def make_folder() -> Path:
    """A new folder for the temporary files of a run."""
    return Path(tempfile.mkdtemp(prefix=PREFIX)).absolute()


def tidy(folder: Path) -> None:
    """Remove what a run has left in its temporary folder, but for its artifacts; and the folder, where it has none."""
    with contextlib.suppress(OSError):  # somebody else has removed it
        for path in folder.iterdir():
            if path.name == ARTIFACTS and not path.is_symlink():
                continue
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path, ignore_errors=True)
            else:
                path.unlink(missing_ok=True)
    with contextlib.suppress(OSError):  # it holds artifacts
        folder.rmdir()
