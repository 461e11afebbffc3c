"""Files that a step has made: copied into the run's folder, with their hashes."""

from __future__ import annotations

import glob
import hashlib
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from autobench_nb.contract.steps import ArtifactRecord

_BLOCK: Final = 1 << 20
MAX_ARTIFACTS: Final = 1_000
"""Files that one step keeps."""


class NotKept(Exception):
    """A file that was to be kept is not there, or cannot be copied; the text says which and why."""


def keep_artifacts(patterns: Sequence[str], source: Path, target: Path) -> list[ArtifactRecord]:
    """Copy files, and hash them while they are copied.

    Args:
        patterns: Paths below ``source``, with ``*``, ``?`` and ``**``.
        source: The folder that the step ran in.
        target: Where they are kept; made where it is not there.

    Returns:
        A record for each file; its path is relative to ``target``.

    Raises:
        NotKept: A pattern matches nothing, or a file cannot be copied.
    """
    kept: list[ArtifactRecord] = []
    for pattern in patterns:
        found = sorted(glob.glob(pattern, root_dir=source, recursive=True))
        files = [source / name for name in found if (source / name).is_file()]
        if not files:
            raise NotKept(f"the artifact {pattern!r} was not made")
        for file in files:
            if len(kept) == MAX_ARTIFACTS:
                raise NotKept(f"there are more than {MAX_ARTIFACTS:,} artifacts")
            name = os.path.relpath(file, source)
            if name.startswith(".."):
                name = file.name
            try:
                kept.append(_copy(file, target / name, name))
            except OSError as error:
                raise NotKept(f"the artifact {name!r} cannot be kept: {error.strerror}") from error
    return kept


def _copy(file: Path, target: Path, name: str) -> ArtifactRecord:
    target.parent.mkdir(parents=True, exist_ok=True)
    hashed, size = hashlib.sha256(), 0
    with file.open("rb") as read, target.open("wb") as written:
        while block := read.read(_BLOCK):
            hashed.update(block)
            written.write(block)
            size += len(block)
    return {"path": name, "bytes": size, "sha256": hashed.hexdigest()}
