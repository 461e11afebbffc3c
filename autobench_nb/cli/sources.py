"""Log files as entries: opened, inflated, decoded, read in the format that fits, and merged by their times."""

from __future__ import annotations

import heapq
import os
import select
import stat
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Final

from autobench_nb.logs.formats import LineReader, ParsedLine
from autobench_nb.logs.formats.decoding import (
    MAGIC_BYTES,
    DamagedArchive,
    Inflater,
    LineDecoder,
    compression_of,
)
from autobench_nb.logs.formats.parsed import NAME_CHARS

BLOCK_BYTES: Final = 256 * 1024
IDLE_S: Final = 0.25
"""A pipe that is silent for so long has said all that belongs to its last entry."""
STDIN: Final = "-"
_SUFFIXES: Final = frozenset({".gz", ".bz2", ".xz"})


class LogFile:
    """One file, or what comes through a pipe, as entries.

    Args:
        path: The file; ``-`` is the standard input.
        channel: What entries get as channel that name none.
        make_reader: Makes the reader; its argument is the newest moment that the file can speak of, in seconds since
            1970, where the file tells it.
        name_file: Whether each entry gets the file's name as a field.
        wants_plain: Whether the lines are to be kept as they are.

    Attributes:
        reader: Has counted the lines.
        problem: What went wrong, in words; None where nothing did.
    """

    def __init__(
        self,
        path: Path,
        channel: str,
        make_reader: Callable[[float | None], LineReader],
        *,
        name_file: bool = False,
        wants_plain: bool = False,
    ) -> None:
        self.path = path
        self.channel = channel[:NAME_CHARS] or "app"
        self.problem: str | None = None
        self.reader = make_reader(_changed_s(path))
        self.wants_plain = wants_plain
        self._name_file = name_file

    def entries(self) -> Iterator[ParsedLine | None]:
        """The entries in their order; None says that a pipe is silent for now. Never raises for what the file holds."""
        decoder, reader = LineDecoder(), self.reader
        try:
            for block in self._blocks():
                if block is None:
                    yield from map(self._named, reader.finish())
                    yield None
                else:
                    yield from map(self._named, reader.feed(decoder.feed(block)))
        except OSError as error:
            self.problem = error.strerror or str(error)
        except DamagedArchive as error:
            self.problem = str(error)
        yield from map(self._named, reader.feed(decoder.finish()))
        yield from map(self._named, reader.finish())

    def _named(self, entry: ParsedLine) -> ParsedLine:
        ts, level, message, format, logger, channel, fields, exc, lines = entry
        if self._name_file:
            fields = {**fields, "file": str(self.path)}
        return ParsedLine(
            ts, level, message, format, logger, channel or self.channel, fields, exc, lines
        )

    def _blocks(self) -> Iterator[bytes | None]:
        """The file's bytes, inflated."""
        inflater: Inflater | None = None
        start: bytes | None = b""
        for block in self._raw_blocks():
            if block is not None and start is not None:
                start += block
                if len(start) < MAGIC_BYTES:
                    continue
                kind = compression_of(start)
                inflater = None if kind is None else Inflater(kind)
                block, start = start, None
            if inflater is None or block is None:
                yield block
            else:
                yield from inflater.feed(block)
        if start:
            yield start
        if inflater is not None:
            inflater.finish()

    def _raw_blocks(self) -> Iterator[bytes | None]:
        file = (
            os.fdopen(os.dup(sys.stdin.fileno()), "rb", buffering=0)
            if str(self.path) == STDIN
            else self.path.open("rb", buffering=0)
        )
        with file:
            # Windows can wait for sockets alone: there a pipe is read to its end without a word in between.
            can_wait = sys.platform != "win32"
            is_pipe = can_wait and not stat.S_ISREG(os.fstat(file.fileno()).st_mode)
            was_idle = False
            while True:
                if is_pipe and not was_idle and not select.select([file], [], [], IDLE_S)[0]:
                    was_idle = True
                    yield None
                    continue
                block = file.read(BLOCK_BYTES)
                if not block:
                    return
                was_idle = False
                yield block


def _changed_s(path: Path) -> float | None:
    """When a file was last written to: none of its lines is younger. None for what is no regular file."""
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_mtime if stat.S_ISREG(status.st_mode) else None


def check_readable(path: Path) -> None:
    """Raise OSError for a file that cannot be read. A pipe is not opened: its writer would lose what it says."""
    if str(path) == STDIN:
        return
    if stat.S_ISFIFO(path.stat().st_mode):
        if not os.access(path, os.R_OK):
            raise PermissionError(13, os.strerror(13), str(path))
        return
    with path.open("rb"):
        pass


def channel_names(paths: Sequence[Path]) -> list[str]:
    """A channel for each file: its name without endings, with its folder's where two files would share one."""
    stems = [_stem(path) for path in paths]
    return [
        f"{path.resolve().parent.name}/{stem}" if stems.count(stem) > 1 else stem
        for path, stem in zip(paths, stems, strict=True)
    ]


def _stem(path: Path) -> str:
    if str(path) == STDIN:
        return "stdin"
    return Path(path.stem).stem if path.suffix in _SUFFIXES else path.stem


def merged(files: Sequence[LogFile]) -> Iterator[ParsedLine | None]:
    """The entries of all files in the order of their times; within a file the order of the file is kept."""
    if len(files) == 1:
        return files[0].entries()
    ordered = heapq.merge(
        *(_keyed(file, place) for place, file in enumerate(files)), key=lambda item: item[:2]
    )
    return (entry for _, _, entry in ordered)


def _keyed(file: LogFile, place: int) -> Iterator[tuple[float, int, ParsedLine]]:
    """Entries with the latest time that the file has said so far: what goes back in time does not hold up others."""
    latest = float("-inf")
    for entry in file.entries():
        if entry is not None:
            if entry.ts is not None and entry.ts > latest:
                latest = entry.ts
            yield latest, place, entry
