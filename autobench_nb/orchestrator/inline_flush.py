"""Flushing while nothing serves: there is no loop to do it, so the thread that mutated does."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Final

from autobench_nb.sync.server.hub import Hub

MAX_ROUNDS: Final = 64
"""Flushes in a row that one mutation does for the changes that came meanwhile; then a thread of its own goes on."""


class InlineFlush:
    """Flushes a hub from whichever thread mutates, one at a time. Thread-safe.

    ``is_served``: whether a server flushes the hub; then nothing is done here. Nothing is done either until somebody
    subscribes: nobody would see it.
    """

    def __init__(self, hub: Hub, is_served: Callable[[], bool]) -> None:
        self.lock = threading.Lock()
        """Held while a flush runs; who begins to serve holds it too, so that two threads never drive the hub."""
        self._hub = hub
        self._is_served = is_served
        self._is_followed = False
        self._is_due = False

    def begin_to_follow(self) -> None:
        """Flush for subscribers from now on. What went before is not theirs, and is flushed now."""
        self._is_followed = True
        self._flush()

    def after_fork_in_child(self) -> None:
        """Another thread of the parent's may have held the lock."""
        self.lock = threading.Lock()
        self._is_followed = False

    def notify(self) -> None:
        """Flush what changed, where somebody follows and nothing serves."""
        if self._is_followed:
            self._flush()

    def _flush(self) -> None:
        self._is_due = True
        rounds = 0
        while self._is_due and self.lock.acquire(blocking=False):
            try:
                self._is_due = False
                if not self._is_served():
                    self._hub.flush(time.monotonic())
            finally:
                self.lock.release()
            rounds += 1
            if rounds == MAX_ROUNDS and self._is_due:
                # Other threads flood: whoever came first need not serve them all for ever.
                threading.Thread(target=self._flush, name="autobench-flush", daemon=True).start()
                return
