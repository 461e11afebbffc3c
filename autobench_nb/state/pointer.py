"""RFC 6901 pointers: text such as ``/devices/cap0/status``, parsed once and remembered.

``""`` is the whole document. ``~1`` stands for ``/`` and ``~0`` for ``~`` within a part.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable
from functools import lru_cache
from typing import Any, Final

from autobench_nb.errors import PathError, PointerError


class Missing:
    """The type of :data:`MISSING`: nothing stands there."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "MISSING"

    def __bool__(self) -> bool:
        return False


MISSING: Final = Missing()

_BAD_ESCAPE = re.compile(r"~(?![01])")
_INDEX = re.compile(r"0|[1-9][0-9]{0,15}", re.ASCII)


def parse_anew(pointer: str) -> tuple[str, ...]:
    """As :func:`parse`, for one who remembers the parts himself."""
    if not isinstance(pointer, str):
        raise PointerError(
            repr(pointer), "a pointer is text: give '/slice/key', or '' for the whole"
        )
    if not pointer:
        return ()
    if pointer[0] != "/":
        raise PointerError(pointer, f"a pointer begins with '/': give '/{pointer}'")
    if not pointer.isascii():
        _check_text(pointer)
    parts = pointer[1:].split("/")
    if "~" in pointer:
        if _BAD_ESCAPE.search(pointer):
            raise PointerError(
                pointer, "a '~' is followed by 0 or 1: write '~0' for '~' and '~1' for '/'"
            )
        # In this order: RFC 6901 section 4.
        parts = [part.replace("~1", "/").replace("~0", "~") for part in parts]
    # As keys within the state are: so a dict finds them by identity, and need not look at their text.
    return tuple(map(sys.intern, parts))


def _check_text(pointer: str) -> None:
    """Raise :class:`PointerError` for a lone surrogate: RFC 6901 pointers are Unicode text, and no encoder takes it."""
    try:
        pointer.encode()
    except UnicodeEncodeError as error:
        begin = pointer.rfind("/", 0, error.start + 1) + 1
        key = pointer[begin:].partition("/")[0]
        raise PointerError(
            pointer,
            f"the key {key!r} has a lone surrogate, which UTF-8 cannot carry: "
            "use key.encode(errors='backslashreplace').decode()",
        ) from None


_parse = lru_cache(maxsize=32_768)(parse_anew)


def parse(pointer: str) -> tuple[str, ...]:
    """The parts of ``pointer``, unescaped. Raises :class:`PointerError` for what is none."""
    try:
        return _parse(pointer)
    except TypeError:  # unhashable, so it never was text
        raise PointerError(repr(pointer), "a pointer is text") from None


def escape(part: str) -> str:
    """One part as it stands in a pointer."""
    if "~" in part or "/" in part:
        return part.replace("~", "~0").replace("/", "~1")
    return part


def join(parts: Iterable[str]) -> str:
    """The pointer of these parts: the inverse of :func:`parse`."""
    return "".join(["/" + escape(part) for part in parts])


def index(part: str, length: int) -> int | None:
    """``part`` as an index into a list of ``length`` items (RFC 6901 section 4), or ``None`` if it is none."""
    if _INDEX.fullmatch(part):
        position = int(part)
        if position < length:
            return position
    return None


def find(document: Any, parts: Iterable[str]) -> Any:
    """The value at ``parts``, or :data:`MISSING`. Not a copy."""
    value = document
    for part in parts:
        if value.__class__ is dict:
            value = value.get(part, MISSING)
            if value is MISSING:
                return MISSING
        elif value.__class__ is list:
            position = index(part, len(value))
            if position is None:
                return MISSING
            value = value[position]
        else:
            return MISSING
    return value


def related(first: str, second: str) -> bool:
    """Whether one of two pointers stands at, below or above the other."""
    if len(first) > len(second):
        first, second = second, first
    return second == first or second.startswith(first + "/")


def no_parent(pointer: str, document: Any, parts: tuple[str, ...]) -> PathError:
    """The error for a pointer with nothing to hang its last part on: names the first ancestor that is not there."""
    for depth in range(1, len(parts)):
        above = join(parts[:depth])
        value = find(document, parts[:depth])
        if value is MISSING:
            return PathError(pointer, f"its parent {above} does not exist: set {above} first")
        if value.__class__ is not dict and value.__class__ is not list:
            fact = f"its parent {above} holds {value!r:.40}, which has no parts"
            return PathError(pointer, f"{fact}: set {above} to an object first")
    raise AssertionError(pointer)
