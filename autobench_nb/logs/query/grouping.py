"""Many tests of one kind as one test: what hundreds of words, fields or names of a long query cost is paid once.

``a OR b OR c`` of words is one search for any of them; of the entry's own fields, one look at each field that the entry
has; of names and levels, one test of each source. ``-a -b -c`` is what none of them finds.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final, NamedTuple, TypeAlias

import re2

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
    Words,
)

MANY: Final = 16
"""From so many of a kind on, they are one test."""
_OF_A_SOURCE: Final = frozenset({"channel", "logger", "job", "step", "device", "level"})
OWN: Final = "fields."

ValueTest: TypeAlias = Callable[[Any], bool]


class Grouped(NamedTuple):
    """Nodes of which one has to match: those of a kind that are many, and all others."""

    words: tuple[str, ...]
    patterns: tuple[Pattern, ...]
    own: tuple[Node, ...]
    sources: tuple[Node, ...]
    rest: tuple[Node, ...]


def grouped(nodes: Sequence[Node]) -> Grouped:
    """The alternatives of a query, by kind."""
    if len(nodes) < MANY:
        return Grouped((), (), (), (), tuple(nodes))
    words: list[Node] = []
    patterns: list[Node] = []
    own: list[Node] = []
    sources: list[Node] = []
    rest: list[Node] = []
    for node in nodes:
        if isinstance(node, Search):
            (words if isinstance(node.item, Words) else patterns).append(node)
        elif own_name(node) is not None:
            own.append(node)
        elif is_of_source(node):
            sources.append(node)
        else:
            rest.append(node)
    for kind in (words, patterns, own, sources):
        if len(kind) < MANY:
            rest += kind
            kind.clear()
    items = [node.item for node in (*words, *patterns) if isinstance(node, Search)]
    return Grouped(
        tuple(item.text for item in items if isinstance(item, Words)),
        tuple(item for item in items if isinstance(item, Pattern)),
        tuple(own),
        _joined(sources),
        tuple(rest),
    )


def _joined(nodes: Iterable[Node]) -> tuple[Node, ...]:
    """Alternatives of which those that ask for the same name are one."""
    items: dict[str, list[Item]] = {}
    others: list[Node] = []
    for node in nodes:
        if isinstance(node, Match):
            items.setdefault(node.field, []).extend(node.items)
        else:
            others.append(node)
    return (*(Match(field, tuple(all_of)) for field, all_of in items.items()), *others)


def without_many_negations(nodes: Sequence[Node]) -> Sequence[Node]:
    """What all has to match, where many of it are negations: these as the negation of one alternative."""
    negated = [node.node for node in nodes if isinstance(node, Not)]
    if len(negated) < MANY:
        return nodes
    return [*(node for node in nodes if not isinstance(node, Not)), Not(Or(tuple(negated)))]


def is_of_source(node: Node) -> bool:
    """Whether it asks for nothing but what the source of an entry tells."""
    match node:
        case Match(field, _) | Compare(field, _, _):
            return field in _OF_A_SOURCE
        case Not(inner):
            return is_of_source(inner)
        case And(nodes) | Or(nodes):
            return all(map(is_of_source, nodes))
        case Nothing():
            return True
        case _:
            return False


def own_name(node: Node) -> str | None:
    """The one field of the entries' own that it asks for, if that is all."""
    match node:
        case Match(field, _) | Compare(field, _, _):
            return field.removeprefix(OWN) if field.startswith(OWN) else None
        case Has((name,)):
            return name.removeprefix(OWN) if name.startswith(OWN) else None
        case _:
            return None


class AnyWords:
    """Finds any of some texts, which are folded, in texts that are folded: in one search, however many there are."""

    def __init__(self, texts: Iterable[str]) -> None:
        options = re2.Options()
        options.log_errors = False
        options.never_capture = True
        options.max_mem = 64 << 20
        # A lone surrogate stands in no text that an entry can have.
        fitting = sorted({text for text in texts if _is_utf8(text)})
        pattern = "|".join(map(re2.escape, fitting)) or r"[^\x{0}-\x{10ffff}]"
        self._search = re2.compile(pattern.encode(), options).search

    def __call__(self, folded: str) -> bool:
        return self._search(folded.encode()) is not None

    def places(self, folded: Sequence[str]) -> list[int]:
        """Which of some texts have one of them, ascending. One call for all, and one more for each that has."""
        pieces = [text.encode() for text in folded]
        ends: list[int] = []
        at = 0
        for piece in pieces:
            at += len(piece) + 1
            ends.append(at)
        # No text has this byte, and so nothing is found across it.
        data = b"\xff".join(pieces)
        found: list[int] = []
        start = place = 0
        while start < len(data) and (hit := self._search(data, start)) is not None:
            place = _place_of(ends, hit.start(), place)
            found.append(place)
            start = ends[place]
        return found


def _place_of(ends: Sequence[int], offset: int, place: int) -> int:
    while ends[place] <= offset:
        place += 1
    return place


def _is_utf8(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


class AnyOwn:
    """Whether one of many tests takes one of an entry's own fields; only those are asked whose field it has."""

    def __init__(self, tests: Iterable[tuple[str, ValueTest]]) -> None:
        self._tests: dict[str, list[ValueTest]] = {}
        for name, test in tests:
            self._tests.setdefault(name, []).append(test)

    def __call__(self, fields: Mapping[str, Any] | None) -> bool:
        if not fields:
            return False
        tests = self._tests
        return any(
            test(value) for name, value in fields.items() if name in tests for test in tests[name]
        )
