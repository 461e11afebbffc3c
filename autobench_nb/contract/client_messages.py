"""What a client says. A field that may be missing may be null too; what is unknown is ignored."""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal, TypeAlias

from msgspec import UNSET, Meta, Struct, UnsetType

from autobench_nb.contract.types import CommandId, CommandName, Count, Number, QueryText

SliceName: TypeAlias = Literal[
    "meta",
    "config",
    "devices",
    "streams",
    "jobs",
    "pno",
    "logs",
    "serverConfig",
    "journal",
    "version",
]


class Resume(Struct, frozen=True, rename="camel", omit_defaults=True):
    """Where a client that comes back stands."""

    epoch: str
    state_version: Count
    next_seq: Count


class HelloPayload(Struct, frozen=True, rename="camel", omit_defaults=True):
    """Who a client is, where it stands, what it wants to see: ``slices`` and ``logsQuery`` as in ``subscribe``."""

    capabilities: tuple[str, ...] | None = None
    token: str | None = None
    resume: Annotated[
        Resume | None,
        Meta(description="what it holds: of `slices`, under `logsQuery`, of this hello"),
    ] = None
    slices: tuple[SliceName, ...] | UnsetType | None = UNSET
    logs_query: QueryText | UnsetType | None = UNSET

    def __repr__(self) -> str:
        shown = None if self.token is None else "..."
        wants = f"slices={self.slices}, logs_query={self.logs_query!r}"
        return f"HelloPayload(token={shown}, resume={self.resume}, {wants})"


class Hello(Struct, frozen=True, tag_field="type", tag="hello", omit_defaults=True):
    """The first message. Answered once, by ``welcome`` and what follows from it, then ``ack``."""

    payload: HelloPayload | None = None


class SubscribePayload(Struct, frozen=True, rename="camel", omit_defaults=True):
    """What a client wants to see from now on, on this connection. What is missing stays as it is."""

    include_snapshot: bool | None = None
    logs_history: Annotated[
        Count | None, Meta(description="so many of the newest entries, as `logs.history`")
    ] = None
    slices: Annotated[
        tuple[SliceName, ...] | UnsetType | None, Meta(description="only these; null: all")
    ] = UNSET
    logs_query: Annotated[
        QueryText | UnsetType | None, Meta(description="only what it finds; null: all")
    ] = UNSET


class Subscribe(Struct, frozen=True, tag_field="type", tag="subscribe", omit_defaults=True):
    """May be said again and again. Answered by ``state.snapshot`` and ``logs.history`` where these were asked for."""

    payload: SubscribePayload | None = None


class StateResync(
    Struct, frozen=True, tag_field="type", tag="state.resync", rename="camel", omit_defaults=True
):
    """The client is stale, or wants the state anew. Answered by the missing patches, or by ``state.snapshot``."""

    epoch: str | None = None
    since_version: Count | None = None


class LogsReplay(
    Struct, frozen=True, tag_field="type", tag="logs.replay", rename="camel", omit_defaults=True
):
    """Entries again, from ``sinceSeq`` on. Answered by one ``logs.history``, which is bounded."""

    since_seq: Count
    epoch: str | None = None
    limit: Count | None = None


class Ping(Struct, frozen=True, tag_field="type", tag="ping"):
    """The heartbeat. Answered by ``pong`` with the same ``ts``."""

    ts: Number


class CommandRequest(Struct, frozen=True, tag_field="type", tag="command", omit_defaults=True):
    """Do something. Answered by one ``result`` with the same ``id``."""

    id: CommandId
    name: CommandName
    args: dict[str, Any] | None = None


ClientMessage: TypeAlias = Hello | Subscribe | StateResync | LogsReplay | Ping | CommandRequest
CLIENT_MESSAGES: Final = (Hello, Subscribe, StateResync, LogsReplay, Ping, CommandRequest)
"""Every message of a client, in the order of the document."""
