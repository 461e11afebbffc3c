"""Runs a client's command, and says what came of it in a code and a sentence that were chosen."""

from __future__ import annotations

import inspect
import traceback
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from typing import Any, Protocol

from autobench_nb.errors import (
    AutoBenchError,
    ClosedError,
    CommandError,
    ConfigError,
    JobError,
    PathError,
    QueryError,
    StateError,
)

Command = Callable[[Mapping[str, Any]], Any]
"""Takes the ``args`` of a command; gives a JSON value, or an awaitable of one."""

Outcome = tuple[Any, tuple[str, str] | None]
"""The value, and the error's code and message where there was one."""


class Log(Protocol):
    """``LogRing.append``, as far as the transports use it."""

    def __call__(
        self,
        channel: str,
        level: Any,
        message: str,
        /,
        *,
        fields: Mapping[str, Any] | None = None,
        exc: str | None = None,
    ) -> None: ...


def run_command(
    commands: Mapping[str, Command], name: str, args: Mapping[str, Any], log: Log
) -> Outcome | Coroutine[Any, Any, Outcome]:
    """Run ``commands[name](args)``. An awaitable result gives a coroutine that ends in the outcome."""
    command = commands.get(name)
    if command is None:
        known = ", ".join(sorted(commands)) or "none"
        return None, ("unknown-command", f"There is no such command here. Known: {known}.")
    try:
        value = command(args)
    except Exception as error:  # noqa: BLE001 - whatever a command raises becomes an answer, and a log line
        return None, _explain(error, name, log)
    if inspect.isawaitable(value):
        return _settle(value, name, log)
    return value, None


async def _settle(awaitable: Awaitable[Any], name: str, log: Log) -> Outcome:
    try:
        return await awaitable, None
    except Exception as error:  # noqa: BLE001 - as above; a cancelled task stays cancelled
        return None, _explain(error, name, log)


def _explain(error: Exception, name: str, log: Log) -> tuple[str, str]:
    """The wire's code and sentence. Only errors raised on purpose speak for themselves."""
    match error:
        case CommandError():
            return error.code, str(error)
        case ClosedError():
            return "closed", str(error)
        case PathError():
            return "not-found", str(error)
        case StateError() | JobError() | QueryError() | ConfigError():
            return "bad-args", str(error)
        case AutoBenchError():
            return "failed", str(error)
    log(
        "app",
        "error",
        f"command {name} failed: {type(error).__name__}",
        exc="".join(traceback.format_exception(error)),
    )
    return "internal", "The command failed inside the server; its log says more."
