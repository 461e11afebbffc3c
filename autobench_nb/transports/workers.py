"""Threads for work that would hold up the loop."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final

THREADS: Final = 2


class Workers:
    """A few threads, begun when there is first something for them."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._executor: ThreadPoolExecutor | None = None

    def do(self, work: Callable[[], Any]) -> asyncio.Future[Any]:
        """Run ``work`` on one of them."""
        if self._executor is None:
            self._executor = ThreadPoolExecutor(THREADS, thread_name_prefix="autobench-pack")
        return self._loop.run_in_executor(self._executor, work)

    def abort(self) -> None:
        """Begin nothing more."""
        if self._executor is not None:
            self._executor.shutdown(wait=False, cancel_futures=True)

    def after_fork_in_child(self) -> None:
        """The threads are the parent's."""
        self._executor = None

    async def wait_closed(self) -> None:
        """After :meth:`abort`: until every thread has ended."""
        if self._executor is not None:
            # At the interpreter's exit no thread can be begun; by then it has waited for ours itself.
            with contextlib.suppress(RuntimeError):
                await asyncio.to_thread(self._executor.shutdown)
