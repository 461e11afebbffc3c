"""From a query's tree to a test of entries: what a query means. row_tests.py finds the same in columns."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Sequence
from datetime import tzinfo
from operator import attrgetter, ge, gt, le, lt
from typing import Any, Final, TypeAlias
from weakref import WeakValueDictionary

import re2

from autobench_nb.contract.numbers import number_text
from autobench_nb.logs.entry import LogEntry
from autobench_nb.logs.query.ast import (
    NUMBER,
    And,
    Compare,
    Glob,
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
from autobench_nb.logs.query.grouping import (
    AnyOwn,
    AnyWords,
    ValueTest,
    grouped,
    own_name,
    without_many_negations,
)
from autobench_nb.logs.query.regex import read_regex
from autobench_nb.logs.query.regex_tree import Alt, Regex, re2_pattern
from autobench_nb.logs.query.seen import seen
from autobench_nb.logs.query.time import resolve_time
from autobench_nb.logs.ring.columns import WIRE_MESSAGE_LIMIT

Predicate: TypeAlias = Callable[[LogEntry], bool]
TextTest: TypeAlias = Callable[[str], bool]

TOGETHER_CHARS: Final = 4_096
"""Characters of a text in which many regexes are looked for together."""

_ATTRIBUTES: Final = {
    "channel": "channel",
    "logger": "logger",
    "job": "job_id",
    "step": "step_id",
    "device": "device_id",
    "exc": "exc",
    "fields": "fields",
    "level": "level",
    "seq": "seq",
}
ORDERS: Final[dict[str, Callable[[Any, Any], Any]]] = {">=": ge, ">": gt, "<=": le, "<": lt}


def fold(text: str) -> str:
    """``text`` in lower case; the final sigma, the one letter that lower case makes by context, becomes a plain one."""
    return text.lower().replace("ς", "σ")


def value_text(value: object) -> str | None:
    """A field's value as text; ``None`` where it has none."""
    if isinstance(value, str):
        return value
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return number_text(_float(value))
    return None


def value_number(value: object) -> float | None:
    """A field's value as a number: numbers, and texts that are a number and nothing else."""
    if isinstance(value, bool):
        return None
    if isinstance(value, (int, float)):
        return _float(value)
    if isinstance(value, str) and NUMBER.fullmatch(value):
        return float(value)
    return None


def _float(value: float) -> float:
    try:
        return float(value)
    except OverflowError:
        # An integer beyond what a double holds, which JavaScript reads as infinite.
        return float("inf") if value > 0 else float("-inf")


def contains(item: Words | Pattern) -> TextTest:
    """Whether a text contains the words, in any case, or a match of the regex."""
    if isinstance(item, Words):
        needle = fold(item.text)
        return lambda text: needle in fold(text)
    return _regex(item)


class RegexTest:
    """Whether a text has a match of a regex."""

    def __init__(self, node: Regex) -> None:
        options = re2.Options()
        options.log_errors = False
        options.max_mem = 64 << 20
        self._search = re2.compile(re2_pattern(node).encode(), options).search

    def __call__(self, text: str) -> bool:
        return self._search(text.encode("utf-8", "replace")) is not None


class AnyRegex:
    """Whether a text has a match of one of many regexes: mostly one search finds all of them as quickly as one.

    Where regexes take each other's text in many ways, all together can take some times as long as one after the other:
    of long texts they are asked so.
    """

    def __init__(self, items: Sequence[Pattern]) -> None:
        self.node = Alt(tuple(read_regex(item.source, item.flags, 0) for item in items))
        self._items = items
        self._together: TextTest | None = None
        with contextlib.suppress(re2.error):  # too large in one
            self._together = RegexTest(self.node)
        self._each: list[TextTest] = []

    def __call__(self, text: str) -> bool:
        if self._together is not None and len(text) <= TOGETHER_CHARS:
            return self._together(text)
        if not self._each:
            self._each = [_regex(item) for item in self._items]
        return any(test(text) for test in self._each)


_regexes: WeakValueDictionary[Pattern, RegexTest] = WeakValueDictionary()
"""Those that a query uses: its test of entries and that of rows share them."""


def _regex(item: Pattern) -> TextTest:
    known = _regexes.get(item)
    if known is None:
        known = _regexes[item] = RegexTest(read_regex(item.source, item.flags, 0))
    return known


class AnyWhole:
    """Whether a text is, from end to end, what one of the items says; a regex has a match anywhere.

    Without a closure for each item: of hundreds in each of many queries the garbage collector would have much to visit.
    """

    def __init__(self, items: Iterable[Item]) -> None:
        items = tuple(items)
        self._texts = frozenset(item.text for item in items if isinstance(item, Words))
        globs = [item.text for item in items if isinstance(item, Glob)]
        self._globs = tuple(tuple(text.split("*")) for text in globs)
        self._regexes = tuple(_regex(item) for item in items if isinstance(item, Pattern))

    def __call__(self, text: str) -> bool:
        return (
            text in self._texts
            or any(_fits(pieces, text) for pieces in self._globs)
            or any(test(text) for test in self._regexes)
        )


def _fits(pieces: tuple[str, ...], text: str) -> bool:
    """Whether the pieces between the stars of a glob follow each other: each at its first place."""
    head, tail = pieces[0], pieces[-1]
    at, end = len(head), len(text) - len(tail)
    if end < at or not text.startswith(head) or not text.endswith(tail):
        return False
    for piece in pieces[1:-1]:
        found = text.find(piece, at, end)
        if found < 0:
            return False
        at = found + len(piece)
    return True


def message_of(entry: LogEntry) -> str:
    """As much of the message as the wire carries, as it is seen, so that every reader of it finds the same."""
    message = entry.message
    return seen(message if len(message) <= WIRE_MESSAGE_LIMIT else message[:WIRE_MESSAGE_LIMIT])


def _search(test: TextTest) -> Predicate:
    def search(entry: LogEntry) -> bool:
        exc = entry.exc
        return test(message_of(entry)) or bool(exc and test(seen(exc)))

    return search


def _match(field: str, items: tuple[Item, ...]) -> Predicate:
    if field in ("message", "exc"):
        tests = [contains(item) for item in items if isinstance(item, (Words, Pattern))]
        if field == "message":
            return lambda entry: any(test(message_of(entry)) for test in tests)
        return lambda entry: bool(entry.exc) and any(test(seen(entry.exc or "")) for test in tests)
    if field in ("level", "seq"):
        spans = [bounds(item) for item in items if isinstance(item, Span)]
        number = attrgetter(field)
        return lambda entry: any(low <= number(entry) <= high for low, high in spans)
    test = AnyWhole(items)
    name = attrgetter(_ATTRIBUTES[field])

    def match_name(entry: LogEntry) -> bool:
        value = name(entry)
        return bool(value) and test(value)

    return match_name


def bounds(span: Span) -> tuple[float, float]:
    """The lowest and the highest number of a span, infinite where it is open."""
    low = float("-inf") if span.low is None else float(span.low)
    return low, float("inf") if span.high is None else float(span.high)


def spans_of(items: Iterable[Item]) -> list[tuple[float, float]]:
    """The spans among the items, and the numbers among the words."""
    spans: list[tuple[float, float]] = []
    for item in items:
        if isinstance(item, Span):
            spans.append(bounds(item))
        elif isinstance(item, Words) and NUMBER.fullmatch(item.text):
            spans.append((float(item.text), float(item.text)))
    return spans


def own_test(node: Node) -> ValueTest:
    """What a test of one of the entry's own fields asks of the value, where the entry has that field."""
    match node:
        case Match(_, items):
            return _match_own(items)
        case Compare(_, op, text):
            return _compare_own(op, text)
        case _:
            return lambda _: True


def _match_own(items: tuple[Item, ...]) -> ValueTest:
    test, spans = AnyWhole(items), spans_of(items)

    def match_own(value: Any) -> bool:
        text = value_text(value)
        if text is not None and test(text):
            return True
        number = value_number(value) if spans else None
        return number is not None and any(low <= number <= high for low, high in spans)

    return match_own


def _compare_own(op: str, text: str) -> ValueTest:
    order, limit = ORDERS[op], float(text)

    def compare_own(value: Any) -> bool:
        number = value_number(value)
        return number is not None and bool(order(number, limit))

    return compare_own


def _own(name: str, test: ValueTest) -> Predicate:
    def own(entry: LogEntry) -> bool:
        fields = entry.fields
        return bool(fields) and name in (fields or {}) and test((fields or {})[name])

    return own


def _compare(field: str, op: str, text: str) -> Predicate:
    order, limit = ORDERS[op], float(text)
    plain = attrgetter(field)
    return lambda entry: bool(order(plain(entry), limit))


class AnyFolded(AnyWords):
    """Finds any of some words, in any case."""

    def __init__(self, texts: Iterable[str]) -> None:
        super().__init__(map(fold, texts))

    def found_in(self, text: str) -> bool:
        """Whether a text has one of them."""
        return self(fold(text))


def any_own(nodes: Iterable[Node]) -> AnyOwn:
    """The tests of an entry's own fields, each of which asks for one."""
    return AnyOwn((own_name(node) or "", own_test(node)) for node in nodes)


def _any_own(finds: AnyOwn) -> Predicate:
    return lambda entry: finds(entry.fields)


def _has(name: str) -> Predicate:
    if name.startswith("fields."):
        own = name[len("fields.") :]
        return lambda entry: bool(entry.fields) and own in (entry.fields or {})
    value = attrgetter(_ATTRIBUTES[name])
    return lambda entry: bool(value(entry))


def build(node: Node, now: float, zone: tzinfo | None) -> Predicate:
    """The test that a tree stands for; ``now`` in seconds since 1970, ``zone`` for times without one."""
    name = own_name(node)
    if name is not None:
        return _own(name, own_test(node))
    match node:
        case Search(item):
            return _search(contains(item))
        case Match(field, items):
            return _match(field, items)
        case Compare(field, op, number):
            return _compare(field, op, number)
        case Time("since", when):
            first = resolve_time(when, now, zone)
            return lambda entry: entry.ts >= first
        case Time(_, when):
            end = resolve_time(when, now, zone)
            return lambda entry: entry.ts < end
        case Has(names):
            tests = [_has(name) for name in names]
            return lambda entry: any(test(entry) for test in tests)
        case Nothing():
            return lambda _: False
        case Not(inner):
            negated = build(inner, now, zone)
            return lambda entry: not negated(entry)
        case And(nodes):
            tests = [build(inner, now, zone) for inner in without_many_negations(nodes)]
            if len(tests) == 2:
                one, other = tests
                return lambda entry: one(entry) and other(entry)
            return lambda entry: all(test(entry) for test in tests)
        case Or(nodes):
            kinds = grouped(nodes)
            tests = [build(inner, now, zone) for inner in (*kinds.sources, *kinds.rest)]
            if kinds.words:
                tests.append(_search(AnyFolded(kinds.words).found_in))
            if kinds.patterns:
                tests.append(_search(AnyRegex(kinds.patterns)))
            if kinds.own:
                tests.append(_any_own(any_own(kinds.own)))
            return tests[0] if len(tests) == 1 else lambda entry: any(test(entry) for test in tests)
