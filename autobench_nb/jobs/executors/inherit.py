"""What a callable starts belongs to its job: threads, pools, log records and child processes.

Python's threads begin with an empty context (``contextvars``), its ``logging`` and ``subprocess`` know no job. So, from
the first callable of a process on, four of their functions are wrapped: ``Thread.start``,
``ThreadPoolExecutor.submit``, ``Logger.callHandlers`` and ``Popen`` (its start and its ``wait``). Outside of jobs each
does exactly what it did.

Not reached: threads that C code or ``_thread`` starts, ``multiprocessing.pool.ThreadPool`` made outside of the job,
processes that are not started by ``subprocess`` (``os.system``, ``os.fork``, ``multiprocessing``), and what C code
writes to the descriptors 1 and 2: those are the whole process's, so the notebook's too.
"""

from __future__ import annotations

import concurrent.futures
import concurrent.futures.thread
import functools
import inspect
import logging
import os
import subprocess
import threading
from collections.abc import Callable
from contextvars import ContextVar, Token
from typing import Any, Final

from autobench_nb.jobs.executors.capture import STREAMS, JobText, StandIn, job_streams
from autobench_nb.jobs.executors.children import ChildOutput
from autobench_nb.logs import attribution
from autobench_nb.logs.entry import Level

CHANNEL: Final = "python"
"""The channel of log records of a job that no bridge carries."""

_lock = threading.Lock()
_inherited: list[ContextVar[Any]] = []
_STANDARD: Final = frozenset(logging.makeLogRecord({}).__dict__) | {
    "message",
    "asctime",
    "taskName",
}
_FORMATTER: Final = logging.Formatter()


def install(*variables: ContextVar[Any]) -> None:
    """Wrap those functions, once a process; ``variables`` go along into what a job starts."""
    if _inherited:
        return
    with _lock:
        if len(_inherited):
            return
        _wrap(threading.Thread, "start", _thread_start)
        _wrap(concurrent.futures.ThreadPoolExecutor, "submit", _pool_submit)
        _wrap(logging.Logger, "callHandlers", _call_handlers)
        _wrap(subprocess.Popen, "__init__", _popen_init)
        _wrap(subprocess.Popen, "wait", _popen_wait)
        _inherited.extend(variables)
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(after_in_child=_leave_the_job)


def _leave_the_job() -> None:
    """In a forked child the log is a copy that nobody reads: what it prints goes where the process prints."""
    STREAMS.set(None)
    attribution.OWNER.set(None)


def _wrap(owner: Any, name: str, make: Callable[[Any], Any]) -> None:
    original = getattr(owner, name)
    setattr(owner, name, functools.wraps(original)(make(original)))


# --- threads and pools


def _within(call: Callable[..., Any]) -> Callable[..., Any]:
    """``call``, in the calling job's context wherever it is called; of that context only what makes the job."""
    values = [(variable, variable.get()) for variable in _inherited]

    def run(*args: Any, **kwargs: Any) -> Any:
        tokens: list[tuple[ContextVar[Any], Token[Any]]] = [
            (variable, variable.set(value)) for variable, value in values
        ]
        try:
            return call(*args, **kwargs)
        finally:
            for variable, token in tokens:
                variable.reset(token)

    return run


def _thread_start(original: Any) -> Any:
    def start(self: threading.Thread) -> None:
        # A pool's worker serves whoever submits next, so it is the work and not the worker that belongs to a job.
        is_worker = getattr(self, "_target", None) is concurrent.futures.thread._worker
        if job_streams() is not None and not is_worker:
            self.run = _within(self.run)  # type: ignore[method-assign]
        original(self)

    return start


def _pool_submit(original: Any) -> Any:
    def submit(self: Any, fn: Any, /, *args: Any, **kwargs: Any) -> Any:
        # What an interpreter of its own runs (Python 3.14) is pickled, and prints there.
        interpreters = getattr(concurrent.futures, "InterpreterPoolExecutor", ())
        if job_streams() is not None and not isinstance(self, interpreters):
            fn = _within(fn)
        return original(self, fn, *args, **kwargs)

    return submit


# --- log records


def _call_handlers(original: Any) -> Any:
    def callHandlers(self: logging.Logger, record: logging.LogRecord) -> None:
        owner = attribution.owner()
        if owner is None:
            original(self, record)
            return
        # Without any handler the standard library would print the record on stderr, which is the job's log as well.
        if self.hasHandlers():
            original(self, record)
        if not record.__dict__.pop(attribution.TOLD, False) and not _is_printed(self, record):
            _forward(owner.append, record)

    return callHandlers


def _is_printed(logger: logging.Logger, record: logging.LogRecord) -> bool:
    """Whether a handler has printed the record on the job's own stdout or stderr."""
    current: logging.Logger | None = logger
    while current is not None:
        for handler in current.handlers:
            stream = getattr(handler, "stream", None)
            if isinstance(stream, (StandIn, JobText)) and record.levelno >= handler.level:
                return True
        current = current.parent if current.propagate else None
    return False


def _forward(append: Callable[..., None], record: logging.LogRecord) -> None:
    try:
        message = record.getMessage()
    except Exception:  # noqa: BLE001 - arguments that do not fit, or whose __str__ raises: they are logged as they are
        message = f"{record.msg} {record.args!r}"
    parts = []
    if record.exc_info:
        parts.append(record.exc_text or _FORMATTER.formatException(record.exc_info))
    if record.stack_info:
        parts.append(record.stack_info)
    extra = {name: value for name, value in record.__dict__.items() if name not in _STANDARD}
    append(
        CHANNEL,
        Level.parse(record.levelno),
        message,
        ts=record.created * 1e3,
        logger=record.name,
        fields=extra or None,
        exc="\n".join(parts) or None,
    )


# --- child processes


def _popen_init(original: Any) -> Any:
    signature = inspect.signature(original)

    def __init__(self: Any, *args: Any, **kwargs: Any) -> None:
        streams = job_streams()
        if streams is None:
            original(self, *args, **kwargs)
            return
        bound = signature.bind(self, *args, **kwargs)
        output = ChildOutput(streams)
        try:
            for name in ("stdout", "stderr"):
                given = bound.arguments.get(name)
                if given is None or isinstance(given, (StandIn, JobText)):
                    bound.arguments[name] = output.pipe(_name_of(given, name))
            original(*bound.args, **bound.kwargs)
        except BaseException:
            # Whatever Popen raises goes to its caller; the pipes of a child that never was are closed before.
            output.close()
            raise
        finally:
            output.close_theirs()
        self._autobench_output = output
        output.start()

    return __init__


def _name_of(given: Any, name: str) -> str:
    """The job's stream that is meant: the usual one, or one that was given by hand, as in ``stderr=sys.stdout``."""
    return name if given is None else str(given.name)


def _popen_wait(original: Any) -> Any:
    def wait(self: Any, timeout: float | None = None) -> Any:
        code = original(self, timeout)
        output = self.__dict__.get("_autobench_output")
        if output is not None:
            output.pump()  # what it printed stands before what is printed from here on
        return code

    return wait
