"""A state, or a change of it, cut down to the slices that a client asked for."""

from __future__ import annotations

from typing import Any

import orjson

from autobench_nb.state.commit import Commit, Snapshot

Slices = tuple[str, ...] | None
"""Sorted names of slices; ``None``: all of them. ``version`` is always there."""


def cut_patch(commit: Commit, slices: Slices) -> bytes:
    """The commit's operations on these slices, and the one on ``/version``, as a JSON array."""
    if slices is None:
        return commit.patch
    return orjson.dumps(
        [operation for operation in commit.operations if _concerns(operation["path"], slices)]
    )


def _concerns(path: str, slices: tuple[str, ...]) -> bool:
    name = path[1:].partition("/")[0]
    return name == "version" or name in slices


def cut_snapshot(snapshot: Snapshot, slices: Slices) -> bytes:
    """The state's JSON, with no other slices than these."""
    if slices is None:
        return snapshot.data
    state: dict[str, Any] = orjson.loads(snapshot.data)
    return orjson.dumps(
        {name: value for name, value in state.items() if name == "version" or name in slices}
    )
