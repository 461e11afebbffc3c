"""Python callables in a process of their own, which can be ended."""

from __future__ import annotations

import json
import logging
import os
import pickle
import socket
import sys
import tempfile
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from autobench_nb.errors import reason_of
from autobench_nb.jobs.executors.executor import Repetition, RepetitionOutcome
from autobench_nb.jobs.executors.local_process import LocalProcess
from autobench_nb.jobs.work import How, Task
from autobench_nb.logs.entry import Level
from autobench_nb.state.model import JobKind, JobStatus

PROGRAM: Final = Path(__file__).with_name("isolated_child.py")
_DATAGRAM_BYTES: Final = 1_048_576


class IsolatedCallables:
    """Runs each repetition of a callable as a command: a new interpreter that gets the pickled callable.

    Functions of a notebook or script are pickled by value, which needs ``cloudpickle``; what can be imported by name
    does without. Output, log records and progress come as they are made; the returned value and the traceback at the
    end. Wall and CPU seconds are those of the call alone, children included; peak memory is the whole process's.
    At the time limit, which includes the interpreter's start, or when cancelled, the process ends as a command's does.
    """

    def __init__(self, commands: LocalProcess) -> None:
        self._commands = commands

    def refusal(self, task: Task, how: How) -> str | None:
        """Say why the callable cannot be sent to another process; see :class:`Executor`."""
        del how
        try:
            _dumps(task.function)
        except Exception as error:  # noqa: BLE001 - what a foreign object does when it is pickled is its own
            hint = (
                "" if _cloudpickle() else ", or pip install cloudpickle for functions of a notebook"
            )
            return (
                f"cannot send it to a process of its own ({reason_of(error)}): "
                f"run it without isolate=True{hint}."
            )
        return None

    def run(self, task: Task, repetition: Repetition) -> RepetitionOutcome:
        """Do one repetition; see :class:`Executor`."""
        with tempfile.TemporaryDirectory(prefix="autobench-nb-") as directory:
            call = {
                "function": _dumps(task.function),
                "path": [os.path.abspath(entry) for entry in sys.path],
                "job_id": repetition.job_id,
                "name": repetition.name,
                "repetition": repetition.repetition,
                "limit": repetition.how.timeout_s,
                "level": logging.getLogger().level,
            }
            Path(directory, "call").write_bytes(pickle.dumps(call))
            command = replace(
                task,
                kind=JobKind.COMMAND,
                argv=(sys.executable, "-u", str(PROGRAM), directory),
                function=None,
            )
            with _Messages(Path(directory, "messages"), repetition):
                outcome = self._commands.run(command, repetition)
            return _result(Path(directory, "result"), outcome, repetition)


class _Messages:
    """Hears what the process says besides its output, in a thread of its own, from enter to exit."""

    def __init__(self, path: Path, repetition: Repetition) -> None:
        self._path = str(path)
        self._repetition = repetition
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(self._path)
        self._thread = threading.Thread(target=self._run, name="autobench-isolated", daemon=True)

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *error: object) -> None:
        # An empty datagram is the last one: all that was sent before it is heard.
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as end:
            end.sendto(b"", self._path)
        self._thread.join()
        self._socket.close()

    def _run(self) -> None:
        while data := self._socket.recv(_DATAGRAM_BYTES):
            try:
                self._receive(json.loads(data))
            except (ValueError, TypeError) as error:  # a message that was cut, or with odd fields
                self._repetition.log.say(Level.WARN, f"A message could not be read: {error}.")

    def _receive(self, message: dict[str, Any]) -> None:
        if "progress" in message:
            fraction, text = message["progress"]
            self._repetition.progress(fraction, text)
        else:
            channel, level, text = message["log"]
            self._repetition.log.append(channel, level, text, **message["more"])


def _result(path: Path, outcome: RepetitionOutcome, repetition: Repetition) -> RepetitionOutcome:
    """What came of the call, laid over what came of its process."""
    try:
        result = pickle.loads(path.read_bytes())
    except FileNotFoundError:
        if outcome.status is JobStatus.SUCCEEDED:
            return replace(outcome, status=JobStatus.FAILED, reason="the process ended itself")
        return outcome
    except Exception as error:  # noqa: BLE001 - a value whose class cannot be made here
        reason = f"its value cannot be read here: {reason_of(error)}"
        return replace(outcome, status=JobStatus.FAILED, reason=reason)
    if outcome.status is not JobStatus.SUCCEEDED:
        return outcome
    measured = replace(
        outcome,
        wall_s=result["wall_s"],
        cpu_user_s=result["user_s"],
        cpu_system_s=result["system_s"],
        exit_code=None,
    )
    if result["error"] is not None:
        repetition.log.say(Level.ERROR, result["error"], exc=result["trace"])
        return replace(measured, status=JobStatus.FAILED, reason=result["error"])
    if result.get("unpicklable"):
        repetition.log.say(
            Level.WARN,
            f"{repetition.name}: the value that it returned cannot leave its process: {result['unpicklable']}.",
        )
    return replace(measured, value=result["value"])


def _cloudpickle() -> Callable[[Any], bytes] | None:
    try:
        import cloudpickle
    except ImportError:
        return None
    dumps: Callable[[Any], bytes] = cloudpickle.dumps
    return dumps


def _dumps(function: Any) -> bytes:
    return (_cloudpickle() or pickle.dumps)(function)
