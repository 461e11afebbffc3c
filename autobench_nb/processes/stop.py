"""The wish that a job should end, and who is told of it."""

from __future__ import annotations

import threading
from collections.abc import Callable

from autobench_nb.state.model import JobStatus


class Stop:
    """A job's wish to end: made once, by any thread, the first one counts. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._callbacks: list[Callable[[], None]] = []
        self.status: JobStatus | None = None
        self.reason = ""

    def __bool__(self) -> bool:
        return self.status is not None

    def request(self, status: JobStatus, reason: str) -> bool:
        """Ask for the end, with the status that the job is to have; False where that was done before."""
        with self._lock:
            if self.status is not None:
                return False
            self.reason = reason
            self.status = status
            callbacks = tuple(self._callbacks)
        for callback in callbacks:
            callback()
        return True

    def follow(self, callback: Callable[[], None]) -> Callable[[], None]:
        """Call ``callback`` once, from the asking thread, or now where it was asked. Gives back the way to end it."""
        with self._lock:
            asked = self.status is not None
            if not asked:
                self._callbacks.append(callback)
        if asked:
            callback()

        def unfollow() -> None:
            with self._lock:
                if callback in self._callbacks:
                    self._callbacks.remove(callback)

        return unfollow
