"""Whether the server's loop turns: how late it is, and what a cell that holds it up means for the clients."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Final

from autobench_nb.transports.loop_thread import LoopThread

LAG_WINDOW_S: Final = 10.0
"""The telemetry's loop lag is the worst of about this time."""
TOLD_AFTER_S: Final = 0.25
"""A cell is told of when it has run for so long, and looked at again after as much: most are over by then."""

TellBusy = Callable[[bool, float, bool], None]
"""Takes whether a cell runs, since when (seconds since 1970), and whether clients are listened to meanwhile."""


class LoopWatch:
    """Watches ``loop`` from ``thread``, by a question that the loop answers in its next turn.

    ``tell`` is called on ``thread``: when a cell has run for :data:`TOLD_AFTER_S`, when the loop is held up or free
    again while it runs, and when it has ended.
    """

    def __init__(self, thread: LoopThread, loop: asyncio.AbstractEventLoop, tell: TellBusy) -> None:
        self._thread = thread
        self._loop = loop
        self._tell = tell
        self._asked_at: float | None = None
        self._worst = (0.0, 0.0)  # (seconds, when)
        self._cell_since: float | None = None
        self._told: bool | None = None
        self._timer: asyncio.TimerHandle | None = None

    def lag_s(self) -> float:
        """How late the loop was at worst in about the last ten seconds, the present question included; asks again."""
        now = time.monotonic()
        if self._asked_at is not None:
            self._note(now - self._asked_at, now)
        self._ask()
        return self._worst[0]

    @property
    def listens(self) -> bool:
        """Whether the loop answered the last question in time."""
        return self._asked_at is None or time.monotonic() - self._asked_at < TOLD_AFTER_S / 2

    def cell_began(self, since_s: float) -> None:
        """A cell runs since then (seconds since 1970). From any thread."""
        self._thread.call_soon(self._begin, since_s)

    def cell_ended(self) -> None:
        """No cell runs any more. From any thread."""
        self._thread.call_soon(self._end)

    def close(self) -> None:
        """Watch no more."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _ask(self) -> None:
        if self._asked_at is not None:
            return
        self._asked_at = asked = time.monotonic()
        if self._loop is self._thread.loop:
            self._loop.call_soon(self._answered, asked)
            return
        try:
            self._loop.call_soon_threadsafe(self._answer, asked)
        except RuntimeError:  # it has ended, and nobody is late any more
            self._asked_at = None

    def _answer(self, asked: float) -> None:
        """On the watched loop."""
        self._thread.call_soon(self._answered, asked, time.monotonic() - asked)

    def _answered(self, asked: float, lag_s: float | None = None) -> None:
        self._asked_at = None
        now = time.monotonic()
        self._note(now - asked if lag_s is None else lag_s, now)

    def _note(self, lag_s: float, now: float) -> None:
        worst, since = self._worst
        if lag_s >= worst or now - since > LAG_WINDOW_S:
            self._worst = (lag_s, now)

    # --- cells

    def _begin(self, since_s: float) -> None:
        self.close()
        self._cell_since = since_s
        self._look_again()

    def _look_again(self) -> None:
        self._ask()
        self._timer = self._thread.loop.call_later(TOLD_AFTER_S, self._look)

    def _look(self) -> None:
        self._timer = None
        if self._cell_since is None:
            return
        listens = self.listens
        if listens is not self._told:
            self._told = listens
            self._tell(True, self._cell_since, listens)
        self._look_again()

    def _end(self) -> None:
        self.close()
        since, self._cell_since = self._cell_since, None
        if self._told is not None and since is not None:
            self._told = None
            self._tell(False, since, True)
