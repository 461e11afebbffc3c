"""What ``bench.logs`` and ``bench.logs.query(...)`` are: the ring's entries, or those that a query wants, live."""

from __future__ import annotations

import time
from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from itertools import accumulate
from typing import Self, overload

from autobench_nb.logs.entry import LogEntry
from autobench_nb.logs.query.predicate import Predicate, Wanted, wanted
from autobench_nb.logs.ring.batch import LogBatch, Selection
from autobench_nb.logs.ring.columns import EntrySource
from autobench_nb.logs.ring.ring import LogRing


class LogView(Sequence[LogEntry]):
    """The held entries with ``first_seq <= seq < end_seq`` that ``predicate`` wants, oldest first.

    A view holds nothing: each access looks at what the ring holds now, so that its length changes while entries
    come and go. Iteration and :meth:`select` see one moment.
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
        self._seen: tuple[tuple[int, int], list[Selection]] | None = None

    def query(self, text: str) -> Self:
        """The entries of this view that the query wants, e.g. ``level>=warn channel:psu -noise job:42``.

        Relative times (``since:-5m``) count from now. Raises :class:`QueryError` naming the column.
        """
        return self.where(wanted(text, now=self._wall()))

    def where(self, predicate: Predicate) -> Self:
        """The entries of this view that ``predicate`` wants as well."""
        both = predicate if self.predicate is None else _both(self.predicate, predicate)
        return type(self)(
            self.ring, both, first_seq=self._first, end_seq=self._end, wall=self._wall
        )

    def between(self, first_seq: int, end_seq: int | None = None) -> Self:
        """The entries of this view with ``first_seq <= seq < end_seq``."""
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
        """All held entries in the view's range, wanted or not."""
        limit = None
        if self._end is not None:
            limit = max(0, self._end - max(self._first, self.ring.first_seq))
        return self.ring.since(self._first, limit)

    def select(self) -> list[Selection]:
        """The chunks that hold wanted entries, each with their rows; what the tables are made from."""
        batch = self.batch()
        if self.predicate is None:
            return batch.select()
        key = (batch.first_seq, batch.next_seq)
        seen = self._seen
        if seen is None or seen[0] != key:
            seen = self._seen = (key, batch.select(self.predicate))
        return seen[1]

    def __len__(self) -> int:
        if self.predicate is None:
            return len(self.batch())
        return sum(len(rows) for _, rows in self.select())

    def __iter__(self) -> Iterator[LogEntry]:
        channels = self.ring.channels
        for chunk, rows in self.select():
            for row in rows.tolist():
                yield chunk.entry(row, channels)

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
        kind = "entries" if self.predicate is None else "wanted entries"
        return f"<{type(self).__name__} of {len(self):,} {kind}>"


def _both(first: Predicate, second: Predicate) -> Predicate:
    def predicate(entry: LogEntry) -> bool:
        return first(entry) and second(entry)

    if not (isinstance(first, Wanted) and isinstance(second, Wanted)):
        return predicate
    judges = (first.judge, second.judge)

    def judge(source: EntrySource) -> bool | None:
        verdicts = [one(source) for one in judges]
        if False in verdicts:
            return False
        return None if None in verdicts else True

    return Wanted(predicate, judge)
