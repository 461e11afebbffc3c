"""When the hub is flushed: at once after silence, else at the end of a window, and soon where somebody hurries."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable

from autobench_nb.transports.loop_thread import LoopThread


class FlushClock:
    """Calls ``flush()`` on ``thread``.

    The first change after silence leaves at once, and the window begins with it: what follows within ``window_s``
    leaves together at its end. :meth:`notify` and :meth:`hurry` may be called from any thread, all else on ``thread``.
    """

    def __init__(self, thread: LoopThread, window_s: float, flush: Callable[[], None]) -> None:
        self._thread = thread
        self._loop = thread.loop
        self._window_s = window_s
        self._flush = flush
        self._lock = threading.Lock()
        self._notified = False
        self._hurried = False
        self._closed = False
        self._began_at = float("-inf")
        self._timer: asyncio.TimerHandle | None = None

    def notify(self) -> None:
        """Something changed. Costs one lock while a flush is due anyway."""
        with self._lock:
            if self._notified or self._closed:
                return
            self._notified = True
        self._thread.call_soon(self._open_window)

    def hurry(self) -> None:
        """Flush in the next turn, without waiting for the end of the window."""
        with self._lock:
            if self._hurried or self._closed:
                return
            self._hurried = True
        self._thread.call_soon(self._flush_soon)

    def begin(self) -> None:
        """A flush begins: what comes from here on is for the next one."""
        with self._lock:
            self._notified = False

    def begin_window(self, now: float) -> None:
        """The flush that began ``now`` had news: what follows within the window leaves at its end.

        One that had none leaves the window as it was. Each flush is followed by such a one, since it writes how far
        the log has come: it would make the next change wait after silence, too.
        """
        self._began_at = now

    def schedule(self, due: float) -> None:
        """Flush at ``due`` (the loop's time), or earlier where that was asked for."""
        if self._closed:
            return
        if self._timer is not None:
            if self._timer.when() <= due:
                return
            self._timer.cancel()
        self._timer = self._loop.call_at(due, self._due)

    def close(self) -> None:
        """Flush no more."""
        with self._lock:
            self._closed = True
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def after_fork_in_child(self) -> None:
        """Another thread of the parent's may have held the lock."""
        self._lock = threading.Lock()
        self._closed = True

    def _open_window(self) -> None:
        due = self._began_at + self._window_s
        if due > self._loop.time():
            self.schedule(due)
        else:
            self._due()

    def _flush_soon(self) -> None:
        self._hurried = False
        self._due()

    def _due(self) -> None:
        """Flush here and now: another turn of the loop would be another wait for the interpreter's lock."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if not self._closed:
            self._flush()
