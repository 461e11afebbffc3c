"""The column types that all tables share, and how a list of values becomes a column."""

from __future__ import annotations

from typing import Any, Final

import pyarrow as pa

from autobench_nb.logs.entry import WIRE_LEVELS, Level
from autobench_nb.tables.schema import ColumnKind

TIME: Final = pa.timestamp("us", tz="UTC")
NAME: Final = pa.dictionary(pa.int32(), pa.string())
LEVEL: Final = pa.dictionary(pa.int8(), pa.string(), ordered=True)
TEXT: Final = pa.large_string()
"""Of log tables, whose text may be beyond 2 GB."""

ARROW_TYPES: Final = {
    ColumnKind.WHOLE: pa.int64(),
    ColumnKind.REAL: pa.float64(),
    ColumnKind.TEXT: pa.string(),
    ColumnKind.NAME: NAME,
    ColumnKind.TIME: TIME,
}

LEVEL_NAMES: Final = pa.array([WIRE_LEVELS[level] for level in Level], pa.string())
LEVEL_CODE: Final = {level: code for code, level in enumerate(Level)}


def array(values: list[Any], kind: pa.DataType) -> pa.Array:
    """Values as a column of the type; levels and words are coded."""
    if kind == LEVEL:
        codes = [None if value is None else LEVEL_CODE[Level.parse(value)] for value in values]
        return pa.DictionaryArray.from_arrays(pa.array(codes, pa.int8()), LEVEL_NAMES, ordered=True)
    if pa.types.is_dictionary(kind):
        return pa.array(values, pa.string()).dictionary_encode()
    return pa.array(values, kind)
