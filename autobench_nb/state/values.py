"""JSON values: what may enter the state, how it is copied, when two are the same.

A JSON value is ``None``, a bool, a whole number of at most 53 bits, a finite float, text, a list of values or a dict
from text to values. What enters is copied into exactly these types, so nobody else holds a part of the state.
"""

from __future__ import annotations

import math
import reprlib
import sys
from collections.abc import Mapping
from sys import intern
from typing import Any, Final, NoReturn

from autobench_nb.contract.limits import MAX_INTEGER as MAX_INTEGER

MAX_DEPTH: Final = 64
"""Levels of lists and objects that the state may have (encoders give up at some 250)."""


class ValueRefused(Exception):
    """A value cannot stand where it was put: ``fact`` says why, ``trail`` (innermost part first) where in the value."""

    def __init__(self, fact: str) -> None:
        super().__init__(fact)
        self.fact = fact
        self.trail: list[str] = []

    def at(self, part: object) -> ValueRefused:
        """The refusal, seen from one level further out."""
        self.trail.append(str.__str__(part) if isinstance(part, str) else shown(part, 80))
        return self


def copy(value: Any) -> Any:
    """A deep copy of a JSON value."""
    if value.__class__ is dict:
        twin = value.copy()
        for key, item in value.items():
            if item.__class__ is dict or item.__class__ is list:
                twin[key] = copy(item)
        return twin
    if value.__class__ is list:
        return [
            copy(item) if item.__class__ is dict or item.__class__ is list else item
            for item in value
        ]
    return value


def same(first: Any, second: Any) -> bool:
    """Whether two JSON values are equal as JSON (RFC 6902 section 4.6): ``1`` is ``1.0``, but never ``true``."""
    if first is second:
        return True
    kind = first.__class__
    if kind is dict:
        return (
            second.__class__ is dict
            and first.keys() == second.keys()
            and all(map(same, first.values(), map(second.__getitem__, first)))
        )
    if kind is list:
        return (
            second.__class__ is list and len(first) == len(second) and all(map(same, first, second))
        )
    if kind is bool or second.__class__ is bool:
        return False
    return bool(first == second)


def purge(value: Any, path: str = "") -> list[str]:
    """Take out of an object or list, in place, all that is no JSON value; the pointers of what is gone, printable.

    For a document that should hold none: the last resort where an encoder refuses it.
    """
    gone: list[str] = []
    items = value.items() if type(value) is dict else enumerate(value)
    for key, item in list(items):
        here = f"{path}/{key!s}".encode(errors="backslashreplace").decode()
        try:
            if type(value) is dict:
                key_of(key)
            if type(item) is dict or type(item) is list:
                gone += purge(item, here)
            else:
                freeze(item)
        except ValueRefused:
            gone.append(here)
            if type(value) is dict:
                del value[key]
            else:
                value[key] = None
    return gone


def freeze(value: Any, room: int = MAX_DEPTH) -> Any:
    """``value`` as a JSON value that shares nothing mutable with it; ``room`` is how many levels it may have.

    Subclasses (enums, ``numpy.float64``) become their plain base, tuples lists, mappings dicts, numpy scalars the
    Python number that ``.item()`` gives. Raises :class:`ValueRefused`.
    """
    # Not ``__class__``, which a mock or a proxy may lie about: what is no JSON value must not enter.
    kind = type(value)
    if kind is str:
        return value if value.isascii() else _text(value)
    if kind is bool or value is None:
        return value
    if kind is int:
        return value if -MAX_INTEGER <= value <= MAX_INTEGER else _too_large(value)
    if kind is float:
        return value if math.isfinite(value) else _not_finite(value)
    if kind is dict:
        return _mapping(value, room)
    if kind is list or kind is tuple:
        return _items(value, room)
    return _unusual(value, room)


def _mapping(value: Mapping[Any, Any], room: int) -> dict[str, Any]:
    if room <= 0:
        _too_deep()
    frozen: dict[str, Any] = {}
    for key, item in value.items():
        try:
            frozen[key_of(key)] = freeze(item, room - 1)
        except ValueRefused as refused:
            raise refused.at(key) from None
    return frozen


def _items(value: Any, room: int) -> list[Any]:
    if room <= 0:
        _too_deep()
    frozen: list[Any] = []
    for position, item in enumerate(value):
        try:
            frozen.append(freeze(item, room - 1))
        except ValueRefused as refused:
            raise refused.at(position) from None
    return frozen


class _Shown(reprlib.Repr):
    """As much of a value as an error shows of it: however deep, long or broken it is, that is quickly made."""

    def __init__(self) -> None:
        super().__init__()
        self.maxlevel = self.maxdict = 3
        self.maxstring = self.maxother = 80

    def repr_int(self, x: int, level: int) -> str:  # noqa: ARG002 - reprlib names it
        """A whole number; Python refuses to write out a long one."""
        return repr(x) if x.bit_length() < 4_096 else f"<a number of {x.bit_length():,} bits>"

    def repr_instance(self, x: Any, level: int) -> str:  # noqa: ARG002 - reprlib names it
        """Any other object."""
        try:
            return repr(x)[: self.maxother]
        except Exception:  # noqa: BLE001 - a foreign __repr__ may raise anything
            return f"<{type(x).__name__}>"


_shown = _Shown()


def shown(value: object, characters: int = 40) -> str:
    """The beginning of a value's ``repr``."""
    return _shown.repr(value)[:characters]


def key_of(key: Any) -> str:
    """``key`` as an object's key. Raises :class:`ValueRefused` where it is no text."""
    if type(key) is str and key.isascii():
        return intern(key)  # as the parts of pointers are
    if issubclass(type(key), str):
        return intern(_text(str.__str__(key)))
    raise ValueRefused(
        f"the key {shown(key, 80)} is {kind_of(key)}, and keys of JSON objects are text: use str(key)"
    )


def _unusual(value: Any, room: int) -> Any:
    kind = type(value)
    if issubclass(kind, str):
        return _text(str.__str__(value))
    if issubclass(kind, int):
        return freeze(int(value))
    if issubclass(kind, float):
        return freeze(float(value))
    if issubclass(kind, Mapping):
        return _mapping(value, room)
    if issubclass(kind, list | tuple):
        return _items(value, room)
    numpy = sys.modules.get("numpy")  # where it was never imported the value is not from there
    if numpy is not None and issubclass(kind, numpy.generic):
        plain = value.item()
        if not isinstance(plain, numpy.generic):
            return freeze(plain, room)
    return _no_json(value)


def _text(value: str) -> str:
    try:
        value.encode()
    except UnicodeEncodeError as error:
        raise ValueRefused(
            f"the text has a lone surrogate at {error.start}, which UTF-8 cannot carry: "
            "use text.encode(errors='replace').decode()"
        ) from None
    return value


_REMEDIES = {
    "ndarray": "use array.tolist()",
    "Series": "use series.tolist()",
    "DataFrame": "use frame.to_dict('records')",
    "datetime": "use value.isoformat()",
    "date": "use value.isoformat()",
    "Timestamp": "use value.isoformat()",
    "bytes": "use value.decode()",
    "set": "use sorted(value)",
    "frozenset": "use sorted(value)",
    "Decimal": "use float(value) or str(value)",
    "UUID": "use str(value)",
    "PosixPath": "use str(value)",
}


def _no_json(value: object) -> NoReturn:
    remedy = _REMEDIES.get(type(value).__name__, "give text, a number, a list or a dict")
    raise ValueRefused(f"{kind_of(value)} is no JSON value: {remedy}")


def _not_finite(value: float) -> NoReturn:
    raise ValueRefused(f"{value} is no JSON number: use None")


def _too_large(value: int) -> NoReturn:
    bits = value.bit_length()
    raise ValueRefused(
        f"a whole number of {bits} bits is not exact in every client: use float or str of it"
    )


def _too_deep() -> NoReturn:
    raise ValueRefused(f"it nests deeper than {MAX_DEPTH} levels (or holds itself): flatten it")


_KINDS = {
    "str": "text",
    "int": "a whole number",
    "float": "a number",
    "bool": "a truth value",
    "NoneType": "null",
    "dict": "an object",
    "list": "a list",
}


def kind_of(value: object) -> str:
    """What a value is, in words for an error."""
    name = type(value).__name__
    return _KINDS.get(name, f"a Python {name}")
