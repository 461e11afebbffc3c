"""Canonical JSON (RFC 8785) and its SHA-256: how a client proves that it equals the server."""

from __future__ import annotations

import hashlib
import math
from typing import Any

import orjson

from autobench_nb.contract.numbers import number_text

__all__ = ["canonical_json", "state_hash"]


def canonical_json(value: Any) -> bytes:
    """The one form of ``value`` in UTF-8 (RFC 8785): keys sorted by UTF-16 code units, numbers as ECMAScript has them.

    Takes ``None``, booleans, numbers, texts, lists and dicts with texts as keys. Raises :class:`ValueError` for what is
    no JSON value: NaN, infinities, lone surrogates. Whole numbers beyond 2^53 are rounded to the double that a client
    reads.
    """
    parts: list[str] = []
    _write(value, parts.append)
    try:
        return "".join(parts).encode()
    except UnicodeEncodeError:
        raise ValueError("a lone surrogate is no JSON text") from None


def state_hash(value: Any) -> str:
    """SHA-256 of :func:`canonical_json`, in lower-case hexadecimal."""
    return hashlib.sha256(canonical_json(value)).hexdigest()


def _write(value: Any, put: Any) -> None:
    if isinstance(value, str):
        put(_text(value))
    elif value is None:
        put("null")
    elif value is True:
        put("true")
    elif value is False:
        put("false")
    elif isinstance(value, int):
        put(_whole(value))
    elif isinstance(value, float):
        put(_real(value))
    elif isinstance(value, dict):
        separator = "{"
        for key in _sorted(value):
            put(separator)
            put(_text(key))
            put(":")
            _write(value[key], put)
            separator = ","
        put("{}" if separator == "{" else "}")
    elif isinstance(value, (list, tuple)):
        separator = "["
        for item in value:
            put(separator)
            _write(item, put)
            separator = ","
        put("[]" if separator == "[" else "]")
    else:
        raise ValueError(f"{type(value).__name__} is no JSON value")


def _sorted(value: dict[str, Any]) -> list[str]:
    keys = sorted(value)  # by code points, which differs from UTF-16 order only beyond U+FFFF
    if keys and not all(map(str.isascii, keys)):
        keys.sort(key=lambda key: key.encode("utf-16-be", "surrogatepass"))
    return keys


def _text(value: str) -> str:
    try:
        # orjson escapes exactly what RFC 8785 section 3.2.2.2 says, in the same short forms
        return orjson.dumps(value).decode()
    except orjson.JSONEncodeError:
        raise ValueError("a lone surrogate is no JSON text") from None


def _whole(value: int) -> str:
    if -(2**53) <= value <= 2**53:
        return str(value)
    try:
        return _real(float(value))  # as a client reads it
    except OverflowError:
        raise ValueError(f"{value} is no number that a double can hold") from None


def _real(value: float) -> str:
    if not math.isfinite(value):
        raise ValueError(f"{value} is no JSON number")
    return number_text(value)
