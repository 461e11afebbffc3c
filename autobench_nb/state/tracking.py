"""The touched tree of one flush window: what stood, at the last flush, at every pointer touched since.

It is a tree beside the state's: a key leads to a dict (something further below was touched), a tuple ``(old, below,
text)`` (the value at pointer ``text`` was touched: ``old`` is what stood there, with ``below`` the tree of what had
been touched beneath it before), or a :class:`ListWas`. Beneath a touched value everything is new in this window, so
nothing is recorded there: its node is ``None``.

Objects are changed in place. Lists are copied (shallow) before their first change in a window, and so is each container
within them on the way to a change, so that the old list stays whole to be compared with.

``undo`` is the log of an open batch, ``None`` outside: each entry takes one step back, values and touched tree alike.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from autobench_nb.state.commit import Operation
from autobench_nb.state.diff import diff
from autobench_nb.state.pointer import MISSING, escape
from autobench_nb.state.values import same

Node = dict[str, Any]
Step = tuple[dict[str, Any], str, Any, Node | None, Any] | Callable[[], object]
Undo = list[Step]


class ListWas:
    """A list changed item by item: what it was, and the ids of the containers copied since."""

    __slots__ = ("mine", "old", "text")

    def __init__(self, old: list[Any], text: str) -> None:
        self.old = old
        self.text = text
        self.mine: set[int] = set()


def descend(node: Node | None, key: str) -> Node | None:
    """The touched tree beneath ``key``; ``None`` where all beneath is new."""
    if node is None:
        return None
    below = node.get(key)
    if below is None:
        fresh: Node = {}
        node[key] = fresh
        return fresh
    return below if below.__class__ is dict else None


def write(
    container: dict[str, Any], key: str, value: Any, node: Node | None, text: str, undo: Undo | None
) -> None:
    """Put ``value`` at ``container[key]``, which is pointer ``text``; :data:`MISSING` removes."""
    old = container.get(key, MISSING)
    was = None
    if node is not None:
        was = node.get(key)
        if was is None or was.__class__ is dict:
            node[key] = (old, was, text)
    if undo is not None:
        undo.append((container, key, old, node, was))
    if value is MISSING:
        del container[key]
    else:
        container[key] = value


def put(
    container: dict[str, Any], key: str, new: Any, node: Node | None, text: str, undo: Undo | None
) -> None:
    """As :func:`write`, but an object takes on another one's fields rather than being replaced, where they share some.

    What is the same in both keeps its identity: it needs no operation, and its encoded piece stays good.
    """
    old = container.get(key, MISSING)
    if same(old, new):
        return
    if (
        node is not None
        and new.__class__ is dict
        and old.__class__ is dict
        and _have_common_field(old, new)
    ):
        below = descend(node, key)
        if below is not None:
            turn_into(old, new, below, text, undo)
            return
    write(container, key, new, node, text, undo)


def turn_into(
    old: dict[str, Any], new: dict[str, Any], node: Node, text: str, undo: Undo | None
) -> None:
    """Change the object ``old``, standing at ``text``, into ``new``."""
    for key in [key for key in old if key not in new]:
        write(old, key, MISSING, node, f"{text}/{escape(key)}", undo)
    for key, item in new.items():
        was = old.get(key, MISSING)
        if was is item:
            continue
        if item.__class__ is dict or item.__class__ is list:
            put(old, key, item, node, f"{text}/{escape(key)}", undo)
        elif not same(was, item):
            write(old, key, item, node, f"{text}/{escape(key)}", undo)


def fold(
    old: dict[str, Any], new: dict[str, Any], node: Node | None, text: str, undo: Undo | None
) -> None:
    """Merge ``new`` into the object ``old``, standing at ``text``: objects recursively, all else replaced."""
    for key, item in new.items():
        was = old.get(key, MISSING)
        if item.__class__ is dict and was.__class__ is dict:
            fold(was, item, descend(node, key), f"{text}/{escape(key)}", undo)
        elif not same(was, item):
            write(old, key, item, node, f"{text}/{escape(key)}", undo)


def _have_common_field(old: dict[str, Any], new: dict[str, Any]) -> bool:
    """Whether some field stays, or may stay in part: otherwise one replacement says it shorter."""
    for key, item in new.items():
        was = old.get(key, MISSING)
        if was.__class__ is dict:
            if item.__class__ is dict:
                return True
        elif was.__class__ is list:
            if item.__class__ is list:
                return True
        elif same(was, item):
            return True
    return False


def take_back(undo: Undo, mark: int) -> None:
    """Undo all steps after the first ``mark``, the last one first."""
    while len(undo) > mark:
        step = undo.pop()
        if step.__class__ is not tuple:
            step()  # type: ignore[operator]
            continue
        container, key, old, node, was = step
        if old is MISSING:
            del container[key]
        else:
            container[key] = old
        if node is not None:
            if was is None:
                del node[key]
            else:
                node[key] = was


def collect(node: Node, container: dict[str, Any], operations: list[Operation]) -> None:
    """Append the operations that turn what the tree ``node`` remembers of ``container`` into what stands now."""
    for key, was in node.items():
        kind = was.__class__
        if kind is dict:
            collect(was, container[key], operations)
            continue
        new = container.get(key, MISSING)
        if kind is tuple:
            old, below, text = was
            if below:
                restore(old, below)
        else:
            old, text = was.old, was.text
        if old is MISSING:
            if new is not MISSING:
                operations.append({"op": "add", "path": text, "value": new})
        elif new is MISSING:
            operations.append({"op": "remove", "path": text})
        elif new.__class__ is dict or new.__class__ is list:
            diff(old, new, text, operations)
        elif (old != new) if old.__class__ is new.__class__ else not same(old, new):
            operations.append({"op": "replace", "path": text, "value": new})


def restore(container: dict[str, Any], node: Node) -> None:
    """Give an object that was taken out of the state back what it held at the last flush. Nobody else holds it."""
    for key, was in node.items():
        if was.__class__ is dict:
            restore(container[key], was)
            continue
        if was.__class__ is tuple:
            old, below, _ = was
            if below:
                restore(old, below)
        else:
            old = was.old
        if old is MISSING:
            container.pop(key, None)
        else:
            container[key] = old
