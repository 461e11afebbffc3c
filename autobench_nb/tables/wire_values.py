"""What a callable returned, as JSON for the wire and for tables: pure.

The value itself stays in Python. Here is what becomes of it where only JSON goes, and what is to be said about it.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping, Set
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum
from fractions import Fraction
from os import PathLike
from typing import Any, Final, NamedTuple
from uuid import UUID

import orjson

from autobench_nb.contract.limits import MAX_INTEGER

VALUE_LIMIT: Final = 65_536
"""Bytes of JSON that a value may have on the wire."""
LARGEST_INTEGER: Final = MAX_INTEGER
"""The largest whole number that every reader of JSON keeps exactly (RFC 8259, section 6)."""
_DEPTH_LIMIT: Final = 32
_NOTES_LIMIT: Final = 3
_AS_TEXT: Final = (Decimal, Fraction, datetime, date, time, timedelta, UUID, complex)


class WireValue(NamedTuple):
    """A value as JSON has it, and what JSON could not carry.

    ``note``: in words, ``None`` where ``value`` says all. ``is_lost``: something is null now that was not before.
    """

    value: Any
    note: str | None = None
    is_lost: bool = False


def wire_value(value: Any) -> WireValue:
    """Convert what can be converted, and say what could not.

    Numbers beyond 2**53 - 1, ``Decimal``, paths, dates and the like become text, keys become text, sets and NumPy
    arrays become lists, NumPy scalars numbers. Numbers that are not finite, and objects that have no such form, become
    null. What takes more than 64 KiB as JSON is null as a whole.

    Args:
        value: Anything.

    Returns:
        The JSON value, a copy, with a note.
    """
    kind = value.__class__
    if value is None or kind is bool or (kind is str and len(value) < 1_024 and value.isascii()):
        return WireValue(value)
    reader = _Reader()
    try:
        plain = reader.read(value, 0)
        size = len(orjson.dumps(plain))
    except _TooMuch:
        size = VALUE_LIMIT + 1
    except Exception as error:  # noqa: BLE001 - what a foreign object does when it is read is its own
        return WireValue(None, f"{_name(value)} cannot be read ({type(error).__name__})", True)
    if size > VALUE_LIMIT:
        return WireValue(None, f"more than {VALUE_LIMIT:,} bytes of JSON", True)
    return WireValue(plain, reader.note, reader.is_lost)


class _TooMuch(Exception):
    """The value has more members than fit."""


class _Reader:
    """Converts one value, and gathers what is to be said about it."""

    def __init__(self) -> None:
        self._notes: dict[str, None] = {}
        self._left = VALUE_LIMIT
        self.is_lost = False

    @property
    def note(self) -> str | None:
        """What could not be carried as it was, each kind once."""
        notes = list(self._notes)
        if not notes:
            return None
        more = len(notes) - _NOTES_LIMIT
        return "; ".join(notes[:_NOTES_LIMIT]) + (f"; and {more} more" if more > 0 else "")

    def read(self, value: Any, depth: int) -> Any:
        """The JSON value for ``value``, which stands ``depth`` containers deep."""
        self._left -= 1
        if self._left < 0:
            raise _TooMuch
        if value is None or isinstance(value, bool):
            return value
        if isinstance(value, Enum):
            return self.read(value.value, depth)
        if isinstance(value, str):
            return self._text(str(value))
        if isinstance(value, int):
            return self._whole(int(value))
        if isinstance(value, float):
            return self._real(float(value))
        if isinstance(value, PathLike):
            return self._as_noted_text(value, str(value))
        if isinstance(value, _AS_TEXT):
            return self._as_noted_text(value, _text_of(value))
        if depth >= _DEPTH_LIMIT:
            return self._note_lost(f"more than {_DEPTH_LIMIT} levels")
        return self._container(value, depth)

    def _container(self, value: Any, depth: int) -> Any:
        if isinstance(value, Mapping):
            return self._mapping(value, depth)
        if isinstance(value, (list, tuple)):
            if hasattr(value, "_asdict"):  # a named tuple
                return self._mapping(value._asdict(), depth)
            return [self.read(member, depth + 1) for member in value]
        if isinstance(value, Set):
            self._notes["a set became a list"] = None
            return [self.read(member, depth + 1) for member in value]
        if dataclasses.is_dataclass(value) and not isinstance(value, type):
            fields = {one.name: getattr(value, one.name) for one in dataclasses.fields(value)}
            return self._mapping(fields, depth)
        # NumPy's arrays and scalars, without importing it: both know their type and give plain values.
        if hasattr(value, "dtype") and callable(getattr(value, "tolist", None)):
            if getattr(value, "size", 0) > VALUE_LIMIT:
                raise _TooMuch
            plain = value.tolist()
            if type(plain) is type(value):
                return self._note_lost(f"{_name(value)} has no JSON form")
            return self.read(plain, depth)
        return self._note_lost(f"{_name(value)} has no JSON form")

    def _mapping(self, value: Mapping[Any, Any], depth: int) -> dict[str, Any]:
        made: dict[str, Any] = {}
        for key, member in value.items():
            name = self._key(key)
            if name in made:
                self._note_lost(f"two keys became {name!r:.40}")
            made[name] = self.read(member, depth + 1)
        return made

    def _key(self, key: Any) -> str:
        if isinstance(key, str):
            return self._text(str(key.value if isinstance(key, Enum) else key))
        self._notes[f"keys of type {_name(key)} became text"] = None
        return self._text(str(key))

    def _text(self, text: str) -> str:
        self._left -= len(text)
        if self._left < 0:
            raise _TooMuch
        try:
            text.encode()
        except UnicodeEncodeError:
            self._notes["lone surrogates became escapes"] = None
            return text.encode("utf-8", "backslashreplace").decode()
        return text

    def _whole(self, value: int) -> int | str | None:
        if -LARGEST_INTEGER <= value <= LARGEST_INTEGER:
            return value
        if value.bit_length() > 8 * 1_024:
            self._note_lost("a whole number of more than 8,192 bits has no JSON form")
            return None
        self._notes["whole numbers beyond 2**53 - 1 became text"] = None
        return self._text(str(value))

    def _real(self, value: float) -> float | None:
        if math.isfinite(value):
            return value
        self._note_lost(f"{value} has no JSON form")
        return None

    def _as_noted_text(self, value: Any, text: str) -> str:
        self._notes[f"{_name(value)} became text"] = None
        return self._text(text)

    def _note_lost(self, note: str) -> None:
        self._notes[note] = None
        self.is_lost = True


def _text_of(value: Any) -> str:
    return value.isoformat() if isinstance(value, (date, time)) else str(value)


def _name(value: Any) -> str:
    return type(value).__qualname__
