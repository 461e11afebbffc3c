"""Shorter turns of threads while one of them does long work for one client, so that all others are answered meanwhile.

Who waits for the interpreter's lock gets it after ``sys.getswitchinterval()``, 5 ms, and an answer takes several such
waits: the loop that reads, the pump, and again after each write.
"""

from __future__ import annotations

import sys
import threading
from types import TracebackType
from typing import Final

from autobench_nb import forks

TURN_S: Final = 0.0005


class ShortTurns:
    """``with`` it threads take short turns; when the last has left, those that were before."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._inside = 0
        self._before = 0.0
        forks.register(self)

    def after_fork_in_child(self) -> None:
        """The long work is the parent's."""
        self._lock = threading.Lock()
        if self._inside:
            self._inside = 0
            self._restore()

    def __enter__(self) -> None:
        with self._lock:
            self._inside += 1
            if self._inside == 1:
                self._before = sys.getswitchinterval()
                if self._before > TURN_S:
                    sys.setswitchinterval(TURN_S)

    def __exit__(
        self,
        _type: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        with self._lock:
            if self._inside == 1:
                self._restore()
            # In a child that was forked within it, nobody is inside any more.
            self._inside = max(0, self._inside - 1)

    def _restore(self) -> None:
        # Who has set it to something else meanwhile has the last word; it comes back rounded to microseconds.
        if self._before > TURN_S and abs(sys.getswitchinterval() - TURN_S) < 1e-5:
            sys.setswitchinterval(self._before)


short_turns: Final = ShortTurns()
"""The interpreter has one such interval, so there is one of this."""
