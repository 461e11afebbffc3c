"""From a query's tree to a test of a chunk's rows, which finds exactly what the test of entries (match.py) finds.

Each node is a test that is asked of some rows and names those that match. What costs least is asked first, and what it
has settled is not asked of the rest: names and levels of the few sources of a chunk, numbers by column, text last.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import tzinfo
from typing import TYPE_CHECKING, Any, TypeAlias

from autobench_nb.lazy import LazyModule
from autobench_nb.logs.query.ast import (
    And,
    Compare,
    Has,
    Item,
    Match,
    Node,
    Not,
    Nothing,
    Or,
    Pattern,
    Search,
    Span,
    Time,
    Words,
)
from autobench_nb.logs.query.chunk_rows import ChunkRows, Mask, RowTest, TextColumn
from autobench_nb.logs.query.cost import own_fields_of
from autobench_nb.logs.query.grouping import (
    Grouped,
    grouped,
    is_of_source,
    without_many_negations,
)
from autobench_nb.logs.query.literal import Literal
from autobench_nb.logs.query.match import (
    ORDERS,
    AnyFolded,
    AnyRegex,
    Predicate,
    TextTest,
    any_own,
    bounds,
    build,
    contains,
    fold,
)
from autobench_nb.logs.query.own_fields import COLUMNS_KEPT
from autobench_nb.logs.query.own_row_tests import (
    in_ranges,
    own_compare,
    own_group,
    own_has,
    own_match,
    words_group,
)
from autobench_nb.logs.query.regex import read_regex
from autobench_nb.logs.query.regex_literals import required_literals
from autobench_nb.logs.query.regex_tree import Regex, re2_pattern
from autobench_nb.logs.query.seen import seen
from autobench_nb.logs.query.time import resolve_time
from autobench_nb.logs.ring.columns import EntrySource

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
else:
    np = LazyModule("numpy")

RegexKernel: TypeAlias = "Callable[[bytes, NDArray[np.int64], str], Mask | None]"
"""Which texts, given as UTF-8 end to end with their offsets, an RE2 pattern matches; ``None`` where it cannot tell."""

_Costed: TypeAlias = tuple[int, RowTest]
_SOURCE, _NUMBER, _OWN, _WORDS, _REGEX = range(5)


def row_test(
    node: Node, now: float, zone: tzinfo | None, kernel: RegexKernel | None = None
) -> RowTest:
    """The test of rows that a tree stands for; ``now`` and ``zone`` as for ``match.build``."""
    has_many = own_fields_of(node) > COLUMNS_KEPT
    return _Builder(now, zone, kernel, has_many=has_many).build(node)[1]


class _Builder:
    """``has_many``: the query names more fields of the entries' own than a chunk keeps as columns."""

    def __init__(
        self, now: float, zone: tzinfo | None, kernel: RegexKernel | None, *, has_many: bool
    ) -> None:
        self.now = now
        self.zone = zone
        self.kernel = kernel
        self.has_many = has_many

    def build(self, node: Node) -> _Costed:
        if isinstance(node, (And, Or)) and is_of_source(node):
            return _SOURCE, _by_source(build(node, self.now, self.zone))
        match node:
            case Nothing():
                return _SOURCE, _none
            case Not(inner):
                cost, test = self.build(inner)
                return cost, _negated(test)
            case And(nodes):
                cost, tests = _cheapest_first(map(self.build, without_many_negations(nodes)))
                return cost, _all_of(tests)
            case Or(nodes):
                cost, tests = self.alternatives(grouped(nodes))
                return cost, any_of(tests)
            case Time(bound, when):
                return _NUMBER, _time(bound, resolve_time(when, self.now, self.zone))
            case Search(item):
                cost, test = self.message(item)
                return cost, any_of([test, _traceback(contains(item))])
            case Match("message", items):
                cost, tests = _cheapest_first(map(self.message, _searched(items)))
                return cost, any_of(tests)
            case Match("exc", items):
                return _WORDS, any_of([_traceback(contains(item)) for item in _searched(items)])
            case Has(names):
                return self.has(names)
            case Match(field, items) if field.startswith("fields."):
                return _OWN, self.own(node, own_match(field[len("fields.") :], items))
            case Compare(field, op, number) if field.startswith("fields."):
                compare = own_compare(field[len("fields.") :], op, float(number))
                return _OWN, self.own(node, compare)
            case Match("seq", items):
                spans = [bounds(item) for item in items if isinstance(item, Span)]
                return _NUMBER, _seq(lambda seqs: in_ranges(seqs, spans))
            case Compare("seq", op, number):
                order, limit = ORDERS[op], float(number)
                return _NUMBER, _seq(lambda seqs: order(seqs, limit))
            case Match() | Compare():
                return _SOURCE, _by_source(build(node, self.now, self.zone))

    def alternatives(self, kinds: Grouped) -> tuple[int, list[RowTest]]:
        tests = list(map(self.build, kinds.rest))
        if kinds.sources:
            tests.append(self.build(Or(kinds.sources)))
        if kinds.own:
            tests.append((_OWN, own_group(any_own(kinds.own))))
        if kinds.words:
            words = AnyFolded(kinds.words)
            tests.append((_WORDS, any_of([words_group(words), _traceback(words.found_in)])))
        if kinds.patterns:
            regexes = AnyRegex(kinds.patterns)
            finds = _regex(regexes.node, regexes, self.kernel)
            tests.append((_REGEX, any_of([finds, _traceback(regexes)])))
        return _cheapest_first(tests)

    def message(self, item: Words | Pattern) -> _Costed:
        if isinstance(item, Words):
            return _WORDS, _words(fold(item.text), contains(item))
        node = read_regex(item.source, item.flags, 0)
        return _REGEX, _regex(node, contains(item), self.kernel)

    def has(self, names: Sequence[str]) -> _Costed:
        tests: list[_Costed] = []
        for name in names:
            if name.startswith("fields."):
                tests.append((_OWN, self.own(Has((name,)), own_has(name[len("fields.") :]))))
            elif name == "fields":
                tests.append((_NUMBER, _sparse(lambda rows: rows.chunk.fields, b"{}")))
            elif name == "exc":
                tests.append((_NUMBER, _sparse(lambda rows: rows.chunk.excs, "")))
            else:
                tests.append((_SOURCE, _by_source(build(Has((name,)), self.now, self.zone))))
        cost, ordered = _cheapest_first(tests)
        return cost, any_of(ordered)

    def own(self, node: Node, by_column: RowTest) -> RowTest:
        """By the column, or where few rows are asked for, by their entries."""
        predicate = build(node, self.now, self.zone)
        has_many = self.has_many

        def test(rows: ChunkRows, asked: Mask) -> Mask:
            if rows.are_few(asked) or (has_many and rows.are_narrow):
                return by_entry(predicate)(rows, asked)
            return by_column(rows, asked)

        return test


def by_entry(predicate: Predicate) -> RowTest:
    """A test of entries, asked of one row after the other."""

    def test(rows: ChunkRows, asked: Mask) -> Mask:
        return rows.each_entry(asked, predicate)

    return test


def both(one: RowTest, other: RowTest) -> RowTest:
    """Rows that both tests find."""
    return _all_of([one, other])


def _cheapest_first(tests: Any) -> tuple[int, list[RowTest]]:
    ordered = sorted(tests, key=lambda costed: costed[0])
    return max((cost for cost, _ in ordered), default=_SOURCE), [test for _, test in ordered]


def _searched(items: Sequence[Item]) -> list[Words | Pattern]:
    return [item for item in items if isinstance(item, (Words, Pattern))]


def _none(_: ChunkRows, asked: Mask) -> Mask:
    return np.zeros_like(asked)


def _negated(inner: RowTest) -> RowTest:
    def test(rows: ChunkRows, asked: Mask) -> Mask:
        return asked & ~inner(rows, asked)

    return test


def _all_of(tests: Sequence[RowTest]) -> RowTest:
    def test(rows: ChunkRows, asked: Mask) -> Mask:
        for one in tests:
            if not asked.any():
                break
            asked = one(rows, asked)
        return asked

    return test


def any_of(tests: Sequence[RowTest]) -> RowTest:
    """Rows that one of the tests finds."""

    def test(rows: ChunkRows, asked: Mask) -> Mask:
        found = np.zeros_like(asked)
        for one in tests:
            open_ = asked & ~found
            if not open_.any():
                break
            found |= one(rows, open_)
        return found

    return test


def _by_source(keep: Callable[[Any], bool]) -> RowTest:
    """``keep`` is a test of entries that looks at nothing but what an entry has from its source."""
    last: list[tuple[tuple[EntrySource, ...], Mask]] = []

    def test(rows: ChunkRows, asked: Mask) -> Mask:
        sources = rows.chunk.sources
        known = last[0] if last else None
        if known is None or known[0] != sources:  # one chunk's sources are mostly the next one's
            known = sources, np.fromiter(map(keep, sources), np.bool_, len(sources))
            last[:] = [known]
        found: Mask = asked & known[1][rows.chunk.codes[rows.start : rows.stop]]
        return found

    return test


def _seq(compare: Callable[[NDArray[np.int64]], Mask]) -> RowTest:
    def test(rows: ChunkRows, asked: Mask) -> Mask:
        first = rows.chunk.first_seq
        return asked & compare(np.arange(first + rows.start, first + rows.stop))

    return test


def _time(bound: str, moment: float) -> RowTest:
    def test(rows: ChunkRows, asked: Mask) -> Mask:
        times = rows.chunk.ts[rows.start : rows.stop] / 1e3
        found: Mask = asked & (times >= moment if bound == "since" else times < moment)
        return found

    return test


def _sparse(column: Callable[[ChunkRows], Any], empty: object) -> RowTest:
    """Rows that have a value in a sparse column, and not the empty one."""

    def test(rows: ChunkRows, asked: Mask) -> Mask:
        found = np.zeros_like(asked)
        found[[place for place, value in rows.having(column(rows)) if value != empty]] = True
        return found & asked

    return test


def _traceback(text_test: TextTest) -> RowTest:
    def test(rows: ChunkRows, asked: Mask) -> Mask:
        found = np.zeros_like(asked)
        excs = rows.chunk.excs
        if excs:
            for place, exc in rows.having(excs):
                if exc and asked[place] and text_test(seen(exc)):
                    found[place] = True
        return found

    return test


def _words(folded: str, text_test: TextTest) -> RowTest:
    literals: list[Literal] = []  # made when first needed: of few rows none is

    def test(rows: ChunkRows, asked: Mask) -> Mask:
        if rows.are_few(asked):
            return rows.each_message(asked, text_test)
        if not literals:
            literals.append(Literal.folded(folded))
        found, unsure = rows.in_columns(literals[0].rows)
        long = rows.long
        if long is not None:
            unsure = long if unsure is None else unsure | long
        if unsure is None:
            return found & asked
        return (found & asked & ~unsure) | rows.each_message(asked & unsure, text_test)

    return test


def _regex(node: Regex, text_test: TextTest, kernel: RegexKernel | None) -> RowTest:
    likely = _Likely(required_literals(node), kernel is not None)
    pattern = re2_pattern(node)

    def search(column: TextColumn) -> tuple[Mask, Mask | None]:
        assert kernel is not None
        found = kernel(column.text, column.places, pattern)
        everything = np.ones(column.count, np.bool_)
        return (everything, everything) if found is None else (found, None)

    def test(rows: ChunkRows, asked: Mask) -> Mask:
        if not rows.are_few(asked):
            asked = likely(rows, asked)
        if kernel is None or rows.are_few(asked):
            return rows.each_message(asked, text_test)
        found, failed = rows.in_columns(search)
        if failed is not None:
            return rows.each_message(asked, text_test)
        if rows.long is None:
            return found & asked
        return (found & asked & ~rows.long) | rows.each_message(asked & rows.long, text_test)

    return test


class _Likely:
    """Rows that have the text without which a regex cannot match.

    Where this leaves so many that a kernel looks at all rows anyway, it is only looked for in every eighth run of rows.
    """

    def __init__(self, literals: Sequence[Literal], has_kernel: bool) -> None:
        self._literals = literals
        self._pause = 7 if has_kernel else 0
        self._paused = 0

    def __call__(self, rows: ChunkRows, asked: Mask) -> Mask:
        if not self._literals:
            return asked
        if self._paused:
            self._paused -= 1
            return asked
        having = np.zeros(rows.count, np.bool_)
        for literal in self._literals:
            found, unsure = rows.in_columns(literal.rows)
            having |= found if unsure is None else found | unsure
        likely: Mask = asked & having
        if not rows.are_few(likely):
            self._paused = self._pause
        return likely
