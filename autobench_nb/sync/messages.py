"""The wire's messages from a client, parsed: what is not valid here reaches nobody.

The names of the wire are camelCase, those of Python snake_case; they are translated in this module (and, for what the
server says, in :mod:`autobench_nb.sync.replies`) and nowhere else. Unknown optional fields are ignored.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import orjson

from autobench_nb.errors import ProtocolError

PROTOCOL: Final = 1

MAX_MESSAGE_BYTES: Final = 1_048_576
"""Of one message from a client, in UTF-8."""
MAX_DEPTH: Final = 32
"""Of objects and arrays within each other."""
MAX_NUMBER: Final = 2**53 - 1
"""The largest whole number that both sides read alike."""
MAX_ID_CHARS: Final = 128
MAX_NAME_CHARS: Final = 128
MAX_QUERY_CHARS: Final = 4_096

SLICES: Final = (
    "meta", "config", "devices", "streams", "jobs", "pno", "logs", "serverConfig",
)  # fmt: skip
"""What ``subscribe`` may name in ``slices``; ``version`` is always there."""


class Code:
    """Every code of an ``error`` message."""

    BAD_JSON: Final = "bad-json"
    TOO_LARGE: Final = "too-large"
    TOO_DEEP: Final = "too-deep"
    BAD_MESSAGE: Final = "bad-message"
    UNKNOWN_TYPE: Final = "unknown-type"
    BAD_FIELD: Final = "bad-field"
    BAD_QUERY: Final = "bad-query"
    HELLO_TWICE: Final = "hello-twice"
    TOO_MANY_COMMANDS: Final = "too-many-commands"


ERROR_CODES: Final[Mapping[str, str]] = {
    Code.BAD_JSON: "the text is no JSON (RFC 8259) in UTF-8",
    Code.TOO_LARGE: "the message is longer than the server takes",
    Code.TOO_DEEP: "objects and arrays lie deeper within each other than the server takes",
    Code.BAD_MESSAGE: "the JSON is no object, or has no type",
    Code.UNKNOWN_TYPE: "the server knows no message of that type",
    Code.BAD_FIELD: "a field is missing, or has a value that it cannot have",
    Code.BAD_QUERY: "the log query cannot be read; column says where",
    Code.HELLO_TWICE: "hello is answered once",
    Code.TOO_MANY_COMMANDS: "more commands wait for an answer than the server takes of one client",
}
"""What each code of an ``error`` message means; the message itself says which field."""

COMMAND_CODES: Final[Mapping[str, str]] = {
    "unknown-command": "the server has no command of that name",
    "bad-args": "the arguments do not fit the command",
    "not-found": "what the command is about does not exist",
    "conflict": "it cannot be done in the present state",
    "failed": "the command was run and failed; the log says more",
    "closed": "the server is closing",
}
"""The codes of a ``result`` that is not ok. A command of the orchestrator may add its own."""


class BadMessage(ProtocolError):
    """What a client sent breaks the contract. ``id`` is the message's, where there was one; ``column`` the query's."""

    def __init__(
        self, code: str, message: str, *, id: str | int | None = None, column: int | None = None
    ) -> None:
        super().__init__(code, message)
        self.id = id
        self.column = column


@dataclass(frozen=True, slots=True)
class Resume:
    """Where a client that comes back stands."""

    epoch: str
    state_version: int
    next_seq: int


@dataclass(frozen=True, slots=True)
class Hello:
    """A client's first message."""

    capabilities: tuple[str, ...] = ()
    token: str | None = field(default=None, repr=False)
    resume: Resume | None = None


@dataclass(frozen=True, slots=True)
class Subscribe:
    """What a client wants to see from now on.

    ``slices`` and ``logs_query`` are wrapped, since a field that is missing leaves things as they are:
    ``None`` stands for a missing one, ``(None,)`` for one that is null (everything).
    """

    include_snapshot: bool = False
    logs_history: int | None = None
    slices: tuple[tuple[str, ...] | None] | None = None
    logs_query: tuple[str | None] | None = None


@dataclass(frozen=True, slots=True)
class Resync:
    """``state.resync``: the client is stale, or wants the state anew."""

    epoch: str | None = None
    since_version: int | None = None


@dataclass(frozen=True, slots=True)
class Replay:
    """``logs.replay``: entries again, from ``since_seq`` on."""

    since_seq: int
    epoch: str | None = None
    limit: int | None = None


@dataclass(frozen=True, slots=True)
class Ping:
    """``ts`` comes back in the pong."""

    ts: int | float


@dataclass(frozen=True, slots=True)
class Command:
    """Do something, and say with the same ``id`` what came of it."""

    id: str | int
    name: str
    args: dict[str, Any]


ClientMessage = Hello | Subscribe | Resync | Replay | Ping | Command


def parse(data: str | bytes) -> ClientMessage:
    """Read one message of a client. Raises :class:`BadMessage` with one of the codes of :data:`ERROR_CODES`."""
    size = len(data)
    if size > MAX_MESSAGE_BYTES or (
        isinstance(data, str) and size * 4 > MAX_MESSAGE_BYTES and _utf8(data) > MAX_MESSAGE_BYTES
    ):
        raise BadMessage(
            Code.TOO_LARGE, f"A message may have {MAX_MESSAGE_BYTES:,} bytes: send a shorter one."
        )
    try:
        message = orjson.loads(data)
    except orjson.JSONDecodeError:
        raise BadMessage(Code.BAD_JSON, "This is no JSON text in UTF-8.") from None
    if not isinstance(message, dict):
        raise BadMessage(Code.BAD_MESSAGE, "A message is one JSON object.")
    kind = message.get("type")
    if not isinstance(kind, str):
        raise BadMessage(Code.BAD_MESSAGE, "A message has a type, which is a text.")
    if _is_deep(data) and _depth(message) > MAX_DEPTH:
        raise BadMessage(Code.TOO_DEEP, f"A message may be {MAX_DEPTH} levels deep.")
    reader = _READERS.get(kind)
    if reader is None:
        known = ", ".join(_READERS)
        raise BadMessage(
            Code.UNKNOWN_TYPE, f"There is no such type: it takes {known}.", id=_id_of(message)
        )
    return reader(message)


def _utf8(text: str) -> int:
    return len(text.encode("utf-8", "surrogatepass"))


def _is_deep(data: str | bytes) -> bool:
    """Whether it could be: counting brackets is cheaper than walking."""
    if isinstance(data, str):
        return data.count("[") + data.count("{") > MAX_DEPTH
    return data.count(b"[") + data.count(b"{") > MAX_DEPTH


def _depth(value: Any) -> int:
    depth, level = 0, [value]
    while level:
        depth += 1
        if depth > MAX_DEPTH:
            break
        level = [
            item
            for outer in level
            for item in (outer.values() if isinstance(outer, dict) else outer)
            if isinstance(item, (dict, list))
        ]
    return depth


def _id_of(message: Mapping[str, Any]) -> str | int | None:
    value = message.get("id")
    return value if _is_id(value) else None


def _is_id(value: Any) -> bool:
    if isinstance(value, str):
        return 0 < len(value) <= MAX_ID_CHARS
    return _is_count(value)


def _is_count(value: Any) -> bool:
    return type(value) is int and 0 <= value <= MAX_NUMBER


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _take(message: Mapping[str, Any], name: str, check: Callable[[Any], bool], accepts: str) -> Any:
    """The field ``name`` where it is there and fits, ``None`` where it is missing or null."""
    value = message.get(name)
    if value is not None and not check(value):
        raise BadMessage(Code.BAD_FIELD, f"{name} takes {accepts}.", id=_id_of(message))
    return value


def _need(message: Mapping[str, Any], name: str, check: Callable[[Any], bool], accepts: str) -> Any:
    value = _take(message, name, check, accepts)
    if value is None:
        raise BadMessage(
            Code.BAD_FIELD, f"{name} is missing: it takes {accepts}.", id=_id_of(message)
        )
    return value


_COUNT = "a whole number from 0 to 2^53 - 1"
_TEXT = "a text"
_OBJECT = "an object"


def _is_object(value: Any) -> bool:
    return isinstance(value, dict)


def _is_texts(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(part, str) for part in value)


def _is_slices(value: Any) -> bool:
    return _is_texts(value) and all(part in SLICES or part == "version" for part in value)


def _payload(message: Mapping[str, Any]) -> Mapping[str, Any]:
    payload = _take(message, "payload", _is_object, _OBJECT)
    return {} if payload is None else payload


def _read_hello(message: Mapping[str, Any]) -> Hello:
    payload = _payload(message)
    resume = _take(payload, "resume", _is_object, _OBJECT)
    return Hello(
        capabilities=tuple(_take(payload, "capabilities", _is_texts, "an array of texts") or ()),
        token=_take(payload, "token", _is_text, _TEXT),
        resume=None
        if resume is None
        else Resume(
            epoch=_need(resume, "epoch", _is_text, _TEXT),
            state_version=_need(resume, "stateVersion", _is_count, _COUNT),
            next_seq=_need(resume, "nextSeq", _is_count, _COUNT),
        ),
    )


def _read_subscribe(message: Mapping[str, Any]) -> Subscribe:
    payload = _payload(message)
    slices = _take(payload, "slices", _is_slices, f"an array of {', '.join(SLICES)}")
    query = _take(
        payload,
        "logsQuery",
        lambda value: isinstance(value, str) and len(value) <= MAX_QUERY_CHARS,
        f"a text of at most {MAX_QUERY_CHARS:,} characters",
    )
    flag = _take(payload, "includeSnapshot", lambda value: isinstance(value, bool), "true or false")
    return Subscribe(
        include_snapshot=bool(flag),
        logs_history=_take(payload, "logsHistory", _is_count, _COUNT),
        slices=None
        if "slices" not in payload
        else (None if slices is None else tuple(sorted(set(slices) - {"version"})),),
        logs_query=None if "logsQuery" not in payload else ((query or "").strip() or None,),
    )


def _read_resync(message: Mapping[str, Any]) -> Resync:
    return Resync(
        epoch=_take(message, "epoch", _is_text, _TEXT),
        since_version=_take(message, "sinceVersion", _is_count, _COUNT),
    )


def _read_replay(message: Mapping[str, Any]) -> Replay:
    return Replay(
        since_seq=_need(message, "sinceSeq", _is_count, _COUNT),
        epoch=_take(message, "epoch", _is_text, _TEXT),
        limit=_take(message, "limit", _is_count, _COUNT),
    )


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _read_ping(message: Mapping[str, Any]) -> Ping:
    return Ping(_need(message, "ts", _is_number, "a number"))


def _read_command(message: Mapping[str, Any]) -> Command:
    return Command(
        id=_need(message, "id", _is_id, f"a text of 1 to {MAX_ID_CHARS} characters, or {_COUNT}"),
        name=_need(
            message,
            "name",
            lambda value: isinstance(value, str) and 0 < len(value) <= MAX_NAME_CHARS,
            f"a text of 1 to {MAX_NAME_CHARS} characters",
        ),
        args=_take(message, "args", _is_object, _OBJECT) or {},
    )


_READERS: Final[Mapping[str, Callable[[Mapping[str, Any]], ClientMessage]]] = {
    "hello": _read_hello,
    "subscribe": _read_subscribe,
    "state.resync": _read_resync,
    "logs.replay": _read_replay,
    "ping": _read_ping,
    "command": _read_command,
}
CLIENT_TYPES: Final = tuple(_READERS)
"""Every type that a client may send."""
