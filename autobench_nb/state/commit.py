"""What the store hands out: commits and snapshots, both immutable and already encoded."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import orjson

if TYPE_CHECKING:
    from jsonpatch import JsonPatch

Operation = dict[str, Any]
"""One RFC 6902 operation: ``{"op", "path", "value"?}``."""


class Commit:
    """All changes between two versions: per touched pointer at most one operation; the last one sets ``/version``.

    ``patch`` is the JSON array as it travels; ``operations`` is parsed from it when asked for, so that nothing in a
    commit is shared with the state.
    """

    __slots__ = ("_operations", "from_version", "patch", "to_version")

    def __init__(self, from_version: int, to_version: int, patch: bytes) -> None:
        self.from_version = from_version
        self.to_version = to_version
        self.patch = patch
        self._operations: tuple[Operation, ...] | None = None

    @classmethod
    def of(cls, from_version: int, to_version: int, operations: Sequence[Operation]) -> Commit:
        """A commit of these operations."""
        return cls(from_version, to_version, orjson.dumps(list(operations)))

    @property
    def operations(self) -> tuple[Operation, ...]:
        """The RFC 6902 operations, in order."""
        if self._operations is None:
            self._operations = tuple(orjson.loads(self.patch))
        return self._operations

    def to_jsonpatch(self) -> JsonPatch:
        """The same for the jsonpatch package: ``commit.to_jsonpatch().apply(document)``."""
        # Only who asks for it pays for the import.
        from jsonpatch import JsonPatch

        return JsonPatch(list(self.operations))

    def only(self, is_chosen: Callable[[str], bool]) -> Commit | None:
        """The commit with only the operations on pointers that ``is_chosen``; ``None`` where none is left."""
        chosen = [one for one in self.operations if is_chosen(one["path"])]
        if not chosen:
            return None
        return Commit.of(self.from_version, self.to_version, chosen)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Commit) and (
            (self.from_version, self.to_version, self.patch)
            == (other.from_version, other.to_version, other.patch)
        )

    def __hash__(self) -> int:
        return hash((self.from_version, self.to_version, self.patch))

    def __repr__(self) -> str:
        return f"<Commit {self.from_version}..{self.to_version}, {len(self.patch)} bytes>"


class Snapshot:
    """The whole state at one version: ``data`` is its JSON, with ``data.version == version``."""

    __slots__ = ("data", "version")

    def __init__(self, version: int, data: bytes) -> None:
        self.version = version
        self.data = data

    def __repr__(self) -> str:
        return f"<Snapshot {self.version}, {len(self.data)} bytes>"
