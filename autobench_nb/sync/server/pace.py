"""How many log entries are looked at in one step: by the time that it took, since no count tells what a query costs."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Final

STEP_S: Final = 0.004
"""Seconds that one look through the log may take of its thread's own time; after it others have their turn."""
FLUSH_S: Final = 0.01
"""Seconds of it after which a flush begins no other look."""
KNOWN: Final = 64
"""Queries whose pace is remembered."""


class LookPace:
    """The time that queries took for an entry when they were last asked.

    Args:
        clock: Seconds that this thread has worked. What others do meanwhile says nothing of a query.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._entry_s: dict[Hashable, float] = {}
        self._began = 0.0
        self._flush_ends = 0.0

    def begin_flush(self) -> None:
        """A flush begins, which is to be short."""
        self._flush_ends = self._clock() + FLUSH_S

    @property
    def is_over(self) -> bool:
        """Whether the flush has taken its time."""
        return self._clock() >= self._flush_ends

    def most(self, query: Hashable, guess: int, most: int) -> int:
        """How many entries can be looked at in one step: at least one, ``guess`` where it is not known yet."""
        entry_s = self._entry_s.get(query)
        if entry_s is None:
            return guess
        return most if most * entry_s <= STEP_S else max(1, int(STEP_S / entry_s))

    def begin(self) -> None:
        """A look begins."""
        self._began = self._clock()

    def end(self, query: Hashable, entries: int) -> None:
        """The look that began last has seen so many entries."""
        if not entries:
            return
        entry_s = (self._clock() - self._began) / entries
        known = self._entry_s.pop(query, entry_s)
        while len(self._entry_s) >= KNOWN:
            del self._entry_s[next(iter(self._entry_s))]
        # What is slower counts at once; one quick look may have been lucky.
        self._entry_s[query] = entry_s if entry_s >= known else (entry_s + known) / 2
