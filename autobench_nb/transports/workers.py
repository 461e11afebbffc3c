"""Threads for work that would hold up a loop."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final

THREADS: Final = 2


class Workers:
    """A few threads, begun when there is first something for them. Any loop may give them work."""

    def __init__(self) -> None:
        self._executor: ThreadPoolExecutor | None = ThreadPoolExecutor(
            THREADS, thread_name_prefix="autobench-pack"
        )
        self._is_used = False

    def do(self, work: Callable[[], Any]) -> asyncio.Future[Any]:
        """Run ``work`` on one of them; the future is of the loop that is running here.

        Raises:
            RuntimeError: Nothing is begun any more.
        """
        self._is_used = True
        return asyncio.get_running_loop().run_in_executor(self._executor, work)

    def abort(self) -> None:
        """Begin nothing more."""
        if self._executor is not None:
            self._executor.shutdown(wait=False, cancel_futures=True)

    def after_fork_in_child(self) -> None:
        """The threads are the parent's."""
        self._executor = None

    async def wait_closed(self) -> None:
        """After :meth:`abort`: until every thread has ended."""
        if self._executor is not None and self._is_used:
            # At the interpreter's exit no thread can be begun; by then it has waited for ours itself.
            with contextlib.suppress(RuntimeError):
                await asyncio.to_thread(self._executor.shutdown)
