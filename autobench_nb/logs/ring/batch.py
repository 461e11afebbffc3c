"""A run of log entries cut from a ring: cheap to make, decoded when it is read, encoded once."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Collection, Iterator, Sequence
from itertools import accumulate
from typing import TYPE_CHECKING, Final, NamedTuple, TypeAlias, overload

import orjson

from autobench_nb.lazy import LazyModule
from autobench_nb.logs.channels import Channels
from autobench_nb.logs.entry import Level, LogEntry
from autobench_nb.logs.query.predicate import Predicate, matching
from autobench_nb.logs.ring.columns import Chunk, source_filter

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
else:
    np = LazyModule("numpy")

Selection: TypeAlias = "tuple[Chunk, NDArray[np.intp]]"

PIECE_ROWS: Final = 2_048
"""Rows that are encoded or read at once, so that what they need in memory for a moment is bounded."""


class Part(NamedTuple):
    """Rows ``start`` to ``stop`` (exclusive) of a chunk."""

    chunk: Chunk
    start: int
    stop: int


class LogEntries(Sequence[LogEntry]):
    """The entries of some parts, oldest first; each is made when it is asked for."""

    def __init__(self, parts: tuple[Part, ...], channels: Channels) -> None:
        self._parts = parts
        self._channels = channels
        self._ends = list(accumulate(part.stop - part.start for part in parts))
        self._count = self._ends[-1] if parts else 0

    def __len__(self) -> int:
        return self._count

    @overload
    def __getitem__(self, index: int) -> LogEntry: ...
    @overload
    def __getitem__(self, index: slice) -> list[LogEntry]: ...
    def __getitem__(self, index: int | slice) -> LogEntry | list[LogEntry]:
        if isinstance(index, slice):
            return [self[place] for place in range(*index.indices(self._count))]
        place = index + self._count if index < 0 else index
        if 0 <= place < self._count:
            part = bisect_right(self._ends, place)
            chunk, _, stop = self._parts[part]
            return chunk.entry(stop - self._ends[part] + place, self._channels)
        raise IndexError(f"no entry {index} among {self._count}")

    def __iter__(self) -> Iterator[LogEntry]:
        for chunk, start, stop in self._parts:
            for begin in range(start, stop, PIECE_ROWS):
                rows = np.arange(begin, min(stop, begin + PIECE_ROWS))
                yield from chunk.entries(rows, self._channels)

    def __reversed__(self) -> Iterator[LogEntry]:
        for chunk, start, stop in reversed(self._parts):
            for row in range(stop - 1, start - 1, -1):
                yield chunk.entry(row, self._channels)


class LogBatch:
    """Entries ``first_seq`` to ``next_seq`` (exclusive), without a hole. Immutable, whatever the ring does next.

    ``missed``: how many entries before ``first_seq`` were asked for and are no longer held.
    """

    __slots__ = ("_encoded", "channels", "first_seq", "min_level", "missed", "next_seq", "parts")

    def __init__(
        self,
        first_seq: int,
        next_seq: int,
        missed: int,
        parts: tuple[Part, ...],
        channels: Channels,
        min_level: Level = Level.DEBUG,
    ) -> None:
        self.first_seq = first_seq
        self.next_seq = next_seq
        self.missed = missed
        self.parts = parts
        self.channels = channels
        self.min_level = min_level
        self._encoded: dict[tuple[frozenset[str] | None, Level], bytes] = {}

    def __len__(self) -> int:
        return self.next_seq - self.first_seq

    @property
    def entries(self) -> LogEntries:
        """The entries, oldest first."""
        return LogEntries(self.parts, self.channels)

    def wire(
        self,
        allowed: Collection[str] | None = None,
        min_level: Level | None = None,
        predicate: Predicate | None = None,
    ) -> bytes:
        """The JSON array of wire entries, of the ``allowed`` channels, from ``min_level`` up, as ``predicate`` wants.

        ``min_level=None`` means the ring's own. Encoded once for each ``allowed`` and ``min_level``. A message longer
        than ``WIRE_MESSAGE_LIMIT`` characters is cut there, and its entry has ``cut``: the characters of the whole,
        which ``LogRing.entry`` gives.
        """
        level = self.min_level if min_level is None else Level.parse(min_level)
        key = (None if allowed is None else frozenset(allowed), level)
        if predicate is not None:
            return self._encode(*key, predicate)
        encoded = self._encoded.get(key)
        if encoded is None:
            encoded = self._encoded[key] = self._encode(*key)
        return encoded

    def select(self, predicate: Predicate | None = None) -> list[Selection]:
        """The chunks that hold entries which ``predicate`` wants, each with their rows; ``None`` wants all."""
        return [
            (chunk, matching(chunk, start, stop, self.channels, predicate))
            for chunk, start, stop in self.parts
        ]

    def _encode(
        self, allowed: frozenset[str] | None, min_level: Level, predicate: Predicate | None = None
    ) -> bytes:
        keep = source_filter(allowed, min_level)
        pieces: list[bytes] = []
        for chunk, begin, end in self.parts:
            for start in range(begin, end, PIECE_ROWS):
                stop = min(end, start + PIECE_ROWS)
                rows = None if keep is None else chunk.rows_where(start, stop, keep)
                if predicate is not None:
                    rows = matching(chunk, start, stop, self.channels, predicate, rows)
                wire = chunk.wire_rows(start, stop, self.channels, rows)
                if wire:
                    pieces.append(orjson.dumps(wire)[1:-1])
        return b"[" + b",".join(pieces) + b"]"
