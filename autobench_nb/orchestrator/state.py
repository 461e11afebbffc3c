"""The state as its users hold it: ``bench.state``."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from typing import Any

from autobench_nb.state.commit import Commit
from autobench_nb.state.pointer import MISSING
from autobench_nb.state.store import StateStore


class State:
    """The state as its users see it: reads hand out copies, mutations are checked, any thread may call.

    The store's ``flush`` is not here: a commit taken by anybody but the hub would break every client's chain.
    """

    def __init__(self, store: StateStore, before_follow: Callable[[], None]) -> None:
        self._store = store
        self._before_follow = before_follow

    @property
    def version(self) -> int:
        """Raised by one with every mutation."""
        return self._store.version

    def get(self, pointer: str = "", default: Any = MISSING) -> Any:
        """A copy of the value at ``pointer``; ``default``, or ``PathError``, where nothing stands."""
        return self._store.get(pointer, default)

    def set(self, pointer: str, value: Any) -> None:
        """Put ``value`` at ``pointer`` (its parent must exist; ``-`` appends to a list)."""
        self._store.set(pointer, value)

    def merge(self, pointer: str, mapping: Mapping[str, Any]) -> None:
        """Lay ``mapping`` over the object at ``pointer``, objects within it recursively."""
        self._store.merge(pointer, mapping)

    def remove(self, pointer: str) -> None:
        """Take away what stands at ``pointer``."""
        self._store.remove(pointer)

    def replace_state(self, mapping: Mapping[str, Any]) -> None:
        """Make the whole state what ``mapping`` says, by few operations."""
        self._store.replace_state(mapping)

    def batch(self) -> AbstractContextManager[Any]:
        """A context in which all mutations are one: an exception takes them back, version too. Do not await inside."""
        return self._store.batch()

    def subscribe(
        self, callback: Callable[[Commit], None], pointer: str = ""
    ) -> Callable[[], None]:
        """Call ``callback(commit)`` after each flush that touched ``pointer``. Gives back the way to end it.

        It is called on a thread of the server's own, also while a cell blocks the notebook's loop; or, while nothing
        serves, by the thread that mutated.
        """
        self._before_follow()
        return self._store.subscribe(callback, pointer)

    def __repr__(self) -> str:
        return f"<State version {self.version}>"
