"""Where the ring's oldest entries go instead of being lost."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from autobench_nb.logs.ring.columns import Chunk


class LogArchive(Protocol):
    """Takes what a ring lets go, and gives it back. Thread-safe."""

    @property
    def entries(self) -> int:
        """How many entries it holds."""
        ...

    @property
    def first_seq(self) -> int:
        """From which seq on it has every entry that the ring has let go."""
        ...

    def take(self, chunks: Sequence[Chunk]) -> None:
        """Keep chunks, in rising order. The ring's lock is held: this neither blocks nor raises."""
        ...

    def find(self, first_seq: int, end_seq: int) -> list[Chunk]:
        """The chunks with entries of ``first_seq`` to ``end_seq`` (exclusive), in rising order; of many the first."""
        ...
