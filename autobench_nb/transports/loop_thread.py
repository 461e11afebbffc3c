"""An event loop on a thread of its own: what must go on while somebody blocks the loop that everybody else uses."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, Final

JOIN_S: Final = 5.0
"""How long :meth:`LoopThread.stop` waits for the thread; whatever holds it up then is not ours."""


class LoopThread:
    """Runs ``loop`` until :meth:`stop`. Any thread may call the methods."""

    def __init__(self, name: str) -> None:
        # Not the platform's own kind: only this one tells on every platform when a socket can be written to.
        self.loop = asyncio.SelectorEventLoop()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    @property
    def is_here(self) -> bool:
        """Whether the caller is on this thread."""
        return threading.current_thread() is self._thread

    def call(self, work: Callable[..., None], *args: Any) -> bool:
        """Call ``work(*args)``: at once where the caller is on this thread, else in the loop's next turn.

        Returns:
            False where the loop has ended; then nothing is called.
        """
        if self.is_here:
            work(*args)
            return True
        return self.call_soon(work, *args)

    def call_soon(self, work: Callable[..., None], *args: Any) -> bool:
        """As :meth:`call`, but never at once."""
        try:
            self.loop.call_soon_threadsafe(work, *args)
        except RuntimeError:
            return False
        return True

    def wait_for(self, work: Callable[..., None], *args: Any, timeout_s: float) -> None:
        """As :meth:`call`, and return when it is done, has failed (the loop tells of that), or the time is over."""
        done = threading.Event()

        def run() -> None:
            try:
                work(*args)
            finally:
                done.set()

        if self.call(run):
            done.wait(timeout_s)

    def fence(self) -> Future[None]:
        """Done when all that the caller has handed over before has had its turn, or the loop has ended."""
        passed: Future[None] = Future()
        if not self.call_soon(passed.set_result, None):
            passed.set_result(None)
        return passed

    def stop(self) -> None:
        """End the loop when what was begun has had its turn, and wait for the thread (from another one)."""
        if self.call_soon(self.loop.stop) and not self.is_here:
            self._thread.join(JOIN_S)

    def join(self, timeout_s: float) -> None:
        """Wait for the thread, unless the caller is on it."""
        if not self.is_here:
            self._thread.join(timeout_s)

    def after_fork_in_child(self) -> list[socket.socket]:
        """The thread is the parent's: the sockets that wake its loop, to be closed here."""
        pair = (getattr(self.loop, name, None) for name in ("_ssock", "_csock"))
        return [one for one in pair if isinstance(one, socket.socket)]

    def _run(self) -> None:
        loop = self.loop
        try:
            loop.run_forever()
            loop.run_until_complete(_end_tasks())
            loop.run_until_complete(loop.shutdown_asyncgens())
            loop.run_until_complete(loop.shutdown_default_executor())
        finally:
            loop.close()


async def _end_tasks() -> None:
    """End what was begun; one turn in any case, for what was handed over before the loop was stopped."""
    await asyncio.sleep(0)
    tasks = asyncio.all_tasks() - {asyncio.current_task()}
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
