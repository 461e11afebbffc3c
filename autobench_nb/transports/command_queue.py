"""Commands on their way from the pump to the loop that runs them: the server's, in a notebook the notebook's own."""

from __future__ import annotations

import asyncio
import queue
import threading
import time
from collections.abc import Callable, Coroutine, Mapping
from concurrent.futures import Future
from typing import Any, NamedTuple

from autobench_nb.sync.effects import RunCommand
from autobench_nb.transports.commands import Command, Log, Outcome, run_command

Answer = Callable[[RunCommand, Any, tuple[str, str] | None], None]
"""Takes what came of a command: its value, or the error's code and message."""


class _Waiting(NamedTuple):
    request: RunCommand
    answer: Answer


class CommandQueue:
    """Runs commands on the loop that is running where this is made, one after the other, in the order they came.

    The hub bounds how many a client may have under way, and so how many wait here.
    """

    def __init__(self, commands: Mapping[str, Command], log: Log) -> None:
        self._commands = commands
        self._log = log
        self.loop = asyncio.get_running_loop()
        """Where they run."""
        self._thread = threading.get_ident()
        self._waiting: queue.SimpleQueue[_Waiting | None] = queue.SimpleQueue()
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def is_here(self) -> bool:
        """Whether the caller is on the thread of that loop."""
        return threading.get_ident() == self._thread

    def put(self, request: RunCommand, answer: Answer) -> None:
        """Run a command, at once where the caller is on the loop's thread. Any thread may call it."""
        if self.is_here:
            self._run(_Waiting(request, answer))
            return
        self._waiting.put(_Waiting(request, answer))
        try:
            self.loop.call_soon_threadsafe(self._run_waiting)
        except RuntimeError:
            answer(request, None, ("closed", "The loop that runs commands has ended."))

    def run_until(self, answered: Future[Any], session: int, timeout_s: float) -> None:
        """Run what comes while the caller, on the loop's thread, waits for an answer and so holds up the loop.

        It returns when ``answered`` is done, when the time is over, or when a command of ``session`` is one that only
        the loop can finish.
        """
        deadline = time.monotonic() + timeout_s
        answered.add_done_callback(lambda _: self._waiting.put(None))
        while not answered.done() and (left := deadline - time.monotonic()) > 0:
            try:
                one = self._waiting.get(timeout=left)
            except queue.Empty:
                return
            if one is not None and not self._run(one) and one.request.session == session:
                return

    def close(self) -> None:
        """On the loop: end what commands have begun."""
        for task in self._tasks:
            task.cancel()

    def _run_waiting(self) -> None:
        while True:
            try:
                one = self._waiting.get_nowait()
            except queue.Empty:
                return
            if one is not None:
                self._run(one)

    def _run(self, one: _Waiting) -> bool:
        """Run it; False where its answer comes later."""
        request = one.request
        outcome = run_command(self._commands, request.name, request.args, self._log)
        if isinstance(outcome, Coroutine):
            task = self.loop.create_task(self._finish(one, outcome))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
            return False
        one.answer(request, *outcome)
        return True

    @staticmethod
    async def _finish(one: _Waiting, outcome: Coroutine[Any, Any, Outcome]) -> None:
        one.answer(one.request, *(await outcome))
