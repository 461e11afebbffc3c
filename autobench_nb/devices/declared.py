"""What a function declares of its arguments, as far as a form can be made of it: types, a few choices, defaults."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from types import UnionType
from typing import Any, Final, Literal, TypedDict, Union, get_args, get_origin

from autobench_nb.tables.wire_values import wire_value

_TYPES: Final[dict[Any, str]] = {int: "integer", float: "number", bool: "boolean", str: "text"}
_NAMES: Final = {kind.__name__: word for kind, word in _TYPES.items()}


class Declared(TypedDict, total=False):
    """What a signature says of an action, as its ``ActionSpec`` has it; empty parts are absent."""

    types: dict[str, str]
    choices: dict[str, list[Any]]
    defaults: dict[str, Any]


def declared(function: Callable[..., Any]) -> Declared:
    """What a function declares of its arguments; nothing where it cannot be asked."""
    try:
        parameters = _parameters(function)
    except (TypeError, ValueError):
        # Functions of C libraries often cannot say what they take.
        return {}
    types: dict[str, str] = {}
    choices: dict[str, list[Any]] = {}
    defaults: dict[str, Any] = {}
    for one in parameters:
        if one.kind not in (one.POSITIONAL_OR_KEYWORD, one.KEYWORD_ONLY):
            continue
        hint = _without_none(one.annotation)
        if get_origin(hint) is Literal:
            choices[one.name] = [wire_value(value).value for value in get_args(hint)]
        elif (word := _word(hint)) is not None:
            types[one.name] = word
        if one.default is not one.empty and one.default is not None:
            defaults[one.name] = wire_value(one.default).value
    found: Declared = {}
    if types:
        found["types"] = types
    if choices:
        found["choices"] = choices
    if defaults:
        found["defaults"] = defaults
    return found


def _parameters(function: Callable[..., Any]) -> list[inspect.Parameter]:
    try:
        return list(inspect.signature(function, eval_str=True).parameters.values())
    except Exception:  # noqa: BLE001 - an annotation may be any expression: then it is read as the text that it is
        return list(inspect.signature(function).parameters.values())


def _without_none(hint: Any) -> Any:
    if get_origin(hint) in (Union, UnionType):
        kinds = [one for one in get_args(hint) if one is not type(None)]
        return kinds[0] if len(kinds) == 1 else None
    return hint


def _word(hint: Any) -> str | None:
    if isinstance(hint, str):
        return _NAMES.get(hint.removesuffix(" | None"))
    return _TYPES.get(hint) if isinstance(hint, type) else None
