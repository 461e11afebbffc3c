"""``print()`` inside a callable goes to its job's log; everybody else's goes where it always went.

While callables run, ``sys.stdout`` and ``sys.stderr`` are stand-ins that look up, per context (``contextvars``), whose
output this is. What other threads print (a notebook's cells, also under ipykernel, whose streams are more than files)
passes through untouched; what a callable's own tasks, threads and pools print is the job's.
"""

from __future__ import annotations

import contextlib
import io
import sys
import threading
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from typing import Any, Final, Protocol

from autobench_nb.jobs.output import OutputStream

STREAMS: Final[ContextVar[JobStreams | None]] = ContextVar("autobench_nb_output", default=None)
_lock = threading.Lock()
_users = 0


class JobText(io.TextIOBase):
    """A text stream into a job's log; ``name``: ``stdout`` or ``stderr``. Thread-safe."""

    def __init__(self, name: str, stream: OutputStream, urgent: Callable[[], bool]) -> None:
        self.name = name
        self._stream = stream
        self._urgent = urgent
        # Reentrant: a finalizer may print while a line is being taken.
        self._turn = threading.RLock()
        self._ended = False
        self.buffer = _JobBytes(self)

    @property
    def encoding(self) -> str:  # type: ignore[override]
        return "utf-8"

    def writable(self) -> bool:
        return True

    def write(self, text: str) -> int:
        if not isinstance(text, str):
            raise TypeError(f"write() argument must be str, not {type(text).__name__}")
        self.feed(text.encode("utf-8", "backslashreplace"))
        return len(text)

    def feed(self, data: bytes) -> None:
        """Log the lines that end within ``data``."""
        with self._turn:
            self._stream.feed(data, self._urgent)
            if self._ended:
                # A task or thread that outlives its job: nobody will finish the line for it.
                self._stream.finish()

    def end(self) -> None:
        """Log the line that was left open: nothing more is expected."""
        with self._turn:
            self._ended = True
            self._stream.finish()


class _JobBytes(io.RawIOBase):
    """``sys.stdout.buffer`` of a job."""

    def __init__(self, text: JobText) -> None:
        self._text = text

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        taken = bytes(data)
        self._text.feed(taken)
        return len(taken)


class OutputReader(Protocol):
    """Reads what a child process prints."""

    def pump(self) -> bool:
        """Log all that was printed so far; True when no more can come."""

    def join(self) -> None:
        """Wait until it has closed what it read; to be called when no more can come."""

    @property
    def has_ended(self) -> bool:
        """Whether it has closed what it read."""


class JobStreams:
    """Where a callable's output goes: its own two streams, and one more for each stream of a child process."""

    def __init__(self, stream: Callable[[str], OutputStream], urgent: Callable[[], bool]) -> None:
        self._stream = stream
        self._urgent = urgent
        self._readers: set[OutputReader] = set()
        self._own = {name: self.open(name) for name in ("stdout", "stderr")}

    def __getitem__(self, name: str) -> JobText:
        return self._own[name]

    def open(self, name: str) -> JobText:
        """A new way into the log, so that unfinished lines of several writers do not mix."""
        return JobText(name, self._stream(name), self._urgent)

    def adopt(self, reader: OutputReader) -> None:
        """Remember a child process that writes, and forget those that have written all.

        None forgets itself: :meth:`end` could not wait for the last steps of its thread.
        """
        for other in tuple(self._readers):
            if other.has_ended:
                self._readers.discard(other)
        self._readers.add(reader)

    def end(self) -> int:
        """Log what was printed so far, whole line or not; gives how many child processes still hold their streams."""
        left = 0
        for reader in tuple(self._readers):
            if reader.pump():
                reader.join()
            else:
                left += 1
        for text in self._own.values():
            text.end()
        return left


def job_streams() -> JobStreams | None:
    """The streams of the job that the calling context belongs to."""
    return STREAMS.get()


class StandIn:
    """Stands for ``sys.stdout`` or ``sys.stderr`` while callables run: the job's stream, or the one before."""

    def __init__(self, name: str, before: Any) -> None:
        self.__dict__.update(_name=name, _before=before)

    def _now(self) -> Any:
        mine = STREAMS.get()
        return self._before if mine is None else mine[self._name]

    def __getattr__(self, name: str) -> Any:
        return getattr(self._now(), name)

    def __setattr__(self, name: str, value: Any) -> None:
        setattr(self._now(), name, value)

    def __iter__(self) -> Iterator[str]:
        return iter(self._now())

    def __repr__(self) -> str:
        return repr(self._now())


@contextlib.contextmanager
def captured(streams: JobStreams) -> Iterator[None]:
    """Within this context (``contextvars``), ``sys.stdout`` and ``sys.stderr`` are these streams."""
    _begin()
    token = STREAMS.set(streams)
    try:
        yield
    finally:
        STREAMS.reset(token)
        _end()


def _begin() -> None:
    global _users
    with _lock:
        _users += 1
        for name in ("stdout", "stderr"):
            before = getattr(sys, name)
            if before is not None and not isinstance(before, StandIn):
                setattr(sys, name, StandIn(name, before))


def _end() -> None:
    """The last one puts back what stood there, unless somebody has put something else there since."""
    global _users
    with _lock:
        _users -= 1
        if _users:
            return
        for name in ("stdout", "stderr"):
            now = getattr(sys, name)
            if isinstance(now, StandIn):
                setattr(sys, name, now.__dict__["_before"])
