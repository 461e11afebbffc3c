"""What a callable's child processes print where they would have inherited the notebook's own streams."""

from __future__ import annotations

import contextlib
import os
import select
import threading
from typing import Final

from autobench_nb.jobs.executors.capture import JobStreams, JobText

PIPE_BYTES: Final = 65_536
"""What a pipe of Linux or macOS holds, where nobody has asked for more."""


class ChildOutput:
    """The pipes of one child process, read into its job's log until the last one who holds them has ended.

    Whoever wants to may read (:meth:`pump`), but only the thread closes them: it waits for their descriptors.
    """

    def __init__(self, streams: JobStreams) -> None:
        self._streams = streams
        self._lock = threading.Lock()
        self._ours: dict[int, JobText] = {}
        self._at_end: set[int] = set()
        self._theirs: list[int] = []
        self._thread: threading.Thread | None = None

    def pipe(self, name: str) -> int:
        """Open a pipe into the job's ``stdout`` or ``stderr``; gives the child's end."""
        ours, theirs = os.pipe()
        os.set_blocking(ours, False)
        self._ours[ours] = self._streams.open(name)
        self._theirs.append(theirs)
        return theirs

    def start(self) -> None:
        """Begin to read, in a thread that ends with the child's output."""
        if self._ours:
            self._thread = threading.Thread(
                target=self._run, name="autobench-child-output", daemon=True
            )
            self._thread.start()
            self._streams.adopt(self)

    def close_theirs(self) -> None:
        """Close the child's ends here: the child has its own, or was never started."""
        while self._theirs:
            os.close(self._theirs.pop())

    def close(self) -> None:
        """Give up all pipes; nobody reads them."""
        self.close_theirs()
        for descriptor, text in self._ours.items():
            text.end()
            os.close(descriptor)

    def pump(self) -> bool:
        """Log all that was printed so far; True when nobody holds the pipes any more."""
        with self._lock:
            for descriptor in self._ours.keys() - self._at_end:
                self._read(descriptor)
            return len(self._at_end) == len(self._ours)

    def join(self) -> None:
        """Wait for the thread; to be called when :meth:`pump` says that nothing more can come."""
        if self._thread is not None:
            self._thread.join()

    @property
    def has_ended(self) -> bool:
        """Whether the thread has, and with it all that it held."""
        return self._thread is not None and not self._thread.is_alive()

    def _read(self, descriptor: int) -> None:
        # What a pipe holds, and no more: one that is written to without a pause would never be read to its end.
        left = PIPE_BYTES
        while left > 0:
            try:
                data = os.read(descriptor, left)
            except BlockingIOError:
                return
            if not data:
                self._ours[descriptor].end()
                self._at_end.add(descriptor)
                return
            left -= len(data)
            self._ours[descriptor].feed(data)

    def _run(self) -> None:
        waiting = select.poll()
        for descriptor in self._ours:
            waiting.register(descriptor, select.POLLIN)
        is_over = False
        while not is_over:
            waiting.poll()
            self.pump()
            # Another thread may have read the last end since: who waited for nothing then would wait for ever.
            with self._lock:
                for descriptor in self._at_end:
                    with contextlib.suppress(KeyError):  # it has left before
                        waiting.unregister(descriptor)
                is_over = len(self._at_end) == len(self._ours)
        for descriptor in self._ours:
            os.close(descriptor)
