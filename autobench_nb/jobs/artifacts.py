"""Files that a step has made: copied into the run's folder, with their hashes."""

from __future__ import annotations

import glob
import hashlib
import os
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import BinaryIO, Final, NamedTuple

from autobench_nb.contract.steps import ArtifactRecord
from autobench_nb.logs.text import clean

BLOCK_BYTES: Final = 1 << 20
MAX_ARTIFACTS: Final = 1_000
"""Files that one step keeps."""


class NotKept(Exception):
    """A file that was to be kept is not there, or cannot be copied; the text says which and why."""


class FoundFile(NamedTuple):
    """A file that a pattern has found. ``name``: below the folder in which it was looked for."""

    name: str
    path: str


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
    kept = []
    for name, path in find_artifacts(patterns, source):
        try:
            with open(path, "rb") as file:
                kept.append(write_artifact(name, target, blocks_of(file)))
        except OSError as error:
            raise NotKept(f"the artifact {name!r} cannot be kept: {error.strerror}") from error
    return kept


def find_artifacts(patterns: Sequence[str], source: Path) -> list[FoundFile]:
    """The files that are to be kept, each once. Raises :class:`NotKept` where a pattern matches none, or too many."""
    files: dict[str, FoundFile] = {}
    for pattern in patterns:
        found = sorted(glob.glob(pattern, root_dir=source, recursive=True))
        matches = [source / name for name in found if (source / name).is_file()]
        if not matches:
            raise NotKept(f"the artifact {pattern!r} {_why_none(source, found)}")
        for file in matches:
            name = os.path.relpath(file, source)
            if name.startswith(".."):
                name = file.name
            files.setdefault(name, FoundFile(name, str(file)))
            if len(files) > MAX_ARTIFACTS:
                raise NotKept(f"there are more than {MAX_ARTIFACTS:,} artifacts")
    return list(files.values())


def _why_none(source: Path, found: Sequence[str]) -> str:
    """What is said of a pattern that has found this, and no file."""
    if not found:
        return "was not made"
    if (source / found[0]).is_dir():
        return f"is a folder: name its files, as in {os.path.join(clean(found[0]), '**')!r}"
    return "is no plain file"


def blocks_of(file: BinaryIO) -> Iterator[bytes]:
    """The bytes of an open file, block by block."""
    while block := file.read(BLOCK_BYTES):
        yield block


def write_artifact(name: str, target: Path, blocks: Iterable[bytes]) -> ArtifactRecord:
    """Write a file below ``target``, and hash it meanwhile. Raises :class:`OSError`."""
    file = target / name
    file.parent.mkdir(parents=True, exist_ok=True)
    hashed, size = hashlib.sha256(), 0
    with file.open("wb") as written:
        for block in blocks:
            hashed.update(block)
            written.write(block)
            size += len(block)
    return {"path": clean(name), "bytes": size, "sha256": hashed.hexdigest()}
