"""What the generators know of the contract's types: fields with their names on the wire, types, defaults and words."""

from __future__ import annotations

import inspect
import types
import typing
from enum import EnumMeta
from typing import Annotated, Any, NamedTuple, NotRequired, Required, Union

import msgspec
from msgspec import Meta, Struct, UnsetType

from autobench_nb.contract.server_messages import REFINED


class Field(NamedTuple):
    """One field of a message or record. ``words``: what its type does not say."""

    name: str
    type: Any
    optional: bool
    words: str


def fields_of(shape: type) -> list[Field]:
    """The fields of a struct or TypedDict, in their order; not those of the tag."""
    hints = typing.get_type_hints(shape, include_extras=True)
    if issubclass(shape, Struct):
        return [
            _field(
                field.encode_name,
                REFINED.get((shape.__name__, field.encode_name), hints[field.name]),
                hints[field.name],
                field.default is not msgspec.NODEFAULT,
            )
            for field in msgspec.structs.fields(shape)
        ]
    total = getattr(shape, "__total__", True)
    made = []
    for name, hint in hints.items():
        origin = typing.get_origin(hint)
        optional = origin is NotRequired or (not total and origin is not Required)
        bare = typing.get_args(hint)[0] if origin in (NotRequired, Required) else hint
        made.append(_field(name, bare, bare, optional))
    return made


def _field(name: str, hint: Any, described: Any, optional: bool) -> Field:
    return Field(name, hint, optional, "; ".join(_words(described)))


def _words(hint: Any) -> list[str]:
    """The descriptions within a type, outermost first."""
    if typing.get_origin(hint) is Annotated:
        bare, *about = typing.get_args(hint)
        own = [m.description for m in about if isinstance(m, Meta) and m.description]
        return own or _words(bare)
    if typing.get_origin(hint) in (Union, types.UnionType):
        return [words for part in typing.get_args(hint) for words in _words(part)]
    return []


def without_metadata(hint: Any) -> Any:
    """The type without what is only said about it."""
    while typing.get_origin(hint) is Annotated:
        hint = typing.get_args(hint)[0]
    return hint


def parts_of(hint: Any) -> tuple[Any, ...]:
    """The alternatives of a union, metadata taken away; a single type is one alternative."""
    hint = without_metadata(hint)
    if typing.get_origin(hint) in (Union, types.UnionType):
        return tuple(part for one in typing.get_args(hint) for part in parts_of(one))
    return (hint,)


def is_shape(hint: Any) -> bool:
    """Whether this is a struct or a TypedDict."""
    return typing.is_typeddict(hint) or (isinstance(hint, type) and issubclass(hint, Struct))


def is_enum(hint: Any) -> bool:
    """Whether this is one of the contract's enumerations."""
    return isinstance(hint, EnumMeta)


def is_unset(hint: Any) -> bool:
    """Whether this stands for a field that is not there."""
    return hint is UnsetType


def doc_of(thing: Any) -> str:
    """The docstring's first paragraph, on one line."""
    text = inspect.cleandoc(thing.__doc__ or "")
    return " ".join(text.split("\n\n")[0].split()).replace("``", "`")


def rest_of_doc(thing: Any) -> str:
    """What follows the first paragraph."""
    text = inspect.cleandoc(thing.__doc__ or "")
    return " ".join(" ".join(text.split("\n\n")[1:]).split()).replace("``", "`")


def tag_of(shape: type[Struct]) -> tuple[str, str] | None:
    """The field that tells which message this is, and its value; ``None`` for a part of one."""
    config = shape.__struct_config__
    return None if config.tag is None else (str(config.tag_field), str(config.tag))


def shapes_in(*hints: Any) -> list[type]:
    """Every struct and TypedDict that these types consist of, the outer one before its parts, each once."""
    found: dict[type, None] = {}
    for hint in hints:
        for part in parts_of(hint):
            if is_shape(part):
                found[part] = None
                inner = [field.type for field in fields_of(part)]
            else:
                inner = list(typing.get_args(part))
            found |= dict.fromkeys(shapes_in(*inner))
    return list(found)


def enums_in(*hints: Any) -> list[Any]:
    """Every enumeration that these types name, each once."""
    found: dict[Any, None] = {}
    for hint in hints:
        for part in parts_of(hint):
            if is_enum(part):
                found[part] = None
            inner = (
                [field.type for field in fields_of(part)]
                if is_shape(part)
                else typing.get_args(part)
            )
            if not is_enum(part):
                found |= dict.fromkeys(enums_in(*inner))
    return list(found)
