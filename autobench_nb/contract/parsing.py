"""Reads messages of both sides: what does not fit the contract reaches nobody."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any, Final

import msgspec
import orjson
from msgspec import Struct

from autobench_nb.contract.client_messages import CLIENT_MESSAGES, ClientMessage
from autobench_nb.contract.codes import ErrorCode
from autobench_nb.contract.limits import MAX_DEPTH, MAX_ID_CHARS, MAX_INTEGER, MAX_MESSAGE_BYTES
from autobench_nb.contract.server_messages import (
    SERVER_MESSAGES,
    LogsAppend,
    LogsHistory,
    ServerMessage,
    StateSnapshot,
)
from autobench_nb.contract.words import first_misfit
from autobench_nb.errors import ProtocolError


class BadMessage(ProtocolError):
    """What a client sent breaks the contract.

    Attributes: ``code``; ``id``, the message's, where it had one; ``column``, where in a query, counted from 1.
    """

    def __init__(
        self, code: str, message: str, *, id: str | int | None = None, column: int | None = None
    ) -> None:
        super().__init__(code, message)
        self.id = id
        self.column = column


def type_of(message: type[Struct]) -> str:
    """The ``type`` of a message on the wire."""
    return str(message.__struct_config__.tag)


_CLIENT: Final = {type_of(message): message for message in CLIENT_MESSAGES}
_SERVER: Final = {type_of(message): message for message in SERVER_MESSAGES}
CLIENT_TYPES: Final = tuple(_CLIENT)
"""Every type that a client may send."""
SERVER_TYPES: Final = tuple(_SERVER)
"""Every type that the server may send."""


# ---------------------------------------------------------------- what a client says


def parse_client(data: str | bytes) -> ClientMessage:
    """Read one message of a client.

    Raises:
        BadMessage: With one of ``ERROR_CODES``, and a sentence that names the field and what it takes.
    """
    size = len(data)
    if size > MAX_MESSAGE_BYTES or (
        isinstance(data, str) and size * 4 > MAX_MESSAGE_BYTES and _utf8(data) > MAX_MESSAGE_BYTES
    ):
        raise BadMessage(
            ErrorCode.TOO_LARGE,
            f"A message may have {MAX_MESSAGE_BYTES:,} bytes: send a shorter one.",
        )
    if _may_be_deep(data):
        _check_depth(data)
    try:
        return _client_decoder().decode(data)
    except (msgspec.DecodeError, UnicodeError):
        raise _decoding_error(data) from None


@cache
def _client_decoder() -> msgspec.json.Decoder[ClientMessage]:
    # Made when first needed: a client of the package has no use for it.
    return msgspec.json.Decoder(ClientMessage)


def _utf8(text: str) -> int:
    return len(text.encode("utf-8", "surrogatepass"))


def _may_be_deep(data: str | bytes) -> bool:
    """Whether it could be too deep: counting brackets is cheaper than walking."""
    if isinstance(data, str):
        return data.count("[") + data.count("{") > MAX_DEPTH
    return data.count(b"[") + data.count(b"{") > MAX_DEPTH


def _check_depth(data: str | bytes) -> None:
    message = _loaded(data)
    depth, level = 0, [message]
    while level:
        depth += 1
        if depth > MAX_DEPTH:
            kind = message.get("type") if isinstance(message, dict) else None
            if isinstance(kind, str) and kind not in _CLIENT:
                raise _unknown(message)
            raise BadMessage(ErrorCode.TOO_DEEP, f"A message may be {MAX_DEPTH} levels deep.")
        level = [
            item
            for outer in level
            for item in (outer.values() if isinstance(outer, dict) else outer)
            if isinstance(item, (dict, list))
        ]


def _loaded(data: str | bytes) -> Any:
    try:
        return orjson.loads(data)
    except orjson.JSONDecodeError:
        raise BadMessage(ErrorCode.BAD_JSON, "This is no JSON text in UTF-8.") from None


def _decoding_error(data: str | bytes) -> BadMessage:
    """The error for a message that could not be decoded. Slow and exact, since few messages come here."""
    try:
        message = _loaded(data)
    except BadMessage as error:
        return error
    if not isinstance(message, dict):
        return BadMessage(ErrorCode.BAD_MESSAGE, "A message is one JSON object.")
    kind = message.get("type")
    if not isinstance(kind, str):
        return BadMessage(ErrorCode.BAD_MESSAGE, "A message has a type, which is a text.")
    known = _CLIENT.get(kind)
    if known is None:
        return _unknown(message)
    found = first_misfit(known, message)
    sentence = "A field has a value that it cannot have." if found is None else found[1]
    return BadMessage(ErrorCode.BAD_FIELD, sentence, id=_id_of(message))


def _unknown(message: Mapping[str, Any]) -> BadMessage:
    return BadMessage(
        ErrorCode.UNKNOWN_TYPE,
        f"There is no such type: it takes {', '.join(_CLIENT)}.",
        id=_id_of(message),
    )


def _id_of(message: Mapping[str, Any]) -> str | int | None:
    value = message.get("id")
    if isinstance(value, str):
        return value if 0 < len(value) <= MAX_ID_CHARS else None
    return value if type(value) is int and 0 <= value <= MAX_INTEGER else None


# ---------------------------------------------------------------- what the server says


def parse_server(message: str | bytes | Mapping[str, Any]) -> ServerMessage | None:
    """Read one message of the server; ``None`` for a type that is not known (a later protocol may add some).

    Raises:
        ProtocolError: ``bad-json``, ``bad-message`` or ``bad-field``; a client then changes nothing.
    """
    try:
        if isinstance(message, Mapping):
            reply: ServerMessage = msgspec.convert(message, ServerMessage)
        else:
            reply = _server_decoder().decode(message)
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        _explain(message, error)
        return None
    match reply:
        case LogsAppend(entries=entries) | LogsHistory(entries=entries):
            if not all(type(entry.get("seq")) is int for entry in entries):
                raise ProtocolError("bad-field", "an entry has no seq")
        case StateSnapshot(state_version=version, data=data):
            if data.get("version") != version:
                raise ProtocolError("bad-field", "state.snapshot: data.version is another one")
    return reply


@cache
def _server_decoder() -> msgspec.json.Decoder[ServerMessage]:
    return msgspec.json.Decoder(ServerMessage)


def _explain(message: str | bytes | Mapping[str, Any], error: Exception) -> None:
    """Raise what is wrong with the message; nothing is wrong with one of a type that is not known."""
    if not isinstance(message, Mapping):
        try:
            message = orjson.loads(message)
        except orjson.JSONDecodeError:
            raise ProtocolError("bad-json", "The server's message is no JSON text.") from None
        if not isinstance(message, dict):
            raise ProtocolError("bad-message", "The server's message is no JSON object.")
    kind = message.get("type")
    if not isinstance(kind, str):
        raise ProtocolError("bad-field", f"type is {kind!r:.40}")
    if kind in _SERVER:
        raise ProtocolError("bad-field", f"{kind}: {error}")
