"""The server's messages, encoded. A part that is JSON already (a snapshot, a patch, log entries) goes in as it is."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import msgspec
import orjson
from msgspec import Raw

from autobench_nb.contract.limits import PROTOCOL
from autobench_nb.contract.parsing import type_of
from autobench_nb.contract.server_messages import (
    Ack,
    Bye,
    CommandResult,
    ErrorMessage,
    Failure,
    LogsAppend,
    LogsHistory,
    Pong,
    ServerBusy,
    ServerMessage,
    StatePatch,
    StateSnapshot,
    Welcome,
)
from autobench_nb.sync.effects import Outgoing


def encoded(message: ServerMessage, *, log_start: int | None = None) -> Outgoing:
    """The message as it travels. ``log_start``: see :class:`Outgoing`."""
    # msgspec's own bytes hold on to the buffer that they grew in, up to half as much again; what waits for a slow
    # client is to take the bytes that are counted for it.
    data = bytes(memoryview(msgspec.json.encode(message)))
    return Outgoing(type_of(type(message)), data, log_start=log_start)


def _as_it_is(data: bytes) -> Any:
    """JSON that is put in without being read."""
    return Raw(data)


def welcome(
    *,
    epoch: str,
    server_time_s: float,
    state_version: int,
    next_seq: int,
    resumed: bool,
    read_only: bool = False,
) -> Outgoing:
    """Where the server stands. ``server_time_s``: seconds since 1970, sent as ISO 8601 in UTC."""
    time = datetime.fromtimestamp(server_time_s, UTC).isoformat(timespec="milliseconds")
    return encoded(
        Welcome(
            server_time=time.replace("+00:00", "Z"),
            protocol=PROTOCOL,
            epoch=epoch,
            state_version=state_version,
            next_seq=next_seq,
            resumed=resumed,
            read_only=read_only,
        )
    )


def ack() -> Outgoing:
    """Hello was heard."""
    return encoded(Ack())


def state_snapshot(version: int, data: bytes, *, epoch: str, reason: str) -> Outgoing:
    """A snapshot. ``data``: the AppState as JSON."""
    return encoded(StateSnapshot(version, _as_it_is(data), epoch, reason))


def state_patch(from_version: int, to_version: int, patch: bytes) -> Outgoing:
    """A patch. ``patch``: the operations as a JSON array."""
    return encoded(StatePatch(from_version, to_version, _as_it_is(patch)))


def logs_history(
    entries: bytes, *, epoch: str, first_seq: int, next_seq: int, missed: int, live: bool
) -> Outgoing:
    """Entries that were asked for.

    Args:
        entries: A JSON array, oldest first.
        epoch: The server's.
        first_seq: Where what it covers begins.
        next_seq: Where what it covers ends.
        missed: Entries before ``first_seq`` that are lost.
        live: The client's log goes on from here; false for the answer to a replay.
    """
    message = LogsHistory(_as_it_is(entries), epoch, first_seq, next_seq, missed)
    return encoded(message, log_start=first_seq - missed if live else None)


def logs_append(entries: bytes, *, first_seq: int, next_seq: int, missed: int) -> Outgoing:
    """New entries. ``entries``: a JSON array, oldest first."""
    message = LogsAppend(_as_it_is(entries), first_seq, next_seq, missed)
    return encoded(message, log_start=first_seq - missed)


def pong(ts: int | float, *, state_version: int, next_seq: int, epoch: str) -> Outgoing:
    """The answer to a ping."""
    return encoded(Pong(ts, state_version, next_seq, epoch))


def result(id: str | int, *, value: Any = None, error: tuple[str, str] | None = None) -> Outgoing:
    """What came of a command.

    Args:
        id: The command's.
        value: JSON of any kind, where it did what it should.
        error: Code and sentence, where it did not.

    Raises:
        TypeError: ``value`` is no JSON value.
    """
    if error is not None:
        return encoded(CommandResult(id, False, error=Failure(*error)))
    return encoded(CommandResult(id, True, value=_as_it_is(orjson.dumps(value))))


def error_message(
    code: str, message: str, *, id: str | int | None = None, column: int | None = None
) -> Outgoing:
    """What the server could not use, and why. ``column`` counts from 1."""
    return encoded(ErrorMessage(code, message, id, column))


def server_busy(busy: bool, since_ms: int, *, listens: bool = False) -> Outgoing:
    """The kernel runs a cell since so many ms after 1970, or is free again. ``listens``: it hears clients meanwhile."""
    return encoded(ServerBusy(busy, since_ms, listens))


def bye(code: int, reason: str) -> Outgoing:
    """Goodbye. ``code``: the WebSocket close code that follows."""
    return encoded(Bye(code, reason))
