"""What a callable's child processes print where they would have inherited the notebook's own streams."""

from __future__ import annotations

import contextlib
import os
import select
import threading

from autobench_nb.jobs.executors.capture import JobStreams, JobText


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
            self._streams.adopt(self)
            self._thread = threading.Thread(
                target=self._run, name="autobench-child-output", daemon=True
            )
            self._thread.start()

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

    def _read(self, descriptor: int) -> None:
        while True:
            try:
                data = os.read(descriptor, 65_536)
            except BlockingIOError:
                return
            if not data:
                self._ours[descriptor].end()
                self._at_end.add(descriptor)
                return
            self._ours[descriptor].feed(data)

    def _run(self) -> None:
        waiting = select.poll()
        for descriptor in self._ours:
            waiting.register(descriptor, select.POLLIN)
        is_over = False
        while not is_over:
            waiting.poll()
            is_over = self.pump()
            with self._lock:
                for descriptor in self._at_end:
                    with contextlib.suppress(KeyError):  # it has left before
                        waiting.unregister(descriptor)
        self._streams.leave(self)
        for descriptor in self._ours:
            os.close(descriptor)
