"""Tracebacks among the lines that a program prints: many lines, and one thing. Pure.

Where a line only may begin one, it is held until the next says more; who reads a live stream flushes what is held after
a moment of silence.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from autobench_nb.logs.formats.levels import uncoloured
from autobench_nb.logs.formats.traceback_starts import start_of
from autobench_nb.logs.formats.tracebacks import NONE

LINES_LIMIT: Final = 2_000
"""Lines of one traceback; what comes after them is text like any other."""
UNSURE_LIMIT: Final = 64
"""Lines that are held without a proof that they are one."""


class Traceback(NamedTuple):
    """A whole traceback: the line that says most, the whole text, and how many lines it has."""

    message: str
    text: str
    lines: int


class TracebackGrouper:
    """Give it lines, take lines and :class:`Traceback` in their place. ``is_open``: whether it holds any."""

    def __init__(self) -> None:
        self._held: list[str] = []
        self._state = NONE
        # How many of the lines held are a traceback for sure, and which of them says most.
        self._sure = 0
        self._says = 0

    @property
    def is_open(self) -> bool:
        return self._state is not NONE

    @property
    def may_be_whole(self) -> bool:
        """Whether what is held may well be all that comes."""
        return self._state.may_end

    def feed(self, line: str) -> list[str | Traceback]:
        """One more line; gives what is known to be whole by now."""
        seen = uncoloured(line) if "\x1b" in line else line
        if self._state is NONE:
            after = start_of(seen)
            if after is NONE:
                return [line]
        else:
            after = self._state.follow(seen) if self._has_room else NONE
            if after is NONE:
                return [*self._release(), *self.feed(line)]
        self._state = after
        if after.says_most:
            self._says = len(self._held)
        self._held.append(line)
        if after.is_sure:
            self._sure = len(self._held)
        return []

    def flush(self) -> list[str | Traceback]:
        """What is held; what cannot be a traceback is lines again."""
        done: list[str | Traceback] = []
        while self.is_open:
            done += self._release()
        return done

    @property
    def _has_room(self) -> bool:
        held = len(self._held)
        return held < LINES_LIMIT and held - self._sure < UNSURE_LIMIT

    def _release(self) -> list[str | Traceback]:
        """What is held, as far as it has become nothing that could go on; the rest may begin something itself."""
        held, sure, says = self._held, self._sure, self._says
        self._held, self._state, self._sure, self._says = [], NONE, 0, 0
        if sure:
            message = held[says].strip().removeprefix("| ")
            done: list[str | Traceback] = [Traceback(message, "\n".join(held[:sure]), sure)]
        else:
            done, sure = [held[0]], 1
        for line in held[sure:]:
            done += self.feed(line)
        return done
