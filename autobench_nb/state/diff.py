"""The difference of two JSON values as RFC 6902 operations, in proportion to the change.

Objects are compared key by key. Lists are compared from both ends; what differs in the middle is aligned on the items
that stand once on either side (in their longest common order), and the small gaps left by a bounded longest common
subsequence. Where whole replacement is shorter than the parts, it is taken.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Hashable
from typing import Any, Final

import orjson

from autobench_nb.state.commit import Operation
from autobench_nb.state.pointer import escape
from autobench_nb.state.values import same

LCS_CELLS: Final = 10_000
"""The largest table (items here times items there) that a gap may cost; in larger ones items are paired in order."""

_OVERHEAD: Final = (
    26  # bytes of the shortest operation; a list or object is never shorter than its count of items
)


def diff(old: Any, new: Any, path: str, operations: list[Operation]) -> None:
    """Append to ``operations`` what turns ``old``, standing at ``path``, into ``new``."""
    if old.__class__ is dict and new.__class__ is dict:
        if old.keys().isdisjoint(new) and (old or new):
            operations.append({"op": "replace", "path": path, "value": new})
            return
        begin = len(operations)
        _objects(old, new, path, operations)
        _shorter(new, path, operations, begin)
    elif old.__class__ is list and new.__class__ is list:
        if not old and len(new) * _OVERHEAD > LCS_CELLS:
            operations.append({"op": "replace", "path": path, "value": new})
            return
        begin = len(operations)
        _lists(old, new, path, operations)
        _shorter(new, path, operations, begin)
    elif not same(old, new):
        operations.append({"op": "replace", "path": path, "value": new})


def _shorter(new: Any, path: str, operations: list[Operation], begin: int) -> None:
    """Put one replacement in place of the operations from ``begin`` where it takes fewer bytes."""
    count = len(operations) - begin
    if count < 2 or count * _OVERHEAD < len(new):
        return
    parts = orjson.dumps(operations[begin:])
    whole: Operation = {"op": "replace", "path": path, "value": new}
    if len(orjson.dumps(whole)) + 2 < len(parts):
        operations[begin:] = [whole]


def _objects(
    old: dict[str, Any], new: dict[str, Any], path: str, operations: list[Operation]
) -> None:
    for key in old:
        if key not in new:
            operations.append({"op": "remove", "path": f"{path}/{escape(key)}"})
    for key, item in new.items():
        if key not in old:
            operations.append({"op": "add", "path": f"{path}/{escape(key)}", "value": item})
        elif old[key] is not item:
            diff(old[key], item, f"{path}/{escape(key)}", operations)


def _lists(old: list[Any], new: list[Any], path: str, operations: list[Operation]) -> None:
    shortest = min(len(old), len(new))
    begin = 0
    while begin < shortest and (old[begin] is new[begin] or same(old[begin], new[begin])):
        begin += 1
    end = 0
    while end < shortest - begin and same(old[-1 - end], new[-1 - end]):
        end += 1
    before, after = old[begin : len(old) - end], new[begin : len(new) - end]
    at_old = at_new = 0
    pairs = align(before, after) if before and after else []
    for here, there in [*pairs, (len(before), len(after))]:
        _diff_gap(before[at_old:here], after[at_new:there], begin + at_new, path, operations)
        at_old, at_new = here + 1, there + 1


def _diff_gap(
    before: list[Any], after: list[Any], at: int, path: str, operations: list[Operation]
) -> None:
    """Items of ``before`` become ``after``; everything left of index ``at`` stands as it shall already."""
    shared = min(len(before), len(after))
    for offset in range(shared):
        diff(before[offset], after[offset], f"{path}/{at + offset}", operations)
    for position in range(at + len(before) - 1, at + shared - 1, -1):
        operations.append({"op": "remove", "path": f"{path}/{position}"})
    for offset in range(shared, len(after)):
        operations.append({"op": "add", "path": f"{path}/{at + offset}", "value": after[offset]})


def align(before: list[Any], after: list[Any]) -> list[tuple[int, int]]:
    """Pairs ``(index in before, index in after)`` of items that are the same, both rising."""
    left, right = [_key(item) for item in before], [_key(item) for item in after]
    anchors = _longest_increasing(_unique_pairs(left, right))
    pairs: list[tuple[int, int]] = []
    at_left = at_right = 0
    for here, there in [*anchors, (len(left), len(right))]:
        rows, columns = here - at_left, there - at_right
        if rows and columns and rows * columns <= LCS_CELLS:
            found = _common(left[at_left:here], right[at_right:there])
            pairs += [(at_left + row, at_right + column) for row, column in found]
        if here < len(left):
            pairs.append((here, there))
        at_left, at_right = here + 1, there + 1
    return pairs


def _key(item: Any) -> Hashable:
    """Equal for items that are the same."""
    if item.__class__ is dict or item.__class__ is list:
        return orjson.dumps(item, option=orjson.OPT_SORT_KEYS)
    if item.__class__ is bool:
        return (item,)
    return item  # type: ignore[no-any-return]


def _unique_pairs(left: list[Hashable], right: list[Hashable]) -> list[tuple[int, int]]:
    """The positions of items that stand exactly once on either side, in the order of ``left``."""
    where = {key: position for position, key in enumerate(right)}
    twice: set[Hashable] = set()
    seen_left: set[Hashable] = set()
    for key in left:
        (twice if key in seen_left else seen_left).add(key)
    seen_right: set[Hashable] = set()
    for key in right:
        (twice if key in seen_right else seen_right).add(key)
    return [
        (position, where[key])
        for position, key in enumerate(left)
        if key in where and key not in twice
    ]


def _longest_increasing(pairs: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """The longest part of ``pairs`` in which the second numbers rise, too (patience sorting)."""
    tops: list[int] = []
    ends: list[int] = []
    links: list[int] = []
    for position, (_, there) in enumerate(pairs):
        pile = bisect_left(tops, there)
        links.append(ends[pile - 1] if pile else -1)
        tops[pile : pile + 1] = [there]
        ends[pile : pile + 1] = [position]
    rising = []
    position = ends[-1] if ends else -1
    while position >= 0:
        rising.append(pairs[position])
        position = links[position]
    return rising[::-1]


def _common(left: list[Hashable], right: list[Hashable]) -> list[tuple[int, int]]:
    """The longest common subsequence, as pairs of positions."""
    width = len(right) + 1
    lengths = [[0] * width]
    for key in reversed(left):
        below, row = lengths[-1], [0] * width
        for column in range(width - 2, -1, -1):
            if key == right[column]:
                row[column] = below[column + 1] + 1
            else:
                row[column] = max(below[column], row[column + 1])
        lengths.append(row)
    lengths.reverse()
    pairs = []
    row_at = column = 0
    while row_at < len(left) and column < len(right):
        if left[row_at] == right[column]:
            pairs.append((row_at, column))
            row_at, column = row_at + 1, column + 1
        elif lengths[row_at + 1][column] >= lengths[row_at][column + 1]:
            row_at += 1
        else:
            column += 1
    return pairs
