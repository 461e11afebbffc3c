"""The state's document with its touched tree: where a mutation lands. The store guards it with its lock."""

from __future__ import annotations

from typing import Any

from autobench_nb.errors import PathError
from autobench_nb.state import tracking
from autobench_nb.state.commit import Operation
from autobench_nb.state.lists import merged, write_in_list
from autobench_nb.state.model import Place
from autobench_nb.state.pointer import MISSING, find, no_parent


class Document:
    """``root`` is the state; ``touched``: what was touched since the last flush; ``undo`` the log of an open batch."""

    __slots__ = ("root", "touched", "undo")

    def __init__(self, root: dict[str, Any]) -> None:
        self.root = root
        self.touched: tracking.Node = {}
        self.undo: tracking.Undo | None = None

    def find(self, parts: tuple[str, ...]) -> Any:
        """The value at ``parts``, or :data:`MISSING`; not a copy."""
        return find(self.root, parts)

    def put(self, place: Place, value: Any) -> None:
        """Put ``value`` (validated, or :data:`MISSING` to remove) at ``place``, or raise :class:`PathError`."""
        container: Any = self.root
        node: Any = self.touched
        try:
            for key in place.parents:
                container = container[key]
                if node is not None:  # tracking.descend, unrolled: this is the hot path
                    below = node.get(key)
                    if below is None:
                        below = node[key] = {}
                    elif below.__class__ is not dict:
                        below = None
                    node = below
        except (KeyError, TypeError):  # a list on the way, or nothing
            self._put_in_list(place, value)
            return
        if container.__class__ is not dict:
            self._put_in_list(place, value)
            return
        if value.__class__ is dict:
            tracking.put(container, place.last, value, node, place.text, self.undo)
        elif value is MISSING and place.last not in container:
            raise PathError(place.text, "nothing stands here, so nothing can be removed")
        else:
            tracking.write(container, place.last, value, node, place.text, self.undo)

    def fold(self, place: Place, new: dict[str, Any]) -> None:
        """Merge ``new`` into the object that stands at ``place``."""
        old = find(self.root, place.parts)
        if self._leads_through_list(place.parts):
            self._put_in_list(place, merged(old, new))
            return
        node: tracking.Node | None = self.touched
        for key in place.parts:
            node = tracking.descend(node, key)
        tracking.fold(old, new, node, place.text, self.undo)

    def change_into(self, new: dict[str, Any]) -> None:
        """Change the whole into ``new``, by few changes."""
        tracking.turn_into(self.root, new, self.touched, "", self.undo)

    def drain(self) -> list[Operation]:
        """The operations since the last drain; their values are still the document's own. The touched tree stays."""
        operations: list[Operation] = []
        tracking.collect(self.touched, self.root, operations)
        return operations

    def _put_in_list(self, place: Place, value: Any) -> None:
        if not self._leads_through_list(place.parts):
            raise no_parent(place.text, self.root, place.parts)
        write_in_list(self.root, self.touched, place.text, place.parts, value, self.undo)

    def _leads_through_list(self, parts: tuple[str, ...]) -> bool:
        value: Any = self.root
        for part in parts[:-1]:
            value = value.get(part) if value.__class__ is dict else None
            if value.__class__ is list:
                return True
        return False
