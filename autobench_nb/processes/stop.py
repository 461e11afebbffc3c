"""The wish that something that runs should end, and who is told of it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Generic, TypeVar

Status = TypeVar("Status")


class Stop(Generic[Status]):
    """A wish to end: made once, by any thread, the first one counts. Thread-safe.

    ``status`` (None until then) and ``reason`` are what the asking side gave: how the end is to be called, and why.
    """

    def __init__(self) -> None:
        # Reentrant, and held while callbacks run: who has taken a callback back can be sure that it does not run.
        self._lock = threading.RLock()
        self._callbacks: list[Callable[[], None]] = []
        self.status: Status | None = None
        self.reason = ""

    def __bool__(self) -> bool:
        return self.status is not None

    def request(self, status: Status, reason: str) -> bool:
        """Ask for the end; False where that was done before."""
        with self._lock:
            if self.status is not None:
                return False
            self.reason = reason
            self.status = status
            for callback in tuple(self._callbacks):
                callback()
        return True

    def follow(self, callback: Callable[[], None]) -> Callable[[], None]:
        """Call ``callback`` once, from the asking thread, or now where the end was asked for.

        Args:
            callback: Must be short: other threads wait for it.

        Returns:
            A function that takes the callback back. When it returns, the callback does not run and never will.
        """
        with self._lock:
            if self.status is not None:
                callback()
            else:
                self._callbacks.append(callback)

        def unfollow() -> None:
            with self._lock:
                if callback in self._callbacks:
                    self._callbacks.remove(callback)

        return unfollow
