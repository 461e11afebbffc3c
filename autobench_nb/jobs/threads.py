"""Threads that run commands' jobs, one job each at a time: one that has ended its job is kept a while for the next."""

from __future__ import annotations

import threading
from collections.abc import Callable
from queue import Empty, SimpleQueue
from typing import Final

IDLE_S: Final = 2.0
"""How long a thread waits for another job."""

Work = Callable[[], None]


class JobThread(threading.Thread):
    """A thread of :class:`JobThreads`."""

    def __init__(self, number: int) -> None:
        super().__init__(name=f"autobench-commands-{number}", daemon=True)
        self.works: SimpleQueue[Work | None] = SimpleQueue()
        self.idle_in: list[JobThread] = []
        self.lock = threading.Lock()

    def run(self) -> None:
        """Do what comes until nothing has come for a while, or the end is said."""
        work = self.works.get()
        while work is not None:
            work()
            work = None  # nothing of a job is kept while nothing is done
            with self.lock:
                self.idle_in.append(self)
            try:
                work = self.works.get(timeout=IDLE_S)
            except Empty:
                with self.lock:
                    if self in self.idle_in:
                        self.idle_in.remove(self)
                        return
                work = self.works.get()  # it was chosen in this moment


class JobThreads:
    """Uses those again that are there: to start one takes a tenth of a short command. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._idle: list[JobThread] = []
        self._all: set[JobThread] = set()
        self._count = 0

    def take(self) -> JobThread:
        """A thread that waits for its ``works``. Raises :class:`RuntimeError` where the system gives no more."""
        with self._lock:
            if self._idle:
                return self._idle.pop()
            self._count += 1
            thread = JobThread(self._count)
            thread.idle_in, thread.lock = self._idle, self._lock
            self._all = {one for one in self._all if one.is_alive()}
            self._all.add(thread)
        thread.start()
        return thread

    def close(self) -> None:
        """Nothing more comes: every thread ends with what it does. Waits for those that do nothing."""
        with self._lock:
            idle = tuple(self._idle)
            self._idle.clear()
            for thread in self._all:
                thread.works.put(None)
        for thread in idle:
            thread.join()

    def after_fork_in_child(self) -> None:
        """The threads are the parent's."""
        self._lock = threading.Lock()
        self._idle, self._all = [], set()
