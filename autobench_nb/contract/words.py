"""What a field takes, in words: for the errors that answer a message or a command that does not fit."""

from __future__ import annotations

import types
import typing
from enum import EnumMeta
from functools import cache
from typing import Annotated, Any, Literal, Union

import msgspec
from msgspec import NODEFAULT, Meta, Struct, UnsetType

_PLAIN = {
    str: "a text",
    bool: "true or false",
    int: "a whole number",
    float: "a number",
    dict: "an object",
    list: "an array",
    tuple: "an array",
}


def words_of(hint: Any) -> str:
    """What a value of this type is, such as ``a whole number from 0 to 2^53 - 1``."""
    origin = typing.get_origin(hint)
    arguments = typing.get_args(hint)
    if origin is Annotated:
        title = next((m.title for m in arguments[1:] if isinstance(m, Meta) and m.title), None)
        return title or words_of(arguments[0])
    if origin in (Union, types.UnionType):
        several = dict.fromkeys(
            words_of(one) for one in arguments if one not in (type(None), UnsetType)
        )
        if "a number" in several:
            several.pop("a whole number", None)
        return ", or ".join(several)
    if origin is Literal:
        return "one of " + ", ".join(str(one) for one in arguments)
    if origin in (list, tuple):
        inner = words_of(arguments[0])
        return "an array of " + {"a text": "texts", "an object": "objects"}.get(
            inner, inner.removeprefix("one of ")
        )
    if isinstance(hint, EnumMeta):
        return "one of " + ", ".join(map(str, hint.__members__.values()))
    if isinstance(hint, type) and issubclass(hint, Struct):
        return "an object"
    return _PLAIN.get(origin or hint, "a JSON value")


@cache
def fields_of(struct: type[Struct]) -> dict[str, Any]:
    """The type of each field, by its name on the wire."""
    hints = typing.get_type_hints(struct, include_extras=True)
    names = zip(struct.__struct_fields__, struct.__struct_encode_fields__, strict=True)
    return {wire: hints[name] for name, wire in names}


def first_misfit(struct: type[Struct], value: dict[str, Any]) -> tuple[str, str] | None:
    """Which field of ``value`` does not fit ``struct``: its name, and a sentence that says what it takes.

    ``None`` where nothing can be named.
    """
    for field in msgspec.structs.fields(struct):
        name, hint = field.encode_name, fields_of(struct)[field.encode_name]
        if name not in value:
            if field.default is NODEFAULT and field.default_factory is NODEFAULT:
                return name, f"{name} is missing: it takes {words_of(hint)}."
            continue
        inner = _struct_in(hint)
        if inner is not None and isinstance(value[name], dict):
            found = first_misfit(inner, value[name])
            if found is not None:
                return found
            continue
        try:
            msgspec.convert(value[name], hint)
        except (msgspec.ValidationError, RecursionError):
            return name, f"{name} takes {words_of(hint)}."
    return None


def _struct_in(hint: Any) -> type[Struct] | None:
    if isinstance(hint, type) and issubclass(hint, Struct):
        return hint
    if typing.get_origin(hint) in (Annotated, Union, types.UnionType):
        found = (_struct_in(one) for one in typing.get_args(hint) if not isinstance(one, Meta))
        return next((one for one in found if one is not None), None)
    return None
