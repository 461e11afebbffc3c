"""What ``bench.logs`` and ``bench.logs.query(...)`` are: the ring's entries, or those that a query wants, live."""

from __future__ import annotations

import time
from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from itertools import accumulate
from typing import TYPE_CHECKING, NamedTuple, Self, overload
from weakref import WeakKeyDictionary

from autobench_nb.lazy import LazyModule
from autobench_nb.logs.account import LogAccount
from autobench_nb.logs.entry import LogEntry
from autobench_nb.logs.query.predicate import (
    Predicate,
    RegexKernel,
    conjunction,
    is_fixed,
    matching,
    query_filter,
)
from autobench_nb.logs.ring.batch import PIECE_ROWS, LogBatch, Part, Selection
from autobench_nb.logs.ring.columns import Chunk
from autobench_nb.logs.ring.ring import LogRing

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
else:
    np = LazyModule("numpy")


class FoundRows(NamedTuple):
    """The rows that a predicate takes of ``start`` to ``stop`` of a chunk."""

    start: int
    stop: int
    rows: NDArray[np.uint16]


class LogView(Sequence[LogEntry]):
    """The held entries with ``first_seq <= seq < end_seq`` that ``predicate`` takes, oldest first.

    A view holds no entry: each access looks at what the ring holds now, so that its length changes while entries come
    and go. What a query found in a chunk is remembered while the ring holds the chunk, so that the next access looks
    at new entries only; any other predicate is asked anew once there are new entries. Iteration and :meth:`select` see
    one moment.
    """

    def __init__(
        self,
        ring: LogRing,
        predicate: Predicate | None = None,
        *,
        first_seq: int = 0,
        end_seq: int | None = None,
        wall: Callable[[], float] = time.time,
    ) -> None:
        self.ring = ring
        self.predicate = predicate
        self._first = first_seq
        self._end = end_seq
        self._wall = wall
        # Weak, so that what the ring evicts is gone, however long the view is held.
        self._moment = (0, 0)
        self._found: WeakKeyDictionary[Chunk, FoundRows] = WeakKeyDictionary()

    def _regex_kernel(self) -> RegexKernel | None:
        """What helps queries with regexes, see :func:`query_filter`; a room that has one overrides this."""
        return None

    def query(self, text: str) -> Self:
        """The entries of this view that a query finds.

        Args:
            text: The query, e.g. ``level>=warn channel:psu -noise job:42`` (``docs/query.md``). Relative times
                (``since:-5m``) count from now.

        Returns:
            A narrower view, as live as this one.

        Raises:
            QueryError: The query cannot be read; the error names the column.
        """
        return self.where(query_filter(text, now=self._wall(), kernel=self._regex_kernel()))

    def where(self, predicate: Predicate) -> Self:
        """The entries of this view of which ``predicate(entry)`` is true.

        Args:
            predicate: Called with a :class:`LogEntry`, again for the same entry whenever new ones have come.

        Returns:
            A narrower view, as live as this one.
        """
        both = predicate if self.predicate is None else conjunction(self.predicate, predicate)
        return type(self)(
            self.ring, both, first_seq=self._first, end_seq=self._end, wall=self._wall
        )

    def between(self, first_seq: int, end_seq: int | None = None) -> Self:
        """The entries of this view with ``first_seq <= seq < end_seq``.

        Args:
            first_seq: The lowest seq (an entry's number since the orchestrator began, from 0).
            end_seq: One after the highest seq; ``None``: no end.

        Returns:
            A narrower view, as live as this one.
        """
        first = max(self._first, first_seq)
        ends = [end for end in (self._end, end_seq) if end is not None]
        return type(self)(
            self.ring,
            self.predicate,
            first_seq=first,
            end_seq=min(ends, default=None),
            wall=self._wall,
        )

    def batch(self) -> LogBatch:
        """All held entries in the view's range, whatever the predicate says."""
        limit = None
        if self._end is not None:
            limit = max(0, self._end - max(self._first, self.ring.first_seq))
        return self.ring.since(self._first, limit)

    def select(self) -> list[Selection]:
        """The chunks that hold matching entries, each with their rows; what the tables are made from."""
        batch = self.batch()
        if self.predicate is None:
            return batch.select()
        moment = (batch.first_seq, batch.next_seq)
        if moment != self._moment and not is_fixed(self.predicate):
            self._found.clear()
        self._moment = moment
        return [(part.chunk, self._rows_of(part)) for part in batch.parts]

    def _rows_of(self, part: Part) -> NDArray[np.intp]:
        """The matching rows of a part, looked for once: a chunk does not change, it only loses rows at its begin."""
        chunk, start, stop = part
        found = self._found.get(chunk)
        if found is None or start < found.start or stop > found.stop:
            rows = matching(chunk, start, stop, self.ring.channels, self.predicate)
            # Two bytes a row instead of eight: they are kept as long as the chunk is.
            self._found[chunk] = FoundRows(start, stop, rows.astype(np.uint16))
            return rows
        rows = found.rows.astype(np.intp)
        if (start, stop) == (found.start, found.stop):
            return rows
        return rows[np.searchsorted(rows, start) : np.searchsorted(rows, stop)]

    @property
    def account(self) -> LogAccount:
        """Where all entries are that were ever written, whatever this view is narrowed to; its figures add up."""
        return self.ring.account()

    @property
    def held(self) -> int:
        """How many entries the ring holds, whatever this view is narrowed to."""
        return self.account.held

    @property
    def lost(self) -> int:
        """How many entries were let go for newer ones, and are nowhere: see :class:`LogAccount`."""
        return self.account.lost

    @property
    def written(self) -> int:
        """How many entries were ever written."""
        return self.account.written

    def __len__(self) -> int:
        if self.predicate is None:
            return len(self.batch())
        return sum(len(rows) for _, rows in self.select())

    def __iter__(self) -> Iterator[LogEntry]:
        channels = self.ring.channels
        for chunk, rows in self.select():
            for begin in range(0, len(rows), PIECE_ROWS):
                yield from chunk.entries(rows[begin : begin + PIECE_ROWS], channels)

    @overload
    def __getitem__(self, index: int) -> LogEntry: ...
    @overload
    def __getitem__(self, index: slice) -> list[LogEntry]: ...
    def __getitem__(self, index: int | slice) -> LogEntry | list[LogEntry]:
        selections = self.select()
        ends = list(accumulate(len(rows) for _, rows in selections))
        count = ends[-1] if ends else 0
        if isinstance(index, slice):
            return [self._at(selections, ends, place) for place in range(*index.indices(count))]
        place = index + count if index < 0 else index
        if not 0 <= place < count:
            raise IndexError(f"no entry {index} among {count}")
        return self._at(selections, ends, place)

    def _at(self, selections: list[Selection], ends: list[int], place: int) -> LogEntry:
        index = bisect_right(ends, place)
        chunk, rows = selections[index]
        return chunk.entry(int(rows[place - (ends[index] - len(rows))]), self.ring.channels)

    def __repr__(self) -> str:
        kind = "entries" if self.predicate is None else "matching entries"
        account = self.account
        told = f": {account}" if account.lost or account.archived else ""
        return f"<{type(self).__name__} of {len(self):,} {kind}{told}>"
