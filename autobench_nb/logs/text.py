"""Making any text, any fields and any traceback fit to be kept: valid UTF-8, flat, bounded."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from typing import Any, Final, TypeAlias

import orjson

from autobench_nb.contract.limits import MAX_INTEGER

MESSAGE_LIMIT: Final = 16 * 1024 * 1024
"""Characters of a message that are stored; beyond it the rest is cut off, and the cut is marked."""
EXC_LIMIT: Final = 32_768
"""Characters of a traceback that are stored; beyond it the middle is cut out, since its last line says most."""
FIELDS_LIMIT: Final = 256
"""Fields that one entry may have, after flattening."""
VALUE_LIMIT: Final = 16_384
"""Characters of a field's text."""
KEY_LIMIT: Final = 256
"""Characters of a field's name."""
DEPTH_LIMIT: Final = 4
"""Nesting that is flattened with dots; what lies deeper becomes JSON text."""

_SURROGATE = re.compile("[\ud800-\udfff]")


def _escaped(match: re.Match[str]) -> str:
    code = ord(match.group())
    # 0xdc80 to 0xdcff is how Python carries a byte that was no UTF-8 (PEP 383): shown as that byte.
    return f"\\x{code - 0xDC00:02x}" if 0xDC80 <= code <= 0xDCFF else f"\\u{code:04x}"


Redact: TypeAlias = Callable[[str], str]
"""Takes out of a text what must not be seen, such as ``Redactor.text``."""


def as_it_is(text: str) -> str:
    """Nothing must not be seen."""
    return text


def clean(value: object) -> str:
    r"""Any object as text that UTF-8 can carry: bytes that are none become ``\xNN``, lone surrogates ``\uNNNN``."""
    if isinstance(value, (bytes, bytearray, memoryview)):
        return bytes(value).decode("utf-8", "backslashreplace")
    text = value if type(value) is str else _text_of(value)
    try:
        text.encode()
    except UnicodeEncodeError:
        return _SURROGATE.sub(_escaped, text)
    return text


_INVISIBLE = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")


def clean_name(value: object) -> str:
    r"""A name (of a channel, a logger, a job ...) as :func:`clean` gives it, with bidirectional marks as ``\uNNNN``.

    A mark in a name would reorder whatever stands beside it on the screen, and two names could look like one.
    """
    text = clean(value)
    return text if text.isascii() else _INVISIBLE.sub(_escaped, text)


def _text_of(value: object) -> str:
    try:
        return str.__str__(value) if isinstance(value, str) else str(value)
    except Exception as error:  # noqa: BLE001 - a foreign __str__ may raise anything, and the line must still be kept
        return f"<{type(value).__name__}: its text cannot be had, {type(error).__name__}>"


def cut_message(text: str) -> str:
    """The message up to :data:`MESSAGE_LIMIT`, with a mark where it was cut."""
    if len(text) <= MESSAGE_LIMIT:
        return text
    return f"{text[:MESSAGE_LIMIT]}… [cut: {len(text):,} characters]"


def cut_exc(text: str) -> str:
    """The traceback up to :data:`EXC_LIMIT`, its middle cut out and marked."""
    if len(text) <= EXC_LIMIT:
        return text
    half = EXC_LIMIT // 2
    return f"{text[:half]}\n… [cut: {len(text) - 2 * half:,} characters] …\n{text[-half:]}"


def flatten(fields: Mapping[Any, Any]) -> dict[str, Any]:
    """A flat mapping of JSON scalars that shares nothing with ``fields``.

    Mappings are flattened with dots, lists become JSON text, anything that JSON has no word for becomes its ``repr``
    (NaN and infinities, integers beyond 2**53 that JavaScript would round). Names and texts are cut at their limits,
    and the last field says how many were left out where there are more than :data:`FIELDS_LIMIT`.
    """
    if _is_flat(fields):
        return dict(fields)
    flat: dict[str, Any] = {}
    left_out = 0
    stack: list[tuple[str, Any, int]] = [("", fields, 0)]
    while stack:
        name, value, depth = stack.pop()
        if isinstance(value, Mapping) and value and depth < DEPTH_LIMIT:
            prefix = f"{name}." if depth else ""
            inner = [(f"{prefix}{clean(key)}", item, depth + 1) for key, item in value.items()]
            stack.extend(reversed(inner))
        elif depth == 0:
            continue
        elif len(flat) < FIELDS_LIMIT:
            flat[name[:KEY_LIMIT]] = scalar(value)
        else:
            left_out += 1
    if left_out:
        flat["…"] = f"{left_out:,} more fields left out"
    return flat


def _is_flat(fields: Mapping[Any, Any]) -> bool:
    """Whether they are so already: few short names and texts of ASCII, and numbers that JavaScript has too."""
    if len(fields) > FIELDS_LIMIT:
        return False
    for name, value in fields.items():
        if type(name) is not str or len(name) > KEY_LIMIT or not name.isascii():
            return False
        kind = type(value)
        if kind is str:
            if len(value) > VALUE_LIMIT or not value.isascii():
                return False
        elif kind is int:
            if not -MAX_INTEGER <= value <= MAX_INTEGER:
                return False
        elif kind is float:
            if not math.isfinite(value):
                return False
        elif value is not None and kind is not bool:
            return False
    return True


def scalar(value: object) -> str | int | float | bool | None:
    """One field's value as JSON can hold it."""
    if value is None or isinstance(value, bool):
        return value
    kind = type(value)
    if kind is str or isinstance(value, (bytes, bytearray)):
        return _bounded(clean(value))
    if isinstance(value, int):
        return int(value) if -MAX_INTEGER <= value <= MAX_INTEGER else _repr(int(value))
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else _repr(float(value))
    if isinstance(value, str):
        return _bounded(clean(value))
    item = getattr(value, "item", None)
    if callable(item) and getattr(value, "ndim", None) == 0:  # a NumPy scalar
        plain = item()
        return scalar(plain) if type(plain) is not kind else _repr(value)
    if isinstance(value, (list, tuple, Mapping)):
        return _json_text(value)
    return _repr(value)


def _json_text(value: object) -> str:
    try:
        return _bounded(orjson.dumps(value, default=_repr, option=_JSON_OPTIONS).decode())
    except (TypeError, ValueError, RecursionError):  # orjson's errors: surrogates, keys, depth
        return _repr(value)


_JSON_OPTIONS = orjson.OPT_NON_STR_KEYS | orjson.OPT_SERIALIZE_NUMPY


def _repr(value: object) -> str:
    try:
        return _bounded(clean(repr(value)))
    except Exception as error:  # noqa: BLE001 - as in _said: a foreign __repr__ may raise anything
        return f"<{type(value).__name__}: its repr cannot be had, {type(error).__name__}>"


def _bounded(text: str) -> str:
    if len(text) <= VALUE_LIMIT:
        return text
    return f"{text[:VALUE_LIMIT]}… [cut: {len(text):,} characters]"


def dump_fields(flat: Mapping[str, Any]) -> bytes:
    """The JSON object of flat fields, as :func:`flatten` gives them."""
    # orjson leaves some 4 kB of room behind what it returns; a copy is as small as it can be.
    return bytes(bytearray(orjson.dumps(flat)))
