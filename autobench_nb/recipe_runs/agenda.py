"""What is to be done in one thread, in its order: now, or at a time."""

from __future__ import annotations

import heapq
import itertools
import time
from collections.abc import Callable
from queue import Empty, SimpleQueue


class Agenda:
    """Acts that any thread may :meth:`post`; one thread does them, and what it has put off itself."""

    def __init__(self) -> None:
        self._acts: SimpleQueue[Callable[[], None]] = SimpleQueue()
        self._later: list[tuple[float, int, Callable[[], None]]] = []
        self._numbers = itertools.count()

    def post(self, act: Callable[[], None]) -> None:
        """Have something done soon."""
        self._acts.put(act)

    def after(self, delay_s: float, act: Callable[[], None]) -> None:
        """Have something done later; the doing thread alone may call this."""
        heapq.heappush(self._later, (time.monotonic() + delay_s, next(self._numbers), act))

    def do_next(self) -> None:
        """Wait for something to do, and do all that is due."""
        try:
            self._acts.get(timeout=self._patience_s())()
            while not self._acts.empty():
                self._acts.get()()
        except Empty:
            pass
        now = time.monotonic()
        while self._later and self._later[0][0] <= now:
            heapq.heappop(self._later)[2]()

    def _patience_s(self) -> float | None:
        return None if not self._later else max(0.0, self._later[0][0] - time.monotonic())


def nothing() -> None:
    """Nothing is to be done."""
