"""RFC 6902: a JSON patch applied whole or not at all.

:func:`apply_patch` leaves its argument as it was and shares what did not change with it (a changed container is copied
once). :func:`apply_in_place` changes the document itself, in time that does not grow with its width, and takes back
what it did when an operation fails.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Any, Final

from autobench_nb.errors import PatchError, PointerError
from autobench_nb.state.pointer import MISSING, find, index, join, parse
from autobench_nb.state.values import copy, same


def apply_patch(document: Any, operations: Iterable[Mapping[str, Any]]) -> Any:
    """``document`` with ``operations`` applied; raises :class:`PatchError` naming the operation's path."""
    draft = _Draft(document, in_place=False)
    draft.run(operations)
    return draft.root


def apply_in_place(document: Any, operations: Iterable[Mapping[str, Any]]) -> Any:
    """The same upon ``document`` itself, which is given back (another one where an operation replaced the root)."""
    draft = _Draft(document, in_place=True)
    try:
        draft.run(operations)
    except BaseException:
        # Whatever it is goes to the caller, an interrupt too; a document that is half patched would be no version.
        draft.take_back()
        raise
    return draft.root


class _Draft:
    """A document being patched: its containers are copied before the first change, or every change is remembered."""

    def __init__(self, root: Any, *, in_place: bool) -> None:
        self.root = root
        self._in_place = in_place
        self._mine: set[int] = set()  # ids of the copies, which all hang on the root or on _kept
        self._kept: list[Any] = []
        self._undo: list[Callable[[], object]] = []

    def run(self, operations: Iterable[Mapping[str, Any]]) -> None:
        if isinstance(operations, str | bytes | Mapping):
            raise PatchError("", "a patch is a list of operations")
        for operation in operations:
            if not isinstance(operation, Mapping):
                raise PatchError("", f"an operation is an object, not {operation!r:.60}")
            name = operation.get("op")
            run = _OPERATIONS.get(name) if isinstance(name, str) else None
            if run is None:
                raise PatchError(
                    str(operation.get("path", "")),
                    f"there is no operation {name!r:.60}: use {', '.join(_OPERATIONS)}",
                )
            run(self, operation)

    def take_back(self) -> None:
        while self._undo:
            self._undo.pop()()

    def add(self, operation: Mapping[str, Any]) -> None:
        path, parts = _pointer(operation, "path")
        self._insert(path, parts, self._value(operation, path))

    def remove(self, operation: Mapping[str, Any]) -> None:
        path, parts = _pointer(operation, "path")
        self._take(path, parts)

    def replace(self, operation: Mapping[str, Any]) -> None:
        path, parts = _pointer(operation, "path")
        value = self._value(operation, path)
        if not parts:
            self._set_root(value)
            return
        container = self._open(path, parts)
        if container.__class__ is dict:
            if parts[-1] not in container:
                raise _nothing(path)
            self._put(container, parts[-1], value)
        else:
            self._put(container, _position(path, parts[-1], len(container)), value)

    def move(self, operation: Mapping[str, Any]) -> None:
        source, source_parts = _pointer(operation, "from")
        path, parts = _pointer(operation, "path")
        if source_parts == parts:
            if find(self.root, parts) is MISSING:
                raise _nothing(path)
            return
        if parts[: len(source_parts)] == source_parts:
            raise PatchError(path, f"{source or 'the whole'} cannot be moved into itself")
        self._insert(path, parts, self._take(source, source_parts))

    def copy(self, operation: Mapping[str, Any]) -> None:
        source, source_parts = _pointer(operation, "from")
        path, parts = _pointer(operation, "path")
        value = find(self.root, source_parts)
        if value is MISSING:
            raise _nothing(source)
        self._insert(path, parts, copy(value))

    def test(self, operation: Mapping[str, Any]) -> None:
        path, parts = _pointer(operation, "path")
        value = find(self.root, parts)
        if value is MISSING:
            raise _nothing(path)
        if "value" not in operation:
            raise PatchError(path, "the operation has no value")
        if not same(value, operation["value"]):
            raise PatchError(path, "the test failed: another value stands here")

    def _value(self, operation: Mapping[str, Any], path: str) -> Any:
        if "value" not in operation:
            raise PatchError(path, "the operation has no value")
        value = operation["value"]
        return copy(value) if self._in_place else value

    def _set_root(self, value: Any) -> None:
        if self._in_place:
            self._undo.append(partial(setattr, self, "root", self.root))
        self.root = value

    def _insert(self, path: str, parts: tuple[str, ...], value: Any) -> None:
        if not parts:
            self._set_root(value)
            return
        container = self._open(path, parts)
        if container.__class__ is dict:
            self._put(container, parts[-1], value)
            return
        size = len(container)
        position = size if parts[-1] == "-" else _position(path, parts[-1], size + 1)
        container.insert(position, value)
        if self._in_place:
            self._undo.append(lambda: container.pop(position))

    def _take(self, path: str, parts: tuple[str, ...]) -> Any:
        if not parts:
            raise PatchError(path, "the whole document cannot be taken away: replace it")
        container = self._open(path, parts)
        if container.__class__ is dict:
            key = parts[-1]
            if key not in container:
                raise _nothing(path)
            value = container.pop(key)
            if self._in_place:
                self._undo.append(lambda: container.__setitem__(key, value))
            return value
        position = _position(path, parts[-1], len(container))
        value = container.pop(position)
        if self._in_place:
            self._undo.append(lambda: container.insert(position, value))
        return value

    def _put(self, container: Any, key: Any, value: Any) -> None:
        if self._in_place:
            before = container.get(key, MISSING) if container.__class__ is dict else container[key]
            if before is MISSING:
                self._undo.append(lambda: container.pop(key))
            else:
                self._undo.append(lambda: container.__setitem__(key, before))
        container[key] = value

    def _open(self, path: str, parts: tuple[str, ...]) -> Any:
        """The container of the last part, ready to be changed."""
        container = self.root = self._own(self.root)
        for depth, part in enumerate(parts[:-1]):
            key: Any = part
            if container.__class__ is list:
                key = _position(join(parts[: depth + 1]), part, len(container))
            elif container.__class__ is not dict or part not in container:
                raise _nothing(join(parts[: depth + 1]))
            child = container[key]
            own = self._own(child)
            if own is not child:
                container[key] = own
            container = own
        if container.__class__ is not dict and container.__class__ is not list:
            raise PatchError(path, "its parent is no object and no list")
        return container

    def _own(self, value: Any) -> Any:
        if self._in_place or (value.__class__ is not dict and value.__class__ is not list):
            return value
        if id(value) in self._mine:
            return value
        twin = value.copy()
        self._mine.add(id(twin))
        self._kept.append(twin)  # while it lives no other object gets its id
        return twin


_OPERATIONS: Final[Mapping[str, Callable[[_Draft, Mapping[str, Any]], None]]] = {
    "add": _Draft.add,
    "remove": _Draft.remove,
    "replace": _Draft.replace,
    "move": _Draft.move,
    "copy": _Draft.copy,
    "test": _Draft.test,
}


def _pointer(operation: Mapping[str, Any], field: str) -> tuple[str, tuple[str, ...]]:
    path = operation.get(field)
    if not isinstance(path, str):
        raise PatchError(str(operation.get("path", "")), f"the operation has no {field}")
    try:
        return path, parse(path)
    except PointerError as error:
        raise PatchError(path, f"{field} is no pointer: {error}") from None


def _position(path: str, part: str, length: int) -> int:
    position = index(part, length)
    if position is None:
        raise PatchError(path, f"{part!r} is no index into a list with room for {length}")
    return position


def _nothing(path: str) -> PatchError:
    return PatchError(path, "nothing stands here")
