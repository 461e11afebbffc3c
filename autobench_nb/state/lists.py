"""Changes at and below list items: see :mod:`autobench_nb.state.tracking` for why these copy before they change."""

from __future__ import annotations

from functools import partial
from typing import Any

from autobench_nb.errors import PathError
from autobench_nb.state.pointer import MISSING, find, index, join, no_parent
from autobench_nb.state.tracking import ListWas, Node, Undo, descend, fold
from autobench_nb.state.values import copy


def write_in_list(
    root: dict[str, Any],
    touched: Node,
    pointer: str,
    parts: tuple[str, ...],
    value: Any,
    undo: Undo | None,
) -> None:
    """As :func:`tracking.write`, for a pointer that leads through a list: an index replaces, ``-`` appends.

    Raises :class:`PathError` before anything changes.
    """
    _check(root, pointer, parts, value)
    container, depth = root, 0
    node: Node | None = touched
    while container[parts[depth]].__class__ is dict:
        node = descend(node, parts[depth])
        container = container[parts[depth]]
        depth += 1
    target: Any
    target, mine = _open_list(container, parts[depth], node, join(parts[: depth + 1]), undo)
    for part in parts[depth + 1 : -1]:
        target = _open_child(target, part, mine, undo)
    _write_item(target, parts[-1], value, undo)


def merged(old: dict[str, Any], new: dict[str, Any]) -> dict[str, Any]:
    """A copy of ``old`` with ``new`` merged into it."""
    twin: dict[str, Any] = copy(old)
    fold(twin, new, None, "", None)
    return twin


def _check(root: dict[str, Any], pointer: str, parts: tuple[str, ...], value: Any) -> None:
    parent, last = find(root, parts[:-1]), parts[-1]
    if parent.__class__ is dict:
        if value is MISSING and last not in parent:
            raise PathError(pointer, "nothing stands here, so nothing can be removed")
        return
    if parent.__class__ is not list:
        raise no_parent(pointer, root, parts)
    if last == "-" and value is not MISSING:
        return
    if index(last, len(parent)) is None:
        here = join(parts[:-1])
        remedy = "an index below that" if value is MISSING else f"one below that, or {here}/-"
        raise PathError(
            pointer, f"{last!r} is no index of the {len(parent)} items of {here}: give {remedy}"
        )


def _open_list(
    container: dict[str, Any], key: str, node: Node | None, text: str, undo: Undo | None
) -> tuple[list[Any], set[int] | None]:
    """The list at ``container[key]``, ready to be changed, and the ids of what is so beneath it (``None``: all is)."""
    items = container[key]
    if node is None:
        return items, None
    was = node.get(key)
    if was.__class__ is ListWas:
        return items, was.mine
    if was is not None and was.__class__ is not dict:
        return items, None
    twin = items.copy()
    record = ListWas(items, text)
    record.mine.add(id(twin))
    if undo is not None:
        undo.append((container, key, items, node, was))
    node[key] = record
    container[key] = twin
    return twin, record.mine


def _open_child(target: Any, part: str, mine: set[int] | None, undo: Undo | None) -> Any:
    key: Any = part if target.__class__ is dict else int(part)
    child = target[key]
    if mine is None or id(child) in mine:
        return child
    # A copy may die and its id go to another object; that one was made in this window, too, so it is as much ours.
    twin = child.copy()
    mine.add(id(twin))
    if undo is not None:
        undo.append(partial(target.__setitem__, key, child))
    target[key] = twin
    return twin


def _write_item(target: Any, part: str, value: Any, undo: Undo | None) -> None:
    step: partial[Any]
    if target.__class__ is dict:
        old = target.get(part, MISSING)
        step = (
            partial(target.pop, part) if old is MISSING else partial(target.__setitem__, part, old)
        )
        if value is MISSING:
            del target[part]
        else:
            target[part] = value
    elif part == "-":
        target.append(value)
        step = partial(target.pop)
    else:
        position = int(part)
        if value is MISSING:
            step = partial(target.insert, position, target.pop(position))
        else:
            step = partial(target.__setitem__, position, target[position])
            target[position] = value
    if undo is not None:
        undo.append(step)
