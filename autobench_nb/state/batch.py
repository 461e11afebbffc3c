"""Many mutations as one."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from autobench_nb.state.store import StateStore


class Batch(AbstractContextManager["StateStore"]):
    """What :meth:`StateStore.batch` gives: the mutations within it are one, or none where it ends by an exception."""

    __slots__ = ("_marks", "_store")

    def __init__(self, store: StateStore) -> None:
        self._store = store

    def __enter__(self) -> StateStore:
        self._marks = self._store._begin()
        return self._store

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self._store._end(*self._marks, failed=kind is not None)
