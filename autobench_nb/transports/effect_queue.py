"""Effects that wait to be carried out: their order, and turns for the other work of the loop in between."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Iterable
from typing import Final, Generic, TypeVar

TURN_S: Final = 0.01
"""After so long, what is left waits for the loop's next turn. Its order stays."""

Item = TypeVar("Item")


class EffectQueue(Generic[Item]):
    """Carries out items in their order, and whatever follows from them. All is called on the loop's thread.

    Args:
        loop: Whose turns are shared.
        perform: Carries out one; it may put others before and behind those that wait, in :attr:`items`.
        done: Called whenever nothing waits any more.
    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        perform: Callable[[Item], None],
        done: Callable[[], None],
    ) -> None:
        self.items: deque[Item] = deque()
        """What waits."""
        self.is_busy = False
        """Whether some are being carried out."""
        self._loop = loop
        self._perform = perform
        self._done = done
        self._last: deque[Callable[[], None]] = deque()

    def add(self, items: Iterable[Item]) -> None:
        """Carry these out behind those that wait."""
        self.items.extend(items)
        if not self.is_busy:
            self._begin(TURN_S)

    def finish(self, items: Iterable[Item]) -> None:
        """As :meth:`add`, and all that waits with them before it returns: there is no other turn."""
        self.items.extend(items)
        self._begin(float("inf"))

    def when_done(self, work: Callable[[], None]) -> None:
        """Call ``work`` when all that is being carried out now is; where nothing is, in the loop's next turn.

        While a cell computes, a turn of the loop costs several waits for the interpreter's lock: what one flush gives
        to a link leaves within that flush, and together.
        """
        if self.is_busy:
            self._last.append(work)
        else:
            self._loop.call_soon(work)

    def clear(self) -> None:
        """Forget what waits."""
        self.items.clear()
        self._last.clear()

    def _begin(self, turn_s: float) -> None:
        self.is_busy = True
        self._continue(turn_s)

    def _continue(self, turn_s: float) -> None:
        """Carry out what waits, and after ``turn_s`` let the loop's other work have its turn first."""
        end = self._loop.time() + turn_s
        try:
            while self.items or self._last:
                if self.items:
                    self._perform(self.items.popleft())
                else:
                    self._last.popleft()()
                if self.items and self._loop.time() > end:
                    self._loop.call_soon(self._continue, TURN_S)
                    return
        except BaseException:
            self.is_busy = False
            raise
        self.is_busy = False
        self._done()
