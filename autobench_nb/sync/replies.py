"""The wire's messages from the server: made here on one side, read here on the other.

Makers return :class:`~autobench_nb.sync.effects.Outgoing`; where a part is JSON already (a snapshot, a patch, log
entries) it is put in as it is. :func:`parse_reply` is the client's side, and as strict as the server's.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

import orjson

from autobench_nb.errors import ProtocolError
from autobench_nb.sync.effects import Outgoing
from autobench_nb.sync.messages import MAX_NUMBER, PROTOCOL

REASONS: Final = ("connect", "resync", "overrun", "too-old", "epoch")
"""Why a client is sent a snapshot."""

# ---------------------------------------------------------------- the server's side


def welcome(
    *, epoch: str, server_time_s: float, state_version: int, next_seq: int, resumed: bool
) -> Outgoing:
    """``server_time_s``: seconds since 1970, sent as ISO 8601 in UTC."""
    time = datetime.fromtimestamp(server_time_s, UTC).isoformat(timespec="milliseconds")
    return _outgoing(
        "welcome",
        serverTime=time.replace("+00:00", "Z"),
        protocol=PROTOCOL,
        epoch=epoch,
        stateVersion=state_version,
        nextSeq=next_seq,
        resumed=resumed,
    )


def ack() -> Outgoing:
    return _outgoing("ack", ok=True)


def state_snapshot(version: int, data: bytes, *, epoch: str, reason: str) -> Outgoing:
    """``data``: the AppState as JSON."""
    tail = orjson.dumps({"epoch": epoch, "reason": reason})
    head = b'{"type":"state.snapshot","stateVersion":%d,"data":' % version
    return Outgoing("state.snapshot", b"".join((head, data, b",", tail[1:])))


def state_patch(from_version: int, to_version: int, patch: bytes) -> Outgoing:
    """``patch``: the operations as a JSON array."""
    head = b'{"type":"state.patch","fromVersion":%d,"toVersion":%d,"patch":'
    return Outgoing("state.patch", head % (from_version, to_version) + patch + b"}")


def logs_history(
    entries: bytes, *, epoch: str, first_seq: int, next_seq: int, missed: int, live: bool
) -> Outgoing:
    """``entries``: a JSON array, oldest first. ``live``: the client's log goes on from here (no answer to a replay)."""
    tail = orjson.dumps(
        {"epoch": epoch, "firstSeq": first_seq, "nextSeq": next_seq, "missed": missed}
    )
    data = b"".join((b'{"type":"logs.history","entries":', entries, b",", tail[1:]))
    return Outgoing("logs.history", data, log_start=first_seq - missed if live else None)


def logs_append(entries: bytes, *, first_seq: int, next_seq: int, missed: int) -> Outgoing:
    """``entries``: a JSON array, oldest first."""
    tail = b',"firstSeq":%d,"nextSeq":%d,"missed":%d}' % (first_seq, next_seq, missed)
    data = b"".join((b'{"type":"logs.append","entries":', entries, tail))
    return Outgoing("logs.append", data, log_start=first_seq - missed)


def pong(ts: int | float, *, state_version: int, next_seq: int, epoch: str) -> Outgoing:
    return _outgoing("pong", ts=ts, stateVersion=state_version, nextSeq=next_seq, epoch=epoch)


def result(id: str | int, *, value: Any = None, error: tuple[str, str] | None = None) -> Outgoing:
    """``error``: code and sentence; without it the command did what it should, and ``value`` is JSON of any kind.

    Raises :class:`TypeError` where ``value`` is no JSON value.
    """
    if error is None:
        return _outgoing("result", id=id, ok=True, value=value)
    return _outgoing("result", id=id, ok=False, error={"code": error[0], "message": error[1]})


def error(
    code: str, message: str, *, id: str | int | None = None, column: int | None = None
) -> Outgoing:
    fields: dict[str, Any] = {"code": code, "message": message}
    if id is not None:
        fields["id"] = id
    if column is not None:
        fields["column"] = column
    return _outgoing("error", **fields)


def server_busy(busy: bool, since_ms: int) -> Outgoing:
    return _outgoing("server.busy", busy=busy, since=since_ms)


def bye(code: int, reason: str) -> Outgoing:
    """``code``: the WebSocket close code that follows."""
    return _outgoing("bye", code=code, reason=reason)


def _outgoing(kind: str, **fields: Any) -> Outgoing:
    return Outgoing(kind, orjson.dumps({"type": kind, **fields}))


# ---------------------------------------------------------------- the client's side


@dataclass(frozen=True, slots=True)
class Welcome:
    epoch: str
    state_version: int
    next_seq: int
    resumed: bool
    server_time: str
    protocol: int


@dataclass(frozen=True, slots=True)
class StateSnapshot:
    state_version: int
    data: dict[str, Any]
    epoch: str
    reason: str


@dataclass(frozen=True, slots=True)
class StatePatch:
    from_version: int
    to_version: int
    patch: list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class LogsHistory:
    entries: list[dict[str, Any]]
    epoch: str
    first_seq: int
    next_seq: int
    missed: int


@dataclass(frozen=True, slots=True)
class LogsAppend:
    entries: list[dict[str, Any]]
    first_seq: int
    next_seq: int
    missed: int


@dataclass(frozen=True, slots=True)
class Pong:
    ts: int | float
    state_version: int
    next_seq: int
    epoch: str


@dataclass(frozen=True, slots=True)
class Ack:
    pass


@dataclass(frozen=True, slots=True)
class CommandResult:
    id: str | int
    ok: bool
    value: Any
    code: str | None
    message: str | None


@dataclass(frozen=True, slots=True)
class Error:
    code: str
    message: str
    id: str | int | None
    column: int | None


@dataclass(frozen=True, slots=True)
class ServerBusy:
    busy: bool
    since_ms: int | float


@dataclass(frozen=True, slots=True)
class Bye:
    code: int
    reason: str


Reply = (
    Welcome | StateSnapshot | StatePatch | LogsHistory | LogsAppend
    | Pong | Ack | CommandResult | Error | ServerBusy | Bye
)  # fmt: skip


class _Fields:
    """A message's fields, read with their types."""

    def __init__(self, message: Mapping[str, Any]) -> None:
        self.message = message

    def get(self, name: str, *types: type) -> Any:
        value = self.message.get(name)
        if not isinstance(value, types) or (isinstance(value, bool) and bool not in types):
            raise ProtocolError("bad-field", f"{self.message.get('type')}: {name} is {value!r:.40}")
        return value

    def maybe(self, name: str, *types: type) -> Any:
        return None if self.message.get(name) is None else self.get(name, *types)

    def count(self, name: str) -> int:
        value: int = self.get(name, int)
        if not 0 <= value <= MAX_NUMBER:
            raise ProtocolError("bad-field", f"{self.message.get('type')}: {name} is {value}")
        return value

    def objects(self, name: str) -> list[dict[str, Any]]:
        value: list[dict[str, Any]] = self.get(name, list)
        if not all(isinstance(item, dict) for item in value):
            raise ProtocolError("bad-field", f"{self.message.get('type')}: {name} holds no objects")
        return value

    def entries(self) -> list[dict[str, Any]]:
        value = self.objects("entries")
        if not all(type(entry.get("seq")) is int for entry in value):
            raise ProtocolError("bad-field", "an entry has no seq")
        return value


def parse_reply(message: str | bytes | Mapping[str, Any]) -> Reply | None:
    """Read one message of the server; ``None`` for a type that is not known (a later protocol may add some).

    Raises :class:`~autobench_nb.errors.ProtocolError` (``bad-json``, ``bad-message``, ``bad-field``).
    """
    if not isinstance(message, Mapping):
        try:
            message = orjson.loads(message)
        except orjson.JSONDecodeError:
            raise ProtocolError("bad-json", "The server's message is no JSON text.") from None
        if not isinstance(message, dict):
            raise ProtocolError("bad-message", "The server's message is no JSON object.")
    f = _Fields(message)
    match f.get("type", str):
        case "state.patch":
            return StatePatch(f.count("fromVersion"), f.count("toVersion"), f.objects("patch"))
        case "logs.append":
            entries = f.entries()
            return LogsAppend(entries, f.count("firstSeq"), f.count("nextSeq"), f.count("missed"))
        case "state.snapshot":
            data = f.get("data", dict)
            version = f.count("stateVersion")
            if data.get("version") != version:
                raise ProtocolError("bad-field", "state.snapshot: data.version is another one")
            return StateSnapshot(version, data, f.get("epoch", str), f.get("reason", str))
        case "logs.history":
            return LogsHistory(
                f.entries(),
                f.get("epoch", str),
                f.count("firstSeq"),
                f.count("nextSeq"),
                f.count("missed"),
            )
        case "pong":
            return Pong(
                f.get("ts", int, float),
                f.count("stateVersion"),
                f.count("nextSeq"),
                f.get("epoch", str),
            )
        case "welcome":
            return Welcome(
                f.get("epoch", str),
                f.count("stateVersion"),
                f.count("nextSeq"),
                f.get("resumed", bool),
                f.get("serverTime", str),
                f.count("protocol"),
            )
        case "ack":
            return Ack()
        case "result":
            failure = f.maybe("error", dict) or {}
            return CommandResult(
                f.get("id", str, int),
                f.get("ok", bool),
                message.get("value"),
                failure.get("code"),
                failure.get("message"),
            )
        case "error":
            return Error(
                f.get("code", str),
                f.get("message", str),
                f.maybe("id", str, int),
                f.maybe("column", int),
            )
        case "server.busy":
            return ServerBusy(f.get("busy", bool), f.get("since", int, float))
        case "bye":
            return Bye(f.get("code", int), f.get("reason", str))
    return None
