"""What a Dask worker says of a repetition: messages by the scheduler's events, few of them, and never waited for.

A message has the repetition's ``key``, and any of ``began`` (the worker's address, in the first one), ``lines`` (a
numbered batch), ``progress``, ``overdue`` and ``report`` (in the last one). Each costs worker, scheduler and client
alike, so that what comes in quick succession goes together. What a batch has no room for is counted: a command that
waits for its log is measured wrongly.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any, Final

from autobench_nb.logs.entry import Level

BATCH_BYTES: Final = 32_768
"""A batch is sent when it has so much; the scheduler keeps the last thousand of them."""
BATCH_S: Final = 0.1
"""What waits is sent after so long."""
WAITING_BYTES: Final = 2_097_152
"""Of lines that wait to be sent; what comes beyond is left out, and counted."""
LINE_BYTES: Final = 16_384
"""Of one line that is sent; a longer one is cut, which is said at its end."""


class LineBatches:
    """Messages of one repetition on their way to the client. Thread-safe.

    Args:
        send: Sends one message; may be called from any thread.
        key: Names the repetition in each message.
        began: Where it has begun, which the first message says; that is due after :data:`BATCH_S`.
    """

    def __init__(
        self, send: Callable[[dict[str, Any]], None], key: str, began: str | None = None
    ) -> None:
        self._send = send
        self._key = key
        self._lock = threading.Lock()
        self._waiting: list[list[Any]] = []
        self._bytes = 0
        self._sent_at = 0.0 if began is None else time.monotonic()
        self._first: dict[str, Any] = {} if began is None else {"began": began}
        self.number = 0
        self.left_out = 0

    def append(
        self,
        channel: str,
        level: Any,
        message: str,
        ts: float | None = None,
        logger: str | None = None,
        job_id: str | None = None,
        **more: Any,
    ) -> None:
        """Take an entry, as ``LogRing.append`` does."""
        del ts, job_id
        if len(message) > LINE_BYTES:
            message = f"{message[:LINE_BYTES]}… [cut: {len(message):,} characters]"
        told = {name: value for name, value in more.items() if isinstance(value, str | int)}
        size = len(message) + 64
        with self._lock:
            if self._bytes + size > WAITING_BYTES:
                self.left_out += 1
                return
            self._waiting.append([channel, int(Level.parse(level)), message, logger, told])
            self._bytes += size
        self.flush(time.monotonic())

    def tell(self, **told: Any) -> None:
        """Send a message at once; without anything to tell, that it has begun."""
        with self._lock:
            self._say(told)

    def flush(self, now: float, *, all_of_it: bool = False) -> None:
        """Send what is due: a full batch, or one that has waited for long; one in each :data:`BATCH_S` / 4."""
        with self._lock:
            while self._waiting or self._first:
                waited_s = now - self._sent_at
                is_due = waited_s >= BATCH_S or (
                    self._bytes >= BATCH_BYTES and waited_s >= BATCH_S / 4
                )
                if not (is_due or all_of_it):
                    return
                self._say(self._next() if self._waiting else {})
                self._sent_at = now

    def begin_last(self) -> None:
        """Send all but the last batch, which goes with the report."""
        with self._lock:
            while self._bytes >= BATCH_BYTES:
                self._say(self._next())
            # The report has to say how many were sent.
            self.number += bool(self._waiting)

    def end(self, **report: Any) -> None:
        """Send the last batch, with what is left to say. Nothing may be appended since :meth:`begin_last`."""
        with self._lock:
            self.number -= bool(self._waiting)
            self._say({**(self._next() if self._waiting else {}), **report})

    def _say(self, told: dict[str, Any]) -> None:
        first, self._first = self._first, {}
        if first or told:
            self._send({"key": self._key, **first, **told})

    def _next(self) -> dict[str, Any]:
        size, count = 0, 0
        while count < len(self._waiting) and size < BATCH_BYTES:
            size += len(self._waiting[count][2]) + 64
            count += 1
        lines, self._waiting = self._waiting[:count], self._waiting[count:]
        self._bytes -= size
        self.number += 1
        return {"n": self.number, "lines": lines}


class Sender:
    """Sends what is due of all repetitions that run: one thread, which lives while there are any. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._wake = threading.Event()
        self._running: dict[str, LineBatches] = {}
        self._thread: threading.Thread | None = None

    def add(self, key: str, batches: LineBatches) -> None:
        """Look after a repetition from now on."""
        with self._lock:
            self._running[key] = batches
            if self._thread is None:
                self._thread = threading.Thread(
                    target=self._run, name="autobench-lines", daemon=True
                )
                self._thread.start()

    def remove(self, key: str) -> None:
        """Look after it no longer."""
        with self._lock:
            self._running.pop(key, None)

    def _run(self) -> None:
        idle = 0
        while True:
            self._wake.wait(BATCH_S)
            with self._lock:
                running = list(self._running.values())
                idle = 0 if running else idle + 1
                if idle > _IDLE_LOOKS:
                    self._thread = None
                    return
            for batches in running:
                batches.flush(time.monotonic())


_IDLE_LOOKS: Final = 20
"""A thread that has had nothing to do for so many looks ends: to begin one for each repetition costs more."""
