"""The program of a process of its own in which one callable runs: ``python isolated_child.py DIRECTORY``.

It reads ``call`` there, runs it, and leaves ``result``; what it logs and how far it is goes through the socket
``messages``, as datagrams of JSON. Only the standard library is imported, so that the start is short and the memory
small, unless the callable itself needs more.
"""

from __future__ import annotations

import inspect
import json
import logging
import os
import pickle
import socket
import sys
import time
import traceback
from types import ModuleType
from typing import Any

JOB_MODULE = "autobench_nb_isolated_job"
"""The name under which ``current_job`` finds the job in this process."""
MESSAGE_LIMIT = 60_000
"""Characters of a message's text; a datagram has a limit."""


class IsolatedJob:
    """The job that this process is, as ``current_job()`` gives it here."""

    def __init__(self, call: dict[str, Any], send: Any) -> None:
        self.id = call["job_id"]
        self.name = call["name"]
        self.repetition = call["repetition"]
        self._send = send
        limit = call["limit"]
        self._deadline = None if limit is None else time.monotonic() + limit

    @property
    def cancelled(self) -> bool:
        """Whether its time is up. A cancel ends the process itself."""
        return self._deadline is not None and time.monotonic() >= self._deadline

    @property
    def log(self) -> Any:
        """A logger whose entries carry the job's id."""
        # Imported here, since the child starts sooner without it and most calls log nothing.
        from autobench_nb.logs.logger import ChannelLogger

        return ChannelLogger(self.append, "job")

    def progress(self, fraction: float, text: str | None = None) -> None:
        """Say how far this repetition is, 0 to 1, and what it does now."""
        self._send({"progress": [float(fraction), text]})

    def append(self, channel: str, level: int, message: str, ts: Any = None, **more: Any) -> None:
        """Log one entry of the job."""
        more["ts"] = ts
        self._send({"log": [channel, int(level), message[:MESSAGE_LIMIT]], "more": more})


class LogToJob(logging.Handler):
    """Carries what the standard ``logging`` says into the job's log."""

    def __init__(self, job: IsolatedJob) -> None:
        super().__init__()
        self._job = job

    def emit(self, record: logging.LogRecord) -> None:
        """Send the record."""
        exc = logging.Formatter().formatException(record.exc_info) if record.exc_info else None
        self._job.append(
            "python",
            max(10, record.levelno),
            record.getMessage(),
            record.created * 1e3,
            logger=record.name,
            exc=exc,
        )


def main(directory: str) -> None:
    """Run the call that lies in ``directory``."""
    with open(os.path.join(directory, "call"), "rb") as file:
        call = pickle.load(file)
    sys.path[:] = call["path"]
    messages = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    messages.connect(os.path.join(directory, "messages"))
    job = IsolatedJob(
        call, lambda message: messages.send(json.dumps(message, default=repr).encode())
    )
    module = ModuleType(JOB_MODULE)
    module.job = job  # type: ignore[attr-defined]
    sys.modules[JOB_MODULE] = module
    logging.getLogger().addHandler(LogToJob(job))
    logging.getLogger().setLevel(call["level"])
    result = run(call["function"])
    unfinished = os.path.join(directory, "unfinished")
    with open(unfinished, "wb") as file:
        file.write(dumped(result))
    os.rename(unfinished, os.path.join(directory, "result"))


def run(function: bytes) -> dict[str, Any]:
    """Call it, and say what came of it and what it cost."""
    result: dict[str, Any] = {"value": None, "error": None, "trace": None}
    before, started = os.times(), time.monotonic()
    try:
        call = pickle.loads(function)
        before, started = os.times(), time.monotonic()
        value = call()
        if inspect.isawaitable(value):
            # Only coroutines need it, and it takes longer to import than all else here.
            import asyncio

            value = asyncio.run(until_done(value))
        result["value"] = value
    except BaseException as error:  # noqa: BLE001 - whatever it raises is its result
        name, text = type(error).__name__, _text_of(error)
        result["error"] = f"{name}: {text}" if text else name
        # The first entry of the traceback is this function's own.
        trace = error.__traceback__.tb_next if error.__traceback__ else None
        lines = traceback.format_exception(type(error), error, trace)
        result["trace"] = "".join(lines).rstrip()
    after = os.times()
    result["wall_s"] = time.monotonic() - started
    result["user_s"] = after.user + after.children_user - before.user - before.children_user
    result["system_s"] = (
        after.system + after.children_system - before.system - before.children_system
    )
    return result


def _text_of(error: BaseException) -> str:
    try:
        return str(error)
    except Exception:  # noqa: BLE001 - a foreign __str__ may raise anything; the text says that it did
        return "its text cannot be had"


async def until_done(awaitable: Any) -> Any:
    """Any awaitable as a coroutine."""
    return await awaitable


def dumped(result: dict[str, Any]) -> bytes:
    """The result pickled; without the value where that cannot be."""
    for module in ("cloudpickle", "pickle"):
        try:
            return bytes(__import__(module).dumps(result))
        except ImportError:
            continue
        except Exception as error:  # noqa: BLE001 - what a foreign object does when it is pickled is its own
            result["unpicklable"] = f"{type(error).__name__}: {_text_of(error)}"
    return pickle.dumps({**result, "value": None})


if __name__ == "__main__":
    main(sys.argv[1])
