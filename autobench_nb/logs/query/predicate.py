"""A test of entries that may know the answer from an entry's source alone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from autobench_nb.lazy import LazyModule
from autobench_nb.logs.channels import Channels
from autobench_nb.logs.entry import LogEntry
from autobench_nb.logs.ring.columns import Chunk, EntrySource

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
else:
    np = LazyModule("numpy")

Predicate: TypeAlias = Callable[[LogEntry], bool]


@dataclass(frozen=True, slots=True)
class Wanted:
    """A predicate with a ``judge``: ``True`` or ``False`` where the source alone decides, else ``None``.

    Whoever filters chunks asks the judge once a source, and the predicate only where it gave no answer.
    """

    predicate: Predicate
    judge: Callable[[EntrySource], bool | None]

    def __call__(self, entry: LogEntry) -> bool:
        return self.predicate(entry)


def wanted(query: str, *, now: float) -> Wanted:
    """The entries that a query wants; ``now``: seconds since 1970 that ``since:-5m`` counts from.

    Raises :class:`QueryError` naming the column.
    """
    from autobench_nb.logs.query.query import (
        parse,  # here, since the query's matcher looks at this room's columns
    )

    read = parse(query)
    return Wanted(read.predicate(now=now), read.judge)


def matching(
    chunk: Chunk,
    start: int,
    stop: int,
    channels: Channels,
    predicate: Predicate | None,
    among: NDArray[np.intp] | None = None,
) -> NDArray[np.intp]:
    """The rows of ``start`` to ``stop`` (and ``among`` these, where given) whose entries ``predicate`` wants."""
    rows = np.arange(start, stop) if among is None else among
    if predicate is None:
        return rows
    certain = np.zeros(len(rows), np.bool_)
    if isinstance(predicate, Wanted):
        verdicts = [predicate.judge(source) for source in chunk.sources]
        codes = chunk.codes[rows]
        certain = np.array([verdict is True for verdict in verdicts], np.bool_)[codes]
        open_ = np.array([verdict is None for verdict in verdicts], np.bool_)[codes]
    else:
        open_ = ~certain
    if open_.any():
        answers = (predicate(chunk.entry(row, channels)) for row in rows[open_].tolist())
        certain[open_] = np.fromiter(answers, np.bool_, int(open_.sum()))
    return rows[certain]
