"""What a query costs: how many single tests an entry may take before it is known whether the query finds it."""

from __future__ import annotations

from typing import Final

from autobench_nb.logs.query.ast import And, Has, Item, Match, Node, Not, Or, Pattern, Search

REGEX_CHARS: Final = 16
"""So many characters of a regex cost as much as a word."""


def cost_of(node: Node) -> int:
    """The single tests of a tree, at least one."""
    match node:
        case Not(inner):
            return cost_of(inner)
        case And(nodes) | Or(nodes):
            return max(1, sum(map(cost_of, nodes)))
        case Search(item):
            return _item(item)
        case Match(_, items):
            return sum(map(_item, items))
        case Has(names):
            return len(names)
        case _:
            return 1


def _item(item: Item) -> int:
    return 2 + len(item.source) // REGEX_CHARS if isinstance(item, Pattern) else 1
