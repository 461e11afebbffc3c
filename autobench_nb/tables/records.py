"""Records as tables: jobs, devices, streams, findings, results."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final, TypeAlias

import pandas as pd
import pyarrow as pa

from autobench_nb.tables.cells import as_json, is_number, microseconds
from autobench_nb.tables.schema import Column, ColumnKind
from autobench_nb.tables.types import ARROW_TYPES, array

RecordSource: TypeAlias = Mapping[str, Mapping[str, Any]] | Iterable[Mapping[str, Any]]


def records_to_arrow(records: RecordSource, schema: Sequence[Column]) -> pa.Table:
    """Records as a table: the columns of ``schema``, then whatever else the records have.

    A mapping gives its keys as ``id``. Times are read from milliseconds since 1970, ISO 8601 or ``datetime``. What
    cannot be read as its column's type is null there, so that one odd record does not hide the others; values of
    further columns that are no scalars become JSON text.
    """
    if isinstance(records, Mapping):
        rows: list[Mapping[str, Any]] = [{**record, "id": key} for key, record in records.items()]
    else:
        rows = list(records)
    names = [column.name for column in schema]
    arrays = []
    for column in schema:
        read = _READERS[column.kind]
        values = [read(row.get(column.key)) for row in rows]
        arrays.append(array(values, ARROW_TYPES[column.kind]))
    known = {column.key for column in schema}
    for key in dict.fromkeys(key for row in rows for key in row if key not in known):
        names.append(key)
        arrays.append(_inferred([row.get(key) for row in rows]))
    return pa.table(arrays, names=names)


def records_to_pandas(records: RecordSource, schema: Sequence[Column]) -> pd.DataFrame:
    """:func:`records_to_arrow` as a DataFrame; whole numbers may be missing (``Int64``), words are categories."""
    frame: pd.DataFrame = records_to_arrow(records, schema).to_pandas(types_mapper=_MAPPED.get)
    return frame


_MAPPED: Final = {pa.int64(): pd.Int64Dtype(), pa.bool_(): pd.BooleanDtype()}


def _whole(value: Any) -> int | None:
    return int(value) if is_number(value) and value == value // 1 and abs(value) < 2**63 else None


def _real(value: Any) -> float | None:
    return float(value) if is_number(value) else None


def _text(value: Any) -> str | None:
    return value if value is None or isinstance(value, str) else str(value)


_READERS: Final[Mapping[ColumnKind, Callable[[Any], Any]]] = {
    ColumnKind.WHOLE: _whole,
    ColumnKind.REAL: _real,
    ColumnKind.TEXT: _text,
    ColumnKind.NAME: _text,
    ColumnKind.TIME: microseconds,
}


def _inferred(values: list[Any]) -> pa.Array:
    kinds = {type(value) for value in values if value is not None}
    if kinds <= {int, float} or (len(kinds) == 1 and kinds <= {bool, str}):
        try:
            return pa.array(values)
        except (pa.ArrowInvalid, OverflowError):
            # Integers beyond 64 bits: as text below.
            pass
    return pa.array([None if value is None else _as_text(value) for value in values], pa.string())


def _as_text(value: Any) -> str:
    return value if isinstance(value, str) else as_json(value)
