"""Back pressure: who floods the log waits for it, but not for ever."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

SLICE_S: Final = 0.05
"""How long one question to the log path may take, so that a cancel in between is seen."""
PATIENCE_S: Final = 1.0
"""How long a full log path is waited for before it counts as one that nobody drains."""


class Pressure:
    """Asks the log path whether it has room. ``ready(timeout_s)`` blocks until it has, at most that long.

    A log path that stays full for ``patience_s`` counts as one that nobody drains: from then on it is only asked, and
    no longer waited for, until it has room again. What is written meanwhile the log's ring bounds and counts.
    One for each reader.
    """

    def __init__(
        self,
        ready: Callable[[float], bool] | None,
        *,
        patience_s: float = PATIENCE_S,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._ready = ready
        self._patience_s = patience_s
        self._clock = clock
        self._abandoned = False

    def wait(self, urgent: Callable[[], bool]) -> None:
        """Return when there is room, when nobody drains, or when ``urgent()`` says that there is no time."""
        ready = self._ready
        if ready is None:
            return
        if self._abandoned:
            self._abandoned = not ready(0.0)
            return
        if ready(0.0):
            return
        end = self._clock() + self._patience_s
        while not urgent():
            left = end - self._clock()
            if left <= 0:
                self._abandoned = True
                return
            if ready(min(left, SLICE_S)):
                return
