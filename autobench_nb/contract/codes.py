"""Every code that an ``error``, a failed ``result`` or a ``bye`` may carry, and what each means."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final


class ErrorCode:
    """The codes of an ``error`` message."""

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
    ErrorCode.BAD_JSON: "the text is no JSON (RFC 8259) in UTF-8",
    ErrorCode.TOO_LARGE: "the message is longer than the server takes",
    ErrorCode.TOO_DEEP: "objects and arrays lie deeper within each other than the server takes",
    ErrorCode.BAD_MESSAGE: "the JSON is no object, or has no type",
    ErrorCode.UNKNOWN_TYPE: "the server knows no message of that type; this is no mistake",
    ErrorCode.BAD_FIELD: "a field is missing, or has a value that it cannot have",
    ErrorCode.BAD_QUERY: "the log query cannot be read; `column` says where, counted from 1",
    ErrorCode.HELLO_TWICE: "hello is answered once",
    ErrorCode.TOO_MANY_COMMANDS: "more commands wait for an answer than the server takes of one client",
}
"""What each code of an ``error`` message means; the message itself says which field."""

COMMAND_CODES: Final[Mapping[str, str]] = {
    "unknown-command": "the server has no command of that name",
    "bad-args": "the arguments do not fit the command; the message names the argument and what it takes",
    "not-found": "what the command is about does not exist",
    "conflict": "it cannot be done in the present state",
    "failed": "the command was run and failed; the message says why",
    "internal": "the command failed inside the server; its log says more",
    "closed": "the server is closing",
    "read-only": "the client came in with a token that may look and not command",
}
"""The codes of a ``result`` that is not ok."""


class CloseCode:
    """The WebSocket close codes that the server chooses (RFC 6455 section 7.4)."""

    GOING_AWAY: Final = 1001
    POLICY: Final = 1008
    TRY_LATER: Final = 1013


CLOSE_CODES: Final[Mapping[int, str]] = {
    CloseCode.GOING_AWAY: "the server is closing: come back later",
    CloseCode.POLICY: "the token was not right or came too late (then without a `bye`), or too many mistakes",
    CloseCode.TRY_LATER: "the client fell behind again and again: come back when it can read",
}
