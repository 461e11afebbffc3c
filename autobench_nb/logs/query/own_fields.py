"""An entry's own fields as columns of a chunk: read from their JSON once, and kept for the next query."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import orjson

from autobench_nb.lazy import LazyModule
from autobench_nb.logs.query.match import value_number, value_text
from autobench_nb.logs.ring.columns import Chunk

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
else:
    np = LazyModule("numpy")

COLUMNS_KEPT: Final = 4
"""Columns that a chunk keeps; the oldest goes first."""
TEXTS_KEPT: Final = 255
"""Different texts of a column that is kept; one with more is read anew by each query."""
TEXT_LENGTH: Final = 256
"""Characters of a text in a column that is kept."""


class OwnNumbers(NamedTuple):
    """The rows that have a field, and its number there; NaN where it is none."""

    rows: NDArray[np.uint16]
    numbers: NDArray[np.float64]


class OwnTexts(NamedTuple):
    """The rows that have a field, and its text there: ``texts[codes]``."""

    rows: NDArray[np.uint16]
    codes: NDArray[np.uint16]
    texts: list[str | None]


def own_numbers(chunk: Chunk, name: str) -> OwnNumbers:
    """The field ``name`` of a chunk's entries, as numbers."""
    key = ("number", name)
    kept = chunk.kept.get(key)
    if isinstance(kept, OwnNumbers):
        return kept
    column = _plain_numbers(chunk, name) or _read_numbers(chunk, name)
    _keep(chunk, key, column)
    return column


def _plain_numbers(chunk: Chunk, name: str) -> OwnNumbers | None:
    """The same by one search of all fields, where each entry that has the field has a number there; else None.

    Fields are flat: behind a brace or a comma, a name in quotes and a colon can only be a field, since within a text
    each quote has a backslash before it.
    """
    mark = orjson.dumps(name) + b":"
    rows, data = list(chunk.fields), list(chunk.fields.values())
    found = _values(mark, data)
    if len(found) != len(data):
        likely = [(row, one) for row, one in chunk.fields.items() if mark in one]
        rows, data = [row for row, _ in likely], [one for _, one in likely]
        if len(found) != len(data):
            return None
    try:
        numbers = np.array(found, np.bytes_).astype(np.float64) if found else np.empty(0)
    except ValueError:  # a text, true, null
        return None
    return OwnNumbers(np.array(rows, np.uint16), numbers)


def _values(mark: bytes, data: list[bytes]) -> list[bytes]:
    return re.findall(rb"[{,]%b([^,}]*)" % re.escape(mark), b"\n".join(data))


def _read_numbers(chunk: Chunk, name: str) -> OwnNumbers:
    rows, values = _read(chunk, name)
    if {float, int}.issuperset(map(type, values)):
        numbers = np.array(values, np.float64)
    else:
        found = map(value_number, values)
        numbers = np.array([np.nan if one is None else one for one in found], np.float64)
    return OwnNumbers(rows, numbers)


def own_texts(chunk: Chunk, name: str) -> OwnTexts:
    """The field ``name`` of a chunk's entries, as text."""
    key = ("text", name)
    kept = chunk.kept.get(key)
    if isinstance(kept, OwnTexts):
        return kept
    rows, values = _read(chunk, name)
    code_of: dict[Any, int] = {}
    # With the type, since to Python 1, 1.0 and True are one key.
    codes = [code_of.setdefault((type(value), value), len(code_of)) for value in values]
    texts = [value_text(value) for _, value in code_of]
    column = OwnTexts(rows, np.array(codes, np.uint16), texts)
    if len(texts) <= TEXTS_KEPT and all(len(text or "") <= TEXT_LENGTH for text in texts):
        _keep(chunk, key, column)
    return column


def _read(chunk: Chunk, name: str) -> tuple[NDArray[np.uint16], list[Any]]:
    """The rows that have the field, and its values."""
    mark = orjson.dumps(name) + b":"
    likely = [(row, data) for row, data in chunk.fields.items() if mark in data]
    loaded = orjson.loads(b"[%b]" % b",".join([data for _, data in likely]))
    # A text may look like the field's name too.
    having = [
        (row, each[name]) for (row, _), each in zip(likely, loaded, strict=True) if name in each
    ]
    rows = np.array([row for row, _ in having], np.uint16)
    return rows, [value for _, value in having]


def _keep(chunk: Chunk, key: tuple[str, str], column: OwnNumbers | OwnTexts) -> None:
    kept = chunk.kept
    for oldest in list(kept)[: max(0, len(kept) + 1 - COLUMNS_KEPT)]:
        kept.pop(oldest, None)
    kept[key] = column
