"""The contract as tables of docs/wire.md. They stand between marks; what stands around them is written by hand."""

from __future__ import annotations

import json
import re
import typing
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal

import msgspec

from autobench_nb.contract import jobs, records
from autobench_nb.contract.client_messages import (
    CLIENT_MESSAGES,
    HelloPayload,
    Resume,
    SliceName,
    SubscribePayload,
)
from autobench_nb.contract.codes import CLOSE_CODES, COMMAND_CODES, ERROR_CODES
from autobench_nb.contract.colors import COLORS
from autobench_nb.contract.commands import COMMANDS
from autobench_nb.contract.levels import LEVELS
from autobench_nb.contract.limits import LIMITS
from autobench_nb.contract.parsing import type_of
from autobench_nb.contract.server_messages import SERVER_MESSAGES
from tests.contract.types import (
    Field,
    doc_of,
    fields_of,
    is_enum,
    is_shape,
    is_unset,
    parts_of,
    rest_of_doc,
    shapes_in,
)

STARRED: Mapping[str, frozenset[str]] = {
    "hello": frozenset({"payload"}),
    "subscribe": frozenset({"payload"}),
    "ping": frozenset({"ts"}),
    "welcome": frozenset({"serverTime"}),
    "ack": frozenset({"ok"}),
    "state.snapshot": frozenset({"stateVersion", "data"}),
    "state.patch": frozenset({"fromVersion", "toVersion", "patch"}),
    "logs.history": frozenset({"entries"}),
    "logs.append": frozenset({"entries"}),
    "pong": frozenset({"ts"}),
    "EntryRecord": frozenset({"ts", "channel", "emoji", "color", "level", "message"}),
}
"""What AutoBench98's orchestrator and its web client speak, too."""


def wire_page(page: str) -> str:
    """The page with its tables as the contract gives them. Raises :class:`ValueError` where a mark is missing."""
    for name, table in TABLES.items():
        marked = re.compile(rf"(<!-- {name} -->\n).*?(<!-- /{name} -->)", re.S)
        text = table().strip()
        page, found = marked.subn(
            lambda match, text=text: f"{match[1]}{text}\n{match[2]}",  # type: ignore[misc]
            page,
        )
        if found != 1:
            raise ValueError(f"docs/wire.md has {found} places for {name}, not one")
    return page


def _table(head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    lines = [head, tuple("---" for _ in head), *rows]
    return "\n".join("| " + " | ".join(_cell(cell) for cell in row) + " |" for row in lines)


def _cell(text: str) -> str:
    return text.replace("|", "\\|").strip()


def _messages(messages: tuple[Any, ...]) -> str:
    rows = []
    for message in messages:
        kind = type_of(message)
        starred = STARRED.get(kind)
        fields = [_field(field, starred or frozenset()) for field in fields_of(message)]
        about = f"{doc_of(message)} {rest_of_doc(message)}"
        rows.append(
            (f"`{kind}`" + ("\\*" if starred else ""), "<br>".join(fields) or "none", about)
        )
    return _table(("type", "fields", "meaning"), rows)


def _field(field: Field, starred: frozenset[str] = frozenset()) -> str:
    mark = "\\*" if field.name in starred else ""
    optional = "?" if field.optional else ""
    kind = _type(field.type)
    words = field.words if not field.words or _is_said(field.words, kind) else f": {field.words}"
    return f"`{field.name}{optional}`{mark} {kind}{words if words.startswith(':') else ''}"


def _is_said(words: str, kind: str) -> bool:
    return words in kind


def _type(hint: Any) -> str:
    names = dict.fromkeys(_one_type(part) for part in parts_of(hint) if not is_unset(part))
    if "number" in names:
        names.pop("integer", None)
    return " or ".join(names)


def _one_type(hint: Any) -> str:
    origin = typing.get_origin(hint)
    arguments = typing.get_args(hint)
    if hint == SliceName:
        return "slice"
    if origin is Literal:
        return ", ".join(f"`{one}`" for one in arguments)
    if is_enum(hint):
        return ", ".join(f"`{one.value}`" for one in hint)
    if is_shape(hint):
        name = str(hint.__name__)
        return {"EntryRecord": "entry", "Failure": "{code, message}"}.get(name, name)
    if origin in (list, tuple):
        inner = "operations" if len(parts_of(arguments[0])) == 3 else _plural(_type(arguments[0]))
        return f"array of {inner}"
    if origin is dict:
        inner = _type(arguments[1])
        return "object" if inner == "any" else f"object of {_plural(inner)}"
    return {
        str: "text", bool: "bool", int: "integer", float: "number", type(None): "null", dict: "object",
    }.get(hint, "any")  # fmt: skip


def _plural(noun: str) -> str:
    if noun.endswith("y"):
        return noun[:-1] + "ies"
    return noun if noun.endswith("s") else f"{noun}s"


def _fields(*shapes: type) -> str:
    rows = []
    for shape in shapes:
        starred = STARRED.get(shape.__name__, frozenset())
        fields = "<br>".join(_field(field, starred) for field in fields_of(shape))
        rows.append((f"`{shape.__name__}`", fields, doc_of(shape)))
    return _table(("record", "fields", "what it is"), rows)


def _commands() -> str:
    rows = []
    for name, spec in COMMANDS.items():
        defaults = {one.encode_name: one.default for one in msgspec.structs.fields(spec.args)}
        args = [
            _field(field)
            + (f", default {_default(defaults[field.name])}" if field.optional else "")
            for field in fields_of(spec.args)
        ]
        result = "<br>".join(_field(field) for field in fields_of(spec.result))
        if name == "logs.get":
            result = "entry, and `next` integer or null: the offset of what follows"
        codes = ", ".join(f"`{code}`" for code in spec.codes)
        rows.append((f"`{name}`", spec.summary, "<br>".join(args) or "none", result, codes or "-"))
    return _table(("command", "what it does", "args", "value", "may fail with"), rows)


def _default(value: Any) -> str:
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{value:,}"
    return f"`{json.dumps(value)}`"


def _limits() -> str:
    rows = [
        (f"`{name}`", f"{limit.value:,} {limit.unit}".strip(), limit.meaning)
        for name, limit in LIMITS.items()
    ]
    return _table(("limit", "value", "meaning"), rows)


def _codes(head: str, codes: Mapping[Any, str]) -> str:
    return _table((head, "meaning"), [(f"`{code}`", meaning) for code, meaning in codes.items()])


def _levels() -> str:
    return "Levels\\*: " + ", ".join(f"`{name}` {number}" for name, number in LEVELS.items()) + "."


def _colors() -> str:
    return "Colours: " + ", ".join(f"`{name}` ({css})" for name, css in COLORS.items()) + "."


TABLES: Mapping[str, Callable[[], str]] = {
    "server-messages": lambda: _messages(SERVER_MESSAGES),
    "client-messages": lambda: _messages(CLIENT_MESSAGES),
    "payloads": lambda: _fields(HelloPayload, Resume, SubscribePayload),
    "entry": lambda: _fields(records.EntryRecord),
    "levels": _levels,
    "colors": _colors,
    "state": lambda: _fields(*shapes_in(records.AppState)),
    "commands": _commands,
    "result": lambda: _fields(
        records.ResultRecord, jobs.RepetitionRecord, jobs.RepetitionTimes, jobs.Variable
    ),
    "command-codes": lambda: _codes("code", COMMAND_CODES),
    "error-codes": lambda: _codes("code", ERROR_CODES),
    "close-codes": lambda: _codes("code", CLOSE_CODES),
    "limits": _limits,
}  # fmt: skip
"""What stands between each pair of marks."""
