"""A query as a test of single entries and of whole chunks."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import tzinfo
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from autobench_nb.lazy import LazyModule
from autobench_nb.logs.channels import Channels
from autobench_nb.logs.entry import LogEntry
from autobench_nb.logs.query.chunk_rows import FEW_ROWS, ChunkRows, RowTest
from autobench_nb.logs.query.cost import cost_of, has_patterns, own_fields_of
from autobench_nb.logs.query.match import Predicate
from autobench_nb.logs.query.query import Query, parse
from autobench_nb.logs.query.row_tests import RegexKernel, both, by_entry
from autobench_nb.logs.ring.columns import Chunk

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
else:
    np = LazyModule("numpy")

__all__ = [
    "Predicate",
    "QueryFilter",
    "RegexKernel",
    "client_filter",
    "matching",
    "predicate_cost",
    "query_filter",
]


LONG: Final = 32
"""A query of more tests is asked of few rows entry by entry."""


@dataclass(frozen=True, slots=True)
class QueryFilter:
    """Two tests that find the same: ``predicate`` is asked of an entry, ``row_test`` of the rows of a chunk.

    ``is_fixed``: asked again, they find the same. ``cost``: how many single tests an entry may take, a regex counted by
    its size; who has others waiting asks so many fewer entries at once. ``by_columns``: the rows of a chunk are looked
    through for one word after the other, so that a thousand take hardly longer than a few.
    """

    predicate: Predicate
    row_test: RowTest
    is_fixed: bool = True
    cost: int = 1
    by_columns: bool = False

    def __call__(self, entry: LogEntry) -> bool:
        return self.predicate(entry)

    @classmethod
    def of(
        cls,
        query: Query,
        *,
        now: float,
        zone: tzinfo | None = None,
        kernel: RegexKernel | None = None,
    ) -> QueryFilter:
        """The filter that ``query`` stands for; the arguments are those of its two tests."""
        return cls(
            query.predicate(now=now, zone=zone),
            query.row_test(now=now, zone=zone, kernel=kernel),
            cost=cost_of(query.node),
            by_columns=not has_patterns(query.node) and not own_fields_of(query.node),
        )


def client_filter(text: str, *, now: float) -> tuple[str, QueryFilter]:
    """What a client's query stands for: its text with the times made absolute, and the filter.

    The last few are remembered: so a long query can be made ready on another thread before it is needed.

    Args:
        text: The query.
        now: Seconds since 1970 that ``since:-5m`` counts from.

    Raises:
        QueryError: It cannot be read; the error names the column.
    """
    query = parse(text).resolved(now=now)
    return query.text, _absolute_filter(query)


@lru_cache(maxsize=16)
def _absolute_filter(query: Query) -> QueryFilter:
    return QueryFilter.of(query, now=0.0)


def query_filter(text: str, *, now: float, kernel: RegexKernel | None = None) -> QueryFilter:
    """The entries that a query finds.

    Args:
        text: The query, see docs/query.md.
        now: Seconds since 1970 that ``since:-5m`` counts from.
        kernel: Looks for a regex in all rows of a chunk at once, where a search for plain text has left many.

    Raises:
        QueryError: It cannot be read; the error names the column.
    """
    return QueryFilter.of(parse(text), now=now, kernel=kernel)


def matching(
    chunk: Chunk,
    start: int,
    stop: int,
    channels: Channels,
    predicate: Predicate | None,
    among: NDArray[np.intp] | None = None,
) -> NDArray[np.intp]:
    """The rows of ``start`` to ``stop`` (and ``among`` these, where given) whose entries ``predicate`` takes."""
    if predicate is None:
        return np.arange(start, stop) if among is None else among
    if among is None:
        asked = np.ones(stop - start, np.bool_)
    else:
        asked = np.zeros(stop - start, np.bool_)
        asked[among - start] = True
    test = row_test_of(predicate)
    if predicate_cost(predicate) > LONG and np.count_nonzero(asked) < FEW_ROWS:
        test = by_entry(
            predicate
        )  # each of many tests of a few rows costs more than one of these entries does
    found = test(ChunkRows(chunk, start, stop, channels), asked)
    return np.flatnonzero(found) + start


def row_test_of(predicate: Predicate) -> RowTest:
    """The test of rows for any predicate."""
    return predicate.row_test if isinstance(predicate, QueryFilter) else by_entry(predicate)


def conjunction(one: Predicate, other: Predicate) -> QueryFilter:
    """What both predicates take; the first is asked first."""

    def predicate(entry: LogEntry) -> bool:
        return one(entry) and other(entry)

    test = both(row_test_of(one), row_test_of(other))
    cost = predicate_cost(one) + predicate_cost(other)
    return QueryFilter(predicate, test, is_fixed(one) and is_fixed(other), cost)


def predicate_cost(predicate: Predicate | None) -> int:
    """How many single tests an entry may take; any function counts as one."""
    if predicate is None:
        return 0
    return predicate.cost if isinstance(predicate, QueryFilter) else 1


def by_columns(predicate: Predicate | None) -> bool:
    """Whether many entries are asked at once hardly longer than a few."""
    return isinstance(predicate, QueryFilter) and predicate.by_columns


def is_fixed(predicate: Predicate) -> bool:
    """Whether the predicate is known to say the same of an entry whenever it is asked."""
    return isinstance(predicate, QueryFilter) and predicate.is_fixed
