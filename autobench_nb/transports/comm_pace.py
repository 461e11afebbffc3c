"""How many widget messages a kernel sends in a second: Jupyter drops all that a cell gives out, past a limit."""

from __future__ import annotations

import threading
from typing import Final

MESSAGES_A_SECOND: Final = 45.0
BURST: Final = 5
"""So many at once, when there was a pause: together at most 50 within any second."""


class MessagePace:
    """Lets :data:`MESSAGES_A_SECOND` go, however many links ask. Thread-safe."""

    def __init__(self, rate: float = MESSAGES_A_SECOND, burst: int = BURST) -> None:
        self._gap_s = 1 / rate
        self._burst_s = burst / rate
        self._lock = threading.Lock()
        self._due = float("-inf")

    def take(self, now: float) -> float:
        """0.0: one may go now, and is counted; else the seconds until it may ask again."""
        with self._lock:
            due = max(self._due, now - self._burst_s)
            if due + self._gap_s > now:
                return due + self._gap_s - now
            self._due = due + self._gap_s
            return 0.0

    def after_fork_in_child(self) -> None:
        """Another thread of the parent's may have held the lock."""
        self._lock = threading.Lock()


KERNEL_PACE: Final = MessagePace()
"""Of this kernel."""
