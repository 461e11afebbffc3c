"""What the server says. A client ignores fields and types that it does not know: a later protocol may add some."""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal, TypeAlias

from msgspec import Meta, Struct

from autobench_nb.contract.records import EntryRecord
from autobench_nb.contract.types import CommandId, Count, Number

SnapshotReason: TypeAlias = Literal["connect", "resync", "overrun", "too-old", "epoch"]
"""Why a client is sent a snapshot."""


class AddOperation(Struct, frozen=True, tag_field="op", tag="add"):
    """RFC 6902 section 4.1."""

    path: str
    value: Any


class RemoveOperation(Struct, frozen=True, tag_field="op", tag="remove"):
    """RFC 6902 section 4.2."""

    path: str


class ReplaceOperation(Struct, frozen=True, tag_field="op", tag="replace"):
    """RFC 6902 section 4.3."""

    path: str
    value: Any


Operation: TypeAlias = AddOperation | RemoveOperation | ReplaceOperation
"""What a patch consists of. This server sends no move, copy or test."""


class Proof(Struct, frozen=True, tag_field="type", tag="proof"):
    """The answer to ``?nonce=``, before all else: the server knows a token, which a page gives it only then."""

    proofs: Annotated[
        list[str], Meta(description="of each token that the server takes; one is the right one")
    ]


class Welcome(
    Struct, frozen=True, tag_field="type", tag="welcome", rename="camel", omit_defaults=True
):
    """The first message of the server, once the client is known. It says where the server stands."""

    server_time: Annotated[str, Meta(description="ISO 8601 in UTC")]
    protocol: Count
    epoch: str
    state_version: Count
    next_seq: Count
    resumed: Annotated[
        bool, Meta(description="patches and entries follow, not snapshot and history")
    ]
    read_only: Annotated[
        bool, Meta(description="this client may look and not command; left out where it may")
    ] = False


class Ack(Struct, frozen=True, tag_field="type", tag="ack"):
    """Hello was heard, and what follows from it has been sent."""

    ok: bool = True


class StateSnapshot(Struct, frozen=True, tag_field="type", tag="state.snapshot", rename="camel"):
    """The whole state, or the slices that were asked for. ``data.version`` is ``stateVersion``."""

    state_version: Count
    data: dict[str, Any]
    epoch: str
    reason: str


class StatePatch(Struct, frozen=True, tag_field="type", tag="state.patch", rename="camel"):
    """From ``fromVersion`` to ``toVersion``. Where both are the same ``patch`` is empty: nothing was missing."""

    from_version: Count
    to_version: Count
    patch: list[dict[str, Any]]


class LogsHistory(Struct, frozen=True, tag_field="type", tag="logs.history", rename="camel"):
    """Entries that were asked for, oldest first."""

    entries: list[dict[str, Any]]
    epoch: str
    first_seq: Annotated[Count, Meta(description="where what it covers begins")]
    next_seq: Annotated[Count, Meta(description="where what it covers ends")]
    missed: Annotated[
        Count, Meta(description="entries before `firstSeq` that were asked for and are lost")
    ]


class LogsAppend(Struct, frozen=True, tag_field="type", tag="logs.append", rename="camel"):
    """New entries, oldest first."""

    entries: list[dict[str, Any]]
    first_seq: Annotated[Count, Meta(description="where what it covers begins")]
    next_seq: Annotated[Count, Meta(description="where what it covers ends")]
    missed: Annotated[
        Count, Meta(description="entries before `firstSeq` that this client was not sent")
    ]


class Pong(Struct, frozen=True, tag_field="type", tag="pong", rename="camel"):
    """The answer to ``ping``. It says where the server stands, so that a lost tail is noticed."""

    ts: Number
    state_version: Count
    next_seq: Annotated[Count, Meta(description="where what this client was told of the log ends")]
    epoch: str


class Failure(Struct, frozen=True):
    """Why a command failed: a code for programs, a sentence for people."""

    code: str
    message: str


class CommandResult(Struct, frozen=True, tag_field="type", tag="result", omit_defaults=True):
    """What came of a command: ``value`` where ``ok``, else ``error``."""

    id: CommandId
    ok: bool
    value: Any = None
    error: Failure | None = None


class ErrorMessage(Struct, frozen=True, tag_field="type", tag="error", omit_defaults=True):
    """The server could not use a message of the client; it changed nothing."""

    code: str
    message: str
    id: Annotated[CommandId | None, Meta(description="of the message, where it had one")] = None
    column: Annotated[int, Meta(ge=1, description="where in `logsQuery`, from 1")] | None = None


class ServerBusy(Struct, frozen=True, tag_field="type", tag="server.busy"):
    """The kernel runs a cell, or is free again. State and log go on meanwhile.

    Where clients are not heard until the cell ends, no heartbeats are due and commands wait.
    """

    busy: bool
    since: Annotated[Number, Meta(description="ms since 1970 UTC")]
    listens: Annotated[bool, Meta(description="whether clients are heard meanwhile")] = False


class Bye(Struct, frozen=True, tag_field="type", tag="bye"):
    """The server is about to close. Proxies lose close codes: here it is."""

    code: Annotated[int, Meta(description="the WebSocket close code that follows")]
    reason: str


ServerMessage: TypeAlias = (
    Proof
    | Welcome
    | Ack
    | StateSnapshot
    | StatePatch
    | LogsHistory
    | LogsAppend
    | Pong
    | CommandResult
    | ErrorMessage
    | ServerBusy
    | Bye
)
SERVER_MESSAGES: Final = (
    Proof, Welcome, Ack, StateSnapshot, StatePatch, LogsHistory, LogsAppend,
    Pong, CommandResult, ErrorMessage, ServerBusy, Bye,
)  # fmt: skip
"""Every message of the server, in the order of the document."""
REFINED: Final = {
    ("StateSnapshot", "reason"): SnapshotReason,
    ("StatePatch", "patch"): list[Operation],
    ("LogsHistory", "entries"): list[EntryRecord],
    ("LogsAppend", "entries"): list[EntryRecord],
}
"""What these fields hold exactly. Our clients trust their server here, and keep what they hold as it came."""
