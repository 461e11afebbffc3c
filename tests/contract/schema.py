"""The contract as JSON Schema 2020-12 (docs/wire.schema.json) and as AsyncAPI 3 (docs/wire.asyncapi.json)."""

from __future__ import annotations

import json
from typing import Any

import msgspec

from autobench_nb.contract.client_messages import CLIENT_MESSAGES
from autobench_nb.contract.commands import COMMANDS
from autobench_nb.contract.limits import PROTOCOL
from autobench_nb.contract.parsing import type_of
from autobench_nb.contract.records import AppState, EntryRecord, ResultRecord
from autobench_nb.contract.server_messages import SERVER_MESSAGES, Operation, SnapshotReason

ID = f"urn:autobench-nb:wire:{PROTOCOL}"


def schema() -> dict[str, Any]:
    """The document: a schema of any message, with every part under ``$defs``."""
    command_types = [part for spec in COMMANDS.values() for part in (spec.args, spec.result)]
    types = [
        *CLIENT_MESSAGES, *SERVER_MESSAGES, Operation, SnapshotReason, AppState, EntryRecord, ResultRecord,
        *command_types,
    ]  # fmt: skip
    schemas, components = msgspec.json.schema_components(types, ref_template="#/$defs/{name}")
    defs: dict[str, Any] = dict(components)
    by_type = dict(zip(map(str, types), schemas, strict=True))
    _refine(defs, by_type[str(Operation)], by_type[str(SnapshotReason)])
    defs["ClientMessage"] = _one_of("What a client says.", CLIENT_MESSAGES)
    defs["ServerMessage"] = _one_of("What the server says.", SERVER_MESSAGES)
    for name in defs:
        defs[name] = _tidy(defs[name])
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": ID,
        "title": f"AutoBench NB, wire protocol {PROTOCOL}",
        "description": "Any message. Whoever checks one side takes $defs/ClientMessage or $defs/ServerMessage.",
        "anyOf": [{"$ref": "#/$defs/ClientMessage"}, {"$ref": "#/$defs/ServerMessage"}],
        "$defs": dict(sorted(defs.items())),
    }


def _refine(defs: dict[str, Any], operation: Any, reason: Any) -> None:
    """Say what the server's messages hold exactly, where our own clients keep it as it came."""
    state = dict(defs["AppState"])
    # A client may have asked for some slices only.
    state["required"] = ["version"]
    state["description"] = "The state, or those slices of it that the connection mirrors."
    defs["MirroredState"] = state
    defs["Operation"] = {"description": "What this server sends of RFC 6902.", **operation}
    defs["SnapshotReason"] = {"description": "Why a client is sent a snapshot.", **reason}
    snapshot = defs["StateSnapshot"]["properties"]
    snapshot["data"] = {"$ref": "#/$defs/MirroredState"}
    snapshot["reason"] = {"$ref": "#/$defs/SnapshotReason"}
    defs["StatePatch"]["properties"]["patch"]["items"] = {"$ref": "#/$defs/Operation"}
    for name in ("LogsHistory", "LogsAppend"):
        defs[name]["properties"]["entries"]["items"] = {"$ref": "#/$defs/EntryRecord"}


def _one_of(about: str, messages: Any) -> dict[str, Any]:
    return {
        "description": about,
        "oneOf": [{"$ref": f"#/$defs/{message.__name__}"} for message in messages],
    }


def _tidy(part: Any) -> Any:
    """Docstrings as plain text, without the markup and the line breaks of Python."""
    if isinstance(part, list):
        return [_tidy(item) for item in part]
    if not isinstance(part, dict):
        return part
    return {
        key: " ".join(value.replace("``", "`").split())
        if key == "description" and isinstance(value, str)
        else _tidy(value)
        for key, value in part.items()
    }


def asyncapi() -> dict[str, Any]:
    """One channel, the socket, and what each side says on it."""

    def message(one: Any) -> dict[str, Any]:
        return {
            "name": type_of(one),
            "payload": {"$ref": f"wire.schema.json#/$defs/{one.__name__}"},
        }

    every = (*CLIENT_MESSAGES, *SERVER_MESSAGES)

    def operation(action: str, messages: Any, summary: str) -> dict[str, Any]:
        refs = [{"$ref": f"#/channels/socket/messages/{one.__name__}"} for one in messages]
        return {
            "action": action,
            "channel": {"$ref": "#/channels/socket"},
            "summary": summary,
            "messages": refs,
        }

    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "AutoBench NB",
            "version": str(PROTOCOL),
            "description": "The socket of an orchestrator, seen from the server. docs/wire.md says what it means.",
        },
        "defaultContentType": "application/json",
        "channels": {
            "socket": {
                "address": "/ws",
                "description": "One JSON object in each text message, with a `type`.",
                "messages": {one.__name__: message(one) for one in every},
            }
        },
        "operations": {
            "hear": operation("receive", CLIENT_MESSAGES, "What a client says."),
            "say": operation("send", SERVER_MESSAGES, "What the server says."),
        },
    }


def schema_text() -> str:
    """The schema's file."""
    return json.dumps(schema(), indent=2, ensure_ascii=False) + "\n"


def asyncapi_text() -> str:
    """The AsyncAPI file."""
    return json.dumps(asyncapi(), indent=2, ensure_ascii=False) + "\n"
