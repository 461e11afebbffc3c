"""What a query costs: how many single tests an entry may take before it is known whether the query finds it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from autobench_nb.logs.query.ast import (
    And,
    Compare,
    Has,
    Item,
    Match,
    Node,
    Not,
    Or,
    Pattern,
    Search,
)

REGEX: Final = 8
REGEX_CHARS: Final = 16
"""A regex costs as much as so many words, and one more for so many of its characters."""
OWN_FIELD: Final = 8
"""One of the entry's own fields costs as much: it is read from JSON."""


def cost_of(node: Node) -> int:
    """The single tests of a tree, at least one."""
    return max(1, sum(map(_cost, _leaves(node))))


def own_fields_of(node: Node) -> int:
    """How many of the entries' own fields a tree names, one that is named again counted again."""
    return sum(map(_own_fields, _leaves(node)))


def has_patterns(node: Node) -> bool:
    """Whether a tree has a regex or a glob, which may have to be asked of each text by itself."""
    return any(isinstance(item, Pattern) for leaf in _leaves(node) for item in _items(leaf))


def _items(leaf: Node) -> tuple[Item, ...]:
    match leaf:
        case Search(item):
            return (item,)
        case Match(_, items):
            return tuple(items)
        case _:
            return ()


def _leaves(node: Node) -> Iterator[Node]:
    match node:
        case Not(inner):
            yield from _leaves(inner)
        case And(nodes) | Or(nodes):
            for inner in nodes:
                yield from _leaves(inner)
        case _:
            yield node


def _cost(leaf: Node) -> int:
    match leaf:
        case Search(item):
            tests = _item(item)
        case Match(_, items):
            tests = sum(map(_item, items))
        case Has(names):
            tests = len(names)
        case _:
            tests = 1
    return tests + OWN_FIELD * _own_fields(leaf)


def _own_fields(leaf: Node) -> int:
    match leaf:
        case Match(field, _) | Compare(field, _, _):
            return int(field.startswith("fields."))
        case Has(names):
            return sum(name.startswith("fields.") for name in names)
        case _:
            return 0


def _item(item: Item) -> int:
    return REGEX + len(item.source) // REGEX_CHARS if isinstance(item, Pattern) else 1
