"""Back pressure: whoever floods the log waits until clients were sent what waits for them."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Final

from autobench_nb.logs.ring.ring import LogRing

HIGH_WATER: Final = 8_192
"""Entries that may wait for the next flush before whatever floods the log is asked to slow down."""


class BackPressure:
    """Compares what the log has taken with what flushes have told clients. Thread-safe.

    ``flush_soon`` asks the server for a flush and gives False where nothing serves: then the ring alone bounds memory,
    and there is nothing to wait for.
    """

    def __init__(self, ring: LogRing, capacity: int, flush_soon: Callable[[], bool]) -> None:
        self._ring = ring
        self._limit = min(HIGH_WATER, capacity)
        self._flush_soon = flush_soon
        self._sent_seq = 0
        self._is_closed = False
        self._changed = threading.Condition()

    def flushed(self, next_seq: int) -> None:
        """Let those go on who wait: clients were told all entries below ``next_seq``."""
        with self._changed:
            self._sent_seq = next_seq
            self._changed.notify_all()

    def wait(self, timeout_s: float) -> bool:
        """Wait until there is room, at most ``timeout_s``; True when there is."""
        if self._has_room() or not self._flush_soon():
            return True
        with self._changed:
            return self._changed.wait_for(lambda: self._is_closed or self._has_room(), timeout_s)

    def close(self) -> None:
        """Let everybody go on who waits."""
        with self._changed:
            self._is_closed = True
            self._changed.notify_all()

    def after_fork_in_child(self) -> None:
        """Nobody flushes here, so that nobody may wait for it."""
        self._changed = threading.Condition()
        self._is_closed = True

    def _has_room(self) -> bool:
        return self._ring.next_seq - self._sent_seq < self._limit
