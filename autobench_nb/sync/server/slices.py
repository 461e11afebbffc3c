"""A state, or a change of it, cut down to the slices that a client asked for."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, TypeAlias

import orjson

from autobench_nb.state.commit import Commit, Snapshot

Slices: TypeAlias = tuple[str, ...] | None
"""Sorted names of slices; ``None``: all of them. ``version`` is always there."""


def slices_of(names: Iterable[str] | None) -> Slices:
    """What a client asked for, so that those who ask for the same share an audience."""
    return None if names is None else tuple(sorted(set(names) - {"version"}))


def sliced_patch(commit: Commit, slices: Slices) -> bytes:
    """The commit's operations on these slices, and the one on ``/version``, as a JSON array."""
    if slices is None:
        return commit.patch
    return orjson.dumps(
        [operation for operation in commit.operations if _concerns(operation["path"], slices)]
    )


def _concerns(path: str, slices: tuple[str, ...]) -> bool:
    name = path[1:].partition("/")[0]
    return name == "version" or name in slices


def sliced_state(state: dict[str, Any], slices: Slices) -> dict[str, Any]:
    """The state with no other slices than these, and its version."""
    if slices is None:
        return state
    return {name: value for name, value in state.items() if name == "version" or name in slices}


class SlicedSnapshot:
    """One snapshot, cut for however many clients: it is read once, and each slice of it encoded once."""

    def __init__(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot
        self._parts: dict[str, bytes] | None = None

    def cut(self, slices: Slices) -> bytes:
        """The state's JSON, with no other slices than these."""
        if slices is None:
            return self._snapshot.data
        if self._parts is None:
            state: dict[str, Any] = orjson.loads(self._snapshot.data)
            self._parts = {
                name: orjson.dumps(name) + b":" + orjson.dumps(value)
                for name, value in state.items()
            }
        chosen = (part for name, part in self._parts.items() if name == "version" or name in slices)
        return b"{" + b",".join(chosen) + b"}"
