"""``print()`` inside a callable goes to its job's log; everybody else's goes where it always went.

While callables run, ``sys.stdout`` and ``sys.stderr`` are stand-ins that look up, per context (``contextvars``), whose
output this is. Threads have contexts of their own, so what other threads print (a notebook's cells, also under
ipykernel, whose streams are more than files) passes through untouched; what a callable's own tasks and
``asyncio.to_thread`` print is the job's.
"""

from __future__ import annotations

import contextlib
import io
import sys
import threading
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from typing import Any

from autobench_nb.jobs.output import OutputStream

_mine: ContextVar[dict[str, JobText] | None] = ContextVar("autobench_nb_output", default=None)
_lock = threading.Lock()
_users = 0


class JobText(io.TextIOBase):
    """A text stream into a job's log. Thread-safe."""

    def __init__(self, stream: OutputStream, urgent: Callable[[], bool]) -> None:
        self._stream = stream
        self._urgent = urgent
        self._turn = (
            threading.RLock()
        )  # reentrant: a finalizer may print while a line is being taken
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
            if (
                self._ended
            ):  # a task or thread that outlives its job: nobody will finish the line for it
                self._stream.finish()

    def end(self) -> None:
        """The callable has returned: log the line that it left open."""
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


class StandIn:
    """Stands for ``sys.stdout`` or ``sys.stderr`` while callables run: the job's stream, or the one before."""

    def __init__(self, name: str, before: Any) -> None:
        self.__dict__.update(_name=name, _before=before)

    def _now(self) -> Any:
        mine = _mine.get()
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
def captured(streams: dict[str, JobText]) -> Iterator[None]:
    """Within this context (``contextvars``), ``stdout`` and ``stderr`` are these streams."""
    _begin()
    token = _mine.set(streams)
    try:
        yield
    finally:
        _mine.reset(token)
        _end()
        for stream in streams.values():
            stream.end()


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
