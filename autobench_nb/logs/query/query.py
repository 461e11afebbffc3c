"""The one log query language: ``level>=warn channel:psu -noise /re/ job:42 since:-5m fields.temp>=80 (a OR b)``.

The grammar and its meaning are in docs/query.md; js/src/logs/query/index.ts is its twin, and tests/vectors/query.json
holds both to it.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import tzinfo
from functools import cached_property, lru_cache

from msgspec.structs import replace

from autobench_nb.errors import QueryError
from autobench_nb.logs.query.ast import And, Node, Not, Or, Time, print_node
from autobench_nb.logs.query.chunk_rows import RowTest
from autobench_nb.logs.query.match import Predicate, build
from autobench_nb.logs.query.parse import parse_tree
from autobench_nb.logs.query.row_tests import RegexKernel, row_test
from autobench_nb.logs.query.time import print_time, resolve_time

__all__ = ["Query", "QueryError", "compile_query", "parse"]


@dataclass(frozen=True)
class Query:
    """A query that was read. Equal where the trees are equal."""

    node: Node

    @cached_property
    def text(self) -> str:
        """The canonical text; it parses to an equal query. Empty where every entry matches."""
        return print_node(self.node)

    def __str__(self) -> str:
        return self.text

    def predicate(self, *, now: float | None = None, zone: tzinfo | None = None) -> Predicate:
        """The test of entries. ``now``: seconds since 1970 that ``since:-5m`` counts from, the clock's where it is not
        given; ``zone``: that of times without one, the machine's where it is not given.
        """
        return build(self.node, time.time() if now is None else now, zone)

    def row_test(
        self,
        *,
        now: float | None = None,
        zone: tzinfo | None = None,
        kernel: RegexKernel | None = None,
    ) -> RowTest:
        """The test of a chunk's rows, which finds the entries that :meth:`predicate` finds; ``kernel`` helps it."""
        return row_test(self.node, time.time() if now is None else now, zone, kernel)

    def resolved(self, *, now: float | None = None, zone: tzinfo | None = None) -> Query:
        """The same query with its times made absolute, so that it means the same later and elsewhere."""
        return Query(_resolved(self.node, time.time() if now is None else now, zone))


def parse(text: str) -> Query:
    """Read a query.

    Raises :class:`QueryError`, which tells the column (in characters, counted from 1) and what could stand there.
    """
    return Query(_tree(text))


_tree = lru_cache(maxsize=16)(parse_tree)
"""The last few are remembered: views ask for the same again and again."""


def compile_query(text: str, *, now: float | None = None, zone: tzinfo | None = None) -> Predicate:
    """The test of entries that a query text stands for; ``now`` and ``zone`` as for :meth:`Query.predicate`.

    Raises :class:`QueryError`.
    """
    return parse(text).predicate(now=now, zone=zone)


def _resolved(node: Node, now: float, zone: tzinfo | None) -> Node:
    match node:
        case Time(_, when):
            return replace(node, when=print_time(resolve_time(when, now, zone)))
        case Not(inner):
            return Not(_resolved(inner, now, zone))
        case And(nodes):
            return And(tuple(_resolved(inner, now, zone) for inner in nodes))
        case Or(nodes):
            return Or(tuple(_resolved(inner, now, zone) for inner in nodes))
        case _:
            return node
